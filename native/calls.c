/*
 * What JavaScript calls, one function each: arguments in, one step on the socket, a number or nothing out. A
 * socket that is over, or that never was, answers -1, 0 or nothing; it is no error to be late.
 */
#include "call.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define ADDRESS_MAX_BYTES 128

static napi_value on_listen(napi_env env, napi_callback_info info) {
  struct call call;
  char text[ADDRESS_MAX_BYTES];
  int64_t port;
  int64_t backlog;
  struct sockaddr_storage address;
  uint32_t id;
  if (!call_begin_open(env, info, &call) || !call_text(&call, 0, text, sizeof text)) return NULL;
  if (!call_integer(&call, 1, &port) || !call_integer(&call, 2, &backlog)) return NULL;
  int error = port < 0 || port > 65535 ? EINVAL : address_read(text, (int)port, &address);
  if (error == 0)
    error = listener_open(call.loop, (struct sockaddr *)&address, address_length(&address),
                          backlog > 65535 ? 65535 : (int)backlog, &id);
  if (error == 0) return call_number(&call, id);
  char facts[ADDRESS_MAX_BYTES + 32];
  (void)snprintf(facts, sizeof facts, "%s:%lld", text, (long long)port);
  call_throw(&call, "listen", error, facts);
  return NULL;
}

static napi_value on_listen_on(napi_env env, napi_callback_info info) {
  struct call call;
  int64_t fd;
  uint32_t id;
  if (!call_begin_open(env, info, &call) || !call_integer(&call, 0, &fd)) return NULL;
  int error = fd < 0 || fd > INT_MAX ? EBADF : listener_adopt(call.loop, (int)fd, &id);
  if (error == 0) return call_number(&call, id);
  char facts[32];
  (void)snprintf(facts, sizeof facts, "descriptor %lld", (long long)fd);
  call_throw(&call, "listen", error, facts);
  return NULL;
}

static napi_value on_local_port(napi_env env, napi_callback_info info) {
  struct call call;
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *sock = call_sock(&call, 0);
  memset(&address, 0, sizeof address);
  if (sock == NULL || sock->fd < 0 || getsockname(sock->fd, (struct sockaddr *)&address, &length) != 0)
    return call_number(&call, 0);
  if (address.ss_family == AF_INET) return call_number(&call, ntohs(((struct sockaddr_in *)&address)->sin_port));
  if (address.ss_family == AF_INET6)
    return call_number(&call, ntohs(((struct sockaddr_in6 *)&address)->sin6_port));
  return call_number(&call, 0);
}

static napi_value on_stop_listening(napi_env env, napi_callback_info info) {
  struct call call;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *sock = call_sock(&call, 0);
  if (sock != NULL && sock->kind == SOCK_LISTENER) sock_close(call.loop, sock, false);
  return NULL;
}

static napi_value on_pause_accepting(napi_env env, napi_callback_info info) {
  struct call call;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *sock = call_sock(&call, 0);
  if (sock != NULL && sock->kind == SOCK_LISTENER) sock->flags |= IS_STALLED;
  return NULL;
}

static napi_value on_resume_accepting(napi_env env, napi_callback_info info) {
  struct call call;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *sock = call_sock(&call, 0);
  if (sock == NULL || sock->kind != SOCK_LISTENER) return NULL;
  sock->flags &= ~(uint32_t)IS_STALLED;
  if (listener_is_ready(sock)) ready_push(call.loop, sock);
  return NULL;
}

static napi_value on_connect(napi_env env, napi_callback_info info) {
  struct call call;
  char text[ADDRESS_MAX_BYTES];
  int64_t port;
  struct sockaddr_storage address;
  uint32_t id;
  if (!call_begin_open(env, info, &call) || !call_text(&call, 0, text, sizeof text)) return NULL;
  if (!call_integer(&call, 1, &port)) return NULL;
  int error = port < 0 || port > 65535 ? EINVAL : address_read(text, (int)port, &address);
  if (error == 0)
    error = stream_connect(call.loop, (struct sockaddr *)&address, address_length(&address), &id);
  if (error != 0) {
    call_throw(&call, "connect", error, text);
    return NULL;
  }
  address_keep(table_at(call.loop, id), &address);
  return call_number(&call, id);
}

