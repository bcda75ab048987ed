/* The keys of session tickets, at times of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "server/tls/tls_private.h"

static const int64_t start_us = 5000000000000, life_us = TICKET_S * 1000000LL;

static bool opens(struct tickets *k, const struct ticket_key *sealed, int64_t now_us, bool *renew)
{
    struct ticket_key got;
    *renew = false;
    if (!tickets_open_by(k, sealed->name, now_us, &got, renew))
        return false;
    assert_memory_equal(got.cipher, sealed->cipher, sizeof got.cipher);
    assert_memory_equal(got.mac, sealed->mac, sizeof got.mac);
    return true;
}

static void a_ticket_opens_for_one_life_of_its_key_more_and_is_renewed_then(void **state)
{
    static const struct {
        int64_t after_us;
        bool opens, renew;
    } cases[] = {
        {0, true, false},
        {life_us - 1, true, false},
        {life_us, true, true},
        {2 * life_us - 1, true, true},
        {2 * life_us, false, false},
        {9 * life_us, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int busy = 0; busy < 2; busy++) { /* others come meanwhile, or nobody */
            struct tickets k;
            struct ticket_key first, other;
            bool renew;
            tickets_open(&k, start_us);
            tickets_seal(&k, start_us, &first);
            for (int64_t at = 0; busy && at <= cases[i].after_us; at += life_us / 3)
                tickets_seal(&k, start_us + at, &other);
            assert_int_equal(opens(&k, &first, start_us + cases[i].after_us, &renew), cases[i].opens);
            assert_int_equal(renew, cases[i].renew);
            tickets_close(&k);
        }
}

static void no_two_keys_have_anything_in_common(void **state)
{
    struct tickets k;
    struct ticket_key key[3];
    (void)state;
    tickets_open(&k, start_us);
    tickets_seal(&k, start_us, &key[0]);
    tickets_seal(&k, start_us + life_us, &key[1]);
    tickets_renew(&k, start_us + life_us);
    tickets_seal(&k, start_us + life_us, &key[2]);
    for (size_t i = 0; i < 3; i++) {
        const struct ticket_key *a = &key[i], *b = &key[(i + 1) % 3];
        assert_memory_not_equal(a->name, b->name, sizeof a->name);
        assert_memory_not_equal(a->cipher, b->cipher, sizeof a->cipher);
        assert_memory_not_equal(a->mac, b->mac, sizeof a->mac);
    }
    tickets_close(&k);
}

static void a_renewal_ends_all_tickets(void **state)
{
    struct tickets k;
    struct ticket_key old, young;
    bool renew;
    (void)state;
    tickets_open(&k, start_us);
    tickets_seal(&k, start_us, &old);
    tickets_seal(&k, start_us + life_us, &young);
    assert_true(opens(&k, &old, start_us + life_us, &renew) && opens(&k, &young, start_us + life_us, &renew));
    tickets_renew(&k, start_us + life_us);
    assert_false(opens(&k, &old, start_us + life_us, &renew));
    assert_false(opens(&k, &young, start_us + life_us, &renew));
    tickets_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_opens_for_one_life_of_its_key_more_and_is_renewed_then),
        cmocka_unit_test(no_two_keys_have_anything_in_common),
        cmocka_unit_test(a_renewal_ends_all_tickets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
