#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "common/tokens/tokens.h"

enum { VERSION = 1, TAG_LEN = 16, MAX_KEYS = 16, RECENT = 64, ZEROS_LEN = 3 };

/* version, kid, body, tag */
enum {
    BODY = 2,
    CODE_BYTES = BODY + 8 + TAG_LEN,
    CLICK_BYTES = BODY + BLOCK_LEN + 4 + TAG_LEN,
    LEAD_BYTES = BODY + BLOCK_LEN + TAG_LEN,
    EVENT_BYTES = BODY + BLOCK_LEN + TAG_LEN,
};
_Static_assert((CODE_BYTES * 8 + 5) / 6 == CODE_LEN, "code length");
_Static_assert((CLICK_BYTES * 8 + 5) / 6 == CLICK_ID_LEN, "click id length");
_Static_assert(1 + (LEAD_BYTES * 8 + 5) / 6 == LEAD_REF_LEN, "lead ref length");
_Static_assert(1 + (EVENT_BYTES * 8 + 5) / 6 == EVENT_ID_LEN, "event id length");

/* Where the parts of a click id stand, and of its inner block. */
enum { INNER = BODY, MASKED = INNER + BLOCK_LEN };
enum { PLACE = 0, AT_S = 8, FLAGS = 12, ZEROS = 13 };
_Static_assert(ZEROS + ZEROS_LEN == BLOCK_LEN, "the inner block");

struct token_key {
    uint8_t kid;
    struct hmac *code, *click, *lead, *event;
    struct block_cipher *mask, *lead_block, *event_block;
    uint8_t click_keys[32]; /* of which contracts' click keys are made */
};

/* A contract's click key, ready for use. */
struct click_cipher {
    struct block_cipher *block;
    uint32_t contract;
    uint8_t kid;
};

struct tokens {
    struct token_key keys[MAX_KEYS];
    size_t n;
    struct click_cipher recent[RECENT]; /* by contract */
};

struct tokens *tokens_new(void)
{
    return xcalloc(1, sizeof(struct tokens));
}

void tokens_free(struct tokens *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < t->n; i++) {
        hmac_free(t->keys[i].code);
        hmac_free(t->keys[i].click);
        hmac_free(t->keys[i].lead);
        hmac_free(t->keys[i].event);
        block_cipher_free(t->keys[i].mask);
        block_cipher_free(t->keys[i].lead_block);
        block_cipher_free(t->keys[i].event_block);
    }
    for (size_t i = 0; i < RECENT; i++) {
        block_cipher_free(t->recent[i].block);
    }
    crypto_wipe(t, sizeof(*t));
    free(t);
}

static void subkey(const uint8_t master[32], struct span info, uint8_t out[32])
{
    hkdf(span_of(master, 32), SPAN(""), info, out, 32);
}

static struct hmac *subkey_mac(const uint8_t master[32], struct span info)
{
    uint8_t key[32];
    subkey(master, info, key);
    struct hmac *h = hmac_new(key, sizeof(key));
    crypto_wipe(key, sizeof(key));
    return h;
}

static struct block_cipher *subkey_block(const uint8_t master[32], struct span info)
{
    uint8_t key[32];
    subkey(master, info, key);
    struct block_cipher *c = block_cipher_new(key);
    crypto_wipe(key, sizeof(key));
    return c;
}

static const struct token_key *find_key(const struct tokens *t, uint8_t kid)
{
    for (size_t i = t->n; i-- > 0;) {
        if (t->keys[i].kid == kid) {
            return &t->keys[i];
        }
    }
    return NULL;
}

void tokens_add_key(struct tokens *t, uint8_t kid, const uint8_t master[32])
{
    assert(t->n < MAX_KEYS && find_key(t, kid) == NULL);
    struct token_key *k = &t->keys[t->n++];
    *k = (struct token_key){
        .kid = kid,
        .code = subkey_mac(master, SPAN("countersign/v1/code")),
        .click = subkey_mac(master, SPAN("countersign/v1/click mac")),
        .mask = subkey_block(master, SPAN("countersign/v1/click mask")),
        .lead = subkey_mac(master, SPAN("countersign/v1/lead mac")),
        .lead_block = subkey_block(master, SPAN("countersign/v1/lead block")),
        .event = subkey_mac(master, SPAN("countersign/v1/event mac")),
        .event_block = subkey_block(master, SPAN("countersign/v1/event block")),
    };
    subkey(master, SPAN("countersign/v1/click keys"), k->click_keys);
}

static const struct token_key *signing_key(const struct tokens *t)
{
    assert(t->n > 0);
    return &t->keys[t->n - 1];
}

static void make_tag(struct hmac *mac, const uint8_t *bytes, size_t len, uint8_t tag[TAG_LEN])
{
    uint8_t full[HASH_LEN];
    struct span part = span_of(bytes, len);
    hmac_sign(mac, &part, 1, full);
    memcpy(tag, full, TAG_LEN);
}

