/* The GETs of the HTTP generators and their answers, every one of which is held to status, length and backend. */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct request requests[KEYS];
/* As the first answer had it; the bench has compared the bytes before. */
static long expected_body_bytes;

void prepare_requests(const char *path)
{
    for (int key = 0; key < KEYS; key++) {
        int length = snprintf(requests[key].bytes, sizeof requests[key].bytes,
                              "GET %s HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: load\r\naccept: */*\r\n"
                              "ctstickiness: key-%d\r\n\r\n",
                              path, key);
        requests[key].length = (size_t)length;
    }
}

const struct request *request_of(int key)
{
    return &requests[key];
}

int take_answer(struct answer *answer, int key, const char *data, size_t length)
{
    if (answer->body_left == 0) {
        size_t before = answer->head_bytes;
        size_t room = HEAD_MAX_BYTES - before;
        size_t copied = length < room ? length : room;
        memcpy(answer->head + before, data, copied);
        answer->head_bytes += copied;
        size_t head = head_length(answer->head, answer->head_bytes);
        if (head == 0 && copied == room) die("the head of an answer is over %d bytes", HEAD_MAX_BYTES);
        if (head == 0) return 0;
        answer->head[head] = '\0';
        if (strncmp(answer->head, "HTTP/1.1 200 ", 13) != 0) die("not a 200:\n%s", answer->head);
        long body_bytes = atol(header_value(answer->head, "\r\ncontent-length: "));
        if (expected_body_bytes == 0) expected_body_bytes = body_bytes;
        if (body_bytes != expected_body_bytes) die("not %ld bytes as before:\n%s", expected_body_bytes, answer->head);
        expect_same_backend(key, answer->head);
        answer->head_bytes = 0;
        answer->body_left = body_bytes;
        length -= head - before;
    }
    answer->body_left -= (long)length;
    if (answer->body_left < 0) die("more bytes than the answer has");
    return answer->body_left == 0;
}
