#include "server/system/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/ascii.h"
#include "common/base/json_write.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "server/system/system.h"

enum { DETAIL_LEN = 1024, LINE_LEN = 8 * DETAIL_LEN };

static _Atomic int threshold = LOG_INFO;
static const char *const words[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level level)
{
    threshold = (int)level;
}

bool log_level_parse(const char *word, enum log_level *out)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(word, words[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    return false;
}

/* Whatever got into the detail, the line stays one line of valid JSON. */
static __attribute__((format(printf, 2, 0))) struct span detail_text(struct buf *clean, const char *fmt, va_list args)
{
    char raw[DETAIL_LEN];
    int n = vsnprintf(raw, sizeof raw, fmt, args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof raw ? (size_t)n : sizeof raw - 1;
    utf8_repair(clean, span_of(raw, len), DETAIL_LEN);
    return buf_span(clean);
}

void log_line(enum log_level level, uint64_t request_id, const char *event, const char *fmt, ...)
{
    if ((int)level < threshold)
        return;
    char detail_mem[DETAIL_LEN], line_mem[LINE_LEN], time_mem[32];
    struct buf detail, line, at;
    buf_fixed(&detail, detail_mem, sizeof detail_mem);
    buf_fixed(&line, line_mem, sizeof line_mem - 1);
    buf_fixed(&at, time_mem, sizeof time_mem);
    va_list args;
    va_start(args, fmt);
    struct span text = detail_text(&detail, fmt, args);
    va_end(args);
    time_rfc3339(&at, clock_ms());

    /* request first, for people who read; hence not the canonical writer's key order */
    struct jw w;
    buf_str(&line, "{\"request\":");
    buf_u64(&line, request_id);
    buf_str(&line, ",\"at\":\"");
    buf_span_add(&line, buf_span(&at));
    buf_str(&line, "\",\"level\":\"");
    buf_str(&line, words[level]);
    buf_str(&line, "\",\"event\":\"");
    buf_str(&line, event);
    buf_str(&line, "\",\"detail\":");
    jw_open(&w, &line);
    jw_str(&w, text);
    jw_close(&w);
    buf_str(&line, "}\n");
    if (!line.failed && write(STDERR_FILENO, line.ptr, line.len) < 0)
        return; /* nobody is left to tell */
}

static const char *command;

void log_set_command(const char *name)
{
    command = name;
}

static __attribute__((format(printf, 1, 0))) void say(const char *fmt, va_list args)
{
    char text[DETAIL_LEN], mem[DETAIL_LEN];
    struct buf clean;
    vsnprintf(text, sizeof text, fmt, args);
    for (char *c = text; *c; c++)
        *c = ascii_is_control(*c) ? ' ' : *c;
    buf_fixed(&clean, mem, sizeof mem);
    utf8_show(&clean, span_str(text), sizeof mem);
    fprintf(stderr, "countersign%s%s: %.*s\n", command != NULL ? " " : "", command != NULL ? command : "",
            (int)clean.len, clean.ptr);
}

void complain(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(fmt, args);
    va_end(args);
}

void log_out_of_memory(void)
{
    log_line(LOG_ERROR, 0, "out_of_memory",
             "no memory is left: nothing more is acknowledged, restart to recover from disk");
}

void complain_out_of_memory(void)
{
    complain("no memory is left");
}

void die(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(fmt, args);
    va_end(args);
    exit(STATUS_FAILED);
}

void decline(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(fmt, args);
    va_end(args);
    exit(STATUS_CANNOT_TELL);
}
