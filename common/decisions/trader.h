/* Who trades: the party of a contract, as those see it who charge VAT. It is the country, name and VAT id of its legal
 * data; FORMATS.md "Legal data". */
#ifndef CS_DECISIONS_TRADER_H
#define CS_DECISIONS_TRADER_H

#include "common/decisions/rows.h"

/* Appends {country, name, vat_id}, canonical, without what the legal data do not tell. */
void trader_write(struct buf *out, struct span legal);
/* Whether legal data make another one of a party than those before (empty: it told none): they take back, or tell
 * otherwise, what those told. What they only add is of the same one. */
bool trader_is_other(struct span was, struct span legal);

/* Rows of `traders`, one for each `party` entry. */
struct trader_row {
    struct span party;
    bool other;         /* as the entry says */
    uint64_t first;     /* the first entry of that party which tells the same; 0: it tells nothing */
    uint8_t sha256[32]; /* of its text */
};
enum { TRADER_ROW_LEN = 1 + 8 + 32 + LIMIT_ID }; /* at most */
size_t trader_row_write(const struct trader_row *r, uint8_t *out);
/* The row of a `party` entry that comes at `index`. ERR_CORRUPT, or an error of the view. */
MUST_CHECK enum err trader_row_make(const struct view *v, uint32_t contract, uint64_t index,
                                    const struct entry_party *p, struct trader_row *out);
/* Appends the legal data that a party told last in a contract's log; none: nothing. */
MUST_CHECK enum err trader_told(const struct view *v, uint32_t contract, struct span party, struct buf *out);

/* Who two parties (empty: there is none) are to what came in front of the entry at `to` and behind the last that made
 * another one of them: entries that first told the same, 0 of one who told nothing. What was only added since counts
 * too. */
MUST_CHECK enum err traders_at(const struct view *v, uint32_t contract, const struct span parties[2], uint64_t to,
                               uint64_t as[2]);
/* Appends all the legal data that the trader of the entry at `index` told last in front of the entry at `to`, that
 * entry if none stands there: where it was reached when a period ended. ERR_CORRUPT: it is no such entry. */
MUST_CHECK enum err trader_legal(const struct view *v, uint32_t contract, uint64_t index, uint64_t to, struct buf *out);
/* Appends what the entry at `index` tells; of 0 nothing. ERR_CORRUPT: it is no such entry. */
MUST_CHECK enum err trader_text(const struct view *v, uint32_t contract, uint64_t index, struct buf *out);

#endif
