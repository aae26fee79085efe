/*
 * The table of sockets: slots that never move, ids that are indexes of it. An id that is given up comes back
 * only after the batch in which that happened, so JavaScript never takes one socket's event for another's.
 */
#include "sockets.h"

#include <errno.h>
#include <stdlib.h>

static struct sock *slot_of(const struct loop *loop, uint32_t id) {
  return &loop->chunks[id / CHUNK_SLOTS][id % CHUNK_SLOTS];
}

struct sock *table_at(const struct loop *loop, uint32_t id) {
  if (id >= loop->slots) return NULL;
  struct sock *sock = slot_of(loop, id);
  return sock->kind == SOCK_FREE ? NULL : sock;
}

/* Adds a chunk; its lowest id is given first. */
static int table_grow(struct loop *loop) {
  uint32_t chunk = loop->slots / CHUNK_SLOTS;
  if (chunk >= CHUNKS_MAX) return ENOMEM;
  struct sock *slots = calloc(CHUNK_SLOTS, sizeof *slots);
  if (slots == NULL) return ENOMEM;
  loop->chunks[chunk] = slots;
  for (uint32_t n = CHUNK_SLOTS; n-- > 0;) {
    slots[n].id = loop->slots + n;
    slots[n].fd = -1;
    slots[n].next_free = loop->free_list;
    loop->free_list = slots[n].id;
  }
  loop->slots += CHUNK_SLOTS;
  return 0;
}

int table_take(struct loop *loop, enum sock_kind kind, struct sock **taken) {
  if (!loop->in_batch) table_settle(loop);
  if (loop->free_list == NO_SOCK) {
    int error = table_grow(loop);
    if (error != 0) return error;
  }
  struct sock *sock = slot_of(loop, loop->free_list);
  loop->free_list = sock->next_free;
  sock->kind = (uint8_t)kind;
  sock->fd = -1;
  sock->error = 0;
  sock->peer = NO_SOCK;
  sock->relayed = 0;
  sock->family = AF_UNSPEC;
  sock->batch = 0;
  /* The slot may still stand in the ready list for its former socket. */
  sock->flags &= IN_READY_LIST;
  if (loop->live++ == 0) uv_ref((uv_handle_t *)&loop->poll);
  *taken = sock;
  return 0;
}

void table_release(struct loop *loop, struct sock *sock) {
  queue_clear(&sock->queue);
  sock->kind = SOCK_OVER;
  sock->generation++;
  sock->next_free = loop->freed_list;
  loop->freed_list = sock->id;
  if (--loop->live == 0 && !loop->is_down) uv_unref((uv_handle_t *)&loop->poll);
}

void table_settle(struct loop *loop) {
  while (loop->freed_list != NO_SOCK) {
    struct sock *sock = slot_of(loop, loop->freed_list);
    loop->freed_list = sock->next_free;
    sock->kind = SOCK_FREE;
    sock->next_free = loop->free_list;
    loop->free_list = sock->id;
  }
}

void table_free(struct loop *loop) {
  for (uint32_t n = 0; n < loop->slots / CHUNK_SLOTS; n++) free(loop->chunks[n]);
  loop->slots = 0;
}
