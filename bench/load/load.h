/*
 * What the parts of the load program share: sockets on the loopback, the clock, heads and the handshake.
 * Every unexpected answer ends the program: a wrong run is no figure.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>

enum {
    HEAD_MAX_BYTES = 4096,
    SCRATCH_BYTES = 256 * 1024,
    CONNECTIONS_MAX = 20000,
    EVENTS_MAX = 256,
    /* Keys that the generators take in turn: enough to spread evenly, few enough to be known after the warm-up. */
    KEYS = 1000,
    /* Nothing at all for so long is a hung proxy, not a slow one. */
    SILENCE_MAX_MS = 5000,
};

/* The handshake of RFC 6455 section 1.3, the only one that this program's edge knows. */
#define SAMPLE_WEBSOCKET_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define SAMPLE_WEBSOCKET_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/* One generator run: what to load, how and for how long. */
struct run {
    int port;
    int connections;
    double seconds;
};

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
double now_seconds(void);

/* Binds a free loopback port and listens; writes the port. */
int listen_on_loopback(int *port);
int connect_to_loopback(int port);
/* Watches for input, level-triggered, and gives `owner` back with each event. */
void watch(int epoll_fd, int fd, void *owner);
void send_all(int fd, const char *data, size_t length);

/* Length of the head at the start of `data`, with its empty line; 0 while it is incomplete. */
size_t head_length(const char *data, size_t length);
/* Value of a header in a head, where the name is given as "\r\nname: "; dies without it. */
const char *header_value(const char *head, const char *name_pattern);
/* Dies when a key is answered by another backend than before. */
void expect_same_backend(int key, const char *head);

void print_result(long operations, double seconds);

int run_edge(int backends, char **names);
void run_http(struct run run, const char *path, int rotate_keys);
void run_setups(struct run run);
void run_echo(struct run run, int in_flight);
void run_idle(struct run run);

#endif
