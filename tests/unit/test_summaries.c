/* What statements say is known by their stored bytes alone. */
#include <string.h>

#include "common/crypto/crypto.h"
#include "server/worker/summaries.h"
#include "tests/support/spans.h"

static struct hash hash_of(const char *jws)
{
    struct hash sum;
    sha256(jws, strlen(jws), sum.b);
    return sum;
}

static void what_was_kept_is_known_by_its_bytes_and_no_others(void **state)
{
    (void)state;
    char text[] = "{\"id\":\"S1\"}";
    struct summaries *s = summaries_new();
    const struct hash sum = hash_of("one"), other = hash_of("onf");
    assert_null(summaries_known(s, &sum));
    summaries_keep(s, &sum, &(struct summary){.id = "S1", .number = 7, .text = span_str(text)});
    text[2] = 'x'; /* it was copied */
    const struct summary *known = summaries_known(s, &sum);
    assert_non_null(known);
    assert_int_equal(known->number, 7);
    assert_true(span_is(known->text, "{\"id\":\"S1\"}"));
    struct hash near = sum;
    near.b[HASH_LEN - 1] ^= 1; /* of the same place */
    assert_null(summaries_known(s, &near));
    assert_null(summaries_known(s, &other));
    summaries_free(s);
}

static void the_newest_of_a_place_stays_and_a_long_one_is_not_kept(void **state)
{
    (void)state;
    static const char zeros[5000];
    struct summaries *s = summaries_new();
    struct hash first = hash_of("one"), second = first;
    second.b[HASH_LEN - 1] ^= 1;
    summaries_keep(s, &first, &(struct summary){.number = 1, .text = SPAN("first")});
    summaries_keep(s, &second, &(struct summary){.number = 2, .text = SPAN("the second")});
    assert_null(summaries_known(s, &first));
    assert_int_equal(summaries_known(s, &second)->number, 2);
    summaries_keep(s, &first, &(struct summary){.number = 1, .text = span_of(zeros, sizeof zeros)});
    assert_null(summaries_known(s, &first));
    assert_true(span_is(summaries_known(s, &second)->text, "the second"));
    summaries_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_kept_is_known_by_its_bytes_and_no_others),
        cmocka_unit_test(the_newest_of_a_place_stays_and_a_long_one_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
