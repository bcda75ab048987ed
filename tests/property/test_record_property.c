/* Records: writing and reading are inverses, for every kind, and no changed byte reads as the same record. The bytes
 * are made here, from the names of the types alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/bytes.h"
#include "common/commit/record.h"
#include "tests/support/chance.h"

enum { ROUNDS = 400, TEXT_MAX = 40 };

static void some_bytes(struct buf *out, size_t n)
{
    while (n-- > 0)
        buf_byte(out, (uint8_t)chance());
}

static void some_text(struct buf *out)
{
    uint32_t n = one_in(3) ? 0 : (uint32_t)below(TEXT_MAX);
    buf_be32(out, n);
    some_bytes(out, n);
}

/* Newest first in a table: times and ids are complements there. Texts of at most so many bytes without controls. */
static void some_refusals(struct buf *out)
{
    static const size_t most[] = {LIMIT_ID, REFUSAL_ROUTE, REFUSAL_FIELD, REFUSAL_REASON};
    struct buf rows;
    buf_heap(&rows);
    for (size_t n = below(4); n > 0; n--) {
        uint32_t party = (uint32_t)below(3);
        buf_be32(&rows, party);
        buf_byte(&rows, party != 0 && one_in(2));
        buf_be64(&rows, ~(chance() >> 1));
        buf_be64(&rows, chance());
        buf_be16(&rows, one_in(3) ? 200 : (uint16_t)(400 + below(100)));
        for (size_t t = 0; t < sizeof most / sizeof *most; t++) {
            size_t len = one_in(3) ? 0 : one_in(3) ? most[t] : below(most[t] + 1);
            buf_byte(&rows, (uint8_t)len);
            for (size_t i = 0; i < len; i++)
                buf_byte(&rows, (uint8_t)(' ' + below(95)));
        }
    }
    buf_be32(out, (uint32_t)rows.len);
    buf_span_add(out, buf_span(&rows));
    buf_free(&rows);
}

static void some_place(struct buf *out)
{
    const struct delivery_place at = {.contract = (uint32_t)chance(),
                                      .at_ms = (int64_t)below(UINT64_C(1) << 63),
                                      .index = chance(),
                                      .target = 1 + (uint32_t)below(INT32_MAX)};
    uint8_t key[DELIVERY_KEY_LEN];
    delivery_key(&at, key);
    buf_add(out, key, sizeof key);
}

static void some_results(struct buf *out)
{
    uint32_t n = (uint32_t)below(DELIVERY_RESULTS + 1);
    buf_be32(out, n * DELIVERY_RESULT_LEN);
    for (uint32_t i = 0; i < n; i++) {
        unsigned state = (unsigned)below(DELIVERY_STATES);
        some_place(out);
        buf_be64(out, below(UINT64_C(1) << 63));
        buf_be64(out, below(UINT64_C(1) << 63));
        buf_byte(out, (uint8_t)below(2));
        buf_byte(out, (uint8_t)state);
        buf_be64(out, state == DELIVERY_PENDING ? 1 + below(INT64_MAX) : 0);
        buf_byte(out, (uint8_t)below(2));
        buf_be64(out, below(UINT64_C(1) << 63));
        buf_be16(out, (uint16_t)chance());
        buf_be32(out, (uint32_t)chance());
        buf_byte(out, (uint8_t)below(DELIVERY_ERRORS));
    }
}

