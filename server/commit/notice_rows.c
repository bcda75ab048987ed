#include "server/commit/notice_rows.h"

#include <string.h>

#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/text.h"
#include "server/keys/keys.h"

enum { ROW_MOST = 4096, KINDS_MOST = 128, MAC_LEN = 16 };

static struct span party_key(uint32_t party, uint8_t mem[4])
{
    store_be32(mem, party);
    return span_of(mem, 4);
}

/* ---- writing ---- */

void notice_kinds_write(struct buf *out, unsigned kinds)
{
    size_t start = out->len;
    for (enum notice n = 0; n < NOTICES; n++)
        if (kinds & 1U << n) {
            buf_str(out, out->len > start ? "," : "");
            buf_str(out, notice_word(n));
        }
}

static void write_sent(struct jw *w, const struct notice_row *row)
{
    json_t *all = json_object();
    for (enum notice n = 0; n < NOTICES; n++) {
        char hex[2 * HASH_LEN];
        struct buf b;
        if (row->sent[n].day == 0)
            continue;
        buf_fixed(&b, hex, sizeof hex);
        buf_hex(&b, row->sent[n].digest, HASH_LEN);
        json_t *one = json_object();
        json_object_set_new(one, "day", json_integer(row->sent[n].day));
        json_object_set_new(one, "digest", json_stringn(hex, sizeof hex));
        json_object_set_new(all, notice_word(n), one);
    }
    jw_value(w, all);
    json_decref(all);
}

enum err notice_row_put(struct txn *t, uint32_t party, const struct notice_row *row)
{
    static const uint8_t nobody[HASH_LEN];
    char mem[ROW_MOST], kinds[KINDS_MOST];
    uint8_t key[4];
    struct buf text, words;
    struct jw w;
    buf_fixed(&text, mem, sizeof mem);
    buf_fixed(&words, kinds, sizeof kinds);
    notice_kinds_write(&words, row->kinds);
    jw_open(&w, &text);
    jw_object(&w);
    jw_kint(&w, "by", row->by);
    jw_kstr(&w, "email", span_str(row->email));
    jw_kstr(&w, "kinds", buf_span(&words));
    jw_kstr(&w, "language", span_str(language_word(row->language)));
    if (memcmp(row->maker, nobody, HASH_LEN) != 0)
        jw_kb64url(&w, "maker", row->maker, HASH_LEN);
    jw_key(&w, "sent");
    write_sent(&w, row);
    jw_kint(&w, "since", row->since_ms);
    jw_object_end(&w);
    jw_close(&w);
    assert(!text.failed && !words.failed);
    return store_put(t, TABLE_NOTICES, party_key(party, key), buf_span(&text));
}

enum err notice_row_del(struct txn *t, uint32_t party)
{
    uint8_t key[4];
    return store_del(t, TABLE_NOTICES, party_key(party, key));
}

/* ---- reading ---- */

static bool read_kinds(struct span words, unsigned *out)
{
    *out = 0;
    while (words.len > 0) {
        enum notice n;
        if (notice_parse(text_take(&words, ','), &n) != ERR_OK)
            return false;
        *out |= 1U << n;
    }
    return *out != 0;
}

static bool read_language(struct span word, enum language *out)
{
    for (enum language l = 0; l < LANGUAGES; l++)
        if (span_is(word, language_word(l))) {
            *out = l;
            return true;
        }
    return false;
}

static bool read_sent(const json_t *all, struct notice_row *row)
{
    const char *word;
    json_t *one;
    json_object_foreach((json_t *)all, word, one)
    {
        enum notice n;
        size_t len = 0;
        struct span digest = SPAN("");
        bool known = notice_parse(span_str(word), &n) == ERR_OK && json_object_size(one) == 2;
        if (!known || json_get_int(one, "", "day", 1, JSON_INT_MAX, &row->sent[n].day, NULL, NULL) != ERR_OK ||
            json_get_str(one, "", "digest", 2 * HASH_LEN, &digest, NULL, NULL) != ERR_OK ||
            hex_decode(digest, row->sent[n].digest, HASH_LEN, &len) != ERR_OK || len != HASH_LEN)
            return false;
    }
    return true;
}

