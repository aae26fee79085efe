/*
 * WebSocket generators: set-ups (connect, upgrade, leave), echo (messages in flight on open sockets) and idle
 * (many open sockets that are silent). Every handshake and every echoed byte is checked.
 */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAYLOAD_BYTES = 64, SENT_FRAME_BYTES = 6 + PAYLOAD_BYTES, ECHOED_FRAME_BYTES = 2 + PAYLOAD_BYTES, IN_FLIGHT_MAX = 256 };

struct socket {
    int fd;
    int key;
    char head[HEAD_MAX_BYTES + 1];
    size_t head_bytes;
    /* Bytes received of the echoed frame that is incomplete. */
    size_t frame_bytes;
};

static struct socket sockets[CONNECTIONS_MAX];
static char sent_frames[IN_FLIGHT_MAX * SENT_FRAME_BYTES];
static char echoed_frame[ECHOED_FRAME_BYTES];
static char scratch[SCRATCH_BYTES];

static void prepare_frames(void)
{
    static const char mask[4] = {0x12, 0x34, 0x56, 0x78};
    echoed_frame[0] = sent_frames[0] = (char)0x82; /* a whole binary message */
    echoed_frame[1] = PAYLOAD_BYTES;
    sent_frames[1] = (char)(0x80 | PAYLOAD_BYTES);
    memcpy(sent_frames + 2, mask, sizeof mask);
    for (int i = 0; i < PAYLOAD_BYTES; i++) {
        echoed_frame[2 + i] = (char)i;
        sent_frames[6 + i] = (char)(i ^ mask[i & 3]);
    }
    for (int i = 1; i < IN_FLIGHT_MAX; i++) memcpy(sent_frames + i * SENT_FRAME_BYTES, sent_frames, SENT_FRAME_BYTES);
}

/* Connects and asks for the upgrade; the answer is still to come. */
static void start_setup(struct socket *socket, int port, int key)
{
    char request[512];
    int length = snprintf(request, sizeof request,
                          "GET /echo HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                          "sec-websocket-version: 13\r\nsec-websocket-key: " SAMPLE_WEBSOCKET_KEY
                          "\r\nctstickiness: key-%d\r\n\r\n",
                          key);
    socket->fd = connect_to_loopback(port);
    socket->key = key;
    socket->head_bytes = 0;
    send_all(socket->fd, request, (size_t)length);
}

/* Receives a part of the answer to the upgrade; returns 1 when the WebSocket is open. */
static int continue_setup(struct socket *socket)
{
    ssize_t length = recv(socket->fd, socket->head + socket->head_bytes, HEAD_MAX_BYTES - socket->head_bytes, 0);
    if (length <= 0) die("the connection was closed before its upgrade");
    socket->head_bytes += (size_t)length;
    size_t head = head_length(socket->head, socket->head_bytes);
    if (head == 0) return 0;
    if (head != socket->head_bytes) die("bytes after the upgrade that nobody sent");
    socket->head[head] = '\0';
    if (strncmp(socket->head, "HTTP/1.1 101 ", 13) != 0) die("not a 101:\n%s", socket->head);
    const char *accept = header_value(socket->head, "\r\nsec-websocket-accept: ");
    if (strncmp(accept, SAMPLE_WEBSOCKET_ACCEPT, strlen(SAMPLE_WEBSOCKET_ACCEPT)) != 0) die("wrong sec-websocket-accept");
    expect_same_backend(socket->key, socket->head);
    return 1;
}

/* Receives echoes and compares them; returns how many messages became complete. */
static int take_echoes(struct socket *socket)
{
    ssize_t length = recv(socket->fd, scratch, sizeof scratch, 0);
    if (length <= 0) die("an open WebSocket was closed");
    int messages = 0;
    for (ssize_t at = 0; at < length;) {
        size_t wanted = ECHOED_FRAME_BYTES - socket->frame_bytes;
        size_t given = (size_t)(length - at) < wanted ? (size_t)(length - at) : wanted;
        if (memcmp(scratch + at, echoed_frame + socket->frame_bytes, given) != 0) die("an echo differs from its message");
        at += (ssize_t)given;
        socket->frame_bytes = (socket->frame_bytes + given) % ECHOED_FRAME_BYTES;
        if (socket->frame_bytes == 0) messages++;
    }
    return messages;
}

static void open_sockets(struct run run)
{
    for (int i = 0; i < run.connections; i++) {
        start_setup(&sockets[i], run.port, i % KEYS);
        while (!continue_setup(&sockets[i])) continue;
    }
}

static void echo_once_on_each(int count)
{
    for (int i = 0; i < count; i++) {
        send_all(sockets[i].fd, sent_frames, SENT_FRAME_BYTES);
        while (take_echoes(&sockets[i]) == 0) continue;
    }
}

void run_setups(struct run run)
{
    struct epoll_event events[EVENTS_MAX];
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int next_key = run.connections;
    long setups = 0;
    double start = now_seconds();
    for (int i = 0; i < run.connections; i++) {
        start_setup(&sockets[i], run.port, i % KEYS);
        watch(epoll_fd, sockets[i].fd, &sockets[i]);
    }
    while (now_seconds() < start + run.seconds) {
        int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, SILENCE_MAX_MS);
        if (ready <= 0) die("no set-up for %d ms", SILENCE_MAX_MS);
        for (int i = 0; i < ready; i++) {
            struct socket *socket = events[i].data.ptr;
            if (!continue_setup(socket)) continue;
            setups++;
            close(socket->fd);
            start_setup(socket, run.port, next_key++ % KEYS);
            watch(epoll_fd, socket->fd, socket);
        }
    }
    print_result(setups, now_seconds() - start);
}

void run_echo(struct run run, int in_flight)
{
    struct epoll_event events[EVENTS_MAX];
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    long messages = 0;
    if (in_flight < 1 || in_flight > IN_FLIGHT_MAX) die("1 to %d messages in flight", IN_FLIGHT_MAX);
    prepare_frames();
    open_sockets(run);
    double start = now_seconds();
    for (int i = 0; i < run.connections; i++) {
        watch(epoll_fd, sockets[i].fd, &sockets[i]);
        send_all(sockets[i].fd, sent_frames, (size_t)in_flight * SENT_FRAME_BYTES);
    }
    while (now_seconds() < start + run.seconds) {
        int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, SILENCE_MAX_MS);
        if (ready <= 0) die("no echo for %d ms", SILENCE_MAX_MS);
        for (int i = 0; i < ready; i++) {
            struct socket *socket = events[i].data.ptr;
            int complete = take_echoes(socket);
            messages += complete;
            if (complete > 0) send_all(socket->fd, sent_frames, (size_t)complete * SENT_FRAME_BYTES);
        }
    }
    print_result(messages, now_seconds() - start);
}

void run_idle(struct run run)
{
    double start = now_seconds();
    prepare_frames();
    open_sockets(run);
    echo_once_on_each(run.connections);
    puts("open");
    fflush(stdout);
    usleep((useconds_t)(run.seconds * 1e6));
    echo_once_on_each(run.connections);
    print_result(run.connections, now_seconds() - start);
}
