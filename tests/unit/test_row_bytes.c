/* The strict readers of rows: bytes that were cut or changed are refused, or are what would have been written; a number
 * that cannot be is refused by each field; and a row repeats its entry in all that both say. */
#include <stdio.h>

#include "tests/support/chance.h"
#include "tests/support/world.h"

enum { CONTRACT = 3, INDEX = 5, ROUNDS = 20000 };

/* ---- what is written reads ---- */

static const struct lead_row lead = {.status = STATUS_CONVERTED,
                                     .at_ms = NOW,
                                     .due_ms = NOW + 1,
                                     .payout_micros = 500,
                                     .approved_ms = NOW + 2,
                                     .changed_ms = NOW + 3,
                                     .signed_ms = NOW + 4,
                                     .return_days = 30,
                                     .utc_offset_s = -3600,
                                     .clock_steps = 2,
                                     .clock_unsure = true,
                                     .sale_ppm = 1000,
                                     .tier = 1,
                                     .sale_micros = 7,
                                     .last = 9,
                                     .paid = 8,
                                     .terms = 1,
                                     .sold = true,
                                     .who = {.known = true,
                                             .contacts = CONTACT_EMAIL | CONTACT_PHONE,
                                             .email = {1},
                                             .phone = {2},
                                             .has_txid = true,
                                             .txid = {3},
                                             .has_click = true,
                                             .click = 2},
                                     .share = {{4}, 10, 20}};
static const struct move_row move = {ENTRY_DISPOSITION, INDEX, STATUS_REJECTED, REASON_TEST,
                                     STATUS_PENDING,    -500,  190000};
static const struct adjustment_row adjustment = {.counts = 8,
                                                 .at_ms = NOW,
                                                 .micros = -5,
                                                 .lead = 3,
                                                 .on_assent = true,
                                                 .assent = {{7, NOW + 1}, {8, NOW + 2}},
                                                 .leaf = {{1}},
                                                 .statement = "S1",
                                                 .reason = {"why", 3}};
static const struct terms_row terms = {.index = 4,
                                       .at_ms = NOW,
                                       .effective_ms = NOW + 1,
                                       .rules = 1,
                                       .on_assent = true,
                                       .assent = {{5, NOW + 2}, {6, NOW + 3}},
                                       .withdrawal = {{7, NOW + 4}, {8, NOW + 5}, {9, NOW + 6}}};
static const struct correction_row correction = {
    .of = {{2, 5}, {1, -9}, {3, 0}}, .vat_ppm = 190000, .as = {1, 2}, .number = 4, .issued_ms = NOW};

/* A reader puts what it read back into bytes. */
typedef size_t writing(uint8_t *out);
typedef enum err reading(struct span value, uint8_t *again, size_t *len);

static size_t lead_written(uint8_t *out)
{
    return lead_row_write(&lead, out);
}

static enum err lead_reads(struct span value, uint8_t *again, size_t *len)
{
    struct lead_row r;
    enum err err = lead_row_read(value, &r);
    *len = err == ERR_OK ? lead_row_write(&r, again) : 0;
    return err;
}

static size_t move_written(uint8_t *out)
{
    return move_row_write(&move, out);
}

static enum err move_reads(struct span value, uint8_t *again, size_t *len)
{
    struct move_row r;
    enum err err = move_row_read(value, &r);
    *len = err == ERR_OK ? move_row_write(&r, again) : 0;
    return err;
}

static size_t adjustment_and_reason(const struct adjustment_row *r, uint8_t *out)
{
    size_t len = adjustment_row_write(r, out);
    memcpy(out + len, r->reason.ptr, r->reason.len);
    return len + r->reason.len;
}

static size_t adjustment_written(uint8_t *out)
{
    return adjustment_and_reason(&adjustment, out);
}

static enum err adjustment_reads(struct span value, uint8_t *again, size_t *len)
{
    struct adjustment_row r;
    enum err err = adjustment_row_read(value, &r);
    *len = err == ERR_OK ? adjustment_and_reason(&r, again) : 0;
    return err;
}

static size_t terms_written(uint8_t *out)
{
    return terms_row_write(&terms, out);
}

static enum err terms_read(struct span value, uint8_t *again, size_t *len)
{
    struct terms_row r;
    enum err err = terms_row_read(value, &r);
    *len = err == ERR_OK ? terms_row_write(&r, again) : 0;
    return err;
}

static size_t cap_written(uint8_t *out)
{
    return cap_row_write(&(struct cap_row){3, 1500}, out);
}

static enum err cap_reads(struct span value, uint8_t *again, size_t *len)
{
    struct cap_row r;
    enum err err = cap_row_read(value, &r);
    *len = err == ERR_OK ? cap_row_write(&r, again) : 0;
    return err;
}

