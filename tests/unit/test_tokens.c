#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/bytes.h"
#include "common/crypto/crypto.h"
#include "common/tokens/tokens.h"

static const uint8_t master1[32] = "the first master key, 32 bytes..", master2[32] = "another master key, 32 bytes....";

static int setup(void **state)
{
    struct tokens *t = tokens_new();
    tokens_add_key(t, 7, master1);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    tokens_free(*state);
    return 0;
}

static const struct pointer sample = {
    .contract = 3, .index = 0xfedcba9876543210, .at_s = 0x6b024a67, .flags = CLICK_UNRECORDED};
static const struct pointer sample_lead = {.contract = 3, .index = 0xfedcba9876543210};

static void assert_pointer(const struct pointer *a, const struct pointer *b)
{
    assert_int_equal(a->contract, b->contract);
    assert_int_equal(a->index, b->index);
    assert_int_equal(a->at_s, b->at_s);
    assert_int_equal(a->flags, b->flags);
}

static void a_code_reads_back_as_written(void **state)
{
    struct tokens *t = *state;
    char text[CODE_LEN];
    struct tracking_code in = {.contract = 0xdeadbeef, .placement = 42}, out;
    code_write(t, &in, text);
    assert_int_equal(code_read(t, span_of(text, sizeof(text)), &out), ERR_OK);
    assert_int_equal(out.contract, in.contract);
    assert_int_equal(out.placement, in.placement);
}

static void a_click_id_reads_back_as_written(void **state)
{
    struct tokens *t = *state;
    char text[CLICK_ID_LEN];
    struct pointer out;
    click_id_write(t, &sample, text);
    assert_int_equal(click_id_read(t, span_of(text, sizeof(text)), &out), ERR_OK);
    assert_pointer(&out, &sample);
}

static void a_lead_ref_reads_back_as_written(void **state)
{
    struct tokens *t = *state;
    char text[LEAD_REF_LEN];
    struct pointer out;
    lead_ref_write(t, &sample_lead, text);
    assert_int_equal(text[0], 'L');
    assert_int_equal(lead_ref_read(t, span_of(text, sizeof(text)), &out), ERR_OK);
    assert_pointer(&out, &sample_lead);
}

static const struct event_place sample_place = {0xfedcba987654, 0x123456789abc, 0xf00d};

static void an_event_id_reads_back_as_written_and_is_blurred(void **state)
{
    struct tokens *t = *state;
    static const struct event_place places[] = {{0}, {1, 2, 3}, {0xfedcba987654, 0x123456789abc, 0xf00d}};
    char text[EVENT_ID_LEN], other[EVENT_ID_LEN];
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct event_place out;
        event_id_write(t, &places[i], 7, text);
        event_id_write(t, &places[i], 8, other);
        assert_int_equal(text[0], 'E');
        assert_memory_not_equal(text, other, sizeof text);
        assert_int_equal(event_id_read(t, span_of(text, sizeof text), &out), ERR_OK);
        assert_int_equal(out.seq, places[i].seq);
        assert_int_equal(out.refused_ms, places[i].refused_ms);
        assert_int_equal(out.refused, places[i].refused);
    }
}

static void derived(const uint8_t *from, struct span info, uint8_t key[32])
{
    hkdf(span_of(from, 32), SPAN(""), info, key, 32);
}

/* As a party opens it, who has the contract's keys and nothing else. */
static void assert_opens_alone(struct span id, const uint8_t key[CLICK_KEY_LEN])
{
    static const uint8_t other_key[CLICK_KEY_LEN] = {1};
    struct block_cipher *keys[256] = {NULL}, *other[256] = {NULL};
    struct pointer p;
    char changed[CLICK_ID_LEN];
    keys[7] = block_cipher_new(key);
    other[7] = block_cipher_new(other_key);
    other[8] = keys[7];
    assert_int_equal(click_id_open(keys, id, &p), ERR_OK);
    assert_int_equal(p.index, sample.index);
    assert_int_equal(p.at_s, sample.at_s);
    assert_int_equal(p.flags, sample.flags);
    memcpy(changed, id.ptr, sizeof changed);
    changed[10] = changed[10] == 'A' ? 'B' : 'A';
    assert_int_equal(click_id_open(keys, span_of(changed, sizeof changed), &p), ERR_NOT_FOUND);
    assert_int_equal(click_id_open(keys, span_of(id.ptr, id.len - 1), &p), ERR_NOT_FOUND);
    assert_int_equal(click_id_open(other, id, &p), ERR_NOT_FOUND);
    block_cipher_free(keys[7]);
    block_cipher_free(other[7]);
}

