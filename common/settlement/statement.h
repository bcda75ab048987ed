/* The settlement statement: a pure function of the terms, the tally and the moves of [from, to). INTERFACE section 4,
 * FORMATS.md "Statement". */
#ifndef CS_SETTLEMENT_STATEMENT_H
#define CS_SETTLEMENT_STATEMENT_H

#include "common/decisions/decide.h"
#include "common/decisions/tally.h"
#include "common/ledger/party_jws.h"
#include "common/settlement/taxed.h"

#define STATEMENT_TYP "countersign-statement"
#define RECEIPT_TYP "countersign-receipt"

/* What is wanted of line items: all, or what a payload says of them and what finds them again, or their number alone.
 */
enum lines_wanted { LINES_TEXT, LINES_SUMS, LINES_COUNT };

/* Line items, one JSON object a line in index order; a last line of kind "traffic" when clicks or impressions earn
 * money. */
struct statement_lines {
    enum lines_wanted wanted;
    struct buf text; /* of LINES_TEXT */
    uint64_t n;
    struct frontier tree; /* RFC 6962 tree over the lines without their newlines */
    struct sha256 *sum;   /* of all the text */
    struct buf bundles;   /* so many of them at a time, see statement_bundle */
    struct lines_bundle {
        uint64_t first;  /* index of the entry of its first line; of the line of traffic the end of the period */
        uint32_t moving; /* lines that move money */
        struct frontier tree;
    } bundle; /* under way */
};

struct statement_in {
    struct span id, issuer;
    uint64_t number;
    const struct terms *terms;
    uint64_t terms_index;
    uint64_t from, to;
    struct hash from_root, to_root; /* of the trees of size from and to */
    int64_t to_ms;                  /* the period's end; its entries are earlier */
    const struct tally *tally;      /* of [from, to) */
    struct span legal[2];           /* of advertiser and publisher, as legal.h has it; empty: none */
    struct trade trade;             /* of [from, to) */
    struct waiting waiting;         /* at its beginning */
    const struct view
        *view; /* rows, as of to or later: reads moves of [from, to) and leads; later moves are not looked at */
    uint32_t contract;
    int64_t carried_in_micros;
    const struct taxed_sums *brought; /* what of that is under which VAT, of a sum below 0; NULL: nothing is */
    bool has_prev;
    struct hash prev_sha256;         /* of the previous statement's payload */
    int64_t prev_to_ms;              /* its period.to_at, 0 when there is none */
    int64_t issued_ms, utc_offset_s; /* of the campaign's zone then */
    enum lines_wanted lines;         /* of statement_build; else the draft says it */
};

struct statement_out {
    struct buf payload; /* canonical JSON */
    struct statement_lines lines;
    struct hash sha256; /* of the payload */
    int64_t net_micros, carried_micros, payable_minor;
    struct taxed_sums carried; /* a sum below 0 by its VAT */
    enum tax vat_kind;         /* for its entry, beside whose it is, and */
    int64_t vat_ppm;
    struct waiting waiting; /* at the end */
};
/* Status counts are those of the leads received in the interval, as the moves of the interval leave them. ERR_INVALID
 * when sums leave the money range; ERR_CORRUPT, or an error of the view, when a row does not read: then nothing is to
 * be issued. */
MUST_CHECK enum err statement_build(const struct statement_in *in, struct statement_out *out, struct problem *p);
void statement_free(struct statement_out *out);

/* The same in steps, each of which may see the rows at another time: those of [from, to) say the same ever after.
 * statement_build is one that begins with nothing. */
struct statement_draft;
struct statement_draft *statement_draft_new(uint32_t contract, uint64_t from, const struct trade *trade,
                                            enum lines_wanted lines);
void statement_draft_free(struct statement_draft *d); /* NULL-safe */
/* Another one that came as far: of LINES_COUNT alone (asserted). */
struct statement_draft *statement_draft_copy(const struct statement_draft *d);
/* Whether it is one of what such a statement closes. */
bool statement_draft_is(const struct statement_draft *d, uint32_t contract, uint64_t from, const struct trade *trade);
uint64_t statement_draft_to(const struct statement_draft *d);    /* the entry that is next */
uint64_t statement_draft_moves(const struct statement_draft *d); /* that it has folded */
size_t statement_draft_bytes(const struct statement_draft *d);   /* what it holds, about */
/* Goes on up to `to`, or for `most` moves. Errors as statement_build; then it is only to be freed. */
MUST_CHECK enum err statement_draft_fold(struct statement_draft *d, const struct view *v, uint64_t to, uint64_t most,
                                         struct problem *p);
/* The rest (asserted: it begins so); d is only to be freed then. */
MUST_CHECK enum err statement_finish(struct statement_draft *d, const struct statement_in *in,
                                     struct statement_out *out, struct problem *p);