static bool tag_holds(struct hmac *mac, const uint8_t *bytes, size_t len)
{
    uint8_t tag[TAG_LEN];
    make_tag(mac, bytes, len - TAG_LEN, tag);
    return crypto_equal(tag, bytes + len - TAG_LEN, TAG_LEN);
}

static void write_text(const uint8_t *bytes, size_t len, char *out, size_t out_len)
{
    struct buf b;
    buf_fixed(&b, out, out_len);
    buf_b64url(&b, bytes, len);
    assert(!b.failed && b.len == out_len);
}

/* Decodes a token of exactly `len` bytes; its key, or NULL when it is not ours. */
static const struct token_key *read_text(const struct tokens *t, struct span text, uint8_t *bytes, size_t len)
{
    size_t got;
    if (text.len != (len * 8 + 5) / 6 || b64url_decode(text, bytes, len, &got) != ERR_OK || got != len ||
        bytes[0] != VERSION) {
        return NULL;
    }
    return find_key(t, bytes[1]);
}

void code_write(struct tokens *t, const struct tracking_code *c, char out[CODE_LEN])
{
    const struct token_key *k = signing_key(t);
    uint8_t bytes[CODE_BYTES] = {VERSION, k->kid};
    store_be32(bytes + BODY, c->contract);
    store_be32(bytes + BODY + 4, c->placement);
    make_tag(k->code, bytes, CODE_BYTES - TAG_LEN, bytes + CODE_BYTES - TAG_LEN);
    write_text(bytes, sizeof(bytes), out, CODE_LEN);
}

enum err code_read(struct tokens *t, struct span text, struct tracking_code *out)
{
    uint8_t bytes[CODE_BYTES];
    const struct token_key *k = read_text(t, text, bytes, sizeof(bytes));
    if (k == NULL || !tag_holds(k->code, bytes, sizeof(bytes))) {
        return ERR_NOT_FOUND;
    }
    *out = (struct tracking_code){load_be32(bytes + BODY), load_be32(bytes + BODY + 4)};
    return ERR_OK;
}

/* ---- click ids ---- */

static void make_click_key(const struct token_key *k, uint32_t contract, uint8_t out[CLICK_KEY_LEN])
{
    uint8_t info[4];
    store_be32(info, contract);
    hkdf(span_of(k->click_keys, sizeof(k->click_keys)), SPAN(""), span_of(info, sizeof(info)), out, CLICK_KEY_LEN);
}

enum err click_key(const struct tokens *t, size_t i, uint32_t contract, uint8_t *kid, uint8_t out[CLICK_KEY_LEN])
{
    if (i >= t->n) {
        return ERR_NOT_FOUND;
    }
    *kid = t->keys[i].kid;
    make_click_key(&t->keys[i], contract, out);
    return ERR_OK;
}

/* Making one costs a microsecond; a campaign's clicks are of few contracts. */
static struct block_cipher *click_cipher(struct tokens *t, const struct token_key *k, uint32_t contract)
{
    struct click_cipher *c = &t->recent[contract % RECENT];
    if (c->block == NULL || c->contract != contract || c->kid != k->kid) {
        uint8_t key[CLICK_KEY_LEN];
        make_click_key(k, contract, key);
        block_cipher_free(c->block);
        *c = (struct click_cipher){block_cipher_new(key), contract, k->kid};
        crypto_wipe(key, sizeof(key));
    }
    return c->block;
}

/* The inner block is another one for each click, so this is a pad that is used once. */
static uint32_t mask_of(const struct token_key *k, const uint8_t inner[BLOCK_LEN])
{
    uint8_t pad[BLOCK_LEN];
    block_encrypt(k->mask, inner, pad);
    return load_be32(pad);
}

void click_id_write(struct tokens *t, const struct pointer *c, char out[CLICK_ID_LEN])
{
    const struct token_key *k = signing_key(t);
    uint8_t block[BLOCK_LEN] = {0}, bytes[CLICK_BYTES] = {VERSION, k->kid};
    store_be64(block + PLACE, c->index);
    store_be32(block + AT_S, c->at_s);
    block[FLAGS] = c->flags;
    block_encrypt(click_cipher(t, k, c->contract), block, bytes + INNER);
    store_be32(bytes + MASKED, c->contract ^ mask_of(k, bytes + INNER));
    make_tag(k->click, bytes, CLICK_BYTES - TAG_LEN, bytes + CLICK_BYTES - TAG_LEN);
    write_text(bytes, sizeof(bytes), out, CLICK_ID_LEN);
}

void click_ids_write(struct tokens *t, const struct pointer *c, size_t n, struct buf *out)
{
    char id[CLICK_ID_LEN];
    for (size_t i = 0; i < n; i++) {
        click_id_write(t, &c[i], id);
        buf_str(out, i > 0 ? "," : "");
        buf_add(out, id, sizeof id);
    }
}

