/*
 * TLS 1.3 generators: small GETs on keep-alive connections, and full handshakes, each followed by one GET, so that
 * both sides have finished it. The client offers one group, one cipher suite and never a session, so every server
 * does the same work. Compiled where OpenSSL's headers are.
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct tls_client {
    int fd;
    int key;
    SSL *ssl;
    int is_open;
    struct answer answer;
};

static struct tls_client clients[CONNECTIONS_MAX];
static char scratch[SCRATCH_BYTES];

static void die_of_tls(const char *what)
{
    char reason[256];
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    die("%s: %s", what, reason);
}

static SSL_CTX *create_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
        !SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384") || !SSL_CTX_set1_groups_list(context, "X25519"))
        die_of_tls("TLS context");
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return context;
}

static void start_client(struct tls_client *client, SSL_CTX *context, int port, int key)
{
    client->fd = connect_to_loopback(port);
    client->key = key;
    client->is_open = 0;
    memset(&client->answer, 0, sizeof client->answer);
    fcntl(client->fd, F_SETFL, fcntl(client->fd, F_GETFL) | O_NONBLOCK);
    client->ssl = SSL_new(context);
    if (client->ssl == NULL || !SSL_set_fd(client->ssl, client->fd)) die_of_tls("SSL_new");
    SSL_set_connect_state(client->ssl);
}

static void end_client(struct tls_client *client)
{
    SSL_shutdown(client->ssl);
    SSL_free(client->ssl);
    close(client->fd);
}

static void ask(struct tls_client *client)
{
    const struct request *request = request_of(client->key);
    if (SSL_write(client->ssl, request->bytes, (int)request->length) != (int)request->length) die_of_tls("SSL_write");
}

static int wants_more(const struct tls_client *client, int result)
{
    int error = SSL_get_error(client->ssl, result);
    if (error == SSL_ERROR_WANT_READ) return 1;
    if (error == SSL_ERROR_ZERO_RETURN || error == SSL_ERROR_SYSCALL) die("the connection was closed too early");
    die_of_tls("TLS");
    return 0;
}

/* Goes on with the handshake, and asks as soon as it is complete; returns 1 then. */
static int continue_handshake(struct tls_client *client)
{
    int result = SSL_do_handshake(client->ssl);
    if (result != 1) return !wants_more(client, result);
    if (SSL_session_reused(client->ssl)) die("a handshake was not a full one");
    client->is_open = 1;
    ask(client);
    return 1;
}

/* Returns 1 when the answer is complete. */
static int hear(struct tls_client *client)
{
    for (;;) {
        int length = SSL_read(client->ssl, scratch, sizeof scratch);
        if (length <= 0) return !wants_more(client, length);
        if (take_answer(&client->answer, client->key, scratch, (size_t)length)) return 1;
    }
}

void run_tls_gets(struct run run)
{
    struct epoll_event events[EVENTS_MAX];
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    SSL_CTX *context = create_context();
    long answers = 0;
    prepare_requests("/");
    for (int i = 0; i < run.connections; i++) {
        start_client(&clients[i], context, run.port, i % KEYS);
        watch(epoll_fd, clients[i].fd, &clients[i]);
        continue_handshake(&clients[i]);
    }
    double start = 0;
    int open = 0;
    while (open < run.connections || now_seconds() < start + run.seconds) {
        int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, SILENCE_MAX_MS);
        if (ready <= 0) die("no answer for %d ms", SILENCE_MAX_MS);
        for (int i = 0; i < ready; i++) {
            struct tls_client *client = events[i].data.ptr;
            if (!client->is_open) {
                open += continue_handshake(client);
                /* What was answered before all were open does not count. */
                if (open == run.connections && start == 0) start = now_seconds();
                continue;
            }
            if (!hear(client)) continue;
            if (start != 0) answers++;
            ask(client);
        }
    }
    print_result(answers, now_seconds() - start);
}

void run_handshakes(struct run run)
{
    struct epoll_event events[EVENTS_MAX];
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    SSL_CTX *context = create_context();
    int next_key = run.connections;
    long handshakes = 0;
    prepare_requests("/");
    double start = now_seconds();
    for (int i = 0; i < run.connections; i++) {
        start_client(&clients[i], context, run.port, i % KEYS);
        watch(epoll_fd, clients[i].fd, &clients[i]);
        continue_handshake(&clients[i]);
    }
    while (now_seconds() < start + run.seconds) {
        int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, SILENCE_MAX_MS);
        if (ready <= 0) die("no handshake for %d ms", SILENCE_MAX_MS);
        for (int i = 0; i < ready; i++) {
            struct tls_client *client = events[i].data.ptr;
            if (!client->is_open) {
                continue_handshake(client);
                continue;
            }
            if (!hear(client)) continue;
            handshakes++;
            end_client(client);
            start_client(client, context, run.port, next_key++ % KEYS);
            watch(epoll_fd, client->fd, client);
            continue_handshake(client);
        }
    }
    print_result(handshakes, now_seconds() - start);
}
