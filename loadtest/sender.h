/* Who reports: signs postbacks by its secret (docs/api.md, "Postbacks"). */
#ifndef CS_LOADTEST_SENDER_H
#define CS_LOADTEST_SENDER_H

#include "common/base/buf.h"
#include "loadtest/settings.h"

struct sender;
/* For the `kid` and `secret` of the settings; dies when they are not there or do not read. */
struct sender *sender_new(const struct settings *s, struct span host);
void sender_free(struct sender *s); /* NULL-safe */
/* Appends what signs the target that begins at `start`: kid, ts, nonce and sig. */
void sender_sign(const struct sender *s, struct buf *b, size_t start, int64_t ts_s, struct span nonce);

#endif
