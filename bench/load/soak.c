/*
 * Visits that end at every point of an exchange: a visit is one connection with a few exchanges, or one WebSocket, and
 * about one in three is cut off, with FIN or with RST. Whatever is not cut is held to every byte. One thread for
 * each connection that is open at a time; all draws follow from the seed.
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    THREADS_MAX = 256,
    EXCHANGES_PER_VISIT_MAX = 20,
    LARGE_BODY_BYTES = 64 * 1024,
    SMALL_BODY_BYTES = 64,
    POST_BODY_BYTES = 40000,
    MESSAGE_BYTES = 100,
    ECHOES_MAX = 8,
};

/* Where a visit is cut off. */
enum cut {
    CUT_CONNECTED,
    CUT_IN_HEAD,
    CUT_IN_BODY,
    CUT_BEFORE_ANSWER,
    CUT_IN_ANSWER_HEAD,
    CUT_IN_ANSWER_BODY,
    CUT_BEFORE_UPGRADE,
    CUT_OPEN_SOCKET,
    CUT_IN_FRAME,
    CUT_BEFORE_ECHO,
    CUTS,
};

struct visitor {
    pthread_t thread;
    unsigned random;
    int fd;
    char text[LARGE_BODY_BYTES + HEAD_MAX_BYTES];
};

static struct run run;
static long per_thread;
static double start;
static atomic_long whole;
static atomic_long cut_off;
static char body[POST_BODY_BYTES];

static unsigned draw(struct visitor *visitor, unsigned bound)
{
    visitor->random ^= visitor->random << 13;
    visitor->random ^= visitor->random >> 17;
    visitor->random ^= visitor->random << 5;
    return visitor->random % bound;
}

static void arrive(struct visitor *visitor)
{
    const struct timeval silence_max = {.tv_sec = SILENCE_MAX_MS / 1000};
    visitor->fd = connect_to_loopback(run.port);
    setsockopt(visitor->fd, SOL_SOCKET, SO_RCVTIMEO, &silence_max, sizeof silence_max);
    setsockopt(visitor->fd, SOL_SOCKET, SO_SNDTIMEO, &silence_max, sizeof silence_max);
}

/* Half of all are gone without a goodbye. */
static void leave_abruptly(struct visitor *visitor)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (draw(visitor, 2) == 0) setsockopt(visitor->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(visitor->fd);
    atomic_fetch_add(&cut_off, 1);
}

static void receive(struct visitor *visitor, char *data, size_t length)
{
    for (size_t at = 0; at < length;) {
        ssize_t got = recv(visitor->fd, data + at, length - at, 0);
        if (got <= 0) die("%zu of %zu bytes came: %s", at, length, got < 0 ? strerror(errno) : "end");
        at += (size_t)got;
    }
}

/* Receives a head byte by byte at most to its end, so that nothing behind it is taken. */
static void receive_head(struct visitor *visitor)
{
    size_t length = 0;
    while (head_length(visitor->text, length) == 0) {
        if (length == HEAD_MAX_BYTES) die("the head of an answer is over %d bytes", HEAD_MAX_BYTES);
        ssize_t seen = recv(visitor->fd, visitor->text + length, HEAD_MAX_BYTES - length, MSG_PEEK);
        if (seen <= 0) die("no answer: %s", seen < 0 ? strerror(errno) : "end");
        size_t head = head_length(visitor->text, length + (size_t)seen);
        size_t taken = head == 0 ? (size_t)seen : head - length;
        receive(visitor, visitor->text + length, taken);
        length += taken;
    }
    visitor->text[length] = '\0';
}

static void expect_answer(struct visitor *visitor, int key, size_t body_bytes)
{
    receive_head(visitor);
    if (strncmp(visitor->text, "HTTP/1.1 200 ", 13) != 0) die("not a 200:\n%s", visitor->text);
    if ((size_t)atol(header_value(visitor->text, "\r\ncontent-length: ")) != body_bytes) die("wrong length:\n%s", visitor->text);
    expect_same_backend(key, visitor->text);
    receive(visitor, visitor->text, body_bytes);
    for (size_t i = 0; i < body_bytes; i++)
        if (visitor->text[i] != (char)('a' + i % 26)) die("byte %zu of a body differs", i);
}

/* Writes the head of a request; returns its length. */
static size_t write_head(char *head, int key, const char *method, const char *path)
{
    int is_post = strcmp(method, "POST") == 0;
    int length = snprintf(head, HEAD_MAX_BYTES, "%s %s HTTP/1.1\r\nhost: 127.0.0.1\r\nctstickiness: key-%d\r\n", method, path, key);
    if (is_post) length += snprintf(head + length, 64, "content-length: %d\r\n", POST_BODY_BYTES);
    length += snprintf(head + length, 8, "\r\n");
    return (size_t)length;
}

static void exchange(struct visitor *visitor, int key)
{
    char head[HEAD_MAX_BYTES];
    unsigned kind = draw(visitor, 8);
    size_t length = write_head(head, key, kind == 0 ? "POST" : "GET", kind == 1 ? "/large" : "/");
    send_all(visitor->fd, head, length);
    if (kind == 0) send_all(visitor->fd, body, sizeof body);
    expect_answer(visitor, key, kind == 1 ? LARGE_BODY_BYTES : SMALL_BODY_BYTES);
    atomic_fetch_add(&whole, 1);
}