/* Rows that are read through a view alone: one, under `key`. */
static struct world world_of(enum row_table t, const void *key, size_t key_len, struct span value)
{
    struct world w = world_new();
    rows_map_put(w.rows, t, span_of(key, key_len), value);
    return w;
}

static size_t correction_written(uint8_t *out)
{
    return correction_row_write(&correction, out);
}

static enum err correction_reads(struct span value, uint8_t *again, size_t *len)
{
    struct correction_row r;
    uint8_t key[CORRECTION_KEY_MAX];
    struct world w = world_of(ROW_CORRECTIONS, key, row_correction_key(key, CONTRACT, SPAN("S1")), value);
    struct view v = world_view(&w);
    enum err err = row_corrections(&v, CONTRACT, SPAN("S1"), &r);
    *len = err == ERR_OK ? correction_row_write(&r, again) : 0;
    world_free(&w);
    return err;
}

static size_t settled_written(uint8_t *out)
{
    return settled_row_write(9, SPAN("S1"), out);
}

static enum err settled_reads(struct span value, uint8_t *again, size_t *len)
{
    struct settled_row r;
    uint8_t key[12];
    row_index_key(key, CONTRACT, INDEX);
    struct world w = world_of(ROW_SETTLED, key, sizeof key, value);
    struct view v = world_view(&w);
    enum err err = row_settled(&v, CONTRACT, INDEX - 1, &r);
    *len = err == ERR_OK ? settled_row_write(r.index, span_str(r.id), again) : 0;
    world_free(&w);
    return err;
}

static size_t party_key_written(uint8_t *out)
{
    memset(out, 7, ED25519_KEY_LEN);
    return ED25519_KEY_LEN;
}

static enum err party_key_reads(struct span value, uint8_t *again, size_t *len)
{
    uint8_t key[PARTY_KEY_MAX];
    struct world w = world_of(ROW_PARTY_KEYS, key, row_party_key_key(key, CONTRACT, SPAN("P1")), value);
    struct view v = world_view(&w);
    enum err err = row_party_key(&v, CONTRACT, SPAN("P1"), again);
    *len = err == ERR_OK ? ED25519_KEY_LEN : 0;
    world_free(&w);
    return err;
}

static size_t txid_written(uint8_t *out)
{
    static const uint8_t facts[HASH_LEN] = {6};
    return txid_row_write(CONTRACT, INDEX, facts, out);
}

static enum err txid_reads(struct span value, uint8_t *again, size_t *len)
{
    struct txid_row r;
    uint8_t key[TXID_KEY_MAX];
    struct world w = world_of(ROW_TXIDS, key, row_txid_key(key, 2, SPAN("t1"), 7, SPAN("P1")), value);
    struct view v = world_view(&w);
    enum err err = row_txid(&v, 2, 7, SPAN("P1"), SPAN("t1"), &r);
    *len = err == ERR_OK ? txid_row_write(r.contract, r.index, r.facts_sha256, again) : 0;
    world_free(&w);
    return err;
}

static const struct identity_key here = {KEY_EMAIL, KEY_HERE, {1}};

static size_t repeats_written(uint8_t *out)
{
    return repeats_row_write(true, CONTRACT, INDEX, out);
}

static enum err repeats_read_back(struct span value, uint8_t *again, size_t *len)
{
    struct dedupe_row r = {.more = false};
    uint8_t key[DEDUPE_KEY_LEN];
    row_dedupe_key(key, 7, &here, NOW, CONTRACT, 9);
    struct world w = world_of(ROW_DEDUPE, key, sizeof key, value);
    struct view v = world_view(&w);
    enum err err = row_dedupe_next(&v, 7, &here, NOW - 1, NOW + 1, &r);
    *len = err == ERR_OK ? repeats_row_write(r.weak, r.repeats.contract, r.repeats.index, again) : 0;
    world_free(&w);
    return err;
}

static const struct {
    const char *name;
    writing *write;
    reading *read;
    bool any_length; /* text ends it */
} kinds[] = {
    {"lead", lead_written, lead_reads},
    {"move", move_written, move_reads},
    {"adjustment", adjustment_written, adjustment_reads, true},
    {"terms", terms_written, terms_read},
    {"cap", cap_written, cap_reads},
    {"correction", correction_written, correction_reads},
    {"settled", settled_written, settled_reads, true},
    {"party_key", party_key_written, party_key_reads},
    {"txid", txid_written, txid_reads},
    {"repeats", repeats_written, repeats_read_back},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void assert_refused_or_written(size_t kind, struct span value)
{
    uint8_t again[ROW_VALUE_MAX + 64];
    size_t len;
    enum err err = kinds[kind].read(value, again, &len);
    if (err != ERR_CORRUPT && (err != ERR_OK || len != value.len || memcmp(again, value.ptr, len) != 0))
        fail_msg("%s: %zu bytes read as %s and are not what would be written", kinds[kind].name, value.len,
                 err_word(err));
}

static void each_row_reads_as_it_was_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t bytes[ROW_VALUE_MAX + 64], again[ROW_VALUE_MAX + 64];
        size_t n = kinds[i].write(bytes), len;
        assert_ok(kinds[i].read(span_of(bytes, n), again, &len));
        assert_int_equal(len, n);
        assert_memory_equal(again, bytes, n);
    }
}

