/*
 * What the files of the add-on share: one loop for each JavaScript environment, its table of sockets and the
 * promises between them. A socket belongs to the thread of its loop. JavaScript is called from `deliver` alone.
 */
#ifndef MOORING_SOCKETS_H
#define MOORING_SOCKETS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <uv.h>

/* Slots are allocated so many at a time and never move; more sockets than all chunks hold is ENOMEM. */
#define CHUNK_SLOTS 1024u
#define CHUNKS_MAX 1024u

/* One read, and what a relay may hold back for a slow reader in one direction. */
#define READ_MAX_BYTES 65536u
/* With less room than this in the read buffer the batch is given to JavaScript first. */
#define READ_MIN_BYTES 16384u
/* What may wait on one socket; the caller stops long before. One byte more ends the socket with ENOBUFS. */
#define QUEUE_MAX_BYTES (256u * 1024u * 1024u)
/* More than one socket can say in a batch: connected, drained, and a handle with data, or ended and closed. */
#define EVENTS_OF_ONE 5u

#define NO_SOCK UINT32_MAX

enum event_kind {
  EVENT_NONE = 0,
  EVENT_ACCEPTED = 1,
  EVENT_CONNECTED = 2,
  EVENT_DATA = 3,
  EVENT_ENDED = 4,
  EVENT_DRAINED = 5,
  EVENT_CLOSED = 6,
  EVENT_ACCEPT_FAILED = 7,
  EVENT_RELAY_ENDED = 8,
  EVENT_HANDLE = 9,
};

/* OVER: closed, but its id is not given again before the batch has ended. */
enum sock_kind { SOCK_FREE = 0, SOCK_OVER, SOCK_LISTENER, SOCK_CONNECTING, SOCK_CONNECTED };

enum sock_flag {
  /* What epoll has told and no system call has refuted since. */
  IS_READABLE = 1 << 0,
  IS_WRITABLE = 1 << 1,
  /* A FIN, a hang-up or an error waits behind the bytes: a short read does not mean that nothing is left. */
  IS_HUNG = 1 << 2,
  IS_FAULTY = 1 << 3,
  IS_PAUSED = 1 << 4,
  /* The peer's FIN has been read. */
  HAS_ENDED = 1 << 5,
  /* Our FIN waits for the queue, or has gone. */
  SHUT_DUE = 1 << 6,
  SHUT_DONE = 1 << 7,
  IN_READY_LIST = 1 << 8,
  IS_RELAYED = 1 << 9,
  /* The first of the two that were joined: events of the relay bear its id. */
  IS_RELAY_HEAD = 1 << 10,
  /* Of the two sides of a relay, the one that ended or failed first. */
  IS_FIRST_TO_END = 1 << 11,
  /* A listener that ran out of descriptors or memory waits for the caller. */
  IS_STALLED = 1 << 12,
  /* Descriptors may come with the bytes. */
  TAKES_HANDLES = 1 << 13,
  /* A descriptor could not be sent for want of room: `drained` is owed when there is some. */
  WANTS_ROOM = 1 << 14,
};

/* Bytes that the kernel did not take yet: [start, end) of `bytes`; NULL while nothing waits. */
struct queue {
  unsigned char *bytes;
  size_t start;
  size_t end;
  size_t capacity;
};

struct sock {
  int fd;
  /* errno of a write or a connect that failed, until `closed` is told; 0 otherwise. */
  int error;
  uint32_t id;
  /* Rises when the slot is given up, so that epoll's late events of a former socket are known. */
  uint32_t generation;
  uint32_t next_ready;
  uint32_t next_free;
  /* Where in the batch numbered `batch` the events of this socket begin. */
  uint32_t batch;
  uint32_t first_event;
  uint32_t flags;
  uint32_t peer;
  uint64_t relayed;
  struct queue queue;
  struct in6_addr address;
  uint32_t scope;
  uint16_t family;
  uint8_t kind;
};

