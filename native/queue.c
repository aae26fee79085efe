/*
 * Bytes that wait for the kernel to take them: one block that grows by doubling, up to QUEUE_MAX_BYTES, and is
 * given back as soon as it is empty, so an idle socket holds none.
 */
#include "sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_MIN_BYTES 4096u

size_t queue_length(const struct queue *queue) { return queue->end - queue->start; }

int queue_append(struct queue *queue, const void *bytes, size_t length) {
  size_t held = queue_length(queue);
  if (length > QUEUE_MAX_BYTES - held) return ENOBUFS;
  if (queue->capacity - queue->end < length) {
    size_t capacity = queue->capacity < QUEUE_MIN_BYTES ? QUEUE_MIN_BYTES : queue->capacity;
    /* Twice what is held, so that moving to the front costs each byte once on average. */
    while (capacity < held + length || capacity / 2 < held) capacity *= 2;
    unsigned char *block = malloc(capacity);
    if (block == NULL) return ENOMEM;
    if (held > 0) memcpy(block, queue->bytes + queue->start, held);
    free(queue->bytes);
    *queue = (struct queue){.bytes = block, .start = 0, .end = held, .capacity = capacity};
  }
  memcpy(queue->bytes + queue->end, bytes, length);
  queue->end += length;
  return 0;
}

void queue_consume(struct queue *queue, size_t length) {
  queue->start += length;
  if (queue->start == queue->end) queue_clear(queue);
}

void queue_clear(struct queue *queue) {
  free(queue->bytes);
  *queue = (struct queue){0};
}