static void a_row_that_was_cut_or_goes_on_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t bytes[ROW_VALUE_MAX + 64] = {0}, again[ROW_VALUE_MAX + 64];
        size_t n = kinds[i].write(bytes), len;
        for (size_t cut = 0; cut <= n + 1; cut++) {
            if (cut == n)
                continue;
            if (kinds[i].any_length)
                assert_refused_or_written(i, span_of(bytes, cut));
            else
                assert_err(kinds[i].read(span_of(bytes, cut), again, &len), ERR_CORRUPT);
        }
    }
}

static void a_changed_row_is_refused_or_could_have_been_written(void **state)
{
    static const uint8_t telling[] = {0, 1, 2, 0x7f, 0x80, 0xff};
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t i = below(KINDS);
        uint8_t bytes[ROW_VALUE_MAX + 64];
        size_t n = kinds[i].write(bytes);
        for (uint64_t changes = 1 + below(3); changes > 0; changes--)
            bytes[below(n)] = one_in(2) ? (uint8_t)chance() : telling[below(sizeof telling)];
        assert_refused_or_written(i, span_of(bytes, n));
    }
}

/* ---- numbers that cannot be ---- */

enum { ANY_8 = 8, ANY_4 = 4, ANY_1 = 1 };

static const struct {
    const char *kind;
    size_t at, width;
    uint64_t number;
} cannot_be[] = {
    {"lead", 0, 1, STATUS_COUNT},
    {"lead", 1, 1, REASON_COUNT},
    {"lead", 0, 1, STATUS_APPROVED},        /* with the amount of a sale, */
    {"lead", 2, 1, 1 | 2 | 4 | 8 | 32},     /* or with that and not sold */
    {"lead", 3, 1, LIMIT_TIERS + 1},        /* no such tier */
    {"lead", 60, 4, LIMIT_RETURN_DAYS + 1}, /* returned for longer than terms allow */
    {"lead", 120, 4, 93601},                /* farther ahead than any zone, */
    {"lead", 120, 4, (uint32_t)-93601},     /* farther behind */
    {"lead", 140, 4, 20},                   /* a part that is empty, */
    {"lead", 144, 4, SHARE_WHOLE + 1},      /* more than all, */
    {"lead", 144, 4, 0},                    /* none that begins somewhere */
    {"lead", 148, 4, 1000001},              /* more than the sale */
    {"lead", 152, 8, (uint64_t)-1},
    {"lead", 152, 8, MONEY_MAX_MICROS + 1},
    {"lead", 160, 8, (uint64_t)-1},
    {"lead", 172, 1, 2},
    {"lead", 173, 8, (uint64_t)JSON_INT_MAX + 1},
    {"lead", 28, 8, 0}, /* paid by an entry, and never approved */
    {"move", 0, 1, ENTRY_CLICK},
    {"move", 0, 1, ENTRY_LEAD}, /* which was something before */
    {"move", 1, 1, STATUS_COUNT},
    {"move", 2, 1, REASON_COUNT},
    {"move", 3, 1, 0}, /* a decision about what was nothing, */
    {"move", 3, 1, STATUS_COUNT + 1},
    {"move", 4, 8, (uint64_t)JSON_INT_MAX + 1},
    {"move", 12, 8, MONEY_MAX_MICROS + 1},
    {"move", 12, 8, (uint64_t)(-MONEY_MAX_MICROS - 1)},
    {"move", 20, 4, VAT_MAX_PPM + 1},
    {"cap", 8, 8, (uint64_t)1 << 63},
    {"adjustment", 0, 8, (uint64_t)JSON_INT_MAX + 1},
    {"adjustment", 8, 8, (uint64_t)-1},
    {"adjustment", 16, 8, MONEY_MAX_MICROS + 1},
    {"adjustment", 24, 8, (uint64_t)JSON_INT_MAX + 1},
    {"adjustment", 32, 1, 2},
    {"adjustment", 33, 8, (uint64_t)JSON_INT_MAX + 1},
    {"adjustment", 33, 8, 0}, /* nobody's assent has a time, */
    {"adjustment", 57, 8, (uint64_t)-1},
    {"adjustment", 97, 1, 0}, /* an id with a hole */
    {"terms", 0, 8, (uint64_t)JSON_INT_MAX + 1},
    {"terms", 8, 8, (uint64_t)-1},
    {"terms", 16, 8, (uint64_t)-1},
    {"terms", 28, 1, 2},
    {"terms", 29, 8, 4}, /* assented by the entry that made them, */
    {"terms", 29, 8, (uint64_t)JSON_INT_MAX + 1},
    {"terms", 37, 8, (uint64_t)-1},
    {"terms", 45, 8, 0}, /* or by none at a time */
    {"correction", 0, 8, (uint64_t)JSON_INT_MAX + 1},
    {"correction", 0, 8, 0},  /* none that come to something, */
    {"correction", 24, 8, 0}, /* or to less than that */
    {"correction", 72, 1, TAX_COUNT},
    {"correction", 73, 4, VAT_MAX_PPM + 1},
    {"correction", 77, 8, (uint64_t)JSON_INT_MAX + 1},
    {"correction", 85, 8, (uint64_t)JSON_INT_MAX + 1},
    {"correction", 93, 8, (uint64_t)JSON_INT_MAX + 1},
    {"correction", 101, 8, (uint64_t)-1},
    {"correction", 101, 8, (uint64_t)TIME_END_MS},
    {"settled", 0, 8, INDEX - 1}, /* a statement in front of what it closes */
    {"settled", 0, 8, (uint64_t)JSON_INT_MAX + 1},
    {"settled", 8, 1, 0}, /* without an id */
    {"settled", 9, 1, 0},
    {"txid", 0, 4, 0},
    {"txid", 4, 8, (uint64_t)JSON_INT_MAX + 1},
    {"repeats", 0, 1, 2},
    {"repeats", 1, 4, 0},
    {"repeats", 5, 8, (uint64_t)JSON_INT_MAX + 1},
};