static napi_value on_connect_path(napi_env env, napi_callback_info info) {
  struct call call;
  char path[PATH_MAX_BYTES];
  struct sockaddr_un address;
  socklen_t length;
  uint32_t id;
  if (!call_begin_open(env, info, &call) || !call_text(&call, 0, path, sizeof path)) return NULL;
  int error = address_of_path(path, &address, &length);
  if (error == 0) error = stream_connect(call.loop, (struct sockaddr *)&address, length, &id);
  if (error == 0) return call_number(&call, id);
  call_throw(&call, "connect", error, path);
  return NULL;
}

static napi_value on_peer_address(napi_env env, napi_callback_info info) {
  struct call call;
  char text[ADDRESS_MAX_BYTES] = "";
  napi_value value = NULL;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *sock = call_sock(&call, 0);
  if (sock != NULL && address_write(sock, text, sizeof text) != 0) text[0] = '\0';
  (void)napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  return value;
}

static napi_value write_parts(const struct call *call, struct iovec *parts, int count) {
  struct sock *sock = call_sock(call, 0);
  return call_number(call, sock == NULL ? -1 : (double)stream_write(call->loop, sock, parts, count));
}

static napi_value on_write(napi_env env, napi_callback_info info) {
  struct call call;
  struct iovec bytes;
  if (!call_begin_open(env, info, &call) || !call_range(&call, 1, &bytes)) return NULL;
  return write_parts(&call, &bytes, 1);
}

static napi_value on_write_latin1(napi_env env, napi_callback_info info) {
  struct call call;
  struct iovec text;
  if (!call_begin_open(env, info, &call) || !call_latin1(&call, 1, &text)) return NULL;
  napi_value queued = write_parts(&call, &text, 1);
  call_text_end(&call, &text);
  return queued;
}

static napi_value on_write_both(napi_env env, napi_callback_info info) {
  struct call call;
  struct iovec parts[2];
  if (!call_begin_open(env, info, &call) || !call_range(&call, 2, &parts[1])) return NULL;
  if (!call_latin1(&call, 1, &parts[0])) return NULL;
  napi_value queued = write_parts(&call, parts, 2);
  call_text_end(&call, &parts[0]);
  return queued;
}

static napi_value on_queued(napi_env env, napi_callback_info info) {
  struct call call;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *sock = call_sock(&call, 0);
  return call_number(&call, sock == NULL ? 0 : (double)queue_length(&sock->queue));
}

static napi_value on_pause(napi_env env, napi_callback_info info) {
  struct call call;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *sock = call_sock(&call, 0);
  if (sock != NULL && !(sock->flags & IS_RELAYED)) sock->flags |= IS_PAUSED;
  return NULL;
}

static napi_value on_resume(napi_env env, napi_callback_info info) {
  struct call call;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *sock = call_sock(&call, 0);
  if (sock == NULL || sock->kind == SOCK_OVER || !(sock->flags & IS_PAUSED)) return NULL;
  sock->flags &= ~(uint32_t)IS_PAUSED;
  if (stream_is_ready(sock)) ready_push(call.loop, sock);
  return NULL;
}

static napi_value on_shutdown_write(napi_env env, napi_callback_info info) {
  struct call call;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *sock = call_sock(&call, 0);
  if (sock == NULL || (sock->kind != SOCK_CONNECTED && sock->kind != SOCK_CONNECTING)) return NULL;
  if (sock->flags & SHUT_DONE) return NULL;
  sock->flags |= SHUT_DUE;
  if (sock->kind == SOCK_CONNECTED && queue_length(&sock->queue) == 0) stream_shut(call.loop, sock);
  if (sock->flags & IS_RELAYED) ready_push(call.loop, sock);
  return NULL;
}

