/*
 * The upstream of every benchmark: several backends in one process, each on its own port, and where a path is given on
 * a Unix-domain socket too. Answers GET, and POST once it has the whole body, with a small body, or 64 KiB on /large,
 * tells its name in `x-backend`, and echoes WebSocket messages.
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKENDS_MAX = 16, INPUT_MAX_BYTES = 16 * 1024, SMALL_BODY_BYTES = 64, LARGE_BODY_BYTES = 64 * 1024 };

struct response {
    char bytes[LARGE_BODY_BYTES + 512];
    size_t length;
};

struct backend {
    int listener;
    /* On a path; -1 where there is none. */
    int path_listener;
    struct response small;
    struct response large;
    struct response handshake;
};

struct connection {
    int fd;
    const struct backend *backend;
    int is_upgraded;
    /* Bytes of a request's body that are still to come, and to be thrown away. */
    size_t body_left;
    char input[INPUT_MAX_BYTES];
    size_t input_length;
    char echo[INPUT_MAX_BYTES];
    /* What is still to be sent, inside a response or `echo`. */
    const char *output;
    size_t output_length;
};

static struct backend backends[BACKENDS_MAX];

static void prepare_body(struct response *response, const char *name, size_t body_bytes)
{
    response->length = (size_t)sprintf(
        response->bytes, "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %zu\r\nx-backend: %s\r\n\r\n",
        body_bytes, name);
    for (size_t i = 0; i < body_bytes; i++) response->bytes[response->length++] = (char)('a' + i % 26);
}

/* `name` is NAME or NAME=PATH, and is cut to NAME. */
static void open_backend(struct backend *backend, char *name, int epoll_fd, int *port)
{
    char *path = strchr(name, '=');
    if (path != NULL) *path++ = '\0';
    prepare_body(&backend->small, name, SMALL_BODY_BYTES);
    prepare_body(&backend->large, name, LARGE_BODY_BYTES);
    backend->handshake.length = (size_t)sprintf(
        backend->handshake.bytes,
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        "sec-websocket-accept: " SAMPLE_WEBSOCKET_ACCEPT "\r\nx-backend: %s\r\n\r\n",
        name);
    backend->listener = listen_on_loopback(port);
    watch(epoll_fd, backend->listener, backend);
    backend->path_listener = path == NULL ? -1 : listen_on_path(path);
    if (path != NULL) watch(epoll_fd, backend->path_listener, backend);
}

/* Throws a body away as it comes, and answers when all of it was there; returns the bytes taken. */
static long take_body(struct connection *connection)
{
    size_t given = connection->input_length < connection->body_left ? connection->input_length : connection->body_left;
    connection->body_left -= given;
    if (connection->body_left == 0) {
        connection->output = connection->backend->small.bytes;
        connection->output_length = connection->backend->small.length;
    }
    return (long)given;
}

/* Returns the bytes of the request that it answered, 0 while it is incomplete, -1 for one that it does not know. */
static long answer_request(struct connection *connection)
{
    const char *head = connection->input;
    size_t length = head_length(head, connection->input_length);
    if (length == 0) return connection->input_length == INPUT_MAX_BYTES ? -1 : 0;
    connection->input[length - 1] = '\0';
    const struct response *response = &connection->backend->small;
    if (strncmp(head, "POST ", 5) == 0) {
        const char *body = strcasestr(head, "\r\ncontent-length: ");
        if (body == NULL) return -1;
        connection->body_left = (size_t)atol(body + strlen("\r\ncontent-length: "));
        return (long)length;
    }
    if (strncmp(head, "GET ", 4) != 0) return -1;
    if (strcasestr(head, "\r\nsec-websocket-key: " SAMPLE_WEBSOCKET_KEY) != NULL) {
        response = &connection->backend->handshake;
        connection->is_upgraded = 1;
    } else if (strncmp(head + 4, "/large ", 7) == 0) {
        response = &connection->backend->large;
    }
    connection->output = response->bytes;
    connection->output_length = response->length;
    return (long)length;
}