static void each_number_that_cannot_be_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cannot_be / sizeof cannot_be[0]; i++) {
        uint8_t bytes[ROW_VALUE_MAX + 64], again[ROW_VALUE_MAX + 64], *at = bytes + cannot_be[i].at;
        size_t kind = 0, len;
        while (strcmp(kinds[kind].name, cannot_be[i].kind) != 0)
            kind++;
        size_t n = kinds[kind].write(bytes);
        if (cannot_be[i].width == ANY_8)
            store_be64(at, cannot_be[i].number);
        else if (cannot_be[i].width == ANY_4)
            store_be32(at, (uint32_t)cannot_be[i].number);
        else
            *at = (uint8_t)cannot_be[i].number;
        if (kinds[kind].read(span_of(bytes, n), again, &len) != ERR_CORRUPT)
            fail_msg("%s: number %llu at %zu reads", cannot_be[i].kind, (unsigned long long)cannot_be[i].number,
                     cannot_be[i].at);
    }
    uint8_t none[ED25519_KEY_LEN] = {0}, again[ED25519_KEY_LEN];
    size_t len;
    assert_err(party_key_reads(span_of(none, sizeof none), again, &len), ERR_CORRUPT);
}

/* ---- keys ---- */

static void a_key_that_cannot_be_is_refused(void **state)
{
    (void)state;
    uint8_t key[64] = {0};
    int64_t due_ms;
    uint32_t contract;
    uint64_t index, click_lead;
    struct view v;
    struct dedupe_row row = {.more = false};
    const struct identity_key k = {KEY_EMAIL, KEY_STANDS, {1}};

    static const struct {
        int64_t at_ms;
        uint32_t contract;
        uint64_t index;
    } bad[] = {{0, CONTRACT, INDEX}, {NOW, 0, INDEX}, {NOW, CONTRACT, (uint64_t)JSON_INT_MAX + 1}};
    for (size_t i = 0; i < 3; i++) {
        row_due_key(key, bad[i].at_ms, bad[i].contract, bad[i].index);
        assert_err(due_key_read(span_of(key, DUE_KEY_LEN), &due_ms, &contract, &index), ERR_CORRUPT);
        row_dedupe_key(key, 7, &k, bad[i].at_ms, bad[i].contract, bad[i].index);
        struct world w = world_of(ROW_DEDUPE, key, DEDUPE_KEY_LEN, SPAN(""));
        v = world_view(&w);
        assert_err(row_dedupe_next(&v, 7, &k, 0, bad[i].at_ms, &row), ERR_CORRUPT);
        world_free(&w);
    }
    for (size_t len = DEDUPE_KEY_LEN - 12; len <= DEDUPE_KEY_LEN + 1; len++) { /* cut behind its time, or longer */
        row_dedupe_key(key, 7, &k, NOW, CONTRACT, INDEX);
        struct world w = world_of(ROW_DEDUPE, key, len, SPAN(""));
        v = world_view(&w);
        assert_err(row_dedupe_next(&v, 7, &k, 0, NOW + 1, &row), len == DEDUPE_KEY_LEN ? ERR_OK : ERR_CORRUPT);
        row = (struct dedupe_row){.more = false};
        assert_int_equal(row_dedupe_lead(span_of(key, len), &contract, &index), len == DEDUPE_KEY_LEN);
        world_free(&w);
    }
    static const struct {
        size_t len;
        uint64_t lead;
        const char *value;
        enum err err;
    } clicks[] = {{20, 9, "", ERR_OK},
                  {20, 2, "", ERR_CORRUPT}, /* a lead is after its click */
                  {20, (uint64_t)JSON_INT_MAX + 1, "", ERR_CORRUPT},
                  {20, 9, "x", ERR_CORRUPT},
                  {19, 9 << 8, "", ERR_CORRUPT},
                  {21, 9, "", ERR_CORRUPT}};
    for (size_t i = 0; i < sizeof clicks / sizeof clicks[0]; i++) {
        row_click_lead_key(key, CONTRACT, 2, clicks[i].lead);
        key[20] = 0;
        struct world w = world_of(ROW_CLICK_LEADS, key, clicks[i].len, span_str(clicks[i].value));
        v = world_view(&w);
        assert_err(row_click_lead_from(&v, CONTRACT, 2, 0, &click_lead), clicks[i].err);
        assert_none(row_click_lead_from(&v, CONTRACT, 1, 0, &click_lead)); /* a neighbour's tells nothing */
        world_free(&w);
    }
}

