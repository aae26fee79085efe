/*
 * Fan-out in a room: the first member of the script speaks, all others listen. A message carries `<<NUMBER>>`, eight
 * digits; every listener has to hear every number once and in order. The next message goes out when one has reached all.
 */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { IN_FLIGHT_MAX = 256, NUMBER_DIGITS = 8, MARKER_BYTES = 2 + NUMBER_DIGITS + 2, OUTPUT_BYTES = 16 * 1024 * 1024 };

static const unsigned char mask[4] = {0x12, 0x34, 0x56, 0x78};

static const struct script *script;
static unsigned char *output;
static size_t message_at;
static long sent;
static long deliveries;
static long complete;
/* By number modulo the bound: how many have heard it. */
static int listeners[IN_FLIGHT_MAX];

static long read_number(const unsigned char *digits)
{
    long number = 0;
    for (int i = 0; i < NUMBER_DIGITS; i++) {
        if (digits[i] < '0' || digits[i] > '9') return -1;
        number = number * 10 + (digits[i] - '0');
    }
    return number;
}

static void hear(struct member *member, long number)
{
    if (number != member->heard)
        die("member %ld heard message %ld and not %ld", (long)(member - script->member), number, member->heard);
    member->heard++;
    deliveries++;
    if (++listeners[number % IN_FLIGHT_MAX] < script->members - 1) return;
    listeners[number % IN_FLIGHT_MAX] = 0;
    complete++;
}

static void take_message(struct member *member, const struct frame *frame)
{
    const unsigned char *at = frame->payload;
    const unsigned char *end = at + frame->payload_length;
    if (member == script->member) return;
    while ((at = memmem(at, (size_t)(end - at), "<<", 2)) != NULL && end - at >= MARKER_BYTES) {
        long number = memcmp(at + 2 + NUMBER_DIGITS, ">>", 2) == 0 ? read_number(at + 2) : -1;
        at += number < 0 ? 1 : MARKER_BYTES;
        if (number >= 0) hear(member, number);
    }
}

static void write_number(unsigned char *message, size_t length)
{
    char digits[24];
    unsigned char *marker = memmem(message, length, "<<", 2);
    if (marker == NULL) die("a message without a marker");
    snprintf(digits, sizeof digits, "%08ld", sent % 100000000);
    memcpy(marker + 2, digits, NUMBER_DIGITS);
}

/* One masked binary frame with the next message; returns its bytes, 0 when there are no more messages. */
static size_t write_frame(unsigned char *out)
{
    struct bytes messages = script->messages;
    const unsigned char *record = messages.data + message_at;
    if (message_at >= messages.length) return 0;
    size_t message = record[0] | (size_t)record[1] << 8 | (size_t)record[2] << 16 | (size_t)record[3] << 24;
    size_t length = script->prefix.length + message;
    size_t head = length < 126 ? 2 : length <= 0xffff ? 4 : 10;
    unsigned char *payload = out + head + sizeof mask;
    out[0] = 0x82;
    out[1] = (unsigned char)(0x80 | (length < 126 ? length : length <= 0xffff ? 126 : 127));
    for (size_t i = 2; i < head; i++) out[i] = (unsigned char)(length >> 8 * (head - 1 - i));
    memcpy(out + head, mask, sizeof mask);
    memcpy(payload, script->prefix.data, script->prefix.length);
    memcpy(payload + script->prefix.length, record + 4, message);
    if (4 + message == messages.length) write_number(payload, length);
    else message_at += 4 + message;
    for (size_t i = 0; i < length; i++) payload[i] ^= mask[i & 3];
    return head + sizeof mask + length;
}

static void speak(int in_flight)
{
    size_t length = 0;
    while (sent - complete < in_flight) {
        if (length + 1024 * 1024 > OUTPUT_BYTES) break;
        memcpy(output + length, script->before.data, script->before.length);
        size_t frame = write_frame(output + length + script->before.length);
        if (frame == 0) die("the messages of the script are used up after %ld", sent);
        length += script->before.length + frame;
        sent++;
    }
    if (length > 0) send_all(script->member[0].fd, (char *)output, length);
}

void run_fanout(struct script *given, double warmup_seconds, double seconds, int in_flight)
{
    struct epoll_event events[EVENTS_MAX];
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    script = given;
    output = malloc(OUTPUT_BYTES);
    if (in_flight < 1 || in_flight > IN_FLIGHT_MAX) die("1 to %d messages in flight", IN_FLIGHT_MAX);
    open_members(given);
    for (int i = 0; i < given->members; i++) watch(epoll_fd, given->member[i].fd, &given->member[i]);
    double start = now_seconds() + warmup_seconds;
    long before = -1;
    while (now_seconds() < start + seconds) {
        if (before < 0 && now_seconds() >= start) {
            before = deliveries;
            print_measuring();
        }
        speak(in_flight);
        int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, SILENCE_MAX_MS);
        if (ready <= 0) die("nobody heard anything for %d ms", SILENCE_MAX_MS);
        for (int i = 0; i < ready; i++) take_frames(events[i].data.ptr, take_message);
    }
    print_script_result(deliveries - before, now_seconds() - start);
}
