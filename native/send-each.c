/*
 * Bytes to many connections with one call from JavaScript. These are plain descriptors, which belong to no loop: whoever
 * has them sends what the kernel does not take at once, and finds out what is wrong with them.
 */
#include "call.h"

#include <errno.h>

/* What a Linux kernel takes in one call (IOV_MAX). */
#define SPANS_OF_ONE_MAX 1024

struct numbers {
  int32_t *at;
  size_t length;
};

static bool read_numbers(const struct call *call, int index, struct numbers *numbers) {
  napi_typedarray_type type;
  void *data;
  napi_status status = napi_get_typedarray_info(call->env, call->arguments[index], &type, &numbers->length,
                                                &data, NULL, NULL);
  if (status == napi_ok && type == napi_int32_array) {
    numbers->at = data;
    return true;
  }
  napi_throw_type_error(call->env, "ERR_INVALID_ARG_TYPE", "an Int32Array is wanted");
  return false;
}

/* Before anything is sent: whether each span lies within the bytes, and there is one for each that is announced. */
static bool are_within(struct numbers receivers, struct numbers spans, size_t count, size_t bytes) {
  size_t at = 0;
  if (count > receivers.length / 2) return false;
  for (size_t n = 0; n < count; n++) {
    int32_t spans_count = receivers.at[2 * n + 1];
    if (spans_count < 1 || spans_count > SPANS_OF_ONE_MAX) return false;
    if ((size_t)spans_count > (spans.length - at) / 2) return false;
    for (int32_t i = 0; i < spans_count; i++, at += 2) {
      int32_t from = spans.at[at];
      int32_t to = spans.at[at + 1];
      if (from < 0 || from > to || (size_t)to > bytes) return false;
    }
  }
  return true;
}

static int32_t send_spans(int fd, unsigned char *bytes, const int32_t *spans, int32_t count) {
  struct iovec parts[SPANS_OF_ONE_MAX];
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
  ssize_t sent;
  for (int32_t i = 0; i < count; i++)
    parts[i] = (struct iovec){.iov_base = bytes + spans[2 * i], .iov_len = (size_t)(spans[2 * i + 1] - spans[2 * i])};
  do
    sent = count == 1 ? send(fd, parts[0].iov_base, parts[0].iov_len, MSG_DONTWAIT | MSG_NOSIGNAL)
                      : sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? 0 : (int32_t)sent;
}

napi_value on_send_each(napi_env env, napi_callback_info info) {
  struct call call;
  struct iovec bytes;
  struct numbers receivers;
  struct numbers spans;
  int64_t count;
  if (!call_begin(env, info, &call) || !call_bytes(&call, 0, &bytes)) return NULL;
  if (!read_numbers(&call, 1, &receivers) || !read_numbers(&call, 2, &spans)) return NULL;
  if (!call_integer(&call, 3, &count)) return NULL;
  if (count < 0 || !are_within(receivers, spans, (size_t)count, bytes.iov_len)) {
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "a span is not within the bytes, or one is missing");
    return NULL;
  }
  const int32_t *next = spans.at;
  for (int64_t n = 0; n < count; n++) {
    int32_t spans_count = receivers.at[2 * n + 1];
    receivers.at[2 * n + 1] = send_spans(receivers.at[2 * n], bytes.iov_base, next, spans_count);
    next += 2 * spans_count;
  }
  return NULL;
}
