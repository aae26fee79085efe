/*
 * HTTP generators on keep-alive connections: one that keeps a GET in flight on each (`http`), and one that sends at
 * a constant rate whatever the answers do and tells how long each took (`paced`).
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

struct client {
    int fd;
    int key;
    /* When the request that is in flight was due. */
    double due;
    struct answer answer;
};

static struct client clients[CONNECTIONS_MAX];
static char scratch[SCRATCH_BYTES];

static int open_clients(struct run run)
{
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < run.connections; i++) {
        clients[i].fd = connect_to_loopback(run.port);
        clients[i].key = i % KEYS;
        watch(epoll_fd, clients[i].fd, &clients[i]);
    }
    return epoll_fd;
}

static void ask(const struct client *client)
{
    const struct request *request = request_of(client->key);
    send_all(client->fd, request->bytes, request->length);
}

/* Returns 1 when the answer is complete. */
static int hear(struct client *client)
{
    ssize_t length = recv(client->fd, scratch, sizeof scratch, 0);
    if (length <= 0) die("the connection was closed between two answers");
    return take_answer(&client->answer, client->key, scratch, (size_t)length);
}

void run_http(struct run run, const char *path, int rotate_keys)
{
    struct epoll_event events[EVENTS_MAX];
    int next_key = run.connections;
    long answers = 0;
    prepare_requests(path);
    int epoll_fd = open_clients(run);
    double start = now_seconds();
    for (int i = 0; i < run.connections; i++) ask(&clients[i]);
    while (now_seconds() < start + run.seconds) {
        int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, SILENCE_MAX_MS);
        if (ready <= 0) die("no answer for %d ms", SILENCE_MAX_MS);
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            if (!hear(client)) continue;
            answers++;
            if (rotate_keys) client->key = next_key++ % KEYS;
            ask(client);
        }
    }
    print_result(answers, now_seconds() - start);
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double percentile_us(const double *sorted, long count, double share)
{
    return sorted[(long)ceil((double)count * share) - 1] * 1e6;
}

static void print_latencies(double *latencies, long count, double seconds)
{
    qsort(latencies, (size_t)count, sizeof *latencies, compare_doubles);
    printf("{\"operations\":%ld,\"seconds\":%.6f,\"p50Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,\"maxUs\":%.1f}\n", count,
           seconds, percentile_us(latencies, count, 0.5), percentile_us(latencies, count, 0.99),
           percentile_us(latencies, count, 0.999), latencies[count - 1] * 1e6);
}

/* Waits for answers, but not beyond the time at which the next request is due. */
static int wait_until(double due, int epoll_fd, struct epoll_event *events)
{
    double wait = due - now_seconds();
    if (wait < 0) wait = 0;
    struct timespec timeout = {.tv_sec = (time_t)wait, .tv_nsec = (long)((wait - floor(wait)) * 1e9)};
    int ready = epoll_pwait2(epoll_fd, events, EVENTS_MAX, &timeout, NULL);
    if (ready < 0) die("epoll_pwait2: %s", strerror(errno));
    return ready;
}

/*
 * Request i is due at start + i / rate. It is sent then, or when a connection is free, and its time counts from when
 * it was due: a proxy that stalls delays all that were due meanwhile, as it would with people.
 */
void run_paced(struct run run, int per_second)
{
    struct epoll_event events[EVENTS_MAX];
    long count = (long)(run.seconds * per_second);
    double *latencies = calloc((size_t)count, sizeof *latencies);
    struct client **idle = calloc((size_t)run.connections, sizeof *idle);
    long sent = 0;
    long answered = 0;
    if (per_second < 1 || count < 1 || latencies == NULL || idle == NULL) die("no rate");
    /* The kernel may be 50 us late otherwise. */
    prctl(PR_SET_TIMERSLACK, 1UL);
    prepare_requests("/");
    int epoll_fd = open_clients(run);
    for (int i = 0; i < run.connections; i++) idle[i] = &clients[i];
    double start = now_seconds();
    double last_answer = start;
    while (answered < count) {
        double now = now_seconds();
        /* A ring: connections take turns, so that none grows cold. */
        for (; sent < count && sent - answered < run.connections && start + (double)sent / per_second <= now; sent++) {
            struct client *client = idle[sent % run.connections];
            client->due = start + (double)sent / per_second;
            client->key = (int)(sent % KEYS);
            ask(client);
        }
        int is_blocked = sent == count || sent - answered == run.connections;
        double due = is_blocked ? last_answer + SILENCE_MAX_MS / 1e3 : start + (double)sent / per_second;
        int ready = wait_until(due, epoll_fd, events);
        now = now_seconds();
        if (ready == 0 && is_blocked) die("no answer for %d ms", SILENCE_MAX_MS);
        if (ready > 0 || sent == answered) last_answer = now;
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            if (!hear(client)) continue;
            latencies[answered] = now_seconds() - client->due;
            idle[answered++ % run.connections] = client;
        }
    }
    print_latencies(latencies, count, now_seconds() - start);
}
