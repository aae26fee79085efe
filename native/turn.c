/*
 * The loop: an epoll instance that libuv watches, the list of sockets that have something to do, and the batch.
 * A turn works the list off, at most one read for each socket, then enters JavaScript once. While the list
 * is not empty an idle handle keeps libuv turning; sockets alone keep the process up.
 */
#include "sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Rounds of one turn: more would keep timers and other handles of the process waiting. */
#define ROUNDS_MAX 4
#define EPOLL_EVENTS_MAX 512

static void on_poll(uv_poll_t *handle, int status, int events);
static void on_idle(uv_idle_t *handle);

static void on_closed(uv_handle_t *handle) {
  struct loop *loop = handle->data;
  if (--loop->handles > 0) return;
  table_free(loop);
  loop->released(loop);
}

/* Where it fails nothing is left open. The owner's memory is its own until `released` is called. */
int loop_open(struct loop *loop, uv_loop_t *uv) {
  loop->free_list = loop->freed_list = NO_SOCK;
  loop->ready_head = loop->ready_tail = NO_SOCK;
  loop->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (loop->epoll < 0) return errno;
  int failure = uv_poll_init(uv, &loop->poll, loop->epoll);
  if (failure != 0) {
    (void)close(loop->epoll);
    return -failure;
  }
  loop->poll.data = loop;
  loop->handles = 2;
  /* Neither can fail: libuv refuses only a missing callback or a handle that closes. */
  (void)uv_idle_init(uv, &loop->idle);
  loop->idle.data = loop;
  (void)uv_poll_start(&loop->poll, UV_READABLE, on_poll);
  uv_unref((uv_handle_t *)&loop->poll);
  uv_unref((uv_handle_t *)&loop->idle);
  return 0;
}

void loop_shut_down(struct loop *loop) {
  if (loop->is_down) return;
  loop->is_down = true;
  if (loop->in_batch) memset(loop->events, 0, loop->event_count * 4 * sizeof *loop->events);
  for (uint32_t id = 0; id < loop->slots; id++) {
    struct sock *sock = table_at(loop, id);
    if (sock != NULL && sock->kind != SOCK_OVER) sock_end(loop, sock, false);
  }
  uv_close((uv_handle_t *)&loop->poll, on_closed);
  uv_close((uv_handle_t *)&loop->idle, on_closed);
  (void)close(loop->epoll);
  loop->epoll = -1;
}

/* Once for the life of a socket; what epoll tells from now on is kept in its flags. */
int loop_watch(struct loop *loop, struct sock *sock) {
  struct epoll_event wanted = {
      .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
      .data.u64 = (uint64_t)sock->generation << 32 | sock->id,
  };
  return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, sock->fd, &wanted) == 0 ? 0 : errno;
}

void ready_push(struct loop *loop, struct sock *sock) {
  if (sock->flags & IN_READY_LIST) return;
  sock->flags |= IN_READY_LIST;
  sock->next_ready = NO_SOCK;
  if (loop->ready_tail == NO_SOCK) {
    loop->ready_head = sock->id;
  } else {
    loop->chunks[loop->ready_tail / CHUNK_SLOTS][loop->ready_tail % CHUNK_SLOTS].next_ready = sock->id;
  }
  loop->ready_tail = sock->id;
  loop->ready_count++;
  if (!loop->in_turn && !loop->is_down) (void)uv_idle_start(&loop->idle, on_idle);
}

static struct sock *ready_pop(struct loop *loop) {
  struct sock *sock = &loop->chunks[loop->ready_head / CHUNK_SLOTS][loop->ready_head % CHUNK_SLOTS];
  loop->ready_head = sock->next_ready;
  if (loop->ready_head == NO_SOCK) loop->ready_tail = NO_SOCK;
  loop->ready_count--;
  sock->flags &= ~(uint32_t)IN_READY_LIST;
  return sock;
}

/* The batch has room: `build` sees to that. The facts are the event's `a` and `b`. */
void event_push(struct loop *loop, struct sock *sock, enum event_kind kind, const int32_t facts[2]) {
  if (sock->batch != loop->batch) {
    sock->batch = loop->batch;
    sock->first_event = loop->event_count;
  }
  int32_t *event = loop->events + 4 * (size_t)loop->event_count++;
  event[0] = kind;
  event[1] = (int32_t)sock->id;
  event[2] = facts[0];
  event[3] = facts[1];
}

