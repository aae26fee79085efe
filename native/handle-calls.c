/*
 * What JavaScript calls to hand connections to other processes and to take them: lines, which are Unix-domain
 * sockets, and plain descriptors, which belong to no loop.
 */
#include "call.h"

#include <errno.h>

napi_value on_listen_path(napi_env env, napi_callback_info info) {
  struct call call;
  char path[PATH_MAX_BYTES];
  int64_t backlog;
  struct sockaddr_un address;
  socklen_t length;
  uint32_t id;
  if (!call_begin_open(env, info, &call) || !call_text(&call, 0, path, sizeof path)) return NULL;
  if (!call_integer(&call, 1, &backlog)) return NULL;
  int error = address_of_path(path, &address, &length);
  if (error == 0)
    error = listener_open(call.loop, (struct sockaddr *)&address, length,
                          backlog > 65535 ? 65535 : (int)backlog, &id);
  if (error == 0) return call_number(&call, id);
  call_throw(&call, "listen", error, path);
  return NULL;
}

napi_value on_take_handles(napi_env env, napi_callback_info info) {
  struct call call;
  if (!call_begin_open(env, info, &call)) return NULL;
  struct sock *line = call_sock(&call, 0);
  if (line != NULL) line->flags |= TAKES_HANDLES;
  return NULL;
}

napi_value on_send_handle(napi_env env, napi_callback_info info) {
  struct call call;
  struct iovec bytes;
  if (!call_begin_open(env, info, &call) || !call_range(&call, 2, &bytes)) return NULL;
  struct sock *line = call_sock(&call, 0);
  struct sock *given = call_sock(&call, 1);
  if (line == NULL) return call_number(&call, HANDLE_LINE_OVER);
  if (given == NULL || bytes.iov_len == 0) return call_number(&call, HANDLE_UNFIT);
  return call_number(&call, (double)handle_send(call.loop, line, given, &bytes));
}

napi_value on_close_handle(napi_env env, napi_callback_info info) {
  struct call call;
  int64_t fd;
  bool is_cut;
  if (!call_begin(env, info, &call) || !call_integer(&call, 0, &fd)) return NULL;
  if (napi_get_value_bool(env, call.arguments[1], &is_cut) != napi_ok) is_cut = false;
  /* A number that no descriptor has comes from a handle that was lost. */
  if (fd >= 0) handle_close((int)fd, is_cut);
  return NULL;
}