/* Where a signed statement says that it ends, whoever signed it. ERR_CORRUPT. */
MUST_CHECK enum err statement_end(struct span jws, uint64_t *to);
/* The id of a contract's statement of that number: whoever knows both knows it. */
void statement_id(struct span contract, uint64_t number, char out[LIMIT_ID + 1]);

/* A statement that another one corrects. */
struct earlier {
    char id[LIMIT_ID + 1];
    uint64_t number;
    int64_t issued_ms;
};

/* The parts of a payload that others need. Spans point into *json (json_decref). ERR_CORRUPT unless canonical and
 * complete. */
struct statement {
    struct span id, issuer, contract, advertiser, publisher, currency; /* of the parties the ids */
    struct span campaign_name, timezone, payable_by;
    uint64_t number, from, to, terms, n_lines;
    struct hash lines_root;
    struct hash from_root, to_root, prev_sha256;
    bool has_prev;
    int64_t gross_micros, net_micros, carried_micros, payable_minor;
    int64_t vat_minor, to_pay_minor; /* VAT of what is payable, and both together, which payable_by owes */
    enum tax tax;                    /* of what is new on it; what it corrects may be under another one, */
    uint64_t as[2];                  /* and of others */
    struct tax_row *rows;            /* what is payable, by its VAT, in order */
    size_t n_rows;
    struct taxed_sums brought, carried; /* of a sum below 0 that came from the one before, and that goes to the next */
    bool is_taxed;                      /* there is a taxable amount: at a rate, or by reverse charge */
    bool is_charged;                    /* at a rate */
    int64_t from_ms, to_ms, issued_ms, due_ms, exponent;
    struct earlier *corrects; /* in order of number */
    size_t n_corrects;
    const json_t *traders; /* who they are: {country, entry, name, vat_id} for each */
    const json_t *counts, *adjustments, *quantities, *opening, *bridge, *closing;
    json_t *json;
};
MUST_CHECK enum err statement_read(struct span payload, struct statement *out);
void statement_close(struct statement *s);
/* What came from the statement before; below 0: it is set off here. */
int64_t statement_brought(const struct statement *s);
/* It comes to less than nothing, all of which is carried; what is above that by some VAT is charged all the same, and
 * as much credited. */
static inline bool statement_sets_off(const struct statement *s)
{
    return s->carried_micros < 0;
}
/* Line items are not stored: they are made again of the log, a bundle of so many at a time. What is kept of each finds
 * it, and is what it must come to: be64 index of the entry of its first line (of a bundle that has the line of traffic
 * alone the `to` of the period), be32 how many of its lines move money, the root of the RFC 6962 tree over them. */
enum { STATEMENT_BUNDLE = 256, BUNDLE_LEN = 8 + 4 + HASH_LEN };
/* Whether these are the bundles of the lines that a statement names. */
bool statement_has_bundles(const struct statement *s, struct span bundles);
/* Which bundle has the line of the entry at `index`, if there is one. */
size_t statement_bundle_of(struct span bundles, uint64_t index);
uint64_t statement_bundle_moving(struct span bundles, size_t i);
/* Appends the lines of bundle i. ERR_CORRUPT, or an error of the view: then nothing is appended. */
MUST_CHECK enum err statement_bundle(const struct statement *s, struct span bundles, size_t i, const struct view *v,
                                     uint32_t contract, struct buf *text, struct problem *p);

/* A party's answer, of RESPONSE_TYP: about the statement of that payload. */
enum { LIMIT_DISPUTED = 2000 };
struct response {
    struct party_jws said;
    struct hash statement_sha256;
    bool accept;
    uint64_t disputed[LIMIT_DISPUTED]; /* entries that are line items, ascending */
    size_t n_disputed;
};
/* The kind's own members of an opened word, which is taken over also on an error. ERR_INVALID with the member. */
MUST_CHECK enum err response_read(struct party_jws *said, struct response *out, struct problem *p);
void response_close(struct response *r);
/* Whether it answers that statement, at a sane time: not before it was issued, nor after now_ms; and later than
 * before_ms, when the party's last answer to it was given (0: none). ERR_INVALID with the member. */
MUST_CHECK enum err response_fits(const struct response *r, const struct hash *sha256, int64_t issued_ms,
                                  int64_t before_ms, int64_t now_ms, struct problem *p);
/* Whether each entry it disputes is a line item of [from, to). ERR_INVALID naming `disputed`, or an error of the view.
 */
MUST_CHECK enum err response_lines(const struct response *r, const struct view *v, uint32_t contract, uint64_t from,
                                   uint64_t to, struct problem *p);

/* A receipt's payload for a lead or disposition entry, canonical JSON. */
void receipt_payload(struct buf *out, struct span contract_id, uint64_t index, const struct hash *leaf,
                     const struct entry *e);

#endif