/* Events of one socket stand side by side. Accepted sockets and descriptors that came are somebody's to close. */
void event_withdraw(struct loop *loop, const struct sock *sock) {
  if (!loop->in_batch || sock->batch != loop->batch) return;
  for (uint32_t n = sock->first_event; n < loop->event_count; n++) {
    int32_t *event = loop->events + 4 * (size_t)n;
    if (event[1] != (int32_t)sock->id) return;
    if (event[0] != EVENT_ACCEPTED && event[0] != EVENT_HANDLE) event[0] = EVENT_NONE;
  }
}

static bool is_ready(const struct loop *loop, const struct sock *sock) {
  if (sock->kind == SOCK_LISTENER) return listener_is_ready(sock);
  if (sock->kind != SOCK_CONNECTING && sock->kind != SOCK_CONNECTED) return false;
  return sock->flags & IS_RELAYED ? relay_is_ready(loop, sock) : stream_is_ready(sock);
}

static void note(struct loop *loop, const struct epoll_event *event) {
  struct sock *sock = table_at(loop, (uint32_t)event->data.u64);
  if (sock == NULL || sock->kind == SOCK_OVER || sock->generation != event->data.u64 >> 32) return;
  uint32_t told = event->events;
  if (told & EPOLLOUT) sock->flags |= IS_WRITABLE;
  if (told & EPOLLIN) sock->flags |= IS_READABLE;
  if (told & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) sock->flags |= IS_READABLE | IS_HUNG;
  /* A write that waits is to hear of the error, too. */
  if (told & EPOLLERR) sock->flags |= IS_WRITABLE | IS_FAULTY;
  if (is_ready(loop, sock)) ready_push(loop, sock);
}

static void collect(struct loop *loop) {
  struct epoll_event told[EPOLL_EVENTS_MAX];
  int count = epoll_wait(loop->epoll, told, EPOLL_EVENTS_MAX, 0);
  for (int n = 0; n < count; n++) note(loop, &told[n]);
}

/* Every socket that is ready now gets its turn once, as far as the buffers reach; the others stay in the list. */
static void build(struct loop *loop) {
  size_t room_wanted = loop->reads_length < READ_MIN_BYTES ? loop->reads_length : READ_MIN_BYTES;
  loop->batch++;
  loop->in_batch = true;
  loop->event_count = 0;
  loop->reads_used = 0;
  for (uint32_t left = loop->ready_count; left > 0; left--) {
    if (loop->events_max - loop->event_count < EVENTS_OF_ONE) return;
    if (loop->reads_length - loop->reads_used < room_wanted) return;
    struct sock *sock = ready_pop(loop);
    if (!is_ready(loop, sock)) continue;
    if (sock->kind == SOCK_LISTENER) listener_turn(loop, sock);
    else if (sock->flags & IS_RELAYED) relay_turn(loop, sock);
    else stream_turn(loop, sock);
    if (is_ready(loop, sock)) ready_push(loop, sock);
  }
}

static void turn(struct loop *loop) {
  if (loop->in_turn || loop->is_down) return;
  loop->in_turn = true;
  for (int round = 0; round < ROUNDS_MAX; round++) {
    collect(loop);
    if (loop->ready_count == 0) break;
    build(loop);
    if (loop->event_count > 0) loop->deliver(loop, loop->event_count);
    loop->in_batch = false;
    table_settle(loop);
    if (loop->is_down) break;
    if (loop->ready_count == 0) break;
  }
  loop->in_turn = false;
  if (loop->is_down) return;
  if (loop->ready_count > 0) (void)uv_idle_start(&loop->idle, on_idle);
  else (void)uv_idle_stop(&loop->idle);
}

/* A status other than 0 would tell of an error on the epoll descriptor; epoll_wait is asked all the same. */
static void on_poll(uv_poll_t *handle, int status, int events) {
  (void)status;
  (void)events;
  turn(handle->data);
}

static void on_idle(uv_idle_t *handle) { turn(handle->data); }
