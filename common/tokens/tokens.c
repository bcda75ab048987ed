#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "common/tokens/tokens.h"

enum { VERSION = 1, TAG_LEN = 16, MAX_KEYS = 16 };

/* version, kid, body, tag */
enum {
    BODY = 2,
    CODE_BODY_LEN = 8,
    CODE_BYTES = BODY + CODE_BODY_LEN + TAG_LEN,
    POINTER_BYTES = BODY + BLOCK_LEN + TAG_LEN,
};
_Static_assert((CODE_BYTES * 8 + 5) / 6 == CODE_LEN, "code length");
_Static_assert((POINTER_BYTES * 8 + 5) / 6 == POINTER_LEN, "pointer length");

#define INDEX_END ((uint64_t)1 << 48)

/* One purpose of pointers: its MAC and its cipher. */
struct sealing {
    struct hmac *mac;
    struct block_cipher *block;
};

struct token_key {
    uint8_t kid;
    struct hmac *code;
    struct sealing click, lead;
};

struct tokens {
    struct token_key keys[MAX_KEYS];
    size_t n;
};

struct tokens *tokens_new(void)
{
    return xcalloc(1, sizeof(struct tokens));
}

static void sealing_close(struct sealing *s)
{
    hmac_free(s->mac);
    block_cipher_free(s->block);
}

void tokens_free(struct tokens *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < t->n; i++) {
        hmac_free(t->keys[i].code);
        sealing_close(&t->keys[i].click);
        sealing_close(&t->keys[i].lead);
    }
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
    t->keys[t->n++] = (struct token_key){
        .kid = kid,
        .code = subkey_mac(master, SPAN("countersign/v1/code")),
        .click = {subkey_mac(master, SPAN("countersign/v1/click mac")),
                  subkey_block(master, SPAN("countersign/v1/click block"))},
        .lead = {subkey_mac(master, SPAN("countersign/v1/lead mac")),
                 subkey_block(master, SPAN("countersign/v1/lead block"))},
    };
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

static void pointer_write(uint8_t kid, const struct sealing *s, const struct pointer *p, char out[POINTER_LEN])
{
    assert(p->index < INDEX_END);
    uint8_t block[BLOCK_LEN], bytes[POINTER_BYTES] = {VERSION, kid};
    store_be32(block, p->contract);
    store_be16(block + 4, (uint16_t)(p->index >> 32));
    store_be32(block + 6, (uint32_t)p->index);
    store_be32(block + 10, p->at_s);
    block[14] = p->flags;
    block[15] = p->salt;
    block_encrypt(s->block, block, bytes + BODY);
    make_tag(s->mac, bytes, POINTER_BYTES - TAG_LEN, bytes + POINTER_BYTES - TAG_LEN);
    write_text(bytes, sizeof(bytes), out, POINTER_LEN);
}

static enum err pointer_open(const struct sealing *s, const uint8_t bytes[POINTER_BYTES], struct pointer *out)
{
    if (!tag_holds(s->mac, bytes, POINTER_BYTES)) {
        return ERR_NOT_FOUND;
    }
    uint8_t block[BLOCK_LEN];
    block_decrypt(s->block, bytes + BODY, block);
    *out = (struct pointer){
        .contract = load_be32(block),
        .index = (uint64_t)load_be16(block + 4) << 32 | load_be32(block + 6),
        .at_s = load_be32(block + 10),
        .flags = block[14],
        .salt = block[15],
    };
    return ERR_OK;
}

void click_id_write(struct tokens *t, const struct pointer *c, char out[POINTER_LEN])
{
    const struct token_key *k = signing_key(t);
    pointer_write(k->kid, &k->click, c, out);
}

enum err click_id_read(struct tokens *t, struct span text, struct pointer *out)
{
    uint8_t bytes[POINTER_BYTES];
    const struct token_key *k = read_text(t, text, bytes, sizeof(bytes));
    return k != NULL ? pointer_open(&k->click, bytes, out) : ERR_NOT_FOUND;
}

void lead_ref_write(struct tokens *t, const struct pointer *l, char out[LEAD_REF_LEN])
{
    const struct token_key *k = signing_key(t);
    out[0] = 'L';
    pointer_write(k->kid, &k->lead, l, out + 1);
}

enum err lead_ref_read(struct tokens *t, struct span text, struct pointer *out)
{
    uint8_t bytes[POINTER_BYTES];
    if (!span_starts(text, "L")) {
        return ERR_NOT_FOUND;
    }
    const struct token_key *k = read_text(t, span_of(text.ptr + 1, text.len - 1), bytes, sizeof(bytes));
    return k != NULL ? pointer_open(&k->lead, bytes, out) : ERR_NOT_FOUND;
}
