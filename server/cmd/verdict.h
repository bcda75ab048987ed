/* How `verify` and `check` tell their findings: one line per check, or one JSON object; and the exit status. */
#ifndef CS_SERVER_CMD_VERDICT_H
#define CS_SERVER_CMD_VERDICT_H

#include "common/settlement/verify.h"

struct verdict_printer {
    bool json;
    struct buf checks, facts; /* JSON items so far */
};
const char *verdict_word(enum verdict v); /* holds, fails, cannot_tell */
void verdict_open(struct verdict_printer *p, bool json);
void verdict_line(void *printer, const struct report_line *t); /* a verify_report */
/* The last words of a process that tells findings (mem.h): exits with what it then can tell. */
_Noreturn void verdict_out_of_memory(void);
/* The last line; frees. Returns the exit status: 0 all holds, 1 something does not, 2 cannot tell. */
int verdict_close(struct verdict_printer *p, enum verdict all);

#endif