static void the_parts_of_a_lead_are_told_or_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t contract;
        uint64_t index;
        size_t len;
        const char *value;
        enum err err;
    } cases[] = {{CONTRACT, INDEX, SHARE_KEY_LEN, "", ERR_OK},
                 {0, INDEX, SHARE_KEY_LEN, "", ERR_CORRUPT},
                 {CONTRACT, (uint64_t)JSON_INT_MAX + 1, SHARE_KEY_LEN, "", ERR_CORRUPT},
                 {CONTRACT, INDEX, SHARE_KEY_LEN - 1, "", ERR_CORRUPT},
                 {CONTRACT, INDEX, SHARE_KEY_LEN + 1, "", ERR_CORRUPT},
                 {CONTRACT, INDEX, SHARE_KEY_LEN, "x", ERR_CORRUPT}};
    const struct share share = {.lead = {9}, .from = 0, .to = 10};
    struct place parts[LIMIT_TOUCHES];
    uint8_t key[SHARE_KEY_LEN + 1] = {0};
    size_t n;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        row_share_key(key, 7, share.lead, cases[i].contract, cases[i].index);
        struct world w = world_of(ROW_SHARES, key, cases[i].len, span_str(cases[i].value));
        struct view v = world_view(&w);
        assert_err(row_parts(&v, 7, &share, parts, &n), cases[i].err);
        assert_ok(row_parts(&v, 8, &share, parts, &n)); /* another campaign's is none */
        assert_int_equal(n, 0);
        world_free(&w);
    }
    struct world w = world_new(); /* one more than a lead has touches */
    struct view v = world_view(&w);
    for (uint32_t i = 0; i <= LIMIT_TOUCHES; i++) {
        assert_ok(row_parts(&v, 7, &share, parts, &n));
        assert_int_equal(n, i);
        row_share_key(key, 7, share.lead, 1 + i, INDEX);
        rows_map_put(w.rows, ROW_SHARES, span_of(key, SHARE_KEY_LEN), SPAN(""));
    }
    assert_err(row_parts(&v, 7, &share, parts, &n), ERR_CORRUPT);
    world_free(&w);
}

