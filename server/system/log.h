/* JSON logs on stderr: one object a line, request id first, no personal data. Any thread; one write(2) per line. */
#ifndef CS_SERVER_SYSTEM_LOG_H
#define CS_SERVER_SYSTEM_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level level);
bool log_level_parse(const char *word, enum log_level *out); /* false when there is no such word */
/* `event` is a stable word; fields follow as name, printf-formatted text pairs folded into one `detail` member.
 * request_id 0 = none. */
void log_line(enum log_level level, uint64_t request_id, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- what a command says to its user, and how it ends ---- */

enum { STATUS_DONE, STATUS_FAILED, STATUS_CANNOT_TELL }; /* exit statuses, the same for all commands */
void log_set_command(const char *name);                  /* names the command in the lines below; not copied */
/* One line on stderr, safe for a terminal whatever is in it (utf8_show), saying what is wrong and what to do. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The last words of mem.h, of a server and of another command. Neither allocates. */
void log_out_of_memory(void);
void complain_out_of_memory(void);
/* The same, and exit STATUS_FAILED: a broken environment. */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, and exit STATUS_CANNOT_TELL: a wrong command line or setting, or no way to find out. */
_Noreturn void decline(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
