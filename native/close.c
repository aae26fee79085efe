/*
 * Every way in which a socket leaves the table: closed, reset or given away. Its slot is released with the
 * batch; what it still had to say in the batch is withdrawn where the caller closed it.
 */
#include "sockets.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Ends one socket and tells nobody. */
void sock_end(struct loop *loop, struct sock *sock, bool with_reset) {
  if (sock->fd >= 0) {
    if (with_reset) {
      struct linger at_once = {.l_onoff = 1, .l_linger = 0};
      /* Where it fails the peer sees a FIN instead, which ends the connection as well. */
      (void)setsockopt(sock->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    /* Linux has freed the descriptor whatever close says: trying again could close another's. */
    (void)close(sock->fd);
    sock->fd = -1;
  }
  table_release(loop, sock);
}

/* As the caller asks: no further event of this id, and of a relay both sides. */
void sock_close(struct loop *loop, struct sock *sock, bool with_reset) {
  event_withdraw(loop, sock);
  if (sock->kind == SOCK_OVER) return;
  if (sock->flags & IS_RELAYED) {
    struct sock *other = table_at(loop, sock->peer);
    if (other != NULL && other->kind != SOCK_OVER) sock_end(loop, other, with_reset);
  }
  sock_end(loop, sock, with_reset);
}

/* The descriptor, which is the caller's from now on, or -1 where the socket is over, joined or holds bytes back. */
int sock_detach(struct loop *loop, struct sock *sock) {
  if ((sock->kind != SOCK_CONNECTED && sock->kind != SOCK_LISTENER) || sock->error != 0) return -1;
  if ((sock->flags & (IS_RELAYED | SHUT_DUE)) || queue_length(&sock->queue) > 0) return -1;
  int fd = sock->fd;
  /* A descriptor that lives on, here or in another process, would go on waking this loop. */
  if (epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL) != 0) return -1;
  sock->fd = -1;
  table_release(loop, sock);
  return fd;
}
