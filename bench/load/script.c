/* Scripts: read from their file, and their members brought in, up to the first frames of the load itself. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEMBERS_MAX = 1024, INPUT_BYTES = 512 * 1024, LINGER_US = 300000 };

static const struct timeval silence_max = {.tv_sec = SILENCE_MAX_MS / 1000};

static struct bytes parse_hex(const char *text)
{
    struct bytes bytes = {NULL, 0};
    if (text == NULL || strcmp(text, "-") == 0) return bytes;
    bytes.length = strlen(text) / 2;
    bytes.data = malloc(bytes.length + 1);
    for (size_t i = 0; i < bytes.length; i++)
        if (sscanf(text + 2 * i, "%2hhx", &bytes.data[i]) != 1) die("not hex: %s", text);
    return bytes;
}

static struct bytes read_file(const char *path)
{
    struct stat info;
    FILE *file = fopen(path, "r");
    if (file == NULL || fstat(fileno(file), &info) != 0) die("%s: %s", path, strerror(errno));
    struct bytes bytes = {malloc((size_t)info.st_size + 1), (size_t)info.st_size};
    if (fread(bytes.data, 1, bytes.length, file) != bytes.length) die("%s: cut short", path);
    fclose(file);
    return bytes;
}

static void add_member(struct script *script, char **rest)
{
    if (script->members == MEMBERS_MAX) die("at most %d members", MEMBERS_MAX);
    struct member *member = &script->member[script->members++];
    const char *port = strtok_r(NULL, " \n", rest);
    if (port == NULL) die("a member without a port");
    member->port = atoi(port);
    member->request = parse_hex(strtok_r(NULL, " \n", rest));
    member->opening = parse_hex(strtok_r(NULL, " \n", rest));
    member->ready = parse_hex(strtok_r(NULL, " \n", rest));
    member->input = malloc(INPUT_BYTES);
}

struct script *read_script(const char *path)
{
    struct script *script = calloc(1, sizeof *script);
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");
    if (file == NULL) die("%s: %s", path, strerror(errno));
    script->member = calloc(MEMBERS_MAX, sizeof *script->member);
    while (getline(&line, &size, file) > 0) {
        char *rest;
        const char *name = strtok_r(line, " \n", &rest);
        if (name == NULL) continue;
        if (strcmp(name, "member") == 0) add_member(script, &rest);
        else if (strcmp(name, "question") == 0) script->question = parse_hex(strtok_r(NULL, " \n", &rest));
        else if (strcmp(name, "answer") == 0) script->answer = parse_hex(strtok_r(NULL, " \n", &rest));
        else if (strcmp(name, "ignore") == 0) script->ignore = parse_hex(strtok_r(NULL, " \n", &rest));
        else if (strcmp(name, "before") == 0) script->before = parse_hex(strtok_r(NULL, " \n", &rest));
        else if (strcmp(name, "prefix") == 0) script->prefix = parse_hex(strtok_r(NULL, " \n", &rest));
        else if (strcmp(name, "messages") == 0) script->messages = read_file(strtok_r(NULL, " \n", &rest));
        else die("unknown line of a script: %s", name);
    }
    fclose(file);
    free(line);
    if (script->members == 0) die("%s: no members", path);
    return script;
}

/* Reads one frame at `data` (RFC 6455 section 5.2); returns 0 while it is incomplete. */
static int read_frame(const unsigned char *data, size_t available, struct frame *frame)
{
    size_t head = 2;
    if (available < head) return 0;
    if (data[1] & 0x80) die("a server's frame is masked");
    if (!(data[0] & 0x80)) die("a message is fragmented");
    size_t length = data[1] & 0x7f;
    if (length >= 126) {
        size_t bytes = length == 126 ? 2 : 8;
        if (available < head + bytes) return 0;
        length = 0;
        for (size_t i = 0; i < bytes; i++) length = length << 8 | data[head + i];
        head += bytes;
    }
    if (head + length > INPUT_BYTES) die("a frame of %zu bytes", length);
    if (available < head + length) return 0;
    *frame = (struct frame){data, head + length, data[0] & 0x0f, data + head, length};
    return 1;
}

