#include <stdio.h>

#include "common/base/text.h"
#include "common/ledger/jws.h"
#include "common/settlement/verify_parts.h"

#define JWKS_PATH ".well-known/jwks.json"
#define LOG_KEYS_PATH "log/keys"

/* Strict: exactly the bytes that the server writes for these keys, none of them twice. */
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
    for (size_t i = 0; good && i < json_array_size(list); i++)
        for (size_t j = 0; j < i; j++)
            good &= memcmp(k->statement[i], k->statement[j], ED25519_KEY_LEN) != 0;
    k->n_statement = good ? json_array_size(list) : 0;
    buf_free(&again);
    json_decref(json);
    return good;
}

/* Under a name each key stands once, and so does each id of one. */
static bool is_new(const struct note_key *keys, size_t n, const struct note_key *key)
{
    for (size_t i = 0; i < n; i++)
        if (note_same_id(&keys[i], key))
            return false;
    return true;
}

/* The names, of the root log and of this contract's, for all keys to point into. */
static void name_logs(struct key_set *k, const char *contract, struct span root)
{
    buf_span_add(&k->names, root);
    buf_byte(&k->names, '/');
    buf_str(&k->names, contract);
    k->origin = buf_span(&k->names);
    k->root_origin = span_of(k->origin.ptr, root.len);
}

/* One verifier key of the root log a line; under this contract's name they sign its log. False when a line is none, one
 * of another log, or one again. */
static bool read_log_keys(struct key_set *k, const char *contract, struct lines *lines)
{
    struct note_key root[KEYS_CAP / 2], key;
    struct span line;
    bool cut;
    while (lines_peek(lines, &line, &cut)) {
        if (cut || note_vkey_parse(line, &key) != ERR_OK || !is_new(root, k->n_root, &key) || k->n_root == KEYS_CAP / 2)
            return false;
        if (k->n_root == 0)
            name_logs(k, contract, key.name);
        else if (!span_eq(key.name, k->root_origin))
            return false;
        key.name = k->root_origin;
        root[k->n_root++] = key;
        lines_skip(lines, line);
    }
    k->n_contract = k->n_root;
    for (size_t i = 0; i < k->n_root; i++) {
        k->log[i] = k->log[k->n_root + i] = root[i];
        k->log[i].name = k->origin;
    }
    return true;
}

static void verify_log_keys(struct audit *a)
{
    struct key_set *k = &a->keys;
    struct finding *f = &a->finding[CHECK_KEYS];
    struct lines lines;
    lines_open(&lines, a->mirror, f, LOG_KEYS_PATH, "key", LIMIT_LOG_KEY);
    bool good = read_log_keys(k, a->contract, &lines);
    if (!good)
        finds_failure(
            f, LOG_KEYS_PATH
            " holds a line that is not a verifier key of the root log, a key that does not fit its id, or one "
            "twice");
    else if (lines_all_read(&lines) && k->n_root == 0)
        finds_failure(f, LOG_KEYS_PATH " has no key");
    if (!good || !lines_all_read(&lines))
        k->n_contract = k->n_root = 0;
    lines_close(&lines);
}

void verify_keys(struct audit *a)
{
    struct key_set *k = &a->keys;
    struct buf jwks;
    buf_heap(&jwks);
    if (audit_read(a, CHECK_KEYS, JWKS_PATH, LIMIT_JWKS, &jwks) && !read_jwks(buf_span(&jwks), k))
        finds_failure(&a->finding[CHECK_KEYS],
                      JWKS_PATH " is not a set of Ed25519 keys as the server writes it, each once");
    buf_free(&jwks);
    verify_log_keys(a);
    verify_signers_open(a);
}

size_t audit_statement_key(const struct audit *a, const char kid[JWK_KID_LEN])
{
    size_t i = 0;
    for (; i < a->keys.n_statement; i++) {
        char own[JWK_KID_LEN];
        jwk_kid(a->keys.statement[i], own);
        if (memcmp(own, kid, JWK_KID_LEN) == 0)
            break;
    }
    return i;
}