/* Unmasks one frame (RFC 6455 section 5.2) to `out`; returns its bytes, 0 while incomplete, -1 for one too large. */
static long echo_frame(const char *frame, size_t available, char *out, size_t *out_length)
{
    if (available < 2) return 0;
    size_t payload_bytes = frame[1] & 0x7f;
    size_t length_bytes = payload_bytes == 126 ? 2 : 0;
    if (payload_bytes == 127) return -1;
    if (available < 2 + length_bytes) return 0;
    if (length_bytes == 2) payload_bytes = (size_t)((unsigned char)frame[2] << 8 | (unsigned char)frame[3]);
    size_t frame_bytes = 2 + length_bytes + 4 + payload_bytes;
    if (frame_bytes > INPUT_MAX_BYTES) return -1;
    if (available < frame_bytes) return 0;
    const char *mask = frame + 2 + length_bytes;
    memcpy(out, frame, 2 + length_bytes);
    out[1] &= 0x7f;
    for (size_t i = 0; i < payload_bytes; i++) out[2 + length_bytes + i] = mask[4 + i] ^ mask[i & 3];
    *out_length = 2 + length_bytes + payload_bytes;
    return (long)frame_bytes;
}

/* Returns the bytes of all complete frames at the start of the input, now echoed, or -1. */
static long echo_frames(struct connection *connection)
{
    size_t taken = 0;
    size_t written = 0;
    for (;;) {
        size_t frame_length = 0;
        long frame = echo_frame(connection->input + taken, connection->input_length - taken, connection->echo + written,
                                &frame_length);
        if (frame < 0) return -1;
        if (frame == 0) break;
        taken += (size_t)frame;
        written += frame_length;
    }
    connection->output = connection->echo;
    connection->output_length = written;
    return (long)taken;
}

/* Sends what is due and waits for room when the socket is full; 0 when the connection is over. */
static int flush_output(struct connection *connection, int epoll_fd)
{
    ssize_t sent = send(connection->fd, connection->output, connection->output_length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return 0;
    if (sent > 0) {
        connection->output += sent;
        connection->output_length -= (size_t)sent;
    }
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
    if (connection->output_length > 0) epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
    return 1;
}

/* Answers all complete input, one answer after the other; 0 when the connection is over. */
static int serve_input(struct connection *connection, int epoll_fd)
{
    while (connection->output_length == 0 && connection->input_length > 0) {
        long taken = connection->is_upgraded      ? echo_frames(connection)
                     : connection->body_left > 0 ? take_body(connection)
                                                 : answer_request(connection);
        if (taken < 0) return 0;
        if (taken == 0) break;
        connection->input_length -= (size_t)taken;
        memmove(connection->input, connection->input + taken, connection->input_length);
        if (!flush_output(connection, epoll_fd)) return 0;
    }
    return 1;
}

static int handle_event(struct connection *connection, unsigned events, int epoll_fd)
{
    if (events & EPOLLOUT) {
        if (!flush_output(connection, epoll_fd)) return 0;
        if (connection->output_length > 0) return 1;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
        return serve_input(connection, epoll_fd);
    }
    ssize_t length = recv(connection->fd, connection->input + connection->input_length,
                          INPUT_MAX_BYTES - connection->input_length, 0);
    if (length <= 0) return 0;
    connection->input_length += (size_t)length;
    return serve_input(connection, epoll_fd);
}

static void accept_connections(const struct backend *backend, int listener, int epoll_fd)
{
    int on = 1;
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *connection = malloc(sizeof *connection);
        if (connection == NULL) die("out of memory");
        connection->fd = fd;
        connection->backend = backend;
        connection->is_upgraded = 0;
        connection->body_left = 0;
        connection->input_length = 0;
        connection->output_length = 0;
        if (listener == backend->listener) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll_fd, fd, connection);
    }
    if (errno != EAGAIN && errno != ECONNABORTED) die("accept: %s", strerror(errno));
}

/* An event of a listener carries its backend. */
static struct backend *listener_of(void *owner)
{
    char *address = owner;
    return address >= (char *)backends && address < (char *)(backends + BACKENDS_MAX) ? owner : NULL;
}

int run_edge(int count, char **names)
{
    struct epoll_event events[EVENTS_MAX];
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (count > BACKENDS_MAX) die("at most %d backends", BACKENDS_MAX);
    for (int i = 0; i < count; i++) {
        int port;
        open_backend(&backends[i], names[i], epoll_fd, &port);
        printf("%s%s=%d", i == 0 ? "backends " : " ", names[i], port);
    }
    puts("");
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < ready; i++) {
            struct backend *backend = listener_of(events[i].data.ptr);
            struct connection *connection = events[i].data.ptr;
            if (backend != NULL) {
                accept_connections(backend, backend->listener, epoll_fd);
                if (backend->path_listener != -1) accept_connections(backend, backend->path_listener, epoll_fd);
            } else if (!handle_event(connection, events[i].events, epoll_fd)) {
                close(connection->fd);
                free(connection);
            }
        }
    }
}