static void upgrade(struct visitor *visitor, int key)
{
    char head[HEAD_MAX_BYTES];
    int length = snprintf(head, sizeof head,
                          "GET /echo HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                          "sec-websocket-version: 13\r\nsec-websocket-key: " SAMPLE_WEBSOCKET_KEY
                          "\r\nctstickiness: key-%d\r\n\r\n",
                          key);
    send_all(visitor->fd, head, (size_t)length);
}

static void expect_upgrade(struct visitor *visitor, int key)
{
    receive_head(visitor);
    if (strncmp(visitor->text, "HTTP/1.1 101 ", 13) != 0) die("not a 101:\n%s", visitor->text);
    expect_same_backend(key, visitor->text);
}

/* A whole binary message whose mask is zero, so that its payload and its echo's are the same bytes. */
static size_t write_message(char *frame, char filler)
{
    memset(frame, 0, 6);
    frame[0] = (char)0x82;
    frame[1] = (char)(0x80 | MESSAGE_BYTES);
    memset(frame + 6, filler, MESSAGE_BYTES);
    return 6 + MESSAGE_BYTES;
}

static void echo(struct visitor *visitor)
{
    char frame[6 + MESSAGE_BYTES];
    char filler = (char)('A' + draw(visitor, 26));
    send_all(visitor->fd, frame, write_message(frame, filler));
    receive(visitor, visitor->text, 2 + MESSAGE_BYTES);
    if (visitor->text[0] != (char)0x82 || visitor->text[1] != MESSAGE_BYTES) die("an echo's head differs");
    if (memcmp(visitor->text + 2, frame + 6, MESSAGE_BYTES) != 0) die("an echo differs from its message");
}

static void visit_cut_off(struct visitor *visitor, int key, enum cut cut)
{
    char head[HEAD_MAX_BYTES];
    char frame[6 + MESSAGE_BYTES];
    const char *path = cut == CUT_IN_ANSWER_BODY ? "/large" : "/";
    size_t length = write_head(head, key, cut == CUT_IN_BODY ? "POST" : "GET", path);
    if (cut == CUT_CONNECTED) return;
    if (cut >= CUT_BEFORE_UPGRADE) {
        upgrade(visitor, key);
        if (cut == CUT_BEFORE_UPGRADE) return;
        expect_upgrade(visitor, key);
        if (cut == CUT_OPEN_SOCKET) return;
        size_t bytes = write_message(frame, 'x');
        send_all(visitor->fd, frame, cut == CUT_IN_FRAME ? 1 + draw(visitor, (unsigned)bytes - 1) : bytes);
        return;
    }
    send_all(visitor->fd, head, cut == CUT_IN_HEAD ? 1 + draw(visitor, (unsigned)length - 1) : length);
    if (cut == CUT_IN_BODY) send_all(visitor->fd, body, 1 + draw(visitor, POST_BODY_BYTES - 1));
    if (cut == CUT_IN_ANSWER_HEAD) receive(visitor, visitor->text, 1 + draw(visitor, 40));
    if (cut == CUT_IN_ANSWER_BODY) {
        receive_head(visitor);
        receive(visitor, visitor->text, 1 + draw(visitor, LARGE_BODY_BYTES - 1));
    }
}

static void wait_for_turn(struct visitor *visitor, long done)
{
    double due = start + run.seconds * (double)done / (double)per_thread;
    double wait = due - now_seconds() + run.seconds / (double)per_thread * draw(visitor, 1000) / 1000.0;
    if (wait > 0) usleep((useconds_t)(wait * 1e6));
}

/* Returns how many exchanges the visit had. */
static long visit(struct visitor *visitor, long done)
{
    int key = (int)draw(visitor, KEYS);
    unsigned kind = draw(visitor, 3);
    long exchanges = kind == 0 ? 0 : 1 + (long)draw(visitor, kind == 1 ? EXCHANGES_PER_VISIT_MAX : 1);
    arrive(visitor);
    for (long i = 0; i < exchanges && done + i < per_thread; i++) {
        wait_for_turn(visitor, done + i);
        if (kind == 1) exchange(visitor, key);
    }
    if (kind == 2) {
        upgrade(visitor, key);
        expect_upgrade(visitor, key);
        for (unsigned left = draw(visitor, ECHOES_MAX); left > 0; left--) echo(visitor);
        atomic_fetch_add(&whole, 1);
    }
    if (kind != 0) {
        close(visitor->fd);
        return exchanges;
    }
    wait_for_turn(visitor, done);
    visit_cut_off(visitor, key, (enum cut)draw(visitor, CUTS));
    leave_abruptly(visitor);
    return 1;
}

static void *live(void *argument)
{
    struct visitor *visitor = argument;
    for (long done = 0; done < per_thread;) done += visit(visitor, done);
    return NULL;
}

void run_soak(struct run given, long exchanges, unsigned seed)
{
    run = given;
    per_thread = exchanges / run.connections;
    if (run.connections > THREADS_MAX || per_thread < 1) die("1 to %d connections, each with an exchange", THREADS_MAX);
    memset(body, 'b', sizeof body);
    start = now_seconds();
    struct visitor *visitors = calloc((size_t)run.connections, sizeof *visitors);
    for (int i = 0; i < run.connections; i++) {
        visitors[i].random = (seed + 1) * 2654435761U + (unsigned)i * 40503U + 1;
        if (pthread_create(&visitors[i].thread, NULL, live, &visitors[i]) != 0) die("no thread");
    }
    for (int i = 0; i < run.connections; i++) pthread_join(visitors[i].thread, NULL);
    printf("{\"operations\":%ld,\"seconds\":%.6f,\"cutOff\":%ld}\n", whole + cut_off, now_seconds() - start, (long)cut_off);
}