/* The format by its own words: FORMATS.md, "Tokens", with nothing of tokens.c. */
static void a_click_id_is_written_as_documented(void **state)
{
    struct tokens *t = *state;
    char text[CLICK_ID_LEN];
    uint8_t bytes[38], key[32], keys[32], given[32], kid, mac[HASH_LEN], block[BLOCK_LEN];
    static const uint8_t want[] = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10, 0x6b, 0x02, 0x4a, 0x67, 1};
    size_t len;
    click_id_write(t, &sample, text);
    assert_int_equal(b64url_decode(span_of(text, sizeof(text)), bytes, sizeof(bytes), &len), ERR_OK);
    assert_int_equal(len, sizeof(bytes));
    assert_int_equal(bytes[0], 1);
    assert_int_equal(bytes[1], 7);

    derived(master1, SPAN("countersign/v1/click mac"), key);
    struct hmac *h = hmac_new(key, sizeof(key));
    struct span body = span_of(bytes, 22);
    hmac_sign(h, &body, 1, mac);
    hmac_free(h);
    assert_memory_equal(bytes + 22, mac, 16);

    derived(master1, SPAN("countersign/v1/click mask"), key);
    struct block_cipher *c = block_cipher_new(key);
    block_encrypt(c, bytes + 2, block);
    block_cipher_free(c);
    assert_int_equal(load_be32(bytes + 18) ^ load_be32(block), sample.contract);

    derived(master1, SPAN("countersign/v1/click keys"), keys);
    derived(keys, span_of("\0\0\0\3", 4), key);
    assert_int_equal(click_key(t, 0, sample.contract, &kid, given), ERR_OK);
    assert_int_equal(kid, 7);
    assert_memory_equal(given, key, sizeof(key));
    assert_opens_alone(span_of(text, sizeof(text)), key);
    assert_int_equal(click_key(t, 1, sample.contract, &kid, given), ERR_NOT_FOUND);
    c = block_cipher_new(key);
    block_decrypt(c, bytes + 2, block);
    block_cipher_free(c);
    assert_memory_equal(block, want, sizeof(want));
    assert_memory_equal(block + 13, "\0\0\0", 3);
}

/* More contracts than there is room for their ciphers. */
static void ids_of_many_contracts_read_back(void **state)
{
    struct tokens *t = *state;
    enum { MANY = 200 };
    char text[MANY][CLICK_ID_LEN];
    for (uint32_t i = 0; i < MANY; i++) {
        click_id_write(t, &(struct pointer){.contract = i, .index = 7}, text[i]);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        struct pointer p;
        assert_int_equal(click_id_read(t, span_of(text[i], CLICK_ID_LEN), &p), ERR_OK);
        assert_int_equal(p.contract, i);
        assert_int_equal(p.index, 7);
    }
}

/* Another version is not ours, though the tag holds. */
static void other_versions_are_not_found(void **state)
{
    struct tokens *t = *state;
    uint8_t bytes[26] = {1, 7}, key[32], mac[HASH_LEN];
    struct tracking_code out;
    hkdf(span_of(master1, 32), SPAN(""), SPAN("countersign/v1/code"), key, sizeof(key));
    struct hmac *h = hmac_new(key, sizeof(key));
    for (uint8_t version = 0; version < 4; version++) {
        char text[CODE_LEN];
        struct buf b;
        struct span body = span_of(bytes, 10);
        bytes[0] = version;
        hmac_sign(h, &body, 1, mac);
        memcpy(bytes + 10, mac, 16);
        buf_fixed(&b, text, sizeof(text));
        buf_b64url(&b, bytes, sizeof(bytes));
        assert_int_equal(code_read(t, buf_span(&b), &out), version == 1 ? ERR_OK : ERR_NOT_FOUND);
    }
    hmac_free(h);
}

typedef enum err reader(struct tokens *t, struct span text);

static enum err read_code(struct tokens *t, struct span text)
{
    struct tracking_code out;
    return code_read(t, text, &out);
}

static enum err read_click(struct tokens *t, struct span text)
{
    struct pointer out;
    return click_id_read(t, text, &out);
}

static enum err read_lead(struct tokens *t, struct span text)
{
    struct pointer out;
    return lead_ref_read(t, text, &out);
}

static enum err read_event(struct tokens *t, struct span text)
{
    struct event_place out;
    return event_id_read(t, text, &out);
}

/* Every other character at every place, every shorter text, one longer text. */
static void refuses_all_but(struct tokens *t, reader *read, const char *good, size_t len)
{
    char text[CLICK_ID_LEN + 1];
    memcpy(text, good, len);
    text[len] = 'A';
    assert_int_equal(read(t, span_of(text, len)), ERR_OK);
    for (size_t i = 0; i < len; i++) {
        for (int c = 1; c < 256; c++) {
            text[i] = (char)c;
            if (text[i] != good[i]) {
                assert_int_equal(read(t, span_of(text, len)), ERR_NOT_FOUND);
            }
        }
        text[i] = good[i];
        assert_int_equal(read(t, span_of(text, i)), ERR_NOT_FOUND);
    }
    assert_int_equal(read(t, span_of(text, len + 1)), ERR_NOT_FOUND);
}

