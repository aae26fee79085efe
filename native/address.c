/*
 * Addresses between text and the kernel's form. Names are never resolved here. A socket keeps its peer's
 * address, which the kernel forgets as soon as the peer has reset the connection.
 */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

int address_read(const char *text, int port, struct sockaddr_storage *address) {
  memset(address, 0, sizeof *address);
  if (port < 0 || port > 65535) return EINVAL;
  if (uv_ip4_addr(text, port, (struct sockaddr_in *)address) == 0) return 0;
  if (uv_ip6_addr(text, port, (struct sockaddr_in6 *)address) == 0) return 0;
  return EINVAL;
}

socklen_t address_length(const struct sockaddr_storage *address) {
  return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

void address_keep(struct sock *sock, const struct sockaddr_storage *address) {
  sock->family = address->ss_family;
  if (address->ss_family == AF_INET) {
    memcpy(&sock->address, &((const struct sockaddr_in *)address)->sin_addr, sizeof(struct in_addr));
  } else if (address->ss_family == AF_INET6) {
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    sock->address = six->sin6_addr;
    sock->scope = six->sin6_scope_id;
  }
}

/* As Node writes it: a link-local address names its interface. An empty text for a path. */
int address_write(const struct sock *sock, char *text, size_t capacity) {
  text[0] = '\0';
  if (sock->family != AF_INET && sock->family != AF_INET6) return 0;
  if (inet_ntop(sock->family, &sock->address, text, (socklen_t)capacity) == NULL) return errno;
  if (sock->family != AF_INET6 || !IN6_IS_ADDR_LINKLOCAL(&sock->address)) return 0;
  size_t used = strlen(text);
  size_t room = capacity - used - 1;
  if (uv_if_indextoiid(sock->scope, text + used + 1, &room) == 0) text[used] = '%';
  return 0;
}

int address_of_path(const char *path, struct sockaddr_un *address, socklen_t *length) {
  size_t size = strlen(path);
  memset(address, 0, sizeof *address);
  if (size == 0 || size >= sizeof address->sun_path) return size == 0 ? EINVAL : ENAMETOOLONG;
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path, size + 1);
  *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
  return 0;
}
