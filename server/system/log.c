#include "server/system/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/json_write.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "server/system/bounds.h"
#include "server/system/system.h"

/* A byte of text is at most six of JSON. */
enum { DETAIL_LEN = 1024, LINE_LEN = 6 * LOG_TEXT * LOG_MEMBERS + 1024 };

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

bool log_wants(enum log_level level)
{
    return (int)level >= threshold;
}

/* Eight digits at once, as every answer has an id: each nibble in a byte of its own, then '0' on top, and what is
 * between '9' and 'a' where it is ten or more. */
static void write_half(uint32_t half, char out[8])
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t x = half;
    x = (x << 16 | x) & 0x0000ffff0000ffff;
    x = (x << 8 | x) & 0x00ff00ff00ff00ff;
    x = (x << 4 | x) & 0x0f0f0f0f0f0f0f0f;
    uint64_t letters = (x + 6 * ones) >> 4 & ones;
    store_be64(out, x + '0' * ones + letters * ('a' - '9' - 1));
}

void request_id_write(uint64_t id, char out[REQUEST_ID_LEN])
{
    write_half((uint32_t)(id >> 32), out);
    write_half((uint32_t)id, out + 8);
}

/* The request first, for people who read; hence not the canonical writer's key order. */
static void open_line(struct buf *line, enum log_level level, uint64_t request_id, const char *event)
{
    char id[REQUEST_ID_LEN];
    request_id_write(request_id, id);
    buf_str(line, "{\"request_id\":\"");
    buf_add(line, id, request_id != 0 ? sizeof id : 0);
    buf_str(line, "\",\"at\":\"");
    time_rfc3339(line, clock_ms());
    buf_str(line, "\",\"level\":\"");
    buf_str(line, words[level]);
    buf_str(line, "\",\"event\":\"");
    buf_str(line, event);
    buf_byte(line, '"');
}

/* Whatever got into the text, the line stays one line of valid JSON. */
static void add_text(struct buf *line, const char *name, struct span text, size_t most)
{
    char mem[DETAIL_LEN];
    struct buf clean;
    struct jw w;
    buf_fixed(&clean, mem, sizeof mem);
    utf8_repair(&clean, text, most);
    buf_printf(line, ",\"%s\":", name);
    jw_open(&w, line);
    jw_str(&w, buf_span(&clean));
    jw_close(&w);
}

static void close_line(struct buf *line)
{
    buf_str(line, "}\n");
    assert(!line->failed);
    if (write(STDERR_FILENO, line->ptr, line->len) < 0)
        return; /* nobody is left to tell */
}

void log_members(enum log_level level, uint64_t request_id, const char *event, const struct log_member *m, size_t n)
{
    char mem[LINE_LEN];
    struct buf line;
    assert(n <= LOG_MEMBERS);
    if (!log_wants(level))
        return;
    buf_fixed(&line, mem, sizeof mem);
    open_line(&line, level, request_id, event);
    for (size_t i = 0; i < n; i++)
        if (m[i].is_number)
            buf_printf(&line, ",\"%s\":%lld", m[i].name, (long long)m[i].number);
        else if (m[i].text.len > 0)
            add_text(&line, m[i].name, m[i].text, LOG_TEXT);
    close_line(&line);
}

void log_line(enum log_level level, uint64_t request_id, const char *event, const char *fmt, ...)
{
    if (!log_wants(level))
        return;
    char detail[DETAIL_LEN], mem[LINE_LEN];
    struct buf line;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof detail ? (size_t)n : sizeof detail - 1;
    buf_fixed(&line, mem, sizeof mem);
    open_line(&line, level, request_id, event);
    add_text(&line, "detail", span_of(detail, len), DETAIL_LEN);
    close_line(&line);
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
             "no memory is left%s: nothing more is acknowledged, restart to recover from disk", bounds_of_memory());
}

void log_damaged_store(void)
{
    log_line(LOG_ERROR, 0, "damaged_store",
             "reading the store failed: store.mdb is cut off or damaged, or its disk does not read it; nothing more is "
             "acknowledged, run countersign check and put back a copy that holds");
}

void complain_out_of_memory(void)
{
    complain("no memory is left%s", bounds_of_memory());
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

_Noreturn void storage_failed(const char *what, enum err err, struct span cause)
{
    const char *open = cause.len > 0 ? " (" : "", *close = cause.len > 0 ? ")" : "";
    log_line(LOG_ERROR, 0, "storage_failed",
             "%s: %s%s%.*s%s; nothing more is acknowledged, restart to recover from disk", what, err_word(err), open,
             (int)cause.len, cause.ptr, close);
    _exit(1);
}