static bool read_maker(const json_t *json, uint8_t out[HASH_LEN])
{
    struct span text = SPAN("");
    size_t len = 0;
    bool there = false;
    return json_get_str(json, "", "maker", 64, &text, &there, NULL) == ERR_OK &&
           (!there || (b64url_decode(text, out, HASH_LEN, &len) == ERR_OK && len == HASH_LEN));
}

static bool read_members(const json_t *json, struct notice_row *out)
{
    int64_t by = 0;
    struct span email = SPAN(""), kinds = SPAN(""), language = SPAN("");
    const json_t *sent = NULL;
    if (json_get_int(json, "", "by", 1, UINT32_MAX, &by, NULL, NULL) != ERR_OK || by == 0 ||
        json_get_str(json, "", "email", MAIL_ADDRESS_MAX, &email, NULL, NULL) != ERR_OK || !mail_address_ok(email) ||
        json_get_str(json, "", "kinds", KINDS_MOST, &kinds, NULL, NULL) != ERR_OK || !read_kinds(kinds, &out->kinds) ||
        json_get_str(json, "", "language", 16, &language, NULL, NULL) != ERR_OK ||
        !read_language(language, &out->language) || json_get_object(json, "", "sent", &sent, NULL, NULL) != ERR_OK ||
        sent == NULL || !read_sent(sent, out) ||
        json_get_int(json, "", "since", 0, JSON_INT_MAX, &out->since_ms, NULL, NULL) != ERR_OK ||
        !read_maker(json, out->maker))
        return false;
    out->by = (uint32_t)by;
    memcpy(out->email, email.ptr, email.len);
    return true;
}

enum err notice_row_get(struct txn *t, uint32_t party, struct notice_row *out)
{
    uint8_t key[4];
    struct span value;
    json_t *json = NULL;
    *out = (struct notice_row){.by = 0};
    enum err err = store_get(t, TABLE_NOTICES, party_key(party, key), &value);
    if (err != ERR_OK)
        return err;
    bool good = json_read_canonical(value, &json, NULL) == ERR_OK && read_members(json, out);
    json_decref(json);
    return good ? ERR_OK : ERR_CORRUPT;
}

enum err notice_row_next(struct txn *t, uint32_t *party)
{
    uint8_t mem[4];
    struct span key, value;
    if (*party == UINT32_MAX)
        return ERR_NOT_FOUND;
    enum err err = store_seek(t, TABLE_NOTICES, party_key(*party + 1, mem), &key, &value);
    if (err == ERR_OK && key.len != 4)
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        *party = load_be32(key.ptr);
    return err;
}

/* ---- links ---- */

void unsubscribe_write(const struct keys *k, uint32_t party, const char *email, char out[UNSUBSCRIBE_LEN])
{
    uint8_t key[32], mac[HASH_LEN], whole[4 + MAC_LEN];
    struct buf b;
    store_be32(whole, party);
    const struct span parts[] = {span_of(whole, 4), span_str(email)};
    keys_subkey(k, "countersign/v1/unsubscribe", key);
    struct hmac *h = hmac_new(key, sizeof key);
    hmac_sign(h, parts, 2, mac);
    hmac_free(h);
    crypto_wipe(key, sizeof key);
    memcpy(whole + 4, mac, MAC_LEN);
    buf_fixed(&b, out, UNSUBSCRIBE_LEN);
    buf_b64url(&b, whole, sizeof whole);
    assert(!b.failed && b.len == UNSUBSCRIBE_LEN);
}

enum err unsubscribe_party(struct span text, uint32_t *party)
{
    uint8_t whole[4 + MAC_LEN];
    size_t len;
    if (text.len != UNSUBSCRIBE_LEN || b64url_decode(text, whole, sizeof whole, &len) != ERR_OK || len != sizeof whole)
        return ERR_NOT_FOUND;
    *party = load_be32(whole);
    return ERR_OK;
}
