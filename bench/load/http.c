/*
 * HTTP generator: keep-alive connections, one GET in flight on each. Counts answers, and holds every one of
 * them to its status, length and backend.
 */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct client {
    int fd;
    int key;
    char head[HEAD_MAX_BYTES + 1];
    size_t head_bytes;
    /* 0 while the head is read. */
    long body_left;
};

struct request {
    char bytes[256];
    size_t length;
};

static struct request requests[KEYS];
static struct client clients[CONNECTIONS_MAX];
static char scratch[SCRATCH_BYTES];
/* As the first answer had it; the bench has compared the bytes before. */
static long expected_body_bytes;

static void prepare_requests(const char *path)
{
    for (int key = 0; key < KEYS; key++) {
        int length = snprintf(requests[key].bytes, sizeof requests[key].bytes,
                              "GET %s HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: load\r\naccept: */*\r\n"
                              "ctstickiness: key-%d\r\n\r\n",
                              path, key);
        requests[key].length = (size_t)length;
    }
}

/* Takes what was received; returns 1 when the answer is complete. */
static int take_answer(struct client *client, const char *data, size_t length)
{
    if (client->body_left == 0) {
        size_t before = client->head_bytes;
        size_t room = HEAD_MAX_BYTES - before;
        size_t copied = length < room ? length : room;
        memcpy(client->head + before, data, copied);
        client->head_bytes += copied;
        size_t head = head_length(client->head, client->head_bytes);
        if (head == 0 && copied == room) die("the head of an answer is over %d bytes", HEAD_MAX_BYTES);
        if (head == 0) return 0;
        client->head[head] = '\0';
        if (strncmp(client->head, "HTTP/1.1 200 ", 13) != 0) die("not a 200:\n%s", client->head);
        long body_bytes = atol(header_value(client->head, "\r\ncontent-length: "));
        if (expected_body_bytes == 0) expected_body_bytes = body_bytes;
        if (body_bytes != expected_body_bytes) die("not %ld bytes as before:\n%s", expected_body_bytes, client->head);
        expect_same_backend(client->key, client->head);
        client->head_bytes = 0;
        client->body_left = body_bytes;
        length -= head - before;
    }
    client->body_left -= (long)length;
    if (client->body_left < 0) die("more bytes than the answer has");
    return client->body_left == 0;
}

void run_http(struct run run, const char *path, int rotate_keys)
{
    struct epoll_event events[EVENTS_MAX];
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int next_key = run.connections;
    long answers = 0;
    prepare_requests(path);
    for (int i = 0; i < run.connections; i++) {
        clients[i].fd = connect_to_loopback(run.port);
        clients[i].key = i % KEYS;
        watch(epoll_fd, clients[i].fd, &clients[i]);
    }
    double start = now_seconds();
    for (int i = 0; i < run.connections; i++)
        send_all(clients[i].fd, requests[clients[i].key].bytes, requests[clients[i].key].length);
    while (now_seconds() < start + run.seconds) {
        int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, SILENCE_MAX_MS);
        if (ready <= 0) die("no answer for %d ms", SILENCE_MAX_MS);
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            ssize_t length = recv(client->fd, scratch, sizeof scratch, 0);
            if (length <= 0) die("the connection was closed between two answers");
            if (!take_answer(client, scratch, (size_t)length)) continue;
            answers++;
            if (rotate_keys) client->key = next_key++ % KEYS;
            send_all(client->fd, requests[client->key].bytes, requests[client->key].length);
        }
    }
    print_result(answers, now_seconds() - start);
}