/* A key that goes on behind a row's may have been this row's: it is not "not there". */
static void a_key_that_goes_on_is_not_absence(void **state)
{
    (void)state;
    uint8_t key[64] = {0};
    struct lead_row l;
    struct move_row m;
    struct adjustment_row a;
    struct settled_row s;
    struct txid_row t = {.party = ""};
    uint64_t index;
    for (enum row_table table = 0; table < ROW_TABLES; table++) {
        row_index_key(key, CONTRACT, INDEX);
        struct world w = world_of(table, key, 13, SPAN(""));
        struct view v = world_view(&w);
        assert_err(row_lead(&v, CONTRACT, INDEX, &l), table == ROW_LEADS ? ERR_CORRUPT : ERR_NOT_FOUND);
        assert_err(row_move(&v, CONTRACT, INDEX, &m), table == ROW_MOVES ? ERR_CORRUPT : ERR_NOT_FOUND);
        assert_err(row_adjustment(&v, CONTRACT, INDEX, &a), table == ROW_ADJUSTMENTS ? ERR_CORRUPT : ERR_NOT_FOUND);
        assert_err(row_adjustment_from(&v, CONTRACT, 0, &index, &a),
                   table == ROW_ADJUSTMENTS ? ERR_CORRUPT : ERR_NOT_FOUND);
        assert_err(row_settled(&v, CONTRACT, 0, &s), table == ROW_SETTLED ? ERR_CORRUPT : ERR_NOT_FOUND);
        assert_none(row_lead(&v, CONTRACT + 1, INDEX, &l));
        assert_none(row_adjustment_from(&v, CONTRACT - 1, 0, &index, &a)); /* the next contract's is none of its own */
        world_free(&w);
    }
    struct world w = world_of(ROW_SETTLED, "\xff", 1, SPAN("")); /* no contract's */
    struct view v = world_view(&w);
    assert_err(row_settled(&v, CONTRACT, 0, &s), ERR_CORRUPT);
    world_free(&w);
    for (size_t len = 20; len <= TXID_KEY_MAX; len++) { /* an advertiser and a txid, and a campaign that was cut */
        size_t whole = row_txid_key(key, 2, SPAN("t1"), 7, SPAN("P1"));
        if (len >= 24 && len < whole)
            continue;
        uint8_t row[12 + HASH_LEN] = {0, 0, 0, 1};
        w = world_of(ROW_TXIDS, key, len, span_of(row, sizeof row));
        v = world_view(&w);
        t = (struct txid_row){.party = ""};
        assert_err(row_txid_next(&v, 2, SPAN("t1"), &t), len < 24 ? ERR_CORRUPT : ERR_OK);
        world_free(&w);
    }
    uint8_t row[12 + HASH_LEN] = {0, 0, 0, 1};
    row_txid_key(key, 2, SPAN("t1"), 0, SPAN("P1"));
    w = world_of(ROW_TXIDS, key, 26, span_of(row, sizeof row));
    v = world_view(&w);
    t = (struct txid_row){.party = ""};
    assert_err(row_txid_next(&v, 2, SPAN("t1"), &t), ERR_CORRUPT); /* of no campaign */
    world_free(&w);
    w = world_of(ROW_TXIDS, key, 19, SPAN(""));
    v = world_view(&w);
    assert_none(row_txid_next(&v, 2, SPAN("t2"), &t));
    world_free(&w);
}

/* ---- a row repeats its entry ---- */

static struct entry lead_entry(void)
{
    struct entry e = {.kind = ENTRY_LEAD,
                      .at_ms = NOW,
                      .lead = {.status = STATUS_PENDING,
                               .payout_micros = 500,
                               .terms = 1,
                               .utc_offset_s = 3600,
                               .has_click = true,
                               .click = 2,
                               .share_from = 10,
                               .share_to = 20}};
    e.lead.commitment.b[0] = 4;
    return e;
}

static enum err leads_row_repeats(const struct lead_row *r, const struct entry *e)
{
    uint8_t bytes[ROW_VALUE_MAX];
    return row_repeats(ROW_LEADS, span_of(bytes, lead_row_write(r, bytes)), INDEX, e);
}

static void a_leads_row_says_what_its_entry_says(void **state)
{
    (void)state;
    const struct lead_row same = {.at_ms = NOW,
                                  .changed_ms = NOW,
                                  .payout_micros = 500,
                                  .terms = 1,
                                  .utc_offset_s = 3600,
                                  .status = STATUS_PENDING,
                                  .tier = -1,
                                  .who = {.has_click = true, .click = 2},
                                  .share = {{4}, 10, 20}};
    struct entry e = lead_entry();
    assert_ok(leads_row_repeats(&same, &e));
    struct lead_row r[9];
    for (size_t i = 0; i < 9; i++)
        r[i] = same;
    r[0].at_ms++;
    r[1].reason = REASON_TEST;
    r[2].terms++;
    r[3].utc_offset_s = 0;
    r[4].who = (struct identity){.has_click = false};
    r[5].who.click++;
    r[6].share.from++;
    r[7].share.to++;
    r[8].payout_micros++;
    for (size_t i = 0; i < 9; i++)
        if (leads_row_repeats(&r[i], &e) != ERR_CORRUPT)
            fail_msg("change %zu went by", i);
    r[0] = same;
    r[0].share.lead[0]++;
    assert_err(leads_row_repeats(&r[0], &e), ERR_CORRUPT);
    e.kind = ENTRY_CLICK;
    assert_err(leads_row_repeats(&same, &e), ERR_CORRUPT);
    e = lead_entry();
    e.lead.status = STATUS_DUPLICATE; /* the row keeps the price that it would have had */
    e.lead.payout_micros = 0;
    assert_ok(leads_row_repeats(&same, &e));
    e.lead.status = STATUS_HELD;
    assert_err(leads_row_repeats(&same, &e), ERR_CORRUPT);
    e.lead.status = STATUS_APPROVED;
    assert_err(leads_row_repeats(&same, &e), ERR_CORRUPT);
    assert_err(row_repeats(ROW_LEADS, SPAN("x"), INDEX, &e), ERR_CORRUPT);
    assert_ok(row_repeats(ROW_DUE, SPAN("x"), INDEX, &e)); /* of which nothing is asked */
}

