/* Reader of application/x-www-form-urlencoded text (WHATWG URL: '&' separates, '+' is a space). */
#ifndef CS_BASE_QUERY_H
#define CS_BASE_QUERY_H

#include "common/base/buf.h"
#include "common/base/err.h"

struct query {
    struct span rest;
};

void query_open(struct query *q, struct span text);
/* The next pair, still encoded; false at the end. Empty pairs ("&&") are skipped; a pair without '=' has an empty
 * value. */
bool query_next(struct query *q, struct span *name, struct span *value);
/* Appends the decoded text. Strict: ERR_MALFORMED on a '%' without two hex digits and on a raw byte outside printable
 * ASCII. The result may be any bytes (also NUL): check UTF-8 after it. */
MUST_CHECK enum err query_decode(struct buf *out, struct span encoded);
/* As above, but a stray '%' stands for itself and nothing fails: for clicks, whose parameters never cost the click. */
void query_decode_lenient(struct buf *out, struct span encoded);
/* Percent-escapes alone, a '+' is a '+': as they stand in paths. Writes at most in.len bytes, also in place; how many
 * is returned. */
size_t query_unescape(struct span in, char *out);
/* Appends "%C3" (RFC 3986, section 2.1). */
void query_escape(struct buf *out, uint8_t byte);
/* Whether an encoded name is `plain`, in any spelling: %5F is '_'. */
bool query_name_is(struct span encoded, struct span plain);
/* Appends s percent-encoded: RFC 3986 unreserved characters stand for themselves. */
void query_encode(struct buf *out, struct span s);

#endif