/* Takes the head of the answer off the input; what comes behind it stays. */
static void take_upgrade(struct member *member)
{
    size_t head = head_length((char *)member->input, member->input_length);
    if (head == 0) return;
    char text[HEAD_MAX_BYTES + 1];
    if (head > HEAD_MAX_BYTES) die("the head of an answer is over %d bytes", HEAD_MAX_BYTES);
    memcpy(text, member->input, head);
    text[head] = '\0';
    if (strncmp(text, "HTTP/1.1 101 ", 13) != 0) die("not a 101:\n%s", text);
    const char *accept = header_value(text, "\r\nsec-websocket-accept: ");
    if (strncmp(accept, SAMPLE_WEBSOCKET_ACCEPT, strlen(SAMPLE_WEBSOCKET_ACCEPT)) != 0) die("wrong sec-websocket-accept");
    member->input_length -= head;
    memmove(member->input, member->input + head, member->input_length);
    member->is_upgraded = 1;
    member->is_in = member->ready.length == 0;
    if (member->opening.length > 0) send_all(member->fd, (char *)member->opening.data, member->opening.length);
}

static void answer_ping(struct member *member, const struct frame *frame)
{
    static const char pong[] = {(char)0x8a, (char)0x80, 0, 0, 0, 0};
    if (frame->payload_length > 0) die("a ping with a payload");
    send_all(member->fd, pong, sizeof pong);
}

static int is_engine_ping(const struct frame *frame)
{
    return frame->opcode == 1 && frame->payload_length == 1 && frame->payload[0] == '2';
}

void take_frames(struct member *member, void (*take)(struct member *, const struct frame *))
{
    static const char engine_pong[] = {(char)0x81, (char)0x81, 0, 0, 0, 0, '3'};
    size_t taken = 0;
    struct frame frame;
    ssize_t length =
        recv(member->fd, member->input + member->input_length, INPUT_BYTES - member->input_length, 0);
    if (length <= 0) die("a WebSocket was closed: %s", length < 0 ? strerror(errno) : "end");
    member->input_length += (size_t)length;
    if (!member->is_upgraded) take_upgrade(member);
    if (!member->is_upgraded) return;
    while (read_frame(member->input + taken, member->input_length - taken, &frame)) {
        taken += frame.length;
        if (frame.opcode == 8) die("a WebSocket was closed: %.*s", (int)frame.payload_length, (char *)frame.payload);
        if (frame.opcode == 9) answer_ping(member, &frame);
        else if (is_engine_ping(&frame)) send_all(member->fd, engine_pong, sizeof engine_pong);
        else take(member, &frame);
    }
    member->input_length -= taken;
    memmove(member->input, member->input + taken, member->input_length);
}

static void take_greeting(struct member *member, const struct frame *frame)
{
    if (member->ready.length == 0) return;
    if (memmem(frame->payload, frame->payload_length, member->ready.data, member->ready.length) != NULL) member->is_in = 1;
}

void open_members(struct script *script)
{
    for (int i = 0; i < script->members; i++) {
        struct member *member = &script->member[i];
        member->fd = connect_to_loopback(member->port);
        setsockopt(member->fd, SOL_SOCKET, SO_RCVTIMEO, &silence_max, sizeof silence_max);
        send_all(member->fd, (char *)member->request.data, member->request.length);
        while (!member->is_upgraded || !member->is_in) take_frames(member, take_greeting);
    }
}

void print_measuring(void)
{
    puts("measuring");
    fflush(stdout);
}

void print_script_result(long operations, double seconds)
{
    print_result(operations, seconds);
    fflush(stdout);
    usleep(LINGER_US);
}
