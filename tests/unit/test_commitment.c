/* Commitments and openings. The hashes here were made by an independent program from FORMATS.md, "Private part". */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/ledger/commitment.h"
#include "tests/support/hex.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct private_part click(void)
{
    return (struct private_part){.seed = "0123456789abcde", .ip = SPAN("192.0.2.7"), .ua = SPAN("UA/1.0 \"x\"")};
}

static struct private_part lead(void)
{
    struct private_part p = click();
    p.lead = true;
    p.contact = SPAN("{\"email\":\"a@example.org\",\"f_note\":\"\xc3\xa9\"}");
    p.has_email = true;
    memset(p.email, 0xe1, sizeof(p.email));
    memset(p.facts_sha256, 0xfa, sizeof(p.facts_sha256));
    return p;
}

static void commitments_are_the_known_ones(void **state)
{
    (void)state;
    struct bytes click_want = unhex("d1a22da6bd337156efbb8a1137814a5c2101bc26bbb886e5758b3f3d02a4a456");
    struct bytes lead_want = unhex("a14b08023177c01ee1ae2529a62412488a2809f0ade947e5fa948877838fa37e");
    struct private_part c = click(), l = lead();
    struct hash h;
    private_commitment(&c, &h);
    assert_memory_equal(h.b, click_want.ptr, HASH_LEN);
    private_commitment(&l, &h);
    assert_memory_equal(h.b, lead_want.ptr, HASH_LEN);
}

static void assert_private(const struct private_part *a, const struct private_part *b)
{
    assert_memory_equal(a->seed, b->seed, SALT_LEN);
    assert_true(span_eq(a->ip, b->ip));
    assert_true(span_eq(a->ua, b->ua));
    assert_int_equal(a->lead, b->lead);
    assert_true(span_eq(a->contact, b->contact));
    if (!a->lead)
        return;
    assert_int_equal(a->has_email, b->has_email);
    assert_int_equal(a->has_phone, b->has_phone);
    assert_memory_equal(a->email, b->email, TOKEN_LEN);
    assert_memory_equal(a->phone, b->phone, TOKEN_LEN);
    assert_memory_equal(a->facts_sha256, b->facts_sha256, HASH_LEN);
}

static void round_trip(const struct private_part *p)
{
    struct private_part back;
    struct buf b;
    buf_heap(&b);
    private_write(&b, p);
    assert_int_equal(private_read(buf_span(&b), &back), ERR_OK);
    if (p->lead) {
        struct kept_part kept, kept_back;
        struct hash all, upper;
        private_keep(p, &kept);
        buf_clear(&b);
        kept_write(&b, &kept);
        assert_int_equal(kept_read(buf_span(&b), &kept_back), ERR_OK);
        assert_int_equal(kept_read(span_of(b.ptr, b.len - 1), &kept), ERR_CORRUPT);
        kept_person(&kept_back, &back);
        private_commitment(p, &all);
        kept_commitment(&kept_back, &upper);
        assert_memory_equal(all.b, upper.b, HASH_LEN);
        buf_clear(&b);
        private_write(&b, p); /* what `back` points into */
    }
    assert_private(&back, p);
    buf_free(&b);
}

static void private_round_trips(void **state)
{
    (void)state;
    static const char *const ips[] = {"",        "0.0.0.0",     "9.10.99.100", "255.255.255.255", "2001:db8::1",
                                      "192.0.2", "192.0.2.7.1", "192.0.2.256", "192.0.02.7",      "192.0.2.",
                                      "a.0.2.7"};
    struct private_part c = click(), l = lead(), bare = lead();
    bare.contact = SPAN("{}");
    bare.has_email = false;
    memset(bare.email, 0, sizeof(bare.email));
    bare.ip = bare.ua = SPAN("");
    l.has_phone = true;
    memset(l.phone, 0x0b, sizeof(l.phone));
    round_trip(&c);
    round_trip(&l);
    round_trip(&bare);
    for (size_t i = 0; i < COUNT(ips); i++) {
        c.ip = l.ip = span_str(ips[i]);
        round_trip(&c);
        round_trip(&l);
    }
}

#define SEED "0123456789abcdef"

static void a_private_part_is_as_long_as_it_is_said(void **state)
{
    (void)state;
    struct private_part c = click(), l = lead();
    struct buf b;
    buf_heap(&b);
    private_write(&b, &c);
    assert_int_equal(b.len, SALT_LEN + 1 + 4 + c.ua.len);
    buf_clear(&b);
    private_write(&b, &l);
    assert_int_equal(b.len, SALT_LEN + 1 + 4 + 2 + l.ua.len + l.contact.len);
    buf_free(&b);
}