static napi_value close_it(napi_env env, napi_callback_info info, bool with_reset) {
  struct call call;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *sock = call_sock(&call, 0);
  if (sock != NULL) sock_close(call.loop, sock, with_reset);
  return NULL;
}

static napi_value on_close(napi_env env, napi_callback_info info) { return close_it(env, info, false); }

static napi_value on_reset(napi_env env, napi_callback_info info) { return close_it(env, info, true); }

static napi_value on_relay(napi_env env, napi_callback_info info) {
  struct call call;
  napi_value is_joined = NULL;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *a = call_sock(&call, 0);
  struct sock *b = call_sock(&call, 1);
  bool joined = a != NULL && b != NULL && relay_join(call.loop, a, b) == 0;
  (void)napi_get_boolean(env, joined, &is_joined);
  return is_joined;
}

static napi_value on_relayed_bytes(napi_env env, napi_callback_info info) {
  struct call call;
  napi_typedarray_type type;
  size_t length;
  void *data;
  if (!call_begin_open(env, info, &call)) return NULL;
  napi_status status = napi_get_typedarray_info(env, call.arguments[1], &type, &length, &data, NULL, NULL);
  if (status != napi_ok || type != napi_float64_array || length < 2) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "a Float64Array of two or more is wanted");
    return NULL;
  }
  double *out = data;
  struct sock *a = call_sock(&call, 0);
  struct sock *b = a != NULL && a->flags & IS_RELAYED ? table_at(call.loop, a->peer) : NULL;
  out[0] = b == NULL ? 0 : (double)a->relayed;
  out[1] = b == NULL ? 0 : (double)b->relayed;
  if (length < 3) return NULL;
  out[2] = b == NULL ? 0 : (a->flags & HAS_ENDED ? 1 : 0) + (b->flags & HAS_ENDED ? 2 : 0);
  return NULL;
}

static napi_value on_detach(napi_env env, napi_callback_info info) {
  struct call call;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *sock = call_sock(&call, 0);
  return call_number(&call, sock == NULL ? -1 : sock_detach(call.loop, sock));
}

static const struct {
  const char *name;
  napi_callback function;
} calls[] = {
    {"open", binding_open},
    {"shutDown", binding_shut_down},
    {"listen", on_listen},
    {"listenOn", on_listen_on},
    {"localPort", on_local_port},
    {"stopListening", on_stop_listening},
    {"pauseAccepting", on_pause_accepting},
    {"resumeAccepting", on_resume_accepting},
    {"connect", on_connect},
    {"connectPath", on_connect_path},
    {"peerAddress", on_peer_address},
    {"write", on_write},
    {"writeLatin1", on_write_latin1},
    {"writeBoth", on_write_both},
    {"queued", on_queued},
    {"pause", on_pause},
    {"resume", on_resume},
    {"shutdownWrite", on_shutdown_write},
    {"close", on_close},
    {"reset", on_reset},
    {"relay", on_relay},
    {"relayedBytes", on_relayed_bytes},
    {"closeRelay", on_close},
    {"detach", on_detach},
    {"listenPath", on_listen_path},
    {"takeHandles", on_take_handles},
    {"sendHandle", on_send_handle},
    {"closeHandle", on_close_handle},
    {"sendEach", on_send_each},
    {"collectMemory", on_collect_memory},
    {"releaseMemory", on_release_memory},
};

bool calls_define(napi_env env, napi_value exports, struct binding *binding) {
  for (size_t n = 0; n < sizeof calls / sizeof calls[0]; n++) {
    napi_value function;
    const char *name = calls[n].name;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, calls[n].function, binding, &function) != napi_ok)
      return false;
    if (napi_set_named_property(env, exports, name, function) != napi_ok) return false;
  }
  return true;
}
