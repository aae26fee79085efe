/*
 * The border to JavaScript: what belongs to one environment, and how arguments are read and errors thrown. A
 * function that returns false has thrown.
 */
#ifndef MOORING_CALL_H
#define MOORING_CALL_H

#include <node_api.h>

#include "sockets.h"

#define ARGUMENTS_MAX 5
/* More than a path of a socket may have, so that one that is too long is known as such. */
#define PATH_MAX_BYTES 256

struct binding {
  napi_env env;
  /* NULL unless open. */
  struct loop *loop;
  napi_async_cleanup_hook_handle hook;
  /* Loops that are shut down, and not yet released. */
  int closing;
  bool is_over;
};

/* The owner of a loop: what JavaScript handed in when it was opened. */
struct opening {
  struct binding *binding;
  napi_ref reads;
  napi_ref events;
  napi_ref on_batch;
  napi_async_context context;
};

struct call {
  napi_env env;
  struct binding *binding;
  struct loop *loop;
  napi_value arguments[ARGUMENTS_MAX];
};

/* call.c */
bool call_begin(napi_env env, napi_callback_info info, struct call *call);
bool call_begin_open(napi_env env, napi_callback_info info, struct call *call);
struct sock *call_sock(const struct call *call, int index);
bool call_integer(const struct call *call, int index, int64_t *number);
bool call_bytes(const struct call *call, int index, struct iovec *bytes);
bool call_range(const struct call *call, int index, struct iovec *bytes);
bool call_text(const struct call *call, int index, char *text, size_t capacity);
bool call_latin1(const struct call *call, int index, struct iovec *text);
void call_text_end(const struct call *call, struct iovec *text);
void call_throw(const struct call *call, const char *action, int error, const char *facts);
napi_value call_number(const struct call *call, double number);

/* binding.c */
napi_value binding_open(napi_env env, napi_callback_info info);
napi_value binding_shut_down(napi_env env, napi_callback_info info);

/* handle-calls.c */
napi_value on_listen_path(napi_env env, napi_callback_info info);
napi_value on_take_handles(napi_env env, napi_callback_info info);
napi_value on_send_handle(napi_env env, napi_callback_info info);
napi_value on_close_handle(napi_env env, napi_callback_info info);

/* memory.c */
napi_value on_collect_memory(napi_env env, napi_callback_info info);
napi_value on_release_memory(napi_env env, napi_callback_info info);

/* send-each.c */
napi_value on_send_each(napi_env env, napi_callback_info info);

/* calls.c */
bool calls_define(napi_env env, napi_value exports, struct binding *binding);

#endif
