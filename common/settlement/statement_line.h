/* Line items of a statement: what each tells of its entry beside the money, taken from the entries themselves.
 * FORMATS.md "Statement". */
#ifndef CS_SETTLEMENT_STATEMENT_LINE_H
#define CS_SETTLEMENT_STATEMENT_LINE_H

#include "common/base/json_write.h"
#include "common/decisions/rows.h"

/* Values as the entries have them: canonical JSON, empty where there is none. */
enum told { TOLD_BY, TOLD_PLACEMENT, TOLD_SUB1, TOLD_TEXT, TOLD_TRUST, TOLD_TXID, TOLDS };

struct line_told {
    struct buf value[TOLDS];
    int64_t at_ms, lead_at_ms; /* the clock's times of the line's entry and of the lead's; 0: it has none */
};

void line_told_open(struct line_told *t);
void line_told_close(struct line_told *t);
void line_told_clear(struct line_told *t);

/* Who decided by the disposition or adjustment at `index`, and the reason that he gave. */
MUST_CHECK enum err line_tell_decision(struct line_told *t, const struct view *v, uint32_t contract, uint64_t index,
                                       enum entry_kind kind);
/* When the entry at `index` came, of any kind. */
MUST_CHECK enum err line_tell_time(struct line_told *t, const struct view *v, uint32_t contract, uint64_t index);
/* The lead at `index`: what its sender calls it, which link and sub1 it came by. Each of the three: ERR_CORRUPT when an
 * entry is not there or is another one than it must be, or what the view answers when it cannot tell. */
MUST_CHECK enum err line_tell_lead(struct line_told *t, const struct view *v, uint32_t contract, uint64_t index);

void line_time(struct jw *w, const char *key, int64_t ms);                                  /* nothing for 0 */
void line_value(struct jw *w, const char *key, const struct line_told *t, enum told which); /* nothing for none */

#endif
