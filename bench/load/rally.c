/* Questions and answers on open WebSockets, several in flight on each; every byte of an answer is checked. */
#include "load.h"

#include <string.h>
#include <sys/epoll.h>

enum { IN_FLIGHT_MAX = 256, QUESTION_MAX_BYTES = 256 };

static const struct script *script;
static char questions[IN_FLIGHT_MAX * QUESTION_MAX_BYTES];
static long answers;

static int is_frame(const struct frame *frame, const struct bytes *expected)
{
    return frame->length == expected->length && memcmp(frame->start, expected->data, frame->length) == 0;
}

static void take_answer_frame(struct member *member, const struct frame *frame)
{
    if (is_frame(frame, &script->ignore)) return;
    if (!is_frame(frame, &script->answer)) die("an answer of %zu bytes differs", frame->payload_length);
    member->heard++;
    answers++;
}

static void ask(const struct member *member, size_t count)
{
    send_all(member->fd, questions, count * script->question.length);
}

void run_rally(struct script *given, double warmup_seconds, double seconds, int in_flight)
{
    struct epoll_event events[EVENTS_MAX];
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    script = given;
    if (in_flight < 1 || in_flight > IN_FLIGHT_MAX) die("1 to %d messages in flight", IN_FLIGHT_MAX);
    if (given->question.length > QUESTION_MAX_BYTES) die("a question of %zu bytes", given->question.length);
    for (int i = 0; i < in_flight; i++)
        memcpy(questions + (size_t)i * given->question.length, given->question.data, given->question.length);
    open_members(given);
    for (int i = 0; i < given->members; i++) {
        watch(epoll_fd, given->member[i].fd, &given->member[i]);
        ask(&given->member[i], (size_t)in_flight);
    }
    double start = now_seconds() + warmup_seconds;
    long answers_before = -1;
    while (now_seconds() < start + seconds) {
        if (answers_before < 0 && now_seconds() >= start) {
            answers_before = answers;
            print_measuring();
        }
        int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, SILENCE_MAX_MS);
        if (ready <= 0) die("no answer for %d ms", SILENCE_MAX_MS);
        for (int i = 0; i < ready; i++) {
            struct member *member = events[i].data.ptr;
            long before = member->heard;
            take_frames(member, take_answer_frame);
            if (member->heard > before) ask(member, (size_t)(member->heard - before));
        }
    }
    print_script_result(answers - answers_before, now_seconds() - start);
}