enum err click_id_read(struct tokens *t, struct span text, struct pointer *out)
{
    uint8_t bytes[CLICK_BYTES], block[BLOCK_LEN];
    const struct token_key *k = read_text(t, text, bytes, sizeof(bytes));
    if (k == NULL || !tag_holds(k->click, bytes, sizeof(bytes))) {
        return ERR_NOT_FOUND;
    }
    uint32_t contract = load_be32(bytes + MASKED) ^ mask_of(k, bytes + INNER);
    block_decrypt(click_cipher(t, k, contract), bytes + INNER, block);
    *out = (struct pointer){contract, load_be64(block + PLACE), load_be32(block + AT_S), block[FLAGS]};
    return ERR_OK;
}

enum err click_id_open(struct block_cipher *const keys[256], struct span text, struct pointer *out)
{
    static const uint8_t zeros[BLOCK_LEN - FLAGS - 1];
    uint8_t bytes[CLICK_BYTES], block[BLOCK_LEN];
    size_t got;
    if (text.len != CLICK_ID_LEN || b64url_decode(text, bytes, sizeof bytes, &got) != ERR_OK || got != sizeof bytes ||
        bytes[0] != VERSION || keys[bytes[1]] == NULL)
        return ERR_NOT_FOUND;
    block_decrypt(keys[bytes[1]], bytes + INNER, block);
    if (memcmp(block + FLAGS + 1, zeros, sizeof zeros) != 0)
        return ERR_NOT_FOUND;
    *out = (struct pointer){0, load_be64(block + PLACE), load_be32(block + AT_S), block[FLAGS]};
    return ERR_OK;
}

/* ---- lead refs ---- */

void lead_ref_write(struct tokens *t, const struct pointer *l, char out[LEAD_REF_LEN])
{
    const struct token_key *k = signing_key(t);
    uint8_t block[BLOCK_LEN] = {0}, bytes[LEAD_BYTES] = {VERSION, k->kid};
    store_be32(block, l->contract);
    store_be64(block + 4, l->index);
    block_encrypt(k->lead_block, block, bytes + BODY);
    make_tag(k->lead, bytes, LEAD_BYTES - TAG_LEN, bytes + LEAD_BYTES - TAG_LEN);
    out[0] = 'L';
    write_text(bytes, sizeof(bytes), out + 1, LEAD_REF_LEN - 1);
}

enum err lead_ref_read(struct tokens *t, struct span text, struct pointer *out)
{
    uint8_t bytes[LEAD_BYTES], block[BLOCK_LEN];
    if (!span_starts(text, "L")) {
        return ERR_NOT_FOUND;
    }
    const struct token_key *k = read_text(t, span_skip(text, 1), bytes, sizeof(bytes));
    if (k == NULL || !tag_holds(k->lead, bytes, sizeof(bytes))) {
        return ERR_NOT_FOUND;
    }
    block_decrypt(k->lead_block, bytes + BODY, block);
    *out = (struct pointer){.contract = load_be32(block), .index = load_be64(block + 4)};
    return ERR_OK;
}

/* ---- event ids ---- */

enum { EVENT_SEQ = 0, EVENT_MS = 6, EVENT_N = 12, EVENT_BLUR = 14, BITS_ABOVE_48 = 16 };

void event_id_write(struct tokens *t, const struct event_place *p, uint16_t blur, char out[EVENT_ID_LEN])
{
    const struct token_key *k = signing_key(t);
    uint8_t block[BLOCK_LEN] = {0}, bytes[EVENT_BYTES] = {VERSION, k->kid};
    assert(p->seq >> 48 == 0 && (uint64_t)p->refused_ms >> 48 == 0);
    store_be64(block + EVENT_SEQ, p->seq << BITS_ABOVE_48); /* each has its last two bytes written over */
    store_be64(block + EVENT_MS, (uint64_t)p->refused_ms << BITS_ABOVE_48);
    store_be16(block + EVENT_N, p->refused);
    store_be16(block + EVENT_BLUR, blur);
    block_encrypt(k->event_block, block, bytes + BODY);
    make_tag(k->event, bytes, EVENT_BYTES - TAG_LEN, bytes + EVENT_BYTES - TAG_LEN);
    out[0] = 'E';
    write_text(bytes, sizeof(bytes), out + 1, EVENT_ID_LEN - 1);
}

enum err event_id_read(struct tokens *t, struct span text, struct event_place *out)
{
    uint8_t bytes[EVENT_BYTES], block[BLOCK_LEN];
    if (!span_starts(text, "E"))
        return ERR_NOT_FOUND;
    const struct token_key *k = read_text(t, span_skip(text, 1), bytes, sizeof(bytes));
    if (k == NULL || !tag_holds(k->event, bytes, sizeof(bytes)))
        return ERR_NOT_FOUND;
    block_decrypt(k->event_block, bytes + BODY, block);
    *out = (struct event_place){
        .seq = load_be64(block + EVENT_SEQ) >> BITS_ABOVE_48,
        .refused_ms = (int64_t)(load_be64(block + EVENT_MS) >> BITS_ABOVE_48),
        .refused = load_be16(block + EVENT_N),
    };
    return ERR_OK;
}
