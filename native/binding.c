/*
 * The life of the add-on in one environment: opened and shut down by JavaScript, or by the environment's end.
 * The only place that calls into JavaScript, once for each batch, so that microtasks run after it and what
 * it throws is an uncaught exception like any other.
 */
#include "call.h"

#include <errno.h>
#include <stdlib.h>

static void report_exception(napi_env env) {
  bool is_pending = false;
  napi_value exception;
  if (napi_is_exception_pending(env, &is_pending) != napi_ok || !is_pending) return;
  if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) (void)napi_fatal_exception(env, exception);
}

static void deliver(struct loop *loop, uint32_t count) {
  struct opening *opening = loop->owner;
  napi_env env = opening->binding->env;
  napi_handle_scope scope;
  napi_value global;
  napi_value on_batch;
  napi_value argument;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  /* Fails also where the environment is ending: then nobody listens any more. */
  if (napi_get_global(env, &global) == napi_ok &&
      napi_get_reference_value(env, opening->on_batch, &on_batch) == napi_ok &&
      napi_create_uint32(env, count, &argument) == napi_ok &&
      napi_make_callback(env, opening->context, global, on_batch, 1, &argument, NULL) != napi_ok) {
    report_exception(env);
  }
  (void)napi_close_handle_scope(env, scope);
}

static void free_opening(struct opening *opening) {
  napi_env env = opening->binding->env;
  if (opening->reads != NULL) (void)napi_delete_reference(env, opening->reads);
  if (opening->events != NULL) (void)napi_delete_reference(env, opening->events);
  if (opening->on_batch != NULL) (void)napi_delete_reference(env, opening->on_batch);
  if (opening->context != NULL) (void)napi_async_destroy(env, opening->context);
  free(opening);
}

/* libuv has let go of the loop. */
static void released(struct loop *loop) {
  struct opening *opening = loop->owner;
  struct binding *binding = opening->binding;
  free_opening(opening);
  free(loop);
  if (--binding->closing == 0 && binding->is_over) (void)napi_remove_async_cleanup_hook(binding->hook);
}

static void shut_down(struct binding *binding) {
  if (binding->loop == NULL) return;
  binding->closing++;
  loop_shut_down(binding->loop);
  binding->loop = NULL;
}

static bool read_buffers(const struct call *call, struct loop *loop) {
  struct iovec reads;
  napi_typedarray_type type;
  size_t length;
  void *events;
  if (!call_bytes(call, 0, &reads)) return false;
  if (napi_get_typedarray_info(call->env, call->arguments[1], &type, &length, &events, NULL, NULL) != napi_ok ||
      type != napi_int32_array || length < 4 * 4 * EVENTS_OF_ONE || reads.iov_len < 1024 ||
      reads.iov_len > INT32_MAX) {
    napi_throw_range_error(call->env, "ERR_OUT_OF_RANGE", "the buffers are too small or of another type");
    return false;
  }
  loop->reads = reads.iov_base;
  loop->reads_length = reads.iov_len;
  loop->events = events;
  loop->events_max = (uint32_t)(length / 4 > UINT32_MAX ? UINT32_MAX : length / 4);
  return true;
}

static bool keep(const struct call *call, struct opening *opening) {
  napi_value name;
  napi_valuetype type;
  napi_env env = call->env;
  if (napi_typeof(env, call->arguments[2], &type) != napi_ok || type != napi_function) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "a function is wanted");
    return false;
  }
  if (napi_create_reference(env, call->arguments[0], 1, &opening->reads) == napi_ok &&
      napi_create_reference(env, call->arguments[1], 1, &opening->events) == napi_ok &&
      napi_create_reference(env, call->arguments[2], 1, &opening->on_batch) == napi_ok &&
      napi_create_string_utf8(env, "MooringSockets", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_async_init(env, NULL, name, &opening->context) == napi_ok)
    return true;
  napi_throw_error(env, NULL, "the sockets cannot be opened");
  return false;
}

napi_value binding_open(napi_env env, napi_callback_info info) {
  struct call call;
  uv_loop_t *uv;
  if (!call_begin(env, info, &call)) return NULL;
  if (call.loop != NULL || call.binding->is_over || napi_get_uv_event_loop(env, &uv) != napi_ok) {
    napi_throw_error(env, "ERR_SOCKETS_OPEN", "the native sockets are open already");
    return NULL;
  }
  struct loop *loop = calloc(1, sizeof *loop);
  struct opening *opening = calloc(1, sizeof *opening);
  if (loop == NULL || opening == NULL) {
    free(loop);
    free(opening);
    call_throw(&call, "open", ENOMEM, "");
    return NULL;
  }
  opening->binding = call.binding;
  loop->owner = opening;
  loop->deliver = deliver;
  loop->released = released;
  bool is_kept = read_buffers(&call, loop) && keep(&call, opening);
  int error = is_kept ? loop_open(loop, uv) : 0;
  if (is_kept && error == 0) {
    call.binding->loop = loop;
    return NULL;
  }
  if (error != 0) call_throw(&call, "open", error, "");
  free_opening(opening);
  free(loop);
  return NULL;
}

napi_value binding_shut_down(napi_env env, napi_callback_info info) {
  struct call call;
  if (call_begin(env, info, &call)) shut_down(call.binding);
  return NULL;
}

/* The environment ends: everything is closed, and it waits until libuv has let go. */
static void on_cleanup(napi_async_cleanup_hook_handle hook, void *data) {
  struct binding *binding = data;
  binding->is_over = true;
  shut_down(binding);
  if (binding->closing == 0) (void)napi_remove_async_cleanup_hook(hook);
}

static void free_binding(node_api_basic_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free(data);
}

NAPI_MODULE_INIT() {
  struct binding *binding = calloc(1, sizeof *binding);
  if (binding == NULL) {
    napi_throw_error(env, "ENOMEM", "there is no memory for the add-on");
    return NULL;
  }
  binding->env = env;
  if (napi_set_instance_data(env, binding, free_binding, NULL) != napi_ok) {
    free(binding);
    napi_throw_error(env, NULL, "the add-on cannot be loaded");
    return NULL;
  }
  if (!calls_define(env, exports, binding) ||
      napi_add_async_cleanup_hook(env, on_cleanup, binding, &binding->hook) != napi_ok) {
    napi_throw_error(env, NULL, "the add-on cannot be loaded");
    return NULL;
  }
  return exports;
}