struct loop {
  uv_poll_t poll;
  uv_idle_t idle;
  int epoll;
  /* uv handles that are open or closing: memory is given back when the last is closed. */
  int handles;
  bool is_down;
  bool in_turn;
  /* From the first event that is written until JavaScript has seen the last. */
  bool in_batch;
  uint32_t batch;
  uint32_t live;
  uint32_t slots;
  uint32_t free_list;
  uint32_t freed_list;
  uint32_t ready_head;
  uint32_t ready_tail;
  uint32_t ready_count;
  int32_t *events;
  uint32_t events_max;
  uint32_t event_count;
  unsigned char *reads;
  size_t reads_length;
  size_t reads_used;
  void (*deliver)(struct loop *loop, uint32_t count);
  void (*released)(struct loop *loop);
  void *owner;
  struct sock *chunks[CHUNKS_MAX];
  unsigned char scratch[READ_MAX_BYTES];
};

/* table.c: every function that can fail returns 0 or an errno. */
struct sock *table_at(const struct loop *loop, uint32_t id);
int table_take(struct loop *loop, enum sock_kind kind, struct sock **taken);
void table_release(struct loop *loop, struct sock *sock);
void table_settle(struct loop *loop);
void table_free(struct loop *loop);

/* queue.c */
size_t queue_length(const struct queue *queue);
int queue_append(struct queue *queue, const void *bytes, size_t length);
void queue_consume(struct queue *queue, size_t length);
void queue_clear(struct queue *queue);

/* turn.c */
int loop_open(struct loop *loop, uv_loop_t *uv);
void loop_shut_down(struct loop *loop);
int loop_watch(struct loop *loop, struct sock *sock);
void ready_push(struct loop *loop, struct sock *sock);
void event_push(struct loop *loop, struct sock *sock, enum event_kind kind, const int32_t facts[2]);
void event_withdraw(struct loop *loop, const struct sock *sock);

/* address.c */
int address_read(const char *text, int port, struct sockaddr_storage *address);
socklen_t address_length(const struct sockaddr_storage *address);
void address_keep(struct sock *sock, const struct sockaddr_storage *address);
int address_write(const struct sock *sock, char *text, size_t capacity);
int address_of_path(const char *path, struct sockaddr_un *address, socklen_t *length);

/* stream.c */
int stream_connect(struct loop *loop, const struct sockaddr *address, socklen_t length, uint32_t *id);
void stream_turn(struct loop *loop, struct sock *sock);
bool stream_is_ready(const struct sock *sock);
int64_t stream_write(struct loop *loop, struct sock *sock, struct iovec *parts, int count);
int stream_flush(struct sock *sock);
void stream_shut(struct loop *loop, struct sock *sock);
void stream_fail(struct loop *loop, struct sock *sock, int error);

/* handles.c: what a descriptor could not be sent for; otherwise the bytes that wait, as after any write. */
#define HANDLE_LINE_OVER (-1)
#define HANDLE_LINE_FULL (-2)
#define HANDLE_UNFIT (-3)
int64_t handle_send(struct loop *loop, struct sock *line, const struct sock *given, const struct iovec *bytes);
ssize_t handle_receive(struct loop *loop, struct sock *line, void *bytes, size_t wanted);
void handle_close(int fd, bool is_cut);

/* close.c */
void sock_end(struct loop *loop, struct sock *sock, bool with_reset);
void sock_close(struct loop *loop, struct sock *sock, bool with_reset);
int sock_detach(struct loop *loop, struct sock *sock);

/* listener.c */
int listener_open(struct loop *loop, const struct sockaddr *address, socklen_t length, int backlog, uint32_t *id);
int listener_adopt(struct loop *loop, int fd, uint32_t *id);
void listener_turn(struct loop *loop, struct sock *sock);
bool listener_is_ready(const struct sock *sock);

/* relay.c */
int relay_join(struct loop *loop, struct sock *a, struct sock *b);
void relay_turn(struct loop *loop, struct sock *sock);
bool relay_is_ready(const struct loop *loop, const struct sock *sock);

#endif
