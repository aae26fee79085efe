/*
 * One connection: how it comes about, is read, written and ended. What JavaScript hears of it is written into the
 * batch here. A write that fails is told as `closed` only after everything that the peer had sent is read.
 */
#include "sockets.h"

#include <errno.h>
#include <netinet/tcp.h>

static const int32_t no_facts[2] = {0, 0};

static int take_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

void stream_fail(struct loop *loop, struct sock *sock, int error) {
  if (sock->error == 0) sock->error = error;
  sock->flags |= IS_FAULTY;
  queue_clear(&sock->queue);
  ready_push(loop, sock);
}

/* Tells that the socket is over, and why. */
static void tell_closed(struct loop *loop, struct sock *sock, int error) {
  const int32_t facts[2] = {error, 0};
  event_push(loop, sock, EVENT_CLOSED, facts);
  sock_end(loop, sock, false);
}

static int open_connection(struct loop *loop, struct sock *sock, const struct sockaddr *address, socklen_t length) {
  sock->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (sock->fd < 0) return errno;
  if (address->sa_family != AF_UNIX) {
    int on = 1;
    if (setsockopt(sock->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) return errno;
  }
  /* Before epoll knows the socket: one that does not even try to connect counts as hung up. */
  if (connect(sock->fd, address, length) != 0 && errno != EINPROGRESS) return errno;
  return loop_watch(loop, sock);
}

/* Fails only where there is no slot; whatever else goes wrong is told as `closed`. */
int stream_connect(struct loop *loop, const struct sockaddr *address, socklen_t length, uint32_t *id) {
  struct sock *sock;
  int error = table_take(loop, SOCK_CONNECTING, &sock);
  if (error != 0) return error;
  *id = sock->id;
  error = open_connection(loop, sock, address, length);
  if (error != 0) stream_fail(loop, sock, error);
  return 0;
}

/* Whether there is something to do that does not need to be told by epoll first. */
bool stream_is_ready(const struct sock *sock) {
  if (sock->kind == SOCK_CONNECTING) return sock->error != 0 || sock->flags & (IS_WRITABLE | IS_HUNG);
  if (sock->flags & IS_WRITABLE && (queue_length(&sock->queue) > 0 || sock->flags & WANTS_ROOM)) return true;
  if (sock->flags & HAS_ENDED) return sock->error != 0 || sock->flags & IS_FAULTY;
  if (sock->flags & IS_PAUSED) return sock->flags & IS_FAULTY;
  return sock->error != 0 || sock->flags & IS_READABLE;
}

/* Whether the connection stands; if not, that is told. */
static bool finish_connecting(struct loop *loop, struct sock *sock) {
  int error = sock->error != 0 ? sock->error : take_error(sock->fd);
  if (error != 0) {
    tell_closed(loop, sock, error);
    return false;
  }
  sock->kind = SOCK_CONNECTED;
  event_push(loop, sock, EVENT_CONNECTED, no_facts);
  if (queue_length(&sock->queue) == 0) stream_shut(loop, sock);
  return true;
}

static void read_once(struct loop *loop, struct sock *sock) {
  size_t wanted = loop->reads_length - loop->reads_used;
  if (wanted > READ_MAX_BYTES) wanted = READ_MAX_BYTES;
  unsigned char *room = loop->reads + loop->reads_used;
  bool takes_handles = sock->flags & TAKES_HANDLES;
  ssize_t length = takes_handles ? handle_receive(loop, sock, room, wanted)
                                 : recv(sock->fd, room, wanted, MSG_DONTWAIT);
  if (length > 0) {
    const int32_t facts[2] = {(int32_t)loop->reads_used, (int32_t)length};
    event_push(loop, sock, EVENT_DATA, facts);
    loop->reads_used += (size_t)length;
    /* A read stops short at a descriptor, whatever waits behind it. */
    if ((size_t)length < wanted && !takes_handles && !(sock->flags & IS_HUNG))
      sock->flags &= ~(uint32_t)IS_READABLE;
    return;
  }
  if (length < 0 && errno == EINTR) return;
  if (length == 0) {
    sock->flags |= HAS_ENDED;
    event_push(loop, sock, EVENT_ENDED, no_facts);
  } else if (errno != EAGAIN && sock->error == 0) {
    sock->error = errno;
  }
  sock->flags &= ~(uint32_t)(IS_READABLE | IS_HUNG);
  if (sock->error != 0) tell_closed(loop, sock, sock->error);
}

/* A reader that pauses still hears of a fault at once, unless bytes wait that it may want first. */
static void look_behind_pause(struct loop *loop, struct sock *sock) {
  unsigned char byte;
  sock->flags &= ~(uint32_t)IS_FAULTY;
  if (recv(sock->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) return;
  if (sock->error == 0 && errno != EAGAIN) sock->error = errno;
  if (sock->error != 0) tell_closed(loop, sock, sock->error);
}

void stream_turn(struct loop *loop, struct sock *sock) {
  if (sock->kind == SOCK_CONNECTING && !finish_connecting(loop, sock)) return;
  if (sock->flags & IS_WRITABLE && queue_length(&sock->queue) > 0) {
    int error = stream_flush(sock);
    if (error != 0) {
      stream_fail(loop, sock, error);
    } else if (queue_length(&sock->queue) == 0) {
      stream_shut(loop, sock);
      sock->flags &= ~(uint32_t)WANTS_ROOM;
      event_push(loop, sock, EVENT_DRAINED, no_facts);
    }
  } else if (sock->flags & IS_WRITABLE && sock->flags & WANTS_ROOM) {
    sock->flags &= ~(uint32_t)WANTS_ROOM;
    event_push(loop, sock, EVENT_DRAINED, no_facts);
  }
  if (sock->flags & HAS_ENDED) {
    if (sock->error == 0 && sock->flags & IS_FAULTY) sock->error = take_error(sock->fd);
    sock->flags &= ~(uint32_t)IS_FAULTY;
    if (sock->error != 0) tell_closed(loop, sock, sock->error);
  } else if (sock->flags & IS_PAUSED) {
    if (sock->flags & IS_FAULTY) look_behind_pause(loop, sock);
  } else if (sock->error != 0 || sock->flags & IS_READABLE) {
    read_once(loop, sock);
  }
}

static ssize_t send_parts(int fd, struct iovec *parts, int count) {
  ssize_t sent;
  do {
    if (count == 1) {
      sent = send(fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    } else {
      struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
      sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  } while (sent < 0 && errno == EINTR);
  return sent;
}

/* Hands the queue to the kernel as far as that takes it. 0 or an errno. */
int stream_flush(struct sock *sock) {
  struct queue *queue = &sock->queue;
  struct iovec rest = {.iov_base = queue->bytes + queue->start, .iov_len = queue_length(queue)};
  ssize_t sent = send_parts(sock->fd, &rest, 1);
  if (sent < 0 && errno != EAGAIN) return errno;
  if (sent < 0 || (size_t)sent < rest.iov_len) sock->flags &= ~(uint32_t)IS_WRITABLE;
  if (sent > 0) queue_consume(queue, (size_t)sent);
  return 0;
}

/* Bytes that wait on the socket after the call, or -1 where it is over or its FIN is ordered. */
int64_t stream_write(struct loop *loop, struct sock *sock, struct iovec *parts, int count) {
  if (sock->kind != SOCK_CONNECTED && sock->kind != SOCK_CONNECTING) return -1;
  if (sock->error != 0 || sock->flags & (SHUT_DUE | SHUT_DONE)) return -1;
  size_t sent = 0;
  if (sock->kind == SOCK_CONNECTED && queue_length(&sock->queue) == 0) {
    ssize_t taken = send_parts(sock->fd, parts, count);
    if (taken < 0 && errno != EAGAIN) {
      stream_fail(loop, sock, errno);
      return -1;
    }
    sent = taken < 0 ? 0 : (size_t)taken;
    /* If all was taken the next write finds out by itself. */
    sock->flags &= ~(uint32_t)IS_WRITABLE;
  }
  for (int n = 0; n < count; n++) {
    size_t length = parts[n].iov_len;
    if (sent >= length) {
      sent -= length;
      continue;
    }
    int error = queue_append(&sock->queue, (unsigned char *)parts[n].iov_base + sent, length - sent);
    sent = 0;
    if (error == 0) continue;
    stream_fail(loop, sock, error);
    return -1;
  }
  return (int64_t)queue_length(&sock->queue);
}

/* Sends the FIN that is due. */
void stream_shut(struct loop *loop, struct sock *sock) {
  if (!(sock->flags & SHUT_DUE) || sock->flags & SHUT_DONE) return;
  sock->flags |= SHUT_DONE;
  sock->flags &= ~(uint32_t)SHUT_DUE;
  /* ENOTCONN: the peer has reset the connection, which the next read tells. */
  if (shutdown(sock->fd, SHUT_WR) != 0 && errno != ENOTCONN) stream_fail(loop, sock, errno);
}
