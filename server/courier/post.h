/* POST over HTTP(S) by libcurl to hosts that nobody trusts: time and bytes are bounded, redirects are not followed. One
 * thread. */
#ifndef CS_SERVER_COURIER_POST_H
#define CS_SERVER_COURIER_POST_H

#include <stdatomic.h>

#include "common/base/buf.h"

struct post;
struct post *post_open(const atomic_bool *stop); /* a post under way ends soon after it is set */
void post_close(struct post *p);
/* The answer's status, its body appended (at most `most` bytes, or the answer does not count); 0: there is no answer,
 * *why says why not. */
int post_send(struct post *p, const char *url, struct span body, int64_t timeout_ms, size_t most, struct buf *answer,
              const char **why);

#endif
