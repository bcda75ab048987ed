/* What notices by e-mail say, in our languages, and the message that one is (RFC 5322, 2045 and 2047). */
#ifndef CS_COMMIT_NOTICE_H
#define CS_COMMIT_NOTICE_H

#include "common/base/accept.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/commit/notice_table.h"

enum notice {
#define X(symbol, ...) NOTICE_##symbol,
    NOTICE_TABLE(X)
#undef X
        NOTICES
};
enum notice_line {
#define X(symbol, en, fr, zh) NOTICE_LINE_##symbol,
    NOTICE_LINE_TABLE(X)
#undef X
        NOTICE_LINES
};

const char *notice_word(enum notice n);
MUST_CHECK enum err notice_parse(struct span word, enum notice *out); /* ERR_NOT_FOUND */
const char *notice_subject(enum language l, enum notice n);
const char *notice_intro(enum language l, enum notice n);
const char *notice_line_text(enum language l, enum notice_line line);
/* A line's text, its {} filled in turn, without what turns or hides what stands around it; `n` as many as it has
 * (asserted). */
void notice_say(struct buf *out, enum language l, enum notice_line line, const struct span *values, size_t n);

enum { MAIL_ADDRESS_MAX = 254 };
/* local@domain of RFC 5321, in ASCII, without quotes: nothing that means something in a header or to SMTP. */
bool mail_address_ok(struct span address);

struct mail {
    struct span from, to;    /* addresses */
    struct span subject;     /* UTF-8 without control characters */
    struct span body;        /* UTF-8, lines end in \n */
    struct span message_id;  /* without < and > */
    struct span unsubscribe; /* URL; RFC 8058; empty: it was asked for, once */
    enum language language;
    int64_t at_ms;
};
void mail_write(struct buf *out, const struct mail *m);

#endif
