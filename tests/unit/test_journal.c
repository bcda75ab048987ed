#include "server/ledger/journal.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/keys/day_keys.h"
#include "server/keys/month_keys.h"
#include "server/system/system.h"
#include "tests/support/store_fixture.h"

static const uint8_t salt[32] = "of the master key", other_salt[32] = "of another";
static const struct hash commitment = {"commitment"};
static struct fixture f;
static struct day_keys *day_keys;

static int setup(void **state)
{
    (void)state;
    fixture_open(&f);
    assert_ok(day_keys_new(f.dir, salt, &day_keys));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    day_keys_free(day_keys);
    fixture_close(&f);
    return 0;
}

static void an_envelope_reads_back_as_written(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct envelope out, e = {
                             .kind = ENTRY_LEAD,
                             .class = CLASS_BOT,
                             .contract = 7,
                             .index = ((uint64_t)1 << 40) - 1,
                             .entry = SPAN("{\"at\":1}"),
                             .beside = SPAN("what is kept"),
                         };
    envelope_write(&e, bytes);
    assert_ok(envelope_read(span_of(bytes, envelope_len(&e)), &out));
    assert_int_equal(out.kind, e.kind);
    assert_int_equal(out.class, e.class);
    assert_int_equal(out.contract, e.contract);
    assert_true(out.index == e.index);
    assert_true(span_eq(out.entry, e.entry));
    assert_true(span_eq(out.beside, e.beside));
}

