/*
 * Reads the arguments of one call from JavaScript and throws what is wrong with them. Errors of the system bear
 * Node's code, errno and syscall.
 */
#include "call.h"

#include <stdio.h>
#include <stdlib.h>

bool call_begin(napi_env env, napi_callback_info info, struct call *call) {
  size_t count = ARGUMENTS_MAX;
  void *data = NULL;
  call->env = env;
  if (napi_get_cb_info(env, info, &count, call->arguments, NULL, &data) != napi_ok) {
    napi_throw_error(env, NULL, "the call cannot be read");
    return false;
  }
  call->binding = data;
  call->loop = call->binding->loop;
  return true;
}

bool call_begin_open(napi_env env, napi_callback_info info, struct call *call) {
  if (!call_begin(env, info, call)) return false;
  if (call->loop != NULL) return true;
  napi_throw_error(env, "ERR_SOCKETS_NOT_OPEN", "the native sockets are not open");
  return false;
}

/* NULL where there is no such socket, which is for every call the same as one that is over. */
struct sock *call_sock(const struct call *call, int index) {
  uint32_t id;
  if (napi_get_value_uint32(call->env, call->arguments[index], &id) != napi_ok) return NULL;
  return table_at(call->loop, id);
}

bool call_integer(const struct call *call, int index, int64_t *number) {
  if (napi_get_value_int64(call->env, call->arguments[index], number) == napi_ok) return true;
  napi_throw_type_error(call->env, "ERR_INVALID_ARG_TYPE", "a number is wanted");
  return false;
}

bool call_bytes(const struct call *call, int index, struct iovec *bytes) {
  napi_typedarray_type type;
  napi_status status = napi_get_typedarray_info(call->env, call->arguments[index], &type, &bytes->iov_len,
                                                &bytes->iov_base, NULL, NULL);
  if (status == napi_ok && type == napi_uint8_array) return true;
  napi_throw_type_error(call->env, "ERR_INVALID_ARG_TYPE", "a Uint8Array is wanted");
  return false;
}

/* Three arguments: bytes, from, to. */
bool call_range(const struct call *call, int index, struct iovec *bytes) {
  int64_t from;
  int64_t to;
  if (!call_bytes(call, index, bytes)) return false;
  if (!call_integer(call, index + 1, &from) || !call_integer(call, index + 2, &to)) return false;
  if (from < 0 || from > to || (uint64_t)to > bytes->iov_len) {
    napi_throw_range_error(call->env, "ERR_OUT_OF_RANGE", "the range is not within the bytes");
    return false;
  }
  if (from < to) bytes->iov_base = (unsigned char *)bytes->iov_base + from;
  bytes->iov_len = (size_t)(to - from);
  return true;
}

bool call_text(const struct call *call, int index, char *text, size_t capacity) {
  size_t length;
  napi_status status =
      napi_get_value_string_utf8(call->env, call->arguments[index], text, capacity, &length);
  if (status == napi_ok && length < capacity - 1) return true;
  napi_throw_type_error(call->env, "ERR_INVALID_ARG_VALUE", "a short text is wanted");
  return false;
}

/* Into the scratch buffer where it fits; `call_text_end` gives back what was allocated otherwise. */
bool call_latin1(const struct call *call, int index, struct iovec *text) {
  napi_value value = call->arguments[index];
  char *scratch = (char *)call->loop->scratch;
  size_t length;
  if (napi_get_value_string_latin1(call->env, value, scratch, READ_MAX_BYTES, &length) != napi_ok) {
    napi_throw_type_error(call->env, "ERR_INVALID_ARG_TYPE", "a text is wanted");
    return false;
  }
  *text = (struct iovec){.iov_base = scratch, .iov_len = length};
  if (length < READ_MAX_BYTES - 1) return true;
  char *block = NULL;
  if (napi_get_value_string_latin1(call->env, value, NULL, 0, &length) == napi_ok) block = malloc(length + 1);
  if (block != NULL &&
      napi_get_value_string_latin1(call->env, value, block, length + 1, &length) == napi_ok) {
    *text = (struct iovec){.iov_base = block, .iov_len = length};
    return true;
  }
  free(block);
  napi_throw_error(call->env, "ENOMEM", "there is no memory for the text");
  return false;
}

void call_text_end(const struct call *call, struct iovec *text) {
  if (text->iov_base != call->loop->scratch) free(text->iov_base);
}

static void set_property(napi_env env, napi_value object, const char *name, napi_value value) {
  /* An error without one of its facts is still that error. */
  (void)napi_set_named_property(env, object, name, value);
}

/* As Node's own: `listen EADDRINUSE: address already in use 127.0.0.1:80`. */
void call_throw(const struct call *call, const char *action, int error, const char *facts) {
  napi_env env = call->env;
  char name[32];
  char meaning[128];
  char message[512];
  uv_err_name_r(-error, name, sizeof name);
  uv_strerror_r(-error, meaning, sizeof meaning);
  (void)snprintf(message, sizeof message, "%s %s: %s %s", action, name, meaning, facts);
  napi_value code;
  napi_value text;
  napi_value thrown;
  napi_value number;
  napi_value syscall;
  if (napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &code) != napi_ok ||
      napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text) != napi_ok ||
      napi_create_error(env, code, text, &thrown) != napi_ok) {
    napi_throw_error(env, name, message);
    return;
  }
  if (napi_create_int32(env, -error, &number) == napi_ok) set_property(env, thrown, "errno", number);
  if (napi_create_string_utf8(env, action, NAPI_AUTO_LENGTH, &syscall) == napi_ok)
    set_property(env, thrown, "syscall", syscall);
  napi_throw(env, thrown);
}

napi_value call_number(const struct call *call, double number) {
  napi_value value = NULL;
  /* NULL is `undefined` to JavaScript; it happens only where the environment is at its end. */
  (void)napi_create_double(call->env, number, &value);
  return value;
}
