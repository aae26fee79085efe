/*
 * Two sockets joined: bytes go both ways without JavaScript, a direction reads only while nothing of it waits, so at
 * most READ_MAX_BYTES of it are held. A half close is passed on. A side that fails after its last word costs
 * the other one no byte; any other fault resets the other side.
 */
#include "sockets.h"

#include <errno.h>

/* Where a socket is over already, EINVAL: its `closed` is in this batch, and the caller ends the other one. */
int relay_join(struct loop *loop, struct sock *a, struct sock *b) {
  if (a == b || a->kind != SOCK_CONNECTED || b->kind != SOCK_CONNECTED) return EINVAL;
  if ((a->flags | b->flags) & IS_RELAYED) return EINVAL;
  a->peer = b->id;
  b->peer = a->id;
  a->flags = (a->flags | IS_RELAYED | IS_RELAY_HEAD) & ~(uint32_t)IS_PAUSED;
  b->flags = (b->flags | IS_RELAYED) & ~(uint32_t)IS_PAUSED;
  /* Not now: the caller may still hold bytes of this batch that go first. */
  ready_push(loop, a);
  ready_push(loop, b);
  return 0;
}

static struct sock *peer_of(const struct loop *loop, const struct sock *sock) {
  return table_at(loop, sock->peer);
}

/* Whether somebody takes what is written to the socket. */
static bool takes_bytes(const struct sock *sock) {
  return !(sock->flags & (SHUT_DUE | SHUT_DONE));
}

static bool may_read(const struct sock *sock, const struct sock *peer) {
  return sock->flags & IS_READABLE && !(sock->flags & HAS_ENDED) && queue_length(&peer->queue) == 0;
}

/* Both have said their last word, and each has heard the other's or hears nothing any more. */
static bool is_complete(const struct sock *sock, const struct sock *peer) {
  const uint32_t over = HAS_ENDED | SHUT_DONE;
  return (sock->flags & over) == over && (peer->flags & over) == over;
}

bool relay_is_ready(const struct loop *loop, const struct sock *sock) {
  const struct sock *peer = peer_of(loop, sock);
  if (sock->error != 0) return true;
  if (sock->flags & IS_WRITABLE && queue_length(&sock->queue) > 0) return true;
  if (sock->flags & HAS_ENDED) return takes_bytes(peer) || is_complete(sock, peer);
  return may_read(sock, peer);
}

static void finish(struct loop *loop, struct sock *sock, int error) {
  struct sock *peer = peer_of(loop, sock);
  struct sock *head = sock->flags & IS_RELAY_HEAD ? sock : peer;
  struct sock *first = peer->flags & IS_FIRST_TO_END ? peer : sock;
  const int32_t facts[2] = {error, first == head ? 1 : 2};
  event_push(loop, head, EVENT_RELAY_ENDED, facts);
  sock_end(loop, sock, error != 0);
  sock_end(loop, peer, error != 0);
}

static void note_end(const struct loop *loop, struct sock *sock) {
  if (!(peer_of(loop, sock)->flags & IS_FIRST_TO_END)) sock->flags |= IS_FIRST_TO_END;
}

/*
 * EPIPE, or an error after its FIN: the socket said its last word before it went. What is on its way to it is
 * lost, what came from it is not. Returns whether the relay goes on.
 */
static bool survives(struct loop *loop, struct sock *sock, int error) {
  note_end(loop, sock);
  sock->error = 0;
  if (error == EPIPE || sock->flags & HAS_ENDED) {
    queue_clear(&sock->queue);
    sock->flags = (sock->flags | SHUT_DONE) & ~(uint32_t)SHUT_DUE;
    /* Its other side is read on, so that its end is seen. */
    ready_push(loop, peer_of(loop, sock));
    return true;
  }
  finish(loop, sock, error);
  return false;
}

/* Sends the FIN once everything before it has gone. */
static void pass_end(struct loop *loop, struct sock *peer) {
  if (!(peer->flags & SHUT_DONE)) peer->flags |= SHUT_DUE;
  if (queue_length(&peer->queue) == 0) stream_shut(loop, peer);
}

/* Returns whether the relay goes on. */
static bool pass_bytes(struct loop *loop, struct sock *sock, struct sock *peer) {
  ssize_t length = recv(sock->fd, loop->scratch, sizeof loop->scratch, MSG_DONTWAIT);
  if (length > 0) {
    sock->relayed += (uint64_t)length;
    if ((size_t)length < sizeof loop->scratch && !(sock->flags & IS_HUNG))
      sock->flags &= ~(uint32_t)IS_READABLE;
    if (!takes_bytes(peer)) return true;
    struct iovec part = {.iov_base = loop->scratch, .iov_len = (size_t)length};
    if (stream_write(loop, peer, &part, 1) >= 0) return true;
    return survives(loop, peer, peer->error);
  }
  if (length < 0 && errno == EINTR) return true;
  int error = length < 0 && errno != EAGAIN ? errno : 0;
  sock->flags &= ~(uint32_t)(IS_READABLE | IS_HUNG);
  if (error != 0 && !survives(loop, sock, error)) return false;
  /* EPIPE is what a reset after a FIN reads as. */
  if (length == 0 || error == EPIPE) sock->flags |= HAS_ENDED;
  return true;
}

void relay_turn(struct loop *loop, struct sock *sock) {
  struct sock *peer = peer_of(loop, sock);
  if (sock->error != 0 && !survives(loop, sock, sock->error)) return;
  if (sock->flags & IS_WRITABLE && queue_length(&sock->queue) > 0) {
    int error = stream_flush(sock);
    if (error != 0 && !survives(loop, sock, error)) return;
    if (queue_length(&sock->queue) == 0) {
      stream_shut(loop, sock);
      if (may_read(peer, sock)) ready_push(loop, peer);
    }
  }
  if (may_read(sock, peer) && !pass_bytes(loop, sock, peer)) return;
  if (sock->flags & HAS_ENDED) {
    note_end(loop, sock);
    pass_end(loop, peer);
  }
  if (is_complete(sock, peer)) finish(loop, sock, 0);
}
