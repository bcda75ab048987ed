/* The published keys: those that the mirror knows must still be there, and the new heads be signed by one. */
#include <stdio.h>

#include "common/base/json_read.h"
#include "common/base/text.h"
#include "common/ledger/jws.h"
#include "server/cmd/pull_private.h"
#include "server/cmd/staging.h"
#include "server/system/log.h"

#define JWKS_PATH ".well-known/jwks.json"
#define LOG_KEYS_PATH "log/keys"

/* ---- note verifier keys ---- */

struct reading {
    struct pull_keys *keys;
    const char *contract;
};

/* They are the root log's; under the contract's name they sign its log. */
static const char *take_key(void *ctx, struct span line)
{
    const struct reading *r = ctx;
    struct pull_keys *k = r->keys;
    struct note_key key;
    if (note_vkey_parse(line, &key) != ERR_OK)
        return "it holds a line that is no verifier key";
    if (k->n == 0) {
        buf_heap(&k->names);
        buf_room(&k->names, 2 * LIMIT_LOG_KEY); /* nothing moves */
        buf_span_add(&k->names, key.name);
        buf_byte(&k->names, '/');
        buf_str(&k->names, r->contract);
    }
    struct span contract = buf_span(&k->names), root = span_of(contract.ptr, contract.len - 1 - strlen(r->contract));
    if (k->n == PULL_KEYS || !span_eq(key.name, root))
        return "it holds a key of another log, or more than any server has";
    key.name = root;
    k->key[k->n++] = key;
    key.name = contract;
    k->key[k->n++] = key;
    return NULL;
}

void pull_keys_before(struct pull *p)
{
    struct reading r = {&p->old_keys, p->contract};
    struct span rest, line;
    struct buf text;
    buf_heap(&text);
    if (pull_old(p, LOG_KEYS_PATH, LIMIT_LOG_KEYS, &text) == ERR_OK) {
        rest = buf_span(&text);
        while (rest.len > 0 && text_cut(&rest, '\n', &line))
            if (take_key(&r, line) != NULL)
                die("%s/" LOG_KEYS_PATH " is damaged: which keys signed the log then is not known; pull into another "
                    "folder",
                    p->dir);
    }
    buf_free(&text);
}

enum err pull_keys_open(const struct pull_keys *k, struct span note, struct checkpoint *out)
{
    return checkpoint_open(note, k->key, k->n, out);
}

static bool has_key(const struct pull_keys *k, const struct note_key *key)
{
    for (size_t i = 0; i < k->n; i++)
        if (span_eq(k->key[i].name, key->name) && memcmp(k->key[i].pub, key->pub, ED25519_KEY_LEN) == 0)
            return true;
    return false;
}

/* Those of before are the last of those of now, in their order: which came later is not the server's to say anew. */
static bool are_the_last(const struct pull_keys *old, const struct pull_keys *now, struct span name)
{
    size_t i = old->n, j = now->n;
    for (; i > 0; i--) {
        if (!span_eq(old->key[i - 1].name, name))
            continue;
        while (j > 0 && !span_eq(now->key[j - 1].name, name))
            j--;
        if (j-- == 0 || memcmp(old->key[i - 1].pub, now->key[j].pub, ED25519_KEY_LEN) != 0)
            return false;
    }
    return true;
}

static void check_log_keys(struct pull *p)
{
    bool gone = false;
    for (size_t i = 0; i < p->old_keys.n; i++) {
        char mem[256];
        struct buf shown;
        if (has_key(&p->keys, &p->old_keys.key[i]))
            continue;
        buf_fixed(&shown, mem, sizeof mem - 1);
        note_vkey(&shown, &p->old_keys.key[i]);
        gone = true;
        pull_miss(p, "the log key %.*s, which this mirror knows, is not published any more: keys may only be added",
                  (int)shown.len, mem);
    }
    for (size_t i = 0; i < p->old_keys.n; i++)
        if (!(gone ? are_the_last(&p->keys, &p->old_keys, p->old_keys.key[i].name)
                   : are_the_last(&p->old_keys, &p->keys, p->old_keys.key[i].name)))
            pull_doubt(p,
                       LOG_KEYS_PATH " has the keys that this mirror knows in another order: new ones come in front");
}