static void other_spellings_of_a_private_part_are_corrupt(void **state)
{
    (void)state;
    const struct span rows[] = {
        SPAN(""),
        SPAN("0123456789abcde"),
        SPAN(SEED),
        SPAN(SEED "\0\1\2\3"),    /* three bytes of an address */
        SPAN(SEED "\0121.2.3.4"), /* one more is said */
        SPAN(SEED "\0101.2.3.4"), /* as text what has four bytes */
        SPAN(SEED "\2\xff"),      /* no UTF-8 */
        SPAN(SEED "\1\xff"),
        SPAN(SEED "\177"),
        SPAN(SEED "\201"), /* a lead without more */
        SPAN(SEED "\201\0"),
        SPAN(SEED "\201\0\0"),
        SPAN(SEED "\201\0\1"),
        SPAN(SEED "\201\0\0[]"),
        SPAN(SEED "\201\0\0{ }"),
        SPAN(SEED "\201\0\0{}{}"),
        SPAN(SEED "\201\0\3{}"),
        SPAN(SEED "\201\0\0{\"b\":\"\",\"a\":\"\"}"), /* out of order, twice, and so on */
        SPAN(SEED "\201\0\0{\"a\":\"\",\"a\":\"\"}"),
        SPAN(SEED "\201\0\0{\"a\":\"\",}"),
        SPAN(SEED "\201\0\0{\"a\":\"\"}}"),
        SPAN(SEED "\201\0\0{\"a\":\"\"} "),
        SPAN(SEED "\201\0\0{\"a\":\"\""),
        SPAN(SEED "\201\0\0{\"a\":}"),
        SPAN(SEED "\201\0\0{\"a\":\"\n\"}"),
        SPAN(SEED "\201\0\0{\"a\":\"\\u0041\"}"), /* has a shorter spelling */
        SPAN(SEED "\201\0\0{\"a\":\"\xff\"}"),
    };
    struct private_part p;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (private_read(rows[i], &p) != ERR_CORRUPT) {
            fail_msg("taken: row %zu", i);
        }
    }
    char mem[SALT_LEN + 1 + LIMIT_IP + 1 + LIMIT_USER_AGENT] = {0};
    memset(mem + SALT_LEN, 'x', sizeof mem - SALT_LEN);
    mem[SALT_LEN] = 1;
    assert_int_equal(private_read(span_of(mem, SALT_LEN + 1 + LIMIT_USER_AGENT), &p), ERR_OK);
    assert_int_equal(private_read(span_of(mem, SALT_LEN + 2 + LIMIT_USER_AGENT), &p), ERR_CORRUPT);
    mem[SALT_LEN] = 1 + LIMIT_IP;
    assert_int_equal(private_read(span_of(mem, sizeof mem - 1), &p), ERR_OK);
    mem[SALT_LEN]++;
    assert_int_equal(private_read(span_of(mem, sizeof mem), &p), ERR_CORRUPT);
    static const char *const objects[] = {"{}", "{\"a\":\"\",\"ab\":\"\xc3\xa9\",\"b\":\"x\"}",
                                          "{\"a\":\"\\\"\",\"b\":7,\"d\":{\"c\":[true]}}"};
    for (size_t i = 0; i < COUNT(objects); i++) {
        struct buf b;
        buf_heap(&b);
        buf_add(&b, SEED "\201\0\0", SALT_LEN + 3);
        buf_str(&b, objects[i]);
        assert_int_equal(private_read(buf_span(&b), &p), ERR_OK);
        assert_true(span_is(p.contact, objects[i]));
        buf_free(&b);
    }
}

static void openings_prove_the_commitment(void **state)
{
    (void)state;
    static const struct opening_scope scopes[] = {{false, false}, {true, false}, {false, true}, {true, true}};
    struct private_part parts[] = {click(), lead()};
    for (size_t i = 0; i < COUNT(scopes) * COUNT(parts); i++) {
        const struct private_part *p = &parts[i / COUNT(scopes)];
        struct opening_scope scope = scopes[i % COUNT(scopes)];
        struct buf b;
        struct opening o;
        struct hash want;
        buf_heap(&b);
        struct kept_part kept;
        private_keep(p, &kept);
        opening_write(&b, 77, p->lead ? &kept : NULL, p, scope);
        if (!p->lead && !scope.network) {
            assert_int_equal(b.len, 0);
            continue;
        }
        private_commitment(p, &want);
        assert_int_equal(opening_read(buf_span(&b), &o), ERR_OK);
        assert_int_equal(o.index, 77);
        assert_int_equal(o.lead, p->lead);
        assert_int_equal(o.has_email, p->has_email);
        assert_false(o.has_phone);
        assert_memory_equal(o.email, p->email, TOKEN_LEN);
        assert_memory_equal(o.commitment.b, want.b, HASH_LEN);
        /* what is out of scope is not there, and nothing shows the seed */
        assert_int_equal(memmem(b.ptr, b.len, "a@example.org", 13) != NULL, p->lead && scope.contact);
        assert_int_equal(memmem(b.ptr, b.len, "192.0.2.7", 9) != NULL, scope.network);
        assert_int_equal(memmem(b.ptr, b.len, "MDEyMzQ1Njc4OWFiY2RlAA", 22) != NULL, !p->lead);
        buf_free(&b);
    }
}

