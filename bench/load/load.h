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
int listen_on_path(const char *path);
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

/* An answer that is being received. */
struct answer {
    char head[HEAD_MAX_BYTES + 1];
    size_t head_bytes;
    /* 0 while the head is read. */
    long body_left;
};

struct request {
    char bytes[256];
    size_t length;
};

/* A GET of the path for each key. */
void prepare_requests(const char *path);
const struct request *request_of(int key);
/* Takes in what was received and holds it to status, length and backend; returns 1 when the answer is complete. */
int take_answer(struct answer *answer, int key, const char *data, size_t length);

/* Bytes that a script gives. */
struct bytes {
    unsigned char *data;
    size_t length;
};

/* One WebSocket of a script. */
struct member {
    int fd;
    int port;
    struct bytes request;
    /* Whole frames to send once the upgrade is answered. */
    struct bytes opening;
    /* The member is in as soon as a message contains this; at once where it is empty. */
    struct bytes ready;
    int is_upgraded;
    int is_in;
    unsigned char *input;
    size_t input_length;
    /* The generator's: messages heard. */
    long heard;
};

/*
 * What the bench has prepared for WebSockets whose servers want more than an upgrade. Lines of a name and words;
 * bytes are in hex, none are `-`:
 *   member PORT REQUEST OPENING READY
 *   question FRAME, answer FRAME, ignore FRAME    (rally)
 *   before FRAMES, prefix BYTES, messages PATH    (fanout)
 */
struct script {
    int members;
    struct member *member;
    struct bytes question;
    struct bytes answer;
    struct bytes ignore;
    struct bytes before;
    struct bytes prefix;
    /* Records of a length (4 bytes, little-endian) and a message. */
    struct bytes messages;
};

struct frame {
    const unsigned char *start;
    size_t length;
    int opcode;
    const unsigned char *payload;
    size_t payload_length;
};

struct script *read_script(const char *path);
/* Connects, upgrades and lets in all members of a script, one by one. */
void open_members(struct script *script);
/* Receives, hands each whole data frame over, and answers pings of WebSocket and of Engine.IO. */
void take_frames(struct member *member, void (*take)(struct member *, const struct frame *));
/* Tells the bench that the warm-up is over. */
void print_measuring(void);
/* The result of a script's run; waits a little, so that the end of the connections is not measured. */
void print_script_result(long operations, double seconds);

void print_result(long operations, double seconds);

int run_edge(int backends, char **names);
void run_http(struct run run, const char *path, int rotate_keys);
void run_paced(struct run run, int per_second);
void run_tls_gets(struct run run);
void run_handshakes(struct run run);
/* So many exchanges in so many seconds, from connections that end at every point of an exchange. */
void run_soak(struct run run, long exchanges, unsigned seed);
void run_rally(struct script *script, double warmup_seconds, double seconds, int in_flight);
void run_fanout(struct script *script, double warmup_seconds, double seconds, int in_flight);
void run_setups(struct run run);
void run_echo(struct run run, int in_flight);
void run_idle(struct run run);

#endif
