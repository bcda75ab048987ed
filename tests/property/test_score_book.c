#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/score/score_book.h"
#include "tests/support/chance.h"

enum { FIELDS = 5, CROSSED = 3, LEADS = 40000 };

static void open_shape(struct score_shape *s, size_t fields)
{
    static const char *const name[] = {"f_age", "f_city", "f_job", "sub1", "contract"};
    score_shape_open(s);
    for (size_t f = 0; f < fields; f++)
        score_shape_field(s, span_str(name[f]), f >= 3);
    for (size_t f = 0; f < CROSSED; f++)
        score_shape_cross(s, f);
}

/* Numbers, words that come again and again, and such as came never before: many more than the book has room for. */
static void say(const struct score_shape *s, struct score_tokens *out)
{
    char mem[FIELDS][24];
    struct span value[FIELDS];
    for (size_t f = 0; f < s->fields; f++) {
        uint64_t kind = below(3);
        struct buf b;
        buf_fixed(&b, mem[f], sizeof mem[f]);
        if (kind > 0)
            buf_str(&b, kind == 1 ? "word " : "never ");
        buf_u64(&b, below(kind == 0 ? 100000 : kind == 1 ? 50 : 1000000000));
        value[f] = buf_span(&b);
    }
    *out = (struct score_tokens){0};
    score_tokens(s, value, out);
}

static bool same(const struct score_shape *s, const struct score_tokens *a, const struct score_tokens *b)
{
    return memcmp(a->fine, b->fine, s->fields * sizeof *a->fine) == 0 &&
           memcmp(a->coarse, b->coarse, s->fields * sizeof *a->coarse) == 0 &&
           memcmp(a->pair, b->pair, s->pairs * sizeof *a->pair) == 0;
}

static void each_lead_says_what_it_said_however_many_came_behind_it(void **state)
{
    struct score_book *book = xcalloc(1, sizeof *book);
    struct score_tokens *said = xcalloc(LEADS, sizeof *said), read;
    size_t *at = xcalloc(LEADS + 1, sizeof *at);
    struct score_shape shape;
    struct buf kept;
    (void)state;
    open_shape(&shape, FIELDS);
    buf_heap(&kept);
    for (size_t i = 0; i < LEADS; i++) {
        uint8_t bytes[BOOK_LEAD_MAX];
        say(&shape, &said[i]);
        buf_add(&kept, bytes, score_book_write(book, &shape, &said[i], bytes));
        at[i + 1] = kept.len;
    }
    for (size_t i = 0; i < LEADS; i++) {
        assert_int_equal(score_book_read(book, &shape, span_skip(buf_span(&kept), at[i]), &read), at[i + 1] - at[i]);
        assert_true(same(&shape, &said[i], &read));
    }
    assert_true(kept.len < (size_t)LEADS * FIELDS * 8); /* it is for this that it is there */
    assert_true(kept.len > (size_t)LEADS * FIELDS * 3); /* and not all had room in it */
    buf_free(&kept);
    free(at);
    free(said);
    free(book);
}

/* Who makes hashes equal on purpose does not make values equal: neither those of one set, nor one text that has the
 * tag of a number. */
static void tags_that_were_made_to_meet_stay_apart(void **state)
{
    struct score_book *book = xcalloc(1, sizeof *book);
    struct score_shape shape;
    struct score_tokens said[64] = {0}, read;
    uint8_t bytes[64][BOOK_LEAD_MAX];
    size_t len[64];
    (void)state;
    open_shape(&shape, CROSSED);
    for (size_t i = 0; i < 64; i++) {
        for (size_t f = 0; f < shape.fields; f++) {
            said[i].fine[f] = (uint64_t)(i / 4 + 1) << 20;
            said[i].coarse[f] = i % 4 > 0 ? (uint64_t)(i % 4) << 30 : 0;
        }
        score_pairs(&shape, &said[i]);
        len[i] = score_book_write(book, &shape, &said[i], bytes[i]);
    }
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(score_book_read(book, &shape, span_of(bytes[i], len[i]), &read), len[i]);
        assert_true(same(&shape, &said[i], &read));
    }
    assert_int_equal(len[0], 2 * CROSSED);
    assert_int_equal(len[60], 10 * CROSSED);
    assert_int_equal(len[61], 18 * CROSSED);
    free(book);
}

static void what_was_written_of_other_fields_is_not_read(void **state)
{
    struct score_book *book = xcalloc(1, sizeof *book);
    struct score_shape few, many;
    struct score_tokens said;
    uint8_t bytes[BOOK_LEAD_MAX];
    (void)state;
    open_shape(&few, CROSSED);
    open_shape(&many, FIELDS);
    say(&few, &said);
    size_t len = score_book_write(book, &few, &said, bytes);
    assert_int_equal(score_book_read(book, &many, span_of(bytes, len), &said), 0);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(score_book_read(book, &few, span_of(bytes, cut), &said), 0);
    say(&many, &said);
    len = score_book_write(book, &many, &said, bytes);
    assert_true(score_book_read(book, &few, span_of(bytes, len), &said) < len);
    free(book);
}

int main(void)
{
    chance_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_lead_says_what_it_said_however_many_came_behind_it),
        cmocka_unit_test(tags_that_were_made_to_meet_stay_apart),
        cmocka_unit_test(what_was_written_of_other_fields_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