static void forgeries_are_not_found(void **state)
{
    struct tokens *t = *state;
    char code[CODE_LEN], click[CLICK_ID_LEN], lead[LEAD_REF_LEN], event[EVENT_ID_LEN];
    code_write(t, &(struct tracking_code){1, 2}, code);
    click_id_write(t, &sample, click);
    lead_ref_write(t, &sample_lead, lead);
    refuses_all_but(t, read_code, code, sizeof(code));
    refuses_all_but(t, read_click, click, sizeof(click));
    event_id_write(t, &sample_place, 9, event);
    refuses_all_but(t, read_lead, lead, sizeof(lead));
    refuses_all_but(t, read_event, event, sizeof(event));
}

static void purposes_do_not_mix(void **state)
{
    struct tokens *t = *state;
    char click[CLICK_ID_LEN], lead[LEAD_REF_LEN], as_lead[1 + CLICK_ID_LEN] = "L";
    click_id_write(t, &sample, click);
    lead_ref_write(t, &sample_lead, lead);
    memcpy(as_lead + 1, click, sizeof(click));
    assert_int_equal(read_lead(t, span_of(as_lead, sizeof(as_lead))), ERR_NOT_FOUND);
    assert_int_equal(read_click(t, span_of(lead + 1, LEAD_REF_LEN - 1)), ERR_NOT_FOUND);
    assert_int_equal(read_lead(t, span_of(as_lead, LEAD_REF_LEN)), ERR_NOT_FOUND);
    lead[0] = 'E';
    assert_int_equal(read_event(t, span_of(lead, sizeof(lead))), ERR_NOT_FOUND);
}

/* Neighbours look unrelated: the pointer's block is a permutation, not a pad. */
static void neighbours_share_nothing(void **state)
{
    struct tokens *t = *state;
    uint8_t a[38], b[38];
    char text[CLICK_ID_LEN];
    size_t len, equal = 0;
    struct pointer p = {.contract = 1, .index = 1000, .at_s = 1795312231};
    click_id_write(t, &p, text);
    assert_int_equal(b64url_decode(span_of(text, sizeof(text)), a, sizeof(a), &len), ERR_OK);
    p.index++;
    click_id_write(t, &p, text);
    assert_int_equal(b64url_decode(span_of(text, sizeof(text)), b, sizeof(b), &len), ERR_OK);
    for (size_t i = 2; i < 38; i++) {
        equal += a[i] == b[i];
    }
    assert_in_range(equal, 0, 4);
}

static void old_keys_still_read_after_rotation(void **state)
{
    struct tokens *t = *state, *other = tokens_new();
    char old[CLICK_ID_LEN], fresh[CLICK_ID_LEN];
    click_id_write(t, &sample, old);
    tokens_add_key(t, 8, master2);
    click_id_write(t, &sample, fresh);
    assert_memory_not_equal(old, fresh, sizeof(old));
    assert_int_equal(read_click(t, span_of(old, sizeof(old))), ERR_OK);
    assert_int_equal(read_click(t, span_of(fresh, sizeof(fresh))), ERR_OK);
    tokens_add_key(other, 8, master2);
    assert_int_equal(read_click(other, span_of(old, sizeof(old))), ERR_NOT_FOUND);
    assert_int_equal(read_click(other, span_of(fresh, sizeof(fresh))), ERR_OK);
    tokens_free(other);
}

static void whsec_secrets_decode_or_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
        size_t len;
    } rows[] = {
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ERR_OK, 24},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", ERR_OK, 32},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", ERR_MALFORMED, 0},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
         ERR_TOO_LARGE, 0},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ERR_MALFORMED, 0},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS*", ERR_MALFORMED, 0},
        {"whsec_", ERR_MALFORMED, 0},
        {"", ERR_MALFORMED, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t key[64];
        size_t len = 0;
        assert_int_equal(whsec_decode(span_str(rows[i].text), key, &len), rows[i].err);
        assert_int_equal(len, rows[i].len);
        if (rows[i].err == ERR_OK) {
            struct buf b;
            buf_heap(&b);
            whsec_encode(&b, key, len);
            assert_true(span_is(buf_span(&b), rows[i].text));
            buf_free(&b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_code_reads_back_as_written, setup, teardown),
        cmocka_unit_test_setup_teardown(a_click_id_reads_back_as_written, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lead_ref_reads_back_as_written, setup, teardown),
        cmocka_unit_test_setup_teardown(an_event_id_reads_back_as_written_and_is_blurred, setup, teardown),
        cmocka_unit_test_setup_teardown(a_click_id_is_written_as_documented, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_of_many_contracts_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(other_versions_are_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(forgeries_are_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(purposes_do_not_mix, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbours_share_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(old_keys_still_read_after_rotation, setup, teardown),
        cmocka_unit_test(whsec_secrets_decode_or_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
