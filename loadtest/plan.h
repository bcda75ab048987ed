/* What to fire next, and what was learnt from the answers. Mints nothing: codes come from a file, click ids from
 * answers to clicks. */
#ifndef CS_LOADTEST_PLAN_H
#define CS_LOADTEST_PLAN_H

#include "common/base/buf.h"
#include "common/tokens/tokens.h"
#include "loadtest/settings.h"

#define KIND_TABLE(X) X(CLICK, "click") X(VIEW, "view") X(LEAD, "lead") X(RAW, "raw") X(DISPOSITION, "disposition")

enum kind {
#define X(symbol, word) KIND_##symbol,
    KIND_TABLE(X)
#undef X
        KINDS
};
extern const char *const kind_words[KINDS];

/* One request: what is needed to acknowledge it. */
struct shot {
    enum kind kind;
    uint32_t code;                   /* number of the line in the file */
    char id[40];                     /* click: its sub1; lead: its txid */
    char click_id[CLICK_ID_LEN + 1]; /* view, lead: of which click; "" = none */
    size_t row;                      /* of a replay */
};

struct plan;
/* `salt` makes this run's ids different from every other's. Dies when a file, a mix or a secret cannot be read. */
struct plan *plan_new(const struct settings *s, struct span host, uint64_t salt);
void plan_free(struct plan *p);
/* Appends the next request. A view or lead becomes a click as long as no click id is known. */
void plan_next(struct plan *p, int64_t now_s, struct shot *shot, struct buf *request);
/* A click was acknowledged with this id. */
void plan_learn(struct plan *p, const struct shot *click, struct span click_id);

#endif
