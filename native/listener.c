/*
 * Listening sockets. Accepting stops where descriptors or memory run out, until the caller asks for more: an
 * edge-triggered listener that simply tried again would spin, one that waited for the next edge would hang.
 */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Connections accepted from one listener in one batch, so that open connections get their turn. */
#define ACCEPTS_MAX 8

static int prepare_tcp(const struct sock *sock, int family) {
  int on = 1;
  int off = 0;
  if (setsockopt(sock->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return errno;
  /* Linux copies it to every accepted socket, which saves each a system call. */
  if (setsockopt(sock->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) return errno;
  if (family != AF_INET6) return 0;
  return setsockopt(sock->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0 ? 0 : errno;
}

static int bind_and_listen(struct sock *sock, const struct sockaddr *address, socklen_t length, int backlog) {
  sock->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (sock->fd < 0) return errno;
  if (address->sa_family == AF_UNIX) {
    /* Linux gives the mode of the unbound socket to the file that bind makes: it is never open to others. */
    if (fchmod(sock->fd, S_IRUSR | S_IWUSR) != 0) return errno;
  } else {
    int error = prepare_tcp(sock, address->sa_family);
    if (error != 0) return error;
  }
  if (bind(sock->fd, address, length) != 0) return errno;
  return listen(sock->fd, backlog) == 0 ? 0 : errno;
}

int listener_open(struct loop *loop, const struct sockaddr *address, socklen_t length, int backlog, uint32_t *id) {
  struct sock *sock;
  int error = table_take(loop, SOCK_LISTENER, &sock);
  if (error != 0) return error;
  *id = sock->id;
  error = bind_and_listen(sock, address, length, backlog);
  if (error == 0) error = loop_watch(loop, sock);
  if (error != 0) sock_end(loop, sock, false);
  return error;
}

/* Takes a listening descriptor over that another process has opened, or may still share. 0 or an errno. */
int listener_adopt(struct loop *loop, int fd, uint32_t *id) {
  struct sock *sock;
  int is_listening = 0;
  socklen_t length = sizeof is_listening;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) != 0) return errno;
  if (!is_listening) return EINVAL;
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return errno;
  int error = table_take(loop, SOCK_LISTENER, &sock);
  if (error != 0) return error;
  *id = sock->id;
  sock->fd = fd;
  error = loop_watch(loop, sock);
  if (error == 0) return 0;
  /* It stays the caller's. */
  sock->fd = -1;
  sock_end(loop, sock, false);
  return error;
}

bool listener_is_ready(const struct sock *sock) {
  return sock->flags & IS_READABLE && !(sock->flags & IS_STALLED);
}

/* Faults of the one connection that was about to be accepted: accept(2) says to go on with the next. */
static bool is_passing(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

/* Gives an accepted descriptor a slot, or closes it. 0 or an errno. */
static int admit(struct loop *loop, struct sock *listener, int fd, const struct sockaddr_storage *address) {
  struct sock *sock;
  int error = table_take(loop, SOCK_CONNECTED, &sock);
  if (error != 0) {
    (void)close(fd);
    return error;
  }
  sock->fd = fd;
  address_keep(sock, address);
  error = loop_watch(loop, sock);
  if (error != 0) {
    sock_end(loop, sock, true);
    return error;
  }
  const int32_t facts[2] = {(int32_t)sock->id, 0};
  event_push(loop, listener, EVENT_ACCEPTED, facts);
  return 0;
}

static void stall(struct loop *loop, struct sock *listener, int error) {
  const int32_t facts[2] = {error, 0};
  listener->flags |= IS_STALLED;
  event_push(loop, listener, EVENT_ACCEPT_FAILED, facts);
}

void listener_turn(struct loop *loop, struct sock *listener) {
  for (int n = 0; n < ACCEPTS_MAX && loop->event_count < loop->events_max; n++) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    memset(&address, 0, sizeof address);
    int fd = accept4(listener->fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int error = fd < 0 ? errno : admit(loop, listener, fd, &address);
    if (error == 0 || is_passing(error)) continue;
    if (error == EAGAIN) {
      listener->flags &= ~(uint32_t)IS_READABLE;
    } else {
      stall(loop, listener, error);
    }
    return;
  }
}
