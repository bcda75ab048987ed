/* A browser's session opens as it was sealed, for its time, by this server's keys, and as nothing else. */
#include <stdlib.h>
#include <unistd.h>

#include "common/base/when.h"
#include "server/worker/session.h"
#include "tests/support/ok.h"
#include "tests/support/spans.h"

#define NOW_MS (20000 * MS_PER_DAY + MS_PER_DAY - 1000) /* a second before midnight */

static struct keys *ours, *theirs;

static struct keys *new_keys(void)
{
    char folder[] = "/tmp/countersign-session-XXXXXX", path[64];
    struct keys *k;
    assert_non_null(mkdtemp(folder));
    assert_ok(keys_create(folder));
    assert_ok(keys_load(folder, &k));
    snprintf(path, sizeof path, "%s/keys.json", folder);
    unlink(path);
    rmdir(folder);
    return k;
}

static struct span sealed(const struct keys *k, struct session *s, char mem[SESSION_TEXT_MAX])
{
    static uint8_t nonce[AEAD_NONCE_LEN];
    struct buf text;
    nonce[0]++;
    *s = (struct session){.from_ms = NOW_MS};
    memset(s->token, 0xa5, sizeof s->token);
    memset(s->secret, 0x3c, sizeof s->secret);
    buf_fixed(&text, mem, SESSION_TEXT_MAX);
    session_seal(k, s, nonce, &text);
    assert_false(text.failed);
    return buf_span(&text);
}

static void it_opens_as_it_was_sealed(void **state)
{
    (void)state;
    char mem[SESSION_TEXT_MAX];
    struct session s, back;
    struct span text = sealed(ours, &s, mem);
    assert_ok(session_open(ours, text, NOW_MS, &back));
    assert_int_equal(back.from_ms, s.from_ms);
    assert_memory_equal(back.token, s.token, sizeof s.token);
    assert_memory_equal(back.secret, s.secret, sizeof s.secret);
    assert_null(memmem(text.ptr, text.len, s.token, 8));
}

static void it_opens_for_its_time_alone(void **state)
{
    (void)state;
    char mem[SESSION_TEXT_MAX];
    struct session s, back;
    struct span text = sealed(ours, &s, mem);
    static const struct {
        int64_t after_ms;
        enum err err;
    } rows[] = {{-MS_PER_DAY, ERR_UNAUTHORIZED},   {-60000, ERR_UNAUTHORIZED}, {0, ERR_OK},
                {MS_PER_DAY / 4, ERR_OK},          {SESSION_MS - 1, ERR_OK},   {SESSION_MS, ERR_UNAUTHORIZED},
                {3 * MS_PER_DAY, ERR_UNAUTHORIZED}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(session_open(ours, text, NOW_MS + rows[i].after_ms, &back), rows[i].err);
}

static void anothers_key_opens_nothing(void **state)
{
    (void)state;
    char mem[SESSION_TEXT_MAX];
    struct session s, back;
    assert_int_equal(session_open(theirs, sealed(ours, &s, mem), NOW_MS, &back), ERR_UNAUTHORIZED);
    assert_int_equal(session_open(ours, sealed(theirs, &s, mem), NOW_MS, &back), ERR_UNAUTHORIZED);
}

static void no_other_text_opens(void **state)
{
    (void)state;
    char mem[SESSION_TEXT_MAX], other[SESSION_TEXT_MAX];
    struct session s, back;
    struct span text = sealed(ours, &s, mem);
    for (size_t i = 0; i < text.len; i++)
        for (const char *c = "AZaz09-_=. \0"; *c; c++) {
            memcpy(other, text.ptr, text.len);
            other[i] = *c;
            if (*c != text.ptr[i])
                assert_int_equal(session_open(ours, span_of(other, text.len), NOW_MS, &back), ERR_UNAUTHORIZED);
        }
    for (size_t len = 0; len < text.len; len++)
        assert_int_equal(session_open(ours, span_of(text.ptr, len), NOW_MS, &back), ERR_UNAUTHORIZED);
}

/* What its day says is part of what opens it: another day's key is another key. */
static void each_day_has_a_key_of_its_own(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    keys_subkey(ours, "countersign/v1/session 20000", a);
    keys_subkey(ours, "countersign/v1/session 20001", b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void a_forms_token_is_of_its_session(void **state)
{
    (void)state;
    char a[FORM_TOKEN_LEN], again[FORM_TOKEN_LEN], b[FORM_TOKEN_LEN];
    struct session one = {.secret = {1}}, other = {.secret = {2}};
    session_form_token(&one, a);
    session_form_token(&one, again);
    session_form_token(&other, b);
    assert_memory_equal(a, again, sizeof a);
    assert_memory_not_equal(a, b, sizeof a);
}

static int open_keys(void **state)
{
    (void)state;
    ours = new_keys();
    theirs = new_keys();
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    keys_free(ours);
    keys_free(theirs);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_as_it_was_sealed),     cmocka_unit_test(it_opens_for_its_time_alone),
        cmocka_unit_test(anothers_key_opens_nothing),    cmocka_unit_test(no_other_text_opens),
        cmocka_unit_test(each_day_has_a_key_of_its_own), cmocka_unit_test(a_forms_token_is_of_its_session),
    };
    return cmocka_run_group_tests(tests, open_keys, free_keys);
}