/* Any changed bit: refused, or another commitment (which the entry then does not carry), or another index. */
static void changed_openings_do_not_prove(void **state)
{
    (void)state;
    struct private_part parts[] = {click(), lead()};
    for (size_t which = 0; which < COUNT(parts); which++) {
        struct buf b;
        struct opening o;
        struct hash want;
        buf_heap(&b);
        struct kept_part kept;
        private_keep(&parts[which], &kept);
        opening_write(&b, 77, which ? &kept : NULL, &parts[which], (struct opening_scope){true, true});
        private_commitment(&parts[which], &want);
        for (size_t i = 0; i < b.len * 8; i++) {
            b.ptr[i / 8] ^= (char)(1 << i % 8);
            if (opening_read(buf_span(&b), &o) == ERR_OK) {
                assert_true(o.index != 77 || memcmp(o.commitment.b, want.b, HASH_LEN) != 0);
            }
            b.ptr[i / 8] ^= (char)(1 << i % 8);
        }
        buf_free(&b);
    }
}

static void halves_of_an_opening_are_refused(void **state)
{
    (void)state;
#define HASHES "\"contact_sha256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
#define NETWORK "\"network_sha256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
#define SALT "\"AAAAAAAAAAAAAAAAAAAAAA\""
    static const struct {
        const char *line;
        enum err err;
    } rows[] = {
        {"{" HASHES "\"index\":1," NETWORK "\"salt\":" SALT "}", ERR_OK},
        {"{" HASHES NETWORK "\"salt\":" SALT "}", ERR_CORRUPT},
        {"{" HASHES "\"index\":1,\"salt\":" SALT "}", ERR_CORRUPT},
        {"{" HASHES "\"index\":1," NETWORK "\"salt\":" SALT ",\"ua\":\"\"}", ERR_CORRUPT},
        {"{" HASHES "\"index\":1,\"network_salt\":" SALT "," NETWORK "\"salt\":" SALT "}", ERR_CORRUPT},
        {"{\"contact\":{}," HASHES "\"index\":1," NETWORK "\"salt\":" SALT "}", ERR_CORRUPT},
        {"{\"contact_salt\":" SALT "," HASHES "\"index\":1," NETWORK "\"salt\":" SALT "}", ERR_CORRUPT},
        {"{\"index\":-1,\"ip\":\"\",\"salt\":" SALT ",\"ua\":\"\"}", ERR_CORRUPT},
        {"{\"index\":1,\"ip\":\"\",\"salt\":" SALT ",\"ua\":\"\"}", ERR_OK},
        {"{\"index\":1,\"ip\":\"\",\"salt\":" SALT "}", ERR_CORRUPT},
        {"{\"index\":1,\"ip\":\"\",\"salt\":" SALT ",\"ua\":\"\"} ", ERR_CORRUPT},
        {"{\"index\":01,\"ip\":\"\",\"salt\":" SALT ",\"ua\":\"\"}", ERR_CORRUPT},
        {"{\"index\":1,\"ip\":\"\",\"salt\":" SALT ",\"ua\":\"\\\\\"}", ERR_OK},
        {"{\"index\":1,\"ip\":\"\",\"salt\":" SALT ",\"ua\":\"\\u0041\"}", ERR_CORRUPT},
        {"{\"index\":1,\"ip\":\"\",\"salt\":" SALT ",\"ua\":\"\t\"}", ERR_CORRUPT},
        {"{\"index\":1,\"ip\":\"\",\"salt\":" SALT ",\"ua\":\"\xff\"}", ERR_CORRUPT},
        {"{\"index\":1,\"ip\":\"1234567890123456789012345678901234567890123456\",\"salt\":" SALT ",\"ua\":\"\"}",
         ERR_CORRUPT},
        {"{" HASHES "\"email\":" SALT ",\"index\":1," NETWORK "\"phone\":" SALT ",\"salt\":" SALT "}", ERR_OK},
        {"{" HASHES "\"email\":\"\",\"index\":1," NETWORK "\"salt\":" SALT "}", ERR_CORRUPT},
        {"{" HASHES "\"index\":1,\"email\":" SALT "," NETWORK "\"salt\":" SALT "}", ERR_CORRUPT},
        {"{" HASHES "\"index\":1," NETWORK "\"salt\":" SALT "}}", ERR_CORRUPT},
        {"{" HASHES "\"index\":9007199254740992," NETWORK "\"salt\":" SALT "}", ERR_CORRUPT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct opening o;
        if (opening_read(span_str(rows[i].line), &o) != rows[i].err) {
            fail_msg("%s: %s", rows[i].err != ERR_OK ? "taken" : "refused", rows[i].line);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commitments_are_the_known_ones),
        cmocka_unit_test(private_round_trips),
        cmocka_unit_test(a_private_part_is_as_long_as_it_is_said),
        cmocka_unit_test(other_spellings_of_a_private_part_are_corrupt),
        cmocka_unit_test(openings_prove_the_commitment),
        cmocka_unit_test(changed_openings_do_not_prove),
        cmocka_unit_test(halves_of_an_opening_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