/* What a field of this type may hold. Numbers that stand for words or bits: 0 is always one. */
static void some_field(struct buf *out, const char *name, const char *type)
{
    if (strcmp(type, "bool") == 0) {
        buf_byte(out, (uint8_t)below(2));
    } else if (strcmp(type, "u8") == 0) {
        buf_byte(out, (uint8_t)below(3));
    } else if (strcmp(type, "be32") == 0) {
        buf_be32(out, (uint32_t)chance());
    } else if (strcmp(type, "be64") == 0) {
        buf_be64(out, chance());
    } else if (strncmp(type, "raw ", 4) == 0) {
        some_bytes(out, strtoul(type + 4, NULL, 10));
    } else if (strcmp(type, "id") == 0) {
        size_t n = below(LIMIT_ID + 1);
        buf_byte(out, (uint8_t)n);
        for (size_t i = 0; i < n; i++)
            buf_byte(out, (uint8_t)('A' + below(26)));
    } else if (strcmp(type, "text") == 0) {
        some_text(out);
    } else if (strcmp(type, "pointers") == 0) {
        size_t n = below(LIMIT_TOUCHES + 1);
        buf_byte(out, (uint8_t)n);
        some_bytes(out, n * 17);
    } else if (strcmp(type, "refusals") == 0) {
        some_refusals(out);
    } else if (strcmp(type, "places") == 0) {
        uint32_t n = (uint32_t)below(RECORD_PLACES + 1), contract = 1;
        uint64_t index = 0;
        buf_be32(out, n * RECORD_PLACE);
        for (uint32_t i = 0; i < n; i++) {
            contract += one_in(9);
            index += 1 + below(1000);
            buf_be32(out, contract);
            buf_be64(out, index);
        }
    } else if (strcmp(type, "uses") == 0) {
        uint32_t n = (uint32_t)below(RECORD_USES + 1);
        buf_be32(out, n * RECORD_USE);
        for (uint32_t i = 0; i < n; i++) {
            buf_be32(out, i);
            some_bytes(out, HASH_LEN - 4);
            buf_be64(out, below(UINT64_C(1) << 63));
        }
    } else if (strcmp(type, "results") == 0) {
        some_results(out);
    } else if (strcmp(type, "keys") == 0) {
        uint32_t n = (uint32_t)below(RECORD_GONE + 1);
        buf_be32(out, n * DELIVERY_KEY_LEN);
        for (uint32_t i = 0; i < n; i++)
            some_place(out);
    } else if (strcmp(type, "pairs") == 0) {
        size_t n = below(LIMIT_FIELDS + 1);
        buf_byte(out, (uint8_t)n);
        for (size_t i = 0; i < 2 * n; i++)
            some_text(out);
    } else {
        fail_msg("%s has a type that this test does not know: %s", name, type);
    }
}

static void some_record(struct buf *out, enum record_kind k)
{
    const char *name, *type;
    buf_byte(out, 1);
    buf_byte(out, (uint8_t)k);
    buf_be16(out, (uint16_t)chance());
    buf_be32(out, (uint32_t)chance());
    buf_be64(out, chance());
    buf_be64(out, chance());
    bool by_token = one_in(2);
    buf_byte(out, by_token);
    some_bytes(out, by_token ? 32 : 0);
    bool idempotent = one_in(2);
    buf_byte(out, idempotent);
    some_bytes(out, idempotent ? 16 + 32 + 12 : 0);
    for (size_t i = 0; record_field(k, i, &name, &type); i++)
        some_field(out, name, type);
}

static bool reads_as(struct span bytes, struct span want)
{
    struct record r;
    struct buf again;
    if (record_read(bytes, &r) != ERR_OK)
        return false;
    buf_heap(&again);
    record_write(&again, &r);
    bool same = span_eq(buf_span(&again), want);
    buf_free(&again);
    return same;
}

static void every_kind_is_written_as_it_was_read(void **state)
{
    (void)state;
    chance_seed();
    for (int round = 0; round < ROUNDS; round++)
        for (int k = RECORD_NONE + 1; k < RECORD_KINDS; k++) {
            struct buf b;
            buf_heap(&b);
            some_record(&b, (enum record_kind)k);
            if (!reads_as(buf_span(&b), buf_span(&b)))
                fail_msg("a record of kind %s", record_word((enum record_kind)k));
            buf_free(&b);
        }
}

static void no_other_bytes_read_as_the_same_record(void **state)
{
    (void)state;
    for (int k = RECORD_NONE + 1; k < RECORD_KINDS; k++) {
        struct buf b, changed;
        buf_heap(&b);
        buf_heap(&changed);
        some_record(&b, (enum record_kind)k);
        for (size_t i = 0; i < b.len; i++) {
            buf_clear(&changed);
            buf_span_add(&changed, buf_span(&b));
            changed.ptr[i] = (char)(changed.ptr[i] ^ (1 << below(8)));
            assert_false(reads_as(buf_span(&changed), buf_span(&b)));
            assert_false(reads_as(span_of(b.ptr, i), buf_span(&b))); /* cut */
        }
        buf_byte(&b, 0);
        struct record r;
        assert_int_equal(record_read(buf_span(&b), &r), ERR_CORRUPT); /* longer */
        buf_free(&b);
        buf_free(&changed);
    }
}

static void kinds_are_described(void **state)
{
    (void)state;
    for (int k = RECORD_NONE + 1; k < RECORD_KINDS; k++) {
        enum record_kind kind = (enum record_kind)k;
        assert_true(record_word(kind)[0] != '\0');
        assert_true(!(record_flags(kind) & RECORD_SWEPT) || record_flags(kind) & RECORD_ALONE);
        for (int other = RECORD_NONE + 1; other < k; other++)
            assert_string_not_equal(record_word(kind), record_word((enum record_kind)other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_written_as_it_was_read),
        cmocka_unit_test(no_other_bytes_read_as_the_same_record),
        cmocka_unit_test(kinds_are_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
