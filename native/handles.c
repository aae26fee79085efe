/*
 * Descriptors on their way to another process (SCM_RIGHTS) over a line, which is a Unix-domain stream socket. One goes
 * with the first byte of a message, and a read ends at the bytes that brought one: so the n-th message that
 * announces a descriptor and the n-th descriptor belong together.
 */
#include "sockets.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Nothing of ours is on its way to the peer, which the next owner could not know of. */
static bool is_fit(const struct sock *sock) {
  if (sock->kind != SOCK_CONNECTED || sock->error != 0) return false;
  return !(sock->flags & (IS_RELAYED | SHUT_DUE | SHUT_DONE)) && queue_length(&sock->queue) == 0;
}

static ssize_t send_with(int line, int given, const struct iovec *bytes) {
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  memset(&control, 0, sizeof control);
  struct iovec part = *bytes;
  struct msghdr message = {
      .msg_iov = &part,
      .msg_iovlen = 1,
      .msg_control = &control,
      .msg_controllen = sizeof control.room,
  };
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof given);
  memcpy(CMSG_DATA(head), &given, sizeof given);
  ssize_t sent;
  do {
    sent = sendmsg(line, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

/* Sends the descriptor of `given`, which stays open here, with the message; there is at least one byte. */
int64_t handle_send(struct loop *loop, struct sock *line, const struct sock *given, const struct iovec *bytes) {
  if (line->kind != SOCK_CONNECTED || line->error != 0) return HANDLE_LINE_OVER;
  if (line->flags & (IS_RELAYED | SHUT_DUE | SHUT_DONE)) return HANDLE_LINE_OVER;
  if (!is_fit(given)) return HANDLE_UNFIT;
  if (queue_length(&line->queue) > 0) return HANDLE_LINE_FULL;
  ssize_t sent = send_with(line->fd, given->fd, bytes);
  if (sent < 0) {
    /* Of descriptors on their way a process has as many as it may have open. */
    if (errno == ETOOMANYREFS) return HANDLE_UNFIT;
    if (errno != EAGAIN) {
      stream_fail(loop, line, errno);
      return HANDLE_LINE_OVER;
    }
    line->flags = (line->flags | WANTS_ROOM) & ~(uint32_t)IS_WRITABLE;
    return HANDLE_LINE_FULL;
  }
  line->flags &= ~(uint32_t)IS_WRITABLE;
  if ((size_t)sent == bytes->iov_len) return 0;
  int error = queue_append(&line->queue, (unsigned char *)bytes->iov_base + sent, bytes->iov_len - (size_t)sent);
  if (error == 0) return (int64_t)queue_length(&line->queue);
  stream_fail(loop, line, error);
  return HANDLE_LINE_OVER;
}

/* As recv; a descriptor that came with the bytes is told first, as -1 where this process had no room for it. */
ssize_t handle_receive(struct loop *loop, struct sock *line, void *bytes, size_t wanted) {
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec part = {.iov_base = bytes, .iov_len = wanted};
  struct msghdr message = {
      .msg_iov = &part,
      .msg_iovlen = 1,
      .msg_control = &control,
      /* Not what is aligned: that would be room for two. */
      .msg_controllen = CMSG_LEN(sizeof(int)),
  };
  ssize_t length = recvmsg(line->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (length < 0) return length;
  int32_t facts[2] = {-1, 0};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  bool has_come = head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS;
  if (has_come) memcpy(&facts[0], CMSG_DATA(head), sizeof(int));
  if (has_come || message.msg_flags & MSG_CTRUNC) event_push(loop, line, EVENT_HANDLE, facts);
  return length;
}

/* A cut ends the connection for every process that has a descriptor of it. */
void handle_close(int fd, bool is_cut) {
  /* Where it fails the connection is over already. */
  if (is_cut) (void)shutdown(fd, SHUT_RDWR);
  (void)close(fd);
}