static enum err moves_row_repeats(const struct move_row *r, const struct entry *e)
{
    uint8_t bytes[ROW_VALUE_MAX];
    return row_repeats(ROW_MOVES, span_of(bytes, move_row_write(r, bytes)), INDEX, e);
}

static void a_moves_row_says_what_its_entry_says(void **state)
{
    (void)state;
    const struct entry pending = {.kind = ENTRY_LEAD, .lead = {.status = STATUS_PENDING, .payout_micros = 500}},
                       approved = {.kind = ENTRY_LEAD, .lead = {.status = STATUS_APPROVED, .payout_micros = 500}},
                       disposed = {.kind = ENTRY_DISPOSITION,
                                   .disposition = {.lead = 2, .status = STATUS_RETURNED, .payable_micros = -500}},
                       adjusted = {.kind = ENTRY_ADJUSTMENT, .adjustment = {.micros = 7}},
                       click = {.kind = ENTRY_CLICK};
    const struct {
        const struct entry *entry;
        struct move_row row;
        enum err err;
    } cases[] = {
        {&pending, {ENTRY_LEAD, INDEX, STATUS_PENDING}, ERR_OK},
        {&pending, {ENTRY_LEAD, INDEX, STATUS_PENDING, .micros = 500}, ERR_CORRUPT},
        {&pending, {ENTRY_LEAD, INDEX, STATUS_HELD}, ERR_CORRUPT},
        {&pending, {ENTRY_LEAD, INDEX, STATUS_PENDING, REASON_TEST}, ERR_CORRUPT},
        {&pending, {ENTRY_LEAD, INDEX + 1, STATUS_PENDING}, ERR_CORRUPT},
        {&pending, {ENTRY_ADJUSTMENT, INDEX, STATUS_PENDING}, ERR_CORRUPT},
        {&approved, {ENTRY_LEAD, INDEX, STATUS_APPROVED, .micros = 500}, ERR_OK},
        {&approved, {ENTRY_LEAD, INDEX, STATUS_APPROVED}, ERR_CORRUPT},
        {&disposed, {ENTRY_DISPOSITION, 2, STATUS_RETURNED, .micros = -500}, ERR_OK},
        {&disposed, {ENTRY_DISPOSITION, 3, STATUS_RETURNED, .micros = -500}, ERR_CORRUPT},
        {&disposed, {ENTRY_DISPOSITION, 2, STATUS_REJECTED, .micros = -500}, ERR_CORRUPT},
        {&disposed, {ENTRY_DISPOSITION, 2, STATUS_RETURNED, .micros = -499}, ERR_CORRUPT},
        {&disposed, {ENTRY_LEAD, 2, STATUS_RETURNED, .micros = -500}, ERR_CORRUPT},
        {&adjusted, {ENTRY_ADJUSTMENT, INDEX, .micros = entry_payable_micros(&adjusted)}, ERR_OK},
        {&adjusted, {ENTRY_ADJUSTMENT, INDEX, .micros = entry_payable_micros(&adjusted) + 1}, ERR_CORRUPT},
        {&adjusted, {ENTRY_ADJUSTMENT, 1, .micros = entry_payable_micros(&adjusted)}, ERR_CORRUPT},
        {&adjusted, {ENTRY_LEAD, INDEX, .micros = entry_payable_micros(&adjusted)}, ERR_CORRUPT},
        {&click, {ENTRY_DISPOSITION, 2, STATUS_RETURNED}, ERR_CORRUPT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (moves_row_repeats(&cases[i].row, cases[i].entry) != cases[i].err)
            fail_msg("row %zu", i);
}

static enum err adjustments_row_repeats(const struct adjustment_row *r, const struct entry *e)
{
    uint8_t bytes[ROW_VALUE_MAX + 64];
    return row_repeats(ROW_ADJUSTMENTS, span_of(bytes, adjustment_and_reason(r, bytes)), INDEX, e);
}

static void an_adjustments_row_says_what_its_entry_says(void **state)
{
    (void)state;
    struct entry e = {.kind = ENTRY_ADJUSTMENT,
                      .at_ms = NOW,
                      .adjustment = {.micros = -5, .lead = 3, .statement = SPAN("S1"), .reason = SPAN("why")}};
    const struct adjustment_row same = {
        .counts = INDEX, .at_ms = NOW, .micros = -5, .lead = 3, .statement = "S1", .reason = {"why", 3}};
    assert_ok(adjustments_row_repeats(&same, &e));
    struct adjustment_row r[7];
    for (size_t i = 0; i < 7; i++)
        r[i] = same;
    r[0].counts++;
    r[1].at_ms++;
    r[2].micros++;
    r[3].lead++;
    r[4].on_assent = true;
    r[5].statement[1] = '2';
    r[6].reason = SPAN("who");
    for (size_t i = 0; i < 7; i++)
        if (adjustments_row_repeats(&r[i], &e) != ERR_CORRUPT)
            fail_msg("change %zu went by", i);
    e.adjustment.on_assent = true; /* then it counts from where the last assent stands */
    r[4].counts = 9;
    assert_ok(adjustments_row_repeats(&r[4], &e));
    e.kind = ENTRY_LEAD;
    assert_err(adjustments_row_repeats(&r[4], &e), ERR_CORRUPT);
}

/* ---- leads beside their moves ---- */

static void put_lead(struct world *w, uint64_t index, bool lead_row, bool move_row)
{
    uint8_t key[12], bytes[ROW_VALUE_MAX];
    const struct lead_row l = {.at_ms = NOW, .changed_ms = NOW, .tier = -1};
    const struct move_row m = {.kind = ENTRY_LEAD, .lead = index};
    row_index_key(key, CONTRACT, index);
    if (lead_row)
        rows_map_put(w->rows, ROW_LEADS, span_of(key, sizeof key), span_of(bytes, lead_row_write(&l, bytes)));
    if (move_row)
        rows_map_put(w->rows, ROW_MOVES, span_of(key, sizeof key), span_of(bytes, move_row_write(&m, bytes)));
}

static enum err walk_all(struct world *w, size_t rows, size_t *n)
{
    struct view v = world_view(w);
    struct lead_walk walk = {.view = &v, .contract = CONTRACT, .rows = rows};
    struct lead_row row;
    uint64_t index;
    enum err err;
    *n = 0;
    while ((err = lead_walk_next(&walk, 100, &index, &row)) == ERR_OK)
        ++*n;
    return err == ERR_NOT_FOUND && lead_walk_paused(&walk, 100) ? ERR_BUSY : err;
}

static void a_lead_that_lacks_a_row_makes_no_list_shorter(void **state)
{
    (void)state;
    size_t n;
    for (uint64_t gone = 1; gone <= 3; gone++)
        for (int which = 0; which < 3; which++) { /* neither row, that of leads, that of moves */
            struct world w = world_new();
            for (uint64_t i = 1; i <= 3; i++)
                put_lead(&w, 10 * i, i != gone || which != 1, i != gone || which != 2);
            assert_err(walk_all(&w, 50, &n), which == 0 ? ERR_NOT_FOUND : ERR_CORRUPT);
            assert_int_equal(n, which == 0 ? 3 : gone - 1);
            world_free(&w);
        }
    struct world w = world_new();
    for (uint64_t i = 1; i <= 3; i++)
        put_lead(&w, 10 * i, true, true);
    assert_err(walk_all(&w, 2, &n), ERR_BUSY); /* as many rows as were allowed */
    assert_int_equal(n, 2);
    for (int table = 0; table < 2; table++) { /* one that does not read */
        uint8_t key[12];
        row_index_key(key, CONTRACT, 20);
        put_lead(&w, 20, true, true);
        rows_map_put(w.rows, table == 0 ? ROW_LEADS : ROW_MOVES, span_of(key, sizeof key), SPAN("garbage"));
        assert_err(walk_all(&w, 50, &n), ERR_CORRUPT);
        assert_int_equal(n, 1);
    }
    world_free(&w);
}

static void each_table_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (enum row_table a = 0; a < ROW_TABLES; a++)
        for (enum row_table b = 0; b < a; b++)
            assert_string_not_equal(row_table_name(a), row_table_name(b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_reads_as_it_was_written),
        cmocka_unit_test(a_row_that_was_cut_or_goes_on_is_refused),
        cmocka_unit_test(a_changed_row_is_refused_or_could_have_been_written),
        cmocka_unit_test(each_number_that_cannot_be_is_refused),
        cmocka_unit_test(a_key_that_cannot_be_is_refused),
        cmocka_unit_test(the_parts_of_a_lead_are_told_or_refused),
        cmocka_unit_test(a_key_that_goes_on_is_not_absence),
        cmocka_unit_test(a_leads_row_says_what_its_entry_says),
        cmocka_unit_test(a_moves_row_says_what_its_entry_says),
        cmocka_unit_test(an_adjustments_row_says_what_its_entry_says),
        cmocka_unit_test(a_lead_that_lacks_a_row_makes_no_list_shorter),
        cmocka_unit_test(each_table_has_a_name_of_its_own),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
