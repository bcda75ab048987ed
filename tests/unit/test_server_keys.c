/* The keys that a log tells of: which may follow which, whose signatures a change needs, and that what is read is
 * exactly what would be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/ledger/jws.h"
#include "common/ledger/server_keys.h"
#include "tests/support/chance.h"
#include "tests/support/ok.h"

enum { ROUNDS = 4000, SIGNERS = 3 };
#define NOW ((int64_t)1790000000000)
#define ISSUER SPAN("https://track.example")

static struct signer *signer[SIGNERS];
static uint8_t statement[2][ED25519_KEY_LEN];

static int open_signers(void **state)
{
    (void)state;
    for (int i = 0; i < SIGNERS; i++) {
        uint8_t seed[SEED_LEN] = {(uint8_t)(i + 1)};
        signer[i] = signer_new(seed);
    }
    for (int i = 0; i < 2; i++) {
        uint8_t seed[SEED_LEN] = {(uint8_t)(i + 9)};
        struct signer *s = signer_new(seed);
        memcpy(statement[i], signer_public(s), ED25519_KEY_LEN);
        signer_free(s);
    }
    return 0;
}

static int close_signers(void **state)
{
    (void)state;
    for (int i = 0; i < SIGNERS; i++)
        signer_free(signer[i]);
    return 0;
}

/* The log keys by number; second -1: there is one. */
static struct server_keys keys(int first, int second, int of_statement, bool compromised)
{
    struct server_keys k = {.at_ms = NOW, .n_log = second >= 0 ? 2 : 1, .compromised = compromised};
    memcpy(k.log[0], signer_public(signer[first]), ED25519_KEY_LEN);
    if (second >= 0)
        memcpy(k.log[1], signer_public(signer[second]), ED25519_KEY_LEN);
    memcpy(k.statement, statement[of_statement], ED25519_KEY_LEN);
    return k;
}

static void a_state_of_keys_follows_or_does_not(void **state)
{
    (void)state;
    const struct {
        struct server_keys before, next;
        bool follows;
    } cases[] = {
        {keys(0, -1, 0, false), keys(1, 0, 1, false), true},
        {keys(0, -1, 0, false), keys(1, -1, 1, false), false}, /* the old one signs beside it for a while */
        {keys(0, -1, 0, false), keys(1, 2, 1, false), false},  /* and no other */
        {keys(0, -1, 0, false), keys(1, -1, 1, true), true},   /* but where it was stolen */
        {keys(0, -1, 0, false), keys(1, 0, 1, true), false},
        {keys(0, -1, 0, false), keys(0, -1, 1, false), false}, /* both or neither are new */
        {keys(0, -1, 0, false), keys(1, 0, 0, false), false},
        {keys(0, -1, 0, false), keys(0, -1, 0, false), false}, /* nothing new */
        {keys(0, -1, 0, false), keys(0, -1, 0, true), true},   /* those before were stolen */
        {keys(1, 0, 1, false), keys(1, -1, 1, false), true},   /* the old one signs no more */
        {keys(1, 0, 1, false), keys(1, 0, 1, false), false},
        {keys(1, 0, 1, false), keys(2, 1, 0, false), false}, /* not while it does */
        {keys(1, 0, 1, false), keys(0, -1, 0, true), false}, /* one that was */
        {keys(1, 0, 1, false), keys(2, -1, 0, true), true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (server_keys_step(&cases[i].before, &cases[i].next) != cases[i].follows)
            fail_msg("step %zu", i);
}

static void assert_refused(const char *text)
{
    struct server_keys k;
    struct span issuer;
    if (server_keys_read(span_str(text), &k, &issuer) == ERR_OK)
        fail_msg("%s reads", text);
}

/* One member of what is right is another. */
static void what_is_read_is_what_would_be_written(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"{", "{ "},
        {"{", ""},
        {"\"at\":\"2026", "\"at\":\"20x6"},
        {"\"at\":\"", "\"ax\":\""},
        {"\"issuer\":\"", "\"is\":\""},
        {"\"issuer\":\"https://track.example\"", "\"issuer\":7"},
        {"\"log\":[", "\"log\":[7,"},
        {"\"log\":[", "\"log\":[\"AAAA\","},
        {"\"log\":[", "\"log\":[\"!\","},
        {"\"log\":[", "\"log\":[[],[],"},
        {"\"log\":[", "\"log\":[],\"x\":["},
        {"\"log\":[", "\"log\":7,\"x\":["},
        {"\"statement\":\"", "\"statement\":\"A"},
        {"\"statement\":\"", "\"stat\":\""},
        {"\"issuer\"", "\"compromised\":false,\"issuer\""}, /* which is left out */
        {"\"issuer\"", "\"compromised\":7,\"issuer\""},
        {"\"typ\":\"", "\"typ\":\"x"},
        {"\"typ\"", "\"too\":1,\"typ\""},
    };
    const struct server_keys good = keys(1, 0, 1, true);
    struct server_keys k;
    struct span issuer;
    struct buf text;
    buf_heap(&text);
    server_keys_payload(&text, &good, ISSUER);
    assert_ok(server_keys_read(buf_span(&text), &k, &issuer));
    assert_true(span_eq(issuer, ISSUER) && k.compromised && k.n_log == 2 && k.at_ms == NOW);
    const struct server_keys calm = keys(1, 0, 1, false);
    buf_clear(&text);
    server_keys_payload(&text, &calm, ISSUER);
    buf_byte(&text, '\0');
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char changed[1024], *at = strstr(text.ptr, changes[i].from);
        assert_non_null(at);
        snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text.ptr), text.ptr, changes[i].to,
                 at + strlen(changes[i].from));
        assert_refused(changed);
    }
    text.len--;
    for (int round = 0; round < ROUNDS; round++) { /* and any byte */
        struct buf again;
        char *byte = &text.ptr[below(text.len)], was = *byte;
        *byte = one_in(4) ? (char)chance() : "0aA\",:{}[]"[below(10)];
        buf_heap(&again);
        if (server_keys_read(buf_span(&text), &k, &issuer) == ERR_OK) {
            server_keys_payload(&again, &k, issuer);
            assert_true(span_eq(buf_span(&again), buf_span(&text)));
        }
        buf_free(&again);
        *byte = was;
    }
    buf_free(&text);
}