/* The place among the keys of the newest one that signed it, the newest are first; n where none did. */
static size_t newest_signer(const struct pull_keys *k, struct span note)
{
    struct checkpoint c;
    size_t i = 0;
    while (i < k->n && checkpoint_open(note, &k->key[i], 1, &c) != ERR_OK)
        i++;
    return i;
}

/* Keys go one way: one that signed no more when the mirror was pulled signs no more now. */
void pull_keys_go_on(struct pull *p, const struct pull_log *l)
{
    if (newest_signer(&p->keys, buf_span(&l->note)) > newest_signer(&p->keys, buf_span(&l->old)))
        pull_miss(p,
                  "%s is signed by an older key than the head that this mirror has: a key that retired, or was "
                  "reported stolen, signs nothing any more",
                  l->path);
}

/* ---- statement keys ---- */

/* The `x` of each, the public keys themselves, between newlines; what does not read has none. */
static void statement_keys(struct span text, struct buf *out)
{
    json_t *json = NULL;
    const json_t *list = NULL;
    size_t n = 0;
    buf_byte(out, '\n');
    if (json_read(text, &json, NULL) == ERR_OK &&
        json_get_array(json, "", "keys", PULL_KEYS, &list, NULL, NULL) == ERR_OK)
        for (; n < json_array_size(list); n++) {
            struct span x = SPAN("");
            if (json_get_str(json_array_get(list, n), "", "x", 64, &x, NULL, NULL) != ERR_OK)
                break;
            buf_span_add(out, x);
            buf_byte(out, '\n');
        }
    json_decref(json);
}

static void check_statement_keys(struct pull *p, struct span served)
{
    struct buf old, had, has;
    struct span rest, x;
    buf_heap(&old);
    buf_heap(&had);
    buf_heap(&has);
    if (pull_old(p, JWKS_PATH, LIMIT_JWKS, &old) == ERR_OK) {
        statement_keys(buf_span(&old), &had);
        statement_keys(served, &has);
        for (rest = span_skip(buf_span(&had), 1); text_cut(&rest, '\n', &x);)
            if (memmem(has.ptr, has.len, x.ptr - 1, x.len + 2) == NULL)
                pull_miss(p,
                          "the statement key %.*s, which this mirror knows, is not published any more: keys may only "
                          "be added",
                          (int)x.len, x.ptr);
    }
    buf_free(&old);
    buf_free(&had);
    buf_free(&has);
}

/* ---- both ---- */

void pull_keys_fetch(struct pull *p)
{
    struct reading r = {&p->keys, p->contract};
    struct pull_lines l = {.longest = LIMIT_LOG_KEY, .left = PULL_KEYS / 2, .good = take_key, .ctx = &r};
    pull_lines_begin(&l, LOG_KEYS_PATH);
    pull_lines_fetch(p, &l, LOG_KEYS_PATH, LIMIT_LOG_KEYS);
    pull_lines_end(p, &l, LOG_KEYS_PATH);
    struct span jwks = pull_fetch(p, JWKS_PATH, LIMIT_JWKS);
    if (!span_starts(jwks, "{\"keys\":[") || pull_good_object(NULL, jwks) != NULL)
        pull_refuse(p, JWKS_PATH, "a set of keys");
    pull_keep(p, JWKS_PATH, jwks);
    check_log_keys(p);
    check_statement_keys(p, jwks);
}

/* What is signed by a new key alone is taken while the old ones stay: whose it is, its reader has to ask. */
void pull_keys_check(struct pull *p, const char *path, struct span note)
{
    struct checkpoint c;
    if (pull_keys_open(&p->keys, note, &c) == ERR_OK || pull_keys_open(&p->old_keys, note, &c) == ERR_OK)
        return;
    p->refusal[0] = '\0'; /* anybody can write what nobody signed */
    pull_refuse(p, path, "signed by a key that the server publishes for it");
}

bool pull_keys_know(const struct pull_keys *k, const struct pull_log *l)
{
    struct checkpoint c;
    return pull_keys_open(k, buf_span(&l->note), &c) == ERR_OK;
}

void pull_keys_free(struct pull_keys *k)
{
    buf_free(&k->names);
    *k = (struct pull_keys){.n = 0};
}
