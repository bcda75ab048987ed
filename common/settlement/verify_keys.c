#include "common/base/text.h"
#include "common/ledger/jws.h"
#include "common/settlement/verify_parts.h"

#define JWKS_PATH ".well-known/jwks.json"
#define LOG_KEYS_PATH "log/keys"

/* Strict: exactly the bytes that the server writes for these keys. */
static bool read_jwks(struct span text, struct key_set *k)
{
    json_t *json = NULL;
    const json_t *list = NULL;
    struct buf again;
    buf_heap(&again);
    bool good = json_read_canonical(text, &json, NULL) == ERR_OK &&
                json_get_array(json, "", "keys", KEYS_CAP, &list, NULL, NULL) == ERR_OK && json_array_size(list) > 0;
    for (size_t i = 0; good && i < json_array_size(list); i++) {
        struct jw w;
        buf_clear(&again);
        jw_open(&w, &again);
        jw_value(&w, json_array_get(list, i));
        jw_close(&w);
        good = jwk_read(buf_span(&again), k->statement[i], NULL) == ERR_OK;
    }
    if (good) {
        buf_clear(&again);
        jwks_write(&again, (const uint8_t(*)[ED25519_KEY_LEN])k->statement, json_array_size(list));
        good = span_eq(buf_span(&again), text);
    }
    k->n_statement = good ? json_array_size(list) : 0;
    buf_free(&again);
    json_decref(json);
    return good;
}

static bool is_log_of(struct span name, struct span root, const char *contract)
{
    size_t n = strlen(contract);
    return name.len == root.len + 1 + n && memcmp(name.ptr, root.ptr, root.len) == 0 && name.ptr[root.len] == '/' &&
           memcmp(name.ptr + root.len + 1, contract, n) == 0;
}

/* One verifier key a line; the first is the root log's and names the origin. Keeps this contract's keys and the root
 * log's. */
static bool read_log_keys(struct key_set *k, const char *contract)
{
    struct note_key root[KEYS_CAP], key;
    struct span rest = buf_span(&k->text);
    while (rest.len > 0) {
        struct span line;
        if (!text_cut(&rest, '\n', &line) || note_vkey_parse(line, &key) != ERR_OK)
            return false;
        if (k->root_origin.ptr == NULL)
            k->root_origin = key.name;
        if (span_eq(key.name, k->root_origin) && k->n_root < KEYS_CAP / 2)
            root[k->n_root++] = key;
        else if (is_log_of(key.name, k->root_origin, contract) && k->n_contract < KEYS_CAP / 2)
            k->log[k->n_contract++] = key;
    }
    for (size_t i = 0; i < k->n_root; i++)
        k->log[k->n_contract + i] = root[i];
    if (k->n_contract > 0)
        k->origin = k->log[0].name;
    return true;
}

void verify_keys(struct audit *a)
{
    struct key_set *k = &a->keys;
    struct buf jwks;
    buf_heap(&jwks);
    if (audit_read(a, CHECK_KEYS, JWKS_PATH, &jwks) && !read_jwks(buf_span(&jwks), k))
        finds_failure(&a->finding[CHECK_KEYS], JWKS_PATH " is not a set of Ed25519 keys as the server writes it");
    buf_free(&jwks);
    if (!audit_read(a, CHECK_KEYS, LOG_KEYS_PATH, &k->text))
        return;
    if (!read_log_keys(k, a->contract)) {
        k->n_contract = k->n_root = 0;
        finds_failure(&a->finding[CHECK_KEYS],
                      LOG_KEYS_PATH " holds a line that is not a verifier key, or a key that does not fit its id");
    } else if (k->n_contract == 0) {
        finds_failure(&a->finding[CHECK_KEYS], LOG_KEYS_PATH " has no key for the log of contract %s", a->contract);
    }
}

const uint8_t *audit_statement_key(const struct audit *a, const char kid[JWK_KID_LEN])
{
    for (size_t i = 0; i < a->keys.n_statement; i++) {
        char own[JWK_KID_LEN];
        jwk_kid(a->keys.statement[i], own);
        if (memcmp(own, kid, JWK_KID_LEN) == 0)
            return a->keys.statement[i];
    }
    return NULL;
}

bool verify_note(struct audit *a, enum check c, const char *path, struct span note, bool root, struct checkpoint *out)
{
    const struct key_set *k = &a->keys;
    const struct note_key *keys = k->log + (root ? k->n_contract : 0);
    size_t n = root ? k->n_root : k->n_contract;
    if (n == 0) {
        finds_doubt(&a->finding[c], "there is no key to open %s with", path);
        return false;
    }
    struct checkpoint opened;
    if (checkpoint_open_plain(note, keys, n, &opened) != ERR_OK || !span_eq(opened.origin, keys[0].name)) {
        finds_failure(&a->finding[c], "%s is not signed by the log's key over what it says", path);
        return false;
    }
    *out = opened;
    return true;
}