static void a_damaged_envelope_is_refused(void **state)
{
    (void)state;
    enum { LEN = ENVELOPE_HEAD + 16, LEAD_LEN = LEN + ENVELOPE_LENGTH };
    const struct {
        enum entry_kind kind;
        size_t at, len;
        uint8_t byte;
    } cases[] = {
        {ENTRY_CLICK, 0, LEN, ENTRY_KINDS},
        {ENTRY_CLICK, 1, LEN, CLASS_COUNT},
        {ENTRY_CLICK, 1, LEN, DEVICE_COUNT << 4},
        {ENTRY_VIEW, 1, LEN, 1 << 4}, /* has no device */
        {ENTRY_CLICK, 0, ENVELOPE_HEAD - 1, ENTRY_CLICK},
        {ENTRY_LEAD, ENVELOPE_HEAD, LEAD_LEN, 1},      /* entry longer than the row */
        {ENTRY_LEAD, ENVELOPE_HEAD + 1, LEAD_LEN, 17}, /* likewise */
        {ENTRY_LEAD, 0, ENVELOPE_HEAD + 1, ENTRY_LEAD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[LEAD_LEN];
        struct envelope out, e = {.kind = cases[i].kind, .entry = SPAN("sixteen bytes ok")};
        envelope_write(&e, bytes);
        assert_ok(envelope_read(span_of(bytes, envelope_len(&e)), &out));
        bytes[cases[i].at] = cases[i].byte;
        assert_err(envelope_read(span_of(bytes, cases[i].len), &out), ERR_CORRUPT);
    }
}

static void make_day(uint32_t day, bool commit)
{
    struct txn *t = fixture_begin(&f, true);
    uint8_t drawn[2][DAY_KEY_ROW];
    assert_ok(day_keys_draw(day_keys, t, day, drawn));
    assert_ok(day_keys_keep(day_keys, t, day, drawn));
    if (commit) {
        assert_ok(txn_commit(t));
        day_keys_publish(day_keys);
    } else {
        txn_abort(t);
        day_keys_forget(day_keys);
    }
}

static void a_day_key_is_made_once_and_wrapped(void **state)
{
    (void)state;
    uint8_t first[32], again[32], row[4];
    struct span stored;
    make_day(100, true);
    assert_ok(day_key_get(day_keys, NULL, 100, first));
    make_day(101, true);
    make_day(100, true);
    assert_ok(day_key_get(day_keys, NULL, 100, again));
    assert_memory_equal(first, again, 32);
    assert_ok(day_key_get(day_keys, NULL, 102, again));
    assert_memory_not_equal(first, again, 32);

    struct txn *t = fixture_begin(&f, false);
    store_be32(row, 100);
    assert_ok(store_get(t, TABLE_DAY_KEYS, span_of(row, 4), &stored));
    assert_null(memmem(stored.ptr, stored.len, first, 32));
    struct day_keys *fresh, *other;
    assert_ok(day_keys_new(f.dir, salt, &fresh));
    assert_ok(day_keys_new(f.dir, other_salt, &other));
    assert_err(day_key_get(fresh, NULL, 100, again), ERR_NOT_FOUND);
    assert_ok(day_key_get(fresh, t, 100, again));
    assert_memory_equal(first, again, 32);
    assert_err(day_key_get(fresh, t, 200, again), ERR_CORRUPT);
    assert_err(day_key_get(other, t, 100, again), ERR_CORRUPT);
    day_keys_free(other);
    day_keys_free(fresh);
    txn_abort(t);
}

static void an_uncommitted_key_is_never_used(void **state)
{
    (void)state;
    uint8_t key[32];
    make_day(100, false);
    day_keys_publish(day_keys);
    assert_err(day_key_get(day_keys, NULL, 100, key), ERR_NOT_FOUND);
}

static void what_is_sealed_opens_with_its_commitment_only(void **state)
{
    (void)state;
    char mem[3][128];
    struct buf sealed, again, plain;
    struct hash other = {"another commitment"};
    buf_fixed(&sealed, mem[0], sizeof mem[0]);
    buf_fixed(&again, mem[1], sizeof mem[1]);
    buf_fixed(&plain, mem[2], sizeof mem[2]);
    struct sealer *s = sealer_new(day_keys);
    assert_err(sealer_seal(s, 100, &commitment, SPAN("secret"), &sealed), ERR_BUSY);
    make_day(100, true);
    assert_ok(sealer_seal(s, 100, &commitment, SPAN("secret"), &sealed));
    assert_ok(sealer_seal(s, 100, &other, SPAN("secret"), &again)); /* under another nonce */
    assert_int_equal(sealed.len, 6 + AEAD_TAG_LEN);
    assert_memory_not_equal(sealed.ptr, again.ptr, 6);
    assert_null(memmem(sealed.ptr, sealed.len, "secret", 6));

    struct private_sealed part = {100, buf_span(&sealed)};
    assert_ok(sealer_open(s, NULL, 0, &commitment, &part, &plain));
    assert_true(span_eq(buf_span(&plain), SPAN("secret")));
    assert_err(sealer_open(s, NULL, 0, &other, &part, &plain), ERR_CORRUPT);
    part.day = 101;
    assert_err(sealer_open(s, NULL, 0, &commitment, &part, &plain), ERR_CORRUPT);
    part.day = 300;
    assert_err(sealer_open(s, NULL, 0, &commitment, &part, &plain), ERR_NOT_FOUND);
    assert_err(sealer_open(s, NULL, 0, &commitment, &(struct private_sealed){100, SPAN("")}, &plain), ERR_CORRUPT);
    assert_true(span_eq(buf_span(&plain), SPAN("secret")));
    sealer_free(s);
}

static void days_beyond_a_sealers_contexts_still_open(void **state)
{
    (void)state;
    char mem[10][64], plain_mem[64];
    struct sealer *s = sealer_new(day_keys);
    for (uint32_t day = 0; day < 10; day++) {
        struct buf b;
        make_day(day, true);
        buf_fixed(&b, mem[day], sizeof mem[day]);
        assert_ok(sealer_seal(s, day, &commitment, SPAN("secret"), &b));
    }
    struct txn *t = fixture_begin(&f, false);
    for (uint32_t day = 0; day < 10; day++) {
        struct buf plain;
        buf_fixed(&plain, plain_mem, sizeof plain_mem);
        const struct private_sealed part = {day, span_of(mem[day], 6 + AEAD_TAG_LEN)};
        assert_ok(sealer_open(s, t, 0, &commitment, &part, &plain));
    }
    txn_abort(t);
    sealer_free(s);
}

static void months_that_are_destroyed_open_nothing(void **state)
{
    (void)state;
    enum { JANUARY_31 = 30, FEBRUARY_1, MARCH_1 = 59 };
    char mem[2][64], plain_mem[64];
    uint8_t key[32], drawn[2][DAY_KEY_ROW];
    struct buf sealed[2], plain;
    struct sealer *s = sealer_new(day_keys);
    for (uint32_t i = 0; i < 2; i++) {
        make_day(JANUARY_31 + i, true);
        buf_fixed(&sealed[i], mem[i], sizeof mem[i]);
        assert_ok(sealer_seal(s, JANUARY_31 + i, &commitment, SPAN("secret"), &sealed[i]));
    }
    const struct private_sealed part[] = {{JANUARY_31, buf_span(&sealed[0])}, {FEBRUARY_1, buf_span(&sealed[1])}};
    buf_fixed(&plain, plain_mem, sizeof plain_mem);
    struct txn *t = fixture_begin(&f, false);
    assert_ok(day_keys_destroy(day_keys, JANUARY_31));
    assert_ok(sealer_open(s, t, 0, &commitment, &part[0], &plain));
    assert_ok(day_keys_destroy(day_keys, FEBRUARY_1));
    assert_int_equal(day_keys_kept_from(day_keys), FEBRUARY_1);
    assert_err(sealer_open(s, t, 0, &commitment, &part[0], &plain), ERR_NOT_FOUND);
    assert_ok(sealer_open(s, t, 0, &commitment, &part[1], &plain));
    assert_ok(day_keys_destroy(day_keys, JANUARY_31));
    struct day_keys *fresh;
    assert_ok(day_keys_new(f.dir, salt, &fresh));
    assert_int_equal(day_keys_kept_from(fresh), FEBRUARY_1);
    assert_err(day_key_get(fresh, t, JANUARY_31, key), ERR_NOT_FOUND);
    assert_ok(day_key_get(fresh, t, FEBRUARY_1, key));
    assert_err(day_keys_draw(fresh, t, JANUARY_31, drawn), ERR_NOT_FOUND);
    day_keys_free(fresh);
    txn_abort(t);
    sealer_free(s);
}

static char *month_path(const char *name)
{
    return xasprintf("%s/keys/%s", f.dir, name);
}

/* Cut off after the mark, and after the zeros. */
static void a_destruction_that_was_cut_off_goes_on(void **state)
{
    (void)state;
    static const char zeros[43];
    uint8_t key[32];
    struct day_keys *fresh;
    make_day(0, true);
    make_day(31, true);
    char *mark = month_path("kept-from"), *january = month_path("1970-01"), *february = month_path("1970-02");
    assert_ok(file_write_atomic(january, span_of(zeros, sizeof zeros), 0600));
    assert_err(month_key_read(f.dir, month_of_day(0), key), ERR_NOT_FOUND);
    assert_ok(file_write_atomic(mark, SPAN("1970-02"), 0600));
    assert_ok(day_keys_new(f.dir, salt, &fresh));
    assert_ok(day_keys_destroy(fresh, 0));
    assert_int_equal(access(january, F_OK), -1);
    assert_int_equal(access(february, F_OK), 0);
    day_keys_free(fresh);
    assert_ok(file_write_atomic(mark, SPAN("1970-13"), 0600));
    assert_err(day_keys_new(f.dir, salt, &fresh), ERR_CORRUPT);
    free(mark);
    free(january);
    free(february);
}

/* Another key in its place would seal on, and what was sealed that day would never open again. */
static void a_lost_month_is_not_made_anew(void **state)
{
    (void)state;
    uint8_t drawn[2][DAY_KEY_ROW], key[32];
    make_day(30, true);
    char *february = month_path("1970-02"), *away = month_path("away");
    assert_int_equal(rename(february, away), 0);
    struct txn *t = fixture_begin(&f, false);
    struct day_keys *fresh;
    assert_ok(day_keys_new(f.dir, salt, &fresh));
    assert_err(day_keys_draw(fresh, t, 31, drawn), ERR_NOT_FOUND);
    assert_err(day_key_get(fresh, t, 31, key), ERR_IO);
    assert_int_equal(rename(away, february), 0);
    assert_ok(day_keys_draw(fresh, t, 31, drawn));
    assert_ok(day_key_get(fresh, t, 31, key));
    day_keys_free(fresh);
    txn_abort(t);
    free(february);
    free(away);
}

/* An operator says so: what the old key sealed is gone, what comes goes on, and the same again changes nothing. */
static void a_month_that_is_told_as_lost_seals_on_under_another_key(void **state)
{
    (void)state;
    uint8_t drawn[2][DAY_KEY_ROW], key[32];
    static char sealed_mem[2][256], opened_mem[64];
    struct buf sealed[2], plain;
    struct day_keys *fresh;
    unsigned days;
    buf_fixed(&plain, opened_mem, sizeof opened_mem);
    make_day(31, true); /* and 32 */
    struct sealer *s = sealer_new(day_keys);
    buf_fixed(&sealed[0], sealed_mem[0], sizeof sealed_mem[0]);
    assert_ok(sealer_seal(s, 31, &commitment, SPAN("before"), &sealed[0]));
    sealer_free(s);
    char *february = month_path("1970-02"), *away = month_path("away");
    struct txn *t = fixture_begin(&f, true);
    assert_err(day_keys_lost(day_keys, t, month_of_day(31), 5, &days), ERR_CONFLICT);
    assert_int_equal(rename(february, away), 0);
    assert_int_equal(mkdir(february, 0700), 0); /* what cannot be read is not lost */
    assert_ok(day_keys_new(f.dir, salt, &fresh));
    assert_err(day_keys_lost(fresh, t, month_of_day(31), 5, &days), ERR_IO);
    day_keys_free(fresh);
    assert_int_equal(rmdir(february), 0);
    for (int cut_off = 1; cut_off >= 0; cut_off--) { /* right behind the new file; then to its end */
        assert_ok(day_keys_new(f.dir, salt, &fresh));
        if (cut_off)
            assert_ok(month_key_make(f.dir, month_of_day(31)));
        else
            assert_ok(day_keys_lost(fresh, t, month_of_day(31), 5, &days));
        day_keys_free(fresh);
    }
    assert_int_equal(days, 2);
    assert_ok(txn_commit(t));
    t = fixture_begin(&f, true);
    assert_ok(day_keys_new(f.dir, salt, &fresh));
    assert_err(day_keys_lost(fresh, t, month_of_day(31), 9, &days), ERR_CONFLICT);
    assert_ok(day_keys_draw(fresh, t, 31, drawn));
    assert_ok(day_keys_keep(fresh, t, 31, (const uint8_t(*)[DAY_KEY_ROW])drawn));
    day_keys_publish(fresh);
    assert_ok(day_key_get(fresh, NULL, 31, key));
    s = sealer_new(fresh);
    buf_fixed(&sealed[1], sealed_mem[1], sizeof sealed_mem[1]);
    assert_ok(sealer_seal(s, 31, &commitment, SPAN("after"), &sealed[1]));
    const struct private_sealed part[] = {{31, buf_span(&sealed[0])}, {31, buf_span(&sealed[1])}};
    assert_err(sealer_open(s, t, 4, &commitment, &part[0], &plain), ERR_NOT_FOUND);
    assert_err(sealer_open(s, t, 5, &commitment, &part[0], &plain), ERR_CORRUPT);
    assert_ok(sealer_open(s, t, 5, &commitment, &part[1], &plain));
    assert_true(span_is(buf_span(&plain), "after"));
    sealer_free(s);
    day_keys_free(fresh);
    txn_abort(t);
    free(february);
    free(away);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope_reads_back_as_written),
        cmocka_unit_test(a_damaged_envelope_is_refused),
        TEST(a_day_key_is_made_once_and_wrapped),
        TEST(an_uncommitted_key_is_never_used),
        TEST(what_is_sealed_opens_with_its_commitment_only),
        TEST(days_beyond_a_sealers_contexts_still_open),
        TEST(months_that_are_destroyed_open_nothing),
        TEST(a_destruction_that_was_cut_off_goes_on),
        TEST(a_lost_month_is_not_made_anew),
        TEST(a_month_that_is_told_as_lost_seals_on_under_another_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