static void a_change_of_keys_is_signed_by_both(void **state)
{
    (void)state;
    static const struct {
        int by, previous; /* who signs; previous -1: nobody */
        bool other, step; /* another text is signed by the one before; the keys may follow */
        enum err err;
    } cases[] = {
        {1, 0, false, true, ERR_OK},           {2, 0, false, true, ERR_UNAUTHORIZED},
        {1, 2, false, true, ERR_UNAUTHORIZED}, {1, -1, false, true, ERR_MALFORMED},
        {1, 0, true, true, ERR_MALFORMED},     {1, 0, false, false, ERR_INVALID},
    };
    const struct server_keys before = keys(0, -1, 0, false);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct server_keys next = keys(1, cases[i].step ? 0 : -1, 1, false), other = keys(1, 0, 1, true);
        struct buf payload, text, jws, previous;
        struct server_keys out;
        struct span issuer;
        buf_heap(&payload), buf_heap(&text), buf_heap(&jws), buf_heap(&previous);
        server_keys_payload(&text, &next, ISSUER);
        jws_compact(&jws, signer[cases[i].by], SERVER_KEYS_TYP, buf_span(&text));
        if (cases[i].other) {
            buf_clear(&text);
            server_keys_payload(&text, &other, ISSUER);
        }
        if (cases[i].previous >= 0)
            jws_compact(&previous, signer[cases[i].previous], SERVER_KEYS_TYP, buf_span(&text));
        assert_err(server_keys_open(buf_span(&jws), buf_span(&previous), &before, &payload, &out, &issuer),
                   cases[i].err);
        buf_clear(&payload);
        assert_true(server_keys_open(SPAN("x"), SPAN(""), &before, &payload, &out, &issuer) != ERR_OK);
        buf_free(&payload), buf_free(&text), buf_free(&jws), buf_free(&previous);
    }
    const struct server_keys stolen = keys(0, -1, 0, true); /* the same key: it signs once */
    struct buf payload, text, jws;
    struct server_keys out;
    struct span issuer;
    buf_heap(&payload), buf_heap(&text), buf_heap(&jws);
    server_keys_payload(&text, &stolen, ISSUER);
    jws_compact(&jws, signer[0], SERVER_KEYS_TYP, buf_span(&text));
    assert_ok(server_keys_open(buf_span(&jws), SPAN(""), &before, &payload, &out, &issuer));
    buf_clear(&payload);
    assert_err(server_keys_open(buf_span(&jws), buf_span(&jws), &before, &payload, &out, &issuer), ERR_MALFORMED);
    buf_free(&payload), buf_free(&text), buf_free(&jws);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_of_keys_follows_or_does_not),
        cmocka_unit_test(what_is_read_is_what_would_be_written),
        cmocka_unit_test(a_change_of_keys_is_signed_by_both),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, open_signers, close_signers);
}
