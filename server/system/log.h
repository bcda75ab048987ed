/* JSON logs on stderr: one object a line, request id first, no personal data. Any thread; one write(2) per line. */
#ifndef CS_SERVER_SYSTEM_LOG_H
#define CS_SERVER_SYSTEM_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level level);
bool log_level_parse(const char *word, enum log_level *out); /* false when there is no such word */
bool log_wants(enum log_level level);                        /* whether a line of this level is written */

enum { REQUEST_ID_LEN = 16 };
/* How a request id is spelled wherever it is shown: 16 lowercase hex digits, not NUL-ended. */
void request_id_write(uint64_t id, char out[REQUEST_ID_LEN]);

/* `event` is a stable word, the text becomes the member `detail`. request_id 0: none, an empty text. */
void log_line(enum log_level level, uint64_t request_id, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A member of a line: the number, or a text, cut at LOG_TEXT bytes and repaired to UTF-8; an empty one is left out. */
struct log_member {
    const char *name;
    bool is_number;
    int64_t number;
    struct span text;
};
enum { LOG_TEXT = 512, LOG_MEMBERS = 16 }; /* at most so many */
void log_members(enum log_level level, uint64_t request_id, const char *event, const struct log_member *m, size_t n);

/* ---- what a command says to its user, and how it ends ---- */

enum { STATUS_DONE, STATUS_FAILED, STATUS_CANNOT_TELL }; /* exit statuses, the same for all commands */
void log_set_command(const char *name);                  /* names the command in the lines below; not copied */
/* One line on stderr, safe for a terminal whatever is in it (utf8_show), saying what is wrong and what to do. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The last words of mem.h, of a server and of another command. Neither allocates. */
void log_out_of_memory(void);
void complain_out_of_memory(void);
/* The last words of store.h, of a server. */
void log_damaged_store(void);
/* The same, and exit STATUS_FAILED: a broken environment. */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, and exit STATUS_CANNOT_TELL: a wrong command line or setting, or no way to find out. */
_Noreturn void decline(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Ends the process, since what is on the disk is not known any more: one line, level error, "what: err (cause)". */
_Noreturn void storage_failed(const char *what, enum err err, struct span cause);

#endif
