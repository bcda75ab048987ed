/* What the files of reconcile share. Not for others. */
#ifndef CS_RECONCILE_RECONCILE_PRIVATE_H
#define CS_RECONCILE_RECONCILE_PRIVATE_H

#include "common/crypto/crypto.h"
#include "common/reconcile/reconcile.h"
#include "common/reconcile/sheet.h"

#define QUARTER_MS (15 * 60 * (int64_t)1000)

enum { DIFFERS_STATE = 1, DIFFERS_AMOUNT = 2, DIFFERS_CURRENCY = 4, DIFFERS_DAY = 8 };
enum { CURRENCIES = 255 };
enum { NO_CLASS = CLASS_COUNT };

/* Why a key of a row finds nothing. */
enum { KEY_MACRO = 1, KEY_FOREIGN_LEAD = 2, KEY_FOREIGN_CLICK = 4, KEY_UNOPENED = 8 };

struct own_row {
    uint8_t txid[16];     /* SHA-256 of it, cut; zeros: none */
    uint64_t lead, click; /* index + 1; click_name; 0: none */
    uint64_t request;     /* id; 0: none */
    int64_t when_ms, micros;
    uint32_t number, offset;       /* in the sheet; where its text begins */
    uint32_t pair;                 /* number of its lead, from 1 on; 0: none */
    uint32_t twin;                 /* number of the row, from 1 on, that names the same lead; 0: none */
    uint8_t form, state, currency; /* when_form, own_state; currency: 0 the contract's, or untold */
    uint8_t faults, class;         /* KEY_*; of the click that it names, NO_CLASS: not found */
    uint8_t outcome, cause, differs;
    bool by_lead, outside, refused;
    uint32_t refusal; /* which, from 1 on */
};

struct own_lead {
    uint64_t index, click;   /* click: click_name; 0: none */
    uint64_t dup;            /* index of the lead of this log that stood in its way */
    int64_t at_ms, micros;   /* micros: paid or to be paid as things stand */
    int64_t sale_micros;     /* what of them is the share of its sale */
    uint32_t row;            /* from 1 on; 0: none */
    uint32_t txid, txid_len; /* in texts */
    int32_t offset_s;
    uint8_t status, reason, outcome, cause;
    bool test, own, dup_here, stood, inside;
};

/* A key and who has it, sorted. */
struct key {
    uint64_t hi, lo;
    uint32_t row; /* its number, from 0 on */
};
struct keys {
    struct key *of;
    size_t n;
};

enum { DAY_NONE = INT32_MIN };
struct day_sum {
    int64_t day; /* since 1970-01-01; DAY_NONE: rows without a time and lead */
    uint64_t n[2];
    wide_micros micros[2]; /* of the log, of the rows */
};

struct refusal_told {
    int64_t at_ms;
    uint64_t request;
    char reason[160];
    bool used;
};

struct reconcile {
    struct reconcile_asked asked;
    struct sheet sheet;
    int column[COLUMNS_KNOWN]; /* of the sheet; -1: none */
    enum date_order dates;
    enum decimal_mark decimal;
    int64_t unit_micros; /* the smallest coin */
    char currency[CURRENCIES][3];
    size_t n_currencies;
    struct own_row *rows;
    size_t n_rows, rows_room;
    struct keys by_lead, by_txid, by_click, by_request;
    struct own_lead *leads;
    size_t n_leads, leads_room;
    struct buf texts;    /* txids of leads */
    uint64_t n_by_txid;  /* leads that were found by their txid */
    bool universal_rows; /* what the shift is against: UTC, else the contract's zone */
    int64_t shift_ms;    /* by so much the rows' clock is ahead of that */
    int64_t newest_ms;   /* of the rows, as clocks of the contract's zone show it; 0: they have no times */
    int64_t last_offset_ms;
    bool asks_refusals;
    struct refusal_told *refusals;
    size_t n_refusals;
    struct day_sum *days;
    size_t n_days, days_room;
    wide_micros log_micros, row_micros, delta[OUTCOMES][CAUSES], foreign[CURRENCIES + 1];
    uint64_t n[OUTCOMES][CAUSES], n_foreign[CURRENCIES + 1], n_outside, n_log, n_own;
};

/* reconcile_rows.c */
MUST_CHECK enum err rows_read(struct reconcile *r, struct problem *p);
void keys_sort(struct keys *k);
/* The first with that key; NULL: none. Those behind it, up to the end of k, may have it too. */
uint64_t click_name(uint64_t index, bool unrecorded);
const struct key *keys_find(const struct keys *k, uint64_t hi, uint64_t lo);
bool key_is(const struct keys *k, const struct key *at, uint64_t hi, uint64_t lo);
void txid_hash(struct span txid, uint8_t out[16]);

/* reconcile_columns.c */
MUST_CHECK enum err columns_find(struct reconcile *r, struct problem *p);

/* reconcile_zone.c */
void zone_find(struct reconcile *r);
int64_t lead_wall(const struct own_lead *l); /* what clocks of the contract's zone showed when it came */
int64_t row_wall(const struct own_row *w, const struct own_lead *l, int64_t offset_ms); /* likewise, as the row says */
int64_t day_number(int64_t ms);
int64_t lead_shown(const struct reconcile *r, const struct own_lead *l); /* what the rows' clock shows when it comes */
int64_t row_instant(const struct reconcile *r, const struct own_row *w); /* the time of one that has it, by the shift */
/* Whether there is a shift by which the lead comes on the row's day. */
bool zone_explains(const struct reconcile *r, const struct own_row *w, const struct own_lead *l);
bool bound_holds(const struct reconcile *r, int64_t at_ms, int64_t wall_ms); /* whether the period has it */
bool bound_under(const struct reconcile *r, int64_t at_ms, int64_t wall_ms); /* whether it comes before the period */
bool bound_over(const struct reconcile *r, int64_t at_ms, int64_t wall_ms);  /* after it */

/* reconcile_explain.c: the last two also for what is told */
enum own_state lead_state(const struct own_lead *l);
int64_t row_owed(const struct own_row *w);
bool has_amounts(const struct reconcile *r);

/* reconcile_items.c: what is told of one outcome; spans live until the next. */
struct item {
    enum outcome outcome;
    enum cause cause;
    const struct own_row *row; /* NULL: none */
    const struct own_lead *lead;
    unsigned differs;
    struct span txid, click_id, reference;
    struct buf explained;
    uint64_t of_row, of_index; /* + 1: of which it is a duplicate; 0: none */
};
typedef void item_take(void *ctx, struct reconcile *r, const struct item *i);
/* Everything but what is matched: rows in their order, then leads. */
void items_each(struct reconcile *r, uint64_t most, item_take *take, void *ctx);

#endif