bool audit_servers_key(const struct audit *a, const uint8_t pub[ED25519_KEY_LEN])
{
    const struct key_set *k = &a->keys;
    bool found = false;
    for (size_t i = 0; i < k->n_statement; i++)
        found |= memcmp(k->statement[i], pub, ED25519_KEY_LEN) == 0;
    for (size_t i = 0; i < k->n_contract + k->n_root; i++)
        found |= memcmp(k->log[i].pub, pub, ED25519_KEY_LEN) == 0;
    return found;
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
    uint64_t by = 0;
    if (checkpoint_open_plain(note, keys, n, &opened, &by) != ERR_OK || !span_eq(opened.origin, keys[0].name)) {
        finds_failure(&a->finding[c], "%s is not signed by the log's key over what it says", path);
        return false;
    }
    a->keys.used_log |= by << (root ? k->n_contract : 0);
    struct signed_note signed_by = {.check = c, .log = root ? LOG_ROOT : LOG_CONTRACT, .size = opened.size, .by = by};
    snprintf(signed_by.path, sizeof signed_by.path, "%s", path);
    verify_signers_note(a, &signed_by);
    *out = opened;
    return true;
}

/* ---- what is told ---- */

static bool told_before(const struct key_set *k, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (k->used_log >> j & 1 && memcmp(k->log[j].pub, k->log[i].pub, ED25519_KEY_LEN) == 0)
            return true;
    return false;
}

static void tell_log_key(const struct key_set *k, size_t i, struct buf *out)
{
    struct note_key key = k->log[i];
    for (size_t j = k->n_contract; j < k->n_contract + k->n_root; j++)
        if (memcmp(k->log[j].pub, key.pub, ED25519_KEY_LEN) == 0)
            key = k->log[j]; /* as the operator publishes it */
    note_vkey(out, &key);
}

static unsigned idle(const struct key_set *k)
{
    unsigned n = 0;
    for (size_t i = 0; i < k->n_statement; i++)
        n += !(k->used_statement >> i & 1);
    for (size_t i = k->n_contract; i < k->n_contract + k->n_root; i++) {
        bool used = false;
        for (size_t j = 0; j < k->n_contract + k->n_root; j++)
            used |= k->used_log >> j & 1 && memcmp(k->log[j].pub, k->log[i].pub, ED25519_KEY_LEN) == 0;
        n += !used;
    }
    return n;
}

void verify_keys_tell(const struct audit *a, struct buf *out)
{
    const struct key_set *k = &a->keys;
    const char *before = "statements and receipts were signed by key ";
    for (size_t i = 0; i < k->n_statement; i++) {
        char kid[JWK_KID_LEN];
        if (!(k->used_statement >> i & 1))
            continue;
        jwk_kid(k->statement[i], kid);
        buf_str(out, before);
        buf_add(out, kid, sizeof kid);
        verify_signers_statement_range(a, i, out);
        before = " and by key ";
    }
    buf_str(out, k->used_statement ? "; heads " : "no statement or receipt was signed; heads ");
    before = "by key ";
    for (size_t i = 0; i < k->n_contract + k->n_root; i++)
        if (k->used_log >> i & 1 && !told_before(k, i)) {
            buf_str(out, before);
            tell_log_key(k, i, out);
            verify_signers_log_range(a, k->log[i].pub, out);
            before = " and by key ";
        }
    buf_str(out, k->used_log ? ": compare them with what the operator publishes elsewhere" : "by none");
    unsigned n = idle(k);
    if (n)
        buf_printf(out, "; %u more %s published and signed nothing here", n, n == 1 ? "key is" : "keys are");
}

bool audit_issuer_fits(struct audit *a, struct span issuer)
{
    struct span root = a->keys.root_origin;
    size_t scheme_len = span_starts(issuer, "https://") ? 8 : span_starts(issuer, "http://") ? 7 : 0;
    struct span bare = span_skip(issuer, scheme_len);
    if (scheme_len == 0 || (a->scheme_len > 0 && scheme_len != a->scheme_len) || root.len != bare.len + 4 ||
        memcmp(root.ptr, bare.ptr, bare.len) != 0 || memcmp(root.ptr + bare.len, "/log", 4) != 0)
        return false;
    a->scheme_len = scheme_len;
    return true;
}
