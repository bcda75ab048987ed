#include "server/keys/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/ledger/jws.h"
#include "server/system/system.h"

enum { KEYS_FORMAT = 1, KEYS_FILE_MAX = 16 * 1024, STATES_MAX = 64 };

struct key {
    uint8_t seed[SEED_LEN];
    uint8_t pub[ED25519_KEY_LEN]; /* of log and statement keys */
    uint8_t kid;                  /* of token keys */
};

/* Keys of one purpose, newest first: the first one signs. */
struct key_list {
    struct key of[KEYS_MAX];
    size_t n, ahead; /* ahead: those in front that no entry has */
};

struct keys {
    struct key_list log, statement, token;
    uint8_t master[32];
    struct server_keys state[STATES_MAX];
    struct keys_step step[STATES_MAX]; /* from 1 on; points into `steps` */
    size_t n_states;
    struct buf steps;
};

static void write_list(struct jw *w, const char *name, const struct key_list *r, bool kids)
{
    jw_key(w, name);
    jw_array(w);
    for (size_t i = 0; i < r->n; i++) {
        jw_object(w);
        if (kids)
            jw_kint(w, "kid", r->of[i].kid);
        jw_kb64url(w, "seed", r->of[i].seed, SEED_LEN);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void keys_write(struct buf *out, const struct keys *k)
{
    struct jw w;
    jw_open(&w, out);
    jw_object(&w);
    jw_kint(&w, "format", KEYS_FORMAT);
    write_list(&w, "log", &k->log, false);
    jw_kb64url(&w, "master", k->master, sizeof k->master);
    write_list(&w, "statement", &k->statement, false);
    write_list(&w, "token", &k->token, true);
    jw_object_end(&w);
    jw_close(&w);
}

static bool read_secret(const json_t *obj, const char *name, uint8_t out[32])
{
    struct span text = {0};
    bool found = false;
    size_t len = 0;
    return json_get_str(obj, "", name, 64, &text, &found, NULL) == ERR_OK && found &&
           b64url_decode(text, out, 32, &len) == ERR_OK && len == 32;
}

static bool read_list(const json_t *obj, const char *name, bool kids, struct key_list *out)
{
    const json_t *list = NULL;
    if (json_get_array(obj, "", name, KEYS_MAX, &list, NULL, NULL) != ERR_OK || json_array_size(list) == 0)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++, out->n++) {
        const json_t *key = json_array_get(list, i);
        int64_t kid = 0;
        if (!json_is_object(key) || !read_secret(key, "seed", out->of[i].seed))
            return false;
        if (kids && (json_get_int(key, "", "kid", 1, 255, &kid, NULL, NULL) != ERR_OK || kid == 0))
            return false;
        out->of[i].kid = (uint8_t)kid;
    }
    return true;
}

/* Strict: what is read is exactly what keys_write gives. */
static enum err keys_read(struct span text, struct keys *out)
{
    json_t *json = NULL;
    struct buf again;
    buf_heap(&again);
    buf_room(&again, text.len + 1); /* at once: as it grows it would leave copies */
    enum err err = ERR_CORRUPT;
    if (json_read_canonical(text, &json, NULL) != ERR_OK || !read_list(json, "log", false, &out->log) ||
        !read_list(json, "statement", false, &out->statement) || !read_list(json, "token", true, &out->token) ||
        !read_secret(json, "master", out->master))
        goto done;
    keys_write(&again, out);
    if (span_eq(buf_span(&again), text))
        err = ERR_OK;
done:
    if (again.ptr != NULL)
        crypto_wipe(again.ptr, again.len);
    buf_free(&again);
    json_decref(json);
    return err;
}

static char *keys_path(const char *data_dir)
{
    return xasprintf("%s/keys.json", data_dir);
}

/* A new one in front, without its public key and kid. */
static void draw(struct key_list *r)
{
    memmove(&r->of[1], &r->of[0], r->n * sizeof r->of[0]);
    random_bytes(r->of[0].seed, SEED_LEN);
    r->n++;
}

/* Once, as making one takes as long as signing. */
static void publics_make(struct key_list *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct signer *s = signer_new(r->of[i].seed);
        memcpy(r->of[i].pub, signer_public(s), ED25519_KEY_LEN);
        signer_free(s);
    }
}

enum err keys_create(const char *data_dir)
{
    char *path = keys_path(data_dir);
    struct keys *k = xcalloc(1, sizeof *k);
    struct buf text;
    buf_heap(&text);
    enum err err = access(path, F_OK) == 0 ? ERR_CONFLICT : errno == ENOENT ? ERR_OK : ERR_IO;
    if (err != ERR_OK) /* be it that nobody can tell: what is there is not replaced */
        goto done;
    draw(&k->log);
    draw(&k->statement);
    draw(&k->token);
    k->token.of[0].kid = 1;
    random_bytes(k->master, sizeof k->master);
    keys_write(&text, k);
    err = file_write_atomic(path, buf_span(&text), 0600);
    crypto_wipe(text.ptr, text.len);
done:
    buf_free(&text);
    keys_free(k);
    free(path);
    return err;
}

enum err keys_load(const char *data_dir, struct keys **out)
{
    char *path = keys_path(data_dir);
    struct keys *k = xcalloc(1, sizeof *k);
    struct buf text;
    buf_heap(&text);
    struct stat st;
    enum err err = file_read(path, KEYS_FILE_MAX, &text);
    if (err == ERR_OK)
        err = stat(path, &st) != 0 ? ERR_IO : (st.st_mode & (S_IRWXG | S_IRWXO)) != 0 ? ERR_FORBIDDEN : ERR_OK;
    if (err == ERR_OK)
        err = keys_read(buf_span(&text), k);
    if (err == ERR_OK) {
        publics_make(&k->log);
        publics_make(&k->statement);
        err = keys_follow(k, SPAN(""));
    }
    if (err == ERR_OK) {
        *out = k;
        k = NULL;
    }
    if (text.ptr != NULL)
        crypto_wipe(text.ptr, text.len);
    buf_free(&text);
    keys_free(k);
    free(path);
    return err;
}

void keys_free(struct keys *k)
{
    if (k == NULL)
        return;
    buf_free(&k->steps);
    crypto_wipe(k, sizeof *k);
    free(k);
}

/* ---- which of them sign ---- */

static void public_of(const struct key_list *r, size_t i, uint8_t out[ED25519_KEY_LEN])
{
    memcpy(out, r->of[i].pub, ED25519_KEY_LEN);
}

/* Its place in the list; r->n where it is not in it. */
static size_t place(const struct key_list *r, const uint8_t pub[ED25519_KEY_LEN])
{
    size_t i = 0;
    while (i < r->n && memcmp(r->of[i].pub, pub, ED25519_KEY_LEN) != 0)
        i++;
    return i;
}

void keys_step_write(struct buf *out, const struct keys_step *s)
{
    buf_u64(out, s->root);
    buf_byte(out, ' ');
    buf_span_add(out, s->jws);
    buf_byte(out, ' ');
    buf_span_add(out, s->previous_jws);
    buf_byte(out, '\n');
}

static enum err follow_one(struct keys *k, struct span line)
{
    struct keys_step *step = &k->step[k->n_states];
    struct span root, issuer;
    struct buf payload;
    buf_heap(&payload);
    enum err err = k->n_states < STATES_MAX && text_cut(&line, ' ', &root) && parse_u64(root, &step->root) == ERR_OK &&
                           text_cut(&line, ' ', &step->jws)
                       ? ERR_OK
                       : ERR_CORRUPT;
    step->previous_jws = line;
    if (err == ERR_OK && server_keys_open(step->jws, line, &k->state[k->n_states - 1], &payload, &k->state[k->n_states],
                                          &issuer) != ERR_OK)
        err = ERR_CORRUPT;
    k->n_states += err == ERR_OK;
    buf_free(&payload);
    return err;
}

enum err keys_follow(struct keys *k, struct span steps)
{
    struct span rest, line;
    enum err err = ERR_OK;
    buf_free(&k->steps);
    buf_heap(&k->steps);
    buf_span_add(&k->steps, steps);
    k->n_states = 1;
    k->state[0] = (struct server_keys){.n_log = 1};
    public_of(&k->log, k->log.n - 1, k->state[0].log[0]);
    public_of(&k->statement, k->statement.n - 1, k->state[0].statement);
    for (rest = buf_span(&k->steps); err == ERR_OK && !span_empty(rest);)
        err = text_cut(&rest, '\n', &line) ? follow_one(k, line) : ERR_CORRUPT;
    const struct server_keys *now = &k->state[k->n_states - 1];
    k->log.ahead = place(&k->log, now->log[0]);
    k->statement.ahead = place(&k->statement, now->statement);
    for (size_t i = 0; err == ERR_OK && i < now->n_log; i++)
        if (place(&k->log, now->log[i]) == k->log.n)
            err = ERR_CONFLICT;
    return err == ERR_OK && k->statement.ahead == k->statement.n ? ERR_CONFLICT : err;
}

size_t keys_states(const struct keys *k)
{
    return k->n_states;
}

const struct server_keys *keys_state(const struct keys *k, size_t n)
{
    return &k->state[n];
}

const struct keys_step *keys_state_step(const struct keys *k, size_t n)
{
    return &k->step[n];
}

static void draw_one(struct key_list *r)
{
    memmove(&r->of[0], &r->of[r->ahead], (r->n - r->ahead) * sizeof r->of[0]);
    r->n -= r->ahead;
    draw(r);
    publics_make(r);
    r->ahead = 1;
}

static enum err keys_keep(const struct keys *k, const char *data_dir)
{
    char *path = keys_path(data_dir);
    struct buf text;
    buf_heap(&text);
    keys_write(&text, k);
    enum err err = file_write_atomic(path, buf_span(&text), 0600);
    crypto_wipe(text.ptr, text.len);
    buf_free(&text);
    free(path);
    return err;
}

enum err keys_draw(struct keys *k, const char *data_dir, bool fresh, struct server_keys *next)
{
    enum err err = ERR_OK;
    if (k->log.n - k->log.ahead == KEYS_MAX || k->statement.n - k->statement.ahead == KEYS_MAX ||
        k->n_states + 1 >= STATES_MAX)
        return ERR_TOO_LARGE;
    if (fresh || k->log.ahead != 1 || k->statement.ahead != 1) {
        draw_one(&k->log);
        draw_one(&k->statement);
        err = keys_keep(k, data_dir);
    }
    public_of(&k->log, 0, next->log[0]);
    public_of(&k->statement, 0, next->statement);
    return err;
}

enum err keys_draw_token(struct keys *k, const char *data_dir)
{
    struct key_list *r = &k->token;
    uint8_t last = 0;
    for (size_t i = 0; i < r->n; i++)
        last = r->of[i].kid > last ? r->of[i].kid : last;
    if (r->n == KEYS_MAX || last == UINT8_MAX)
        return ERR_TOO_LARGE;
    draw(r);
    r->of[0].kid = (uint8_t)(last + 1);
    return keys_keep(k, data_dir);
}

size_t keys_token_kids(const struct keys *k, uint8_t *out)
{
    for (size_t i = 0; i < k->token.n; i++)
        out[i] = k->token.of[i].kid;
    return k->token.n;
}

bool keys_jws_by(const struct keys *k, const uint8_t log[ED25519_KEY_LEN], const char *typ, struct span payload,
                 struct buf *out)
{
    size_t at = place(&k->log, log);
    if (at == k->log.n)
        return false;
    struct signer *s = signer_new(k->log.of[at].seed);
    jws_compact(out, s, typ, payload);
    signer_free(s);
    return true;
}

/* ---- what they make ---- */

struct signer *keys_new_log_signer(const struct keys *k, size_t n)
{
    const struct server_keys *now = &k->state[k->n_states - 1];
    return n < now->n_log ? signer_new(k->log.of[place(&k->log, now->log[n])].seed) : NULL;
}

struct signer *keys_new_statement_signer(const struct keys *k)
{
    return signer_new(k->statement.of[k->statement.ahead].seed);
}

struct tokens *keys_new_tokens(const struct keys *k)
{
    struct tokens *t = tokens_new();
    for (size_t i = k->token.n; i-- > 0;) /* the last one added signs */
        tokens_add_key(t, k->token.of[i].kid, k->token.of[i].seed);
    return t;
}

void keys_subkey(const struct keys *k, const char *info, uint8_t out[32])
{
    hkdf(span_of(k->master, sizeof k->master), SPAN(""), span_str(info), out, 32);
}

void keys_pepper(const struct keys *k, struct span campaign_id, uint8_t out[32])
{
    char info[128];
    snprintf(info, sizeof info, "countersign/v1/pepper%.*s", (int)campaign_id.len, campaign_id.ptr);
    keys_subkey(k, info, out);
}

void keys_day_wrap(const struct keys *k, uint8_t out[32])
{
    keys_subkey(k, "countersign/v1/day wrap", out);
}

static void mark(struct buf *out, const char *purpose, uint8_t kid, const uint8_t *secret)
{
    uint8_t sum[HASH_LEN];
    const struct span parts[] = {SPAN("countersign/v1/key mark"), span_of(purpose, strlen(purpose) + 1),
                                 span_of(&kid, 1), span_of(secret, SEED_LEN)};
    sha256v(parts, 4, sum);
    buf_add(out, sum, sizeof sum);
}

void keys_marks(const struct keys *k, struct buf *out)
{
    static const char *const purposes[] = {"log", "statement", "token"};
    const struct key_list *lists[] = {&k->log, &k->statement, &k->token};
    for (size_t i = 0; i < 3; i++)
        for (size_t n = 0; n < lists[i]->n; n++)
            mark(out, purposes[i], lists[i]->of[n].kid, lists[i]->of[n].seed);
    mark(out, "master", 0, k->master);
}

enum err keys_fit(const struct keys *k, struct span marks)
{
    struct buf mine;
    if (marks.len == 0 || marks.len % HASH_LEN != 0)
        return ERR_CORRUPT;
    buf_heap(&mine);
    keys_marks(k, &mine);
    bool here = true;
    for (size_t at = 0; at < marks.len && here; at += HASH_LEN) {
        here = false;
        for (size_t i = 0; i < mine.len && !here; i += HASH_LEN)
            here = memcmp(mine.ptr + i, marks.ptr + at, HASH_LEN) == 0;
    }
    buf_free(&mine);
    return here ? ERR_OK : ERR_CONFLICT;
}

static size_t publics(const struct key_list *r, uint8_t (*out)[ED25519_KEY_LEN], size_t cap)
{
    size_t n = r->n - r->ahead < cap ? r->n - r->ahead : cap;
    for (size_t i = 0; i < n; i++)
        public_of(r, r->ahead + i, out[i]);
    return n;
}

size_t keys_statement_publics(const struct keys *k, uint8_t (*out)[ED25519_KEY_LEN], size_t cap)
{
    return publics(&k->statement, out, cap);
}

size_t keys_log_publics(const struct keys *k, uint8_t (*out)[ED25519_KEY_LEN], size_t cap)
{
    return publics(&k->log, out, cap);
}

void keys_jwks(const struct keys *k, struct buf *out)
{
    uint8_t pubs[KEYS_MAX][ED25519_KEY_LEN];
    size_t n = keys_statement_publics(k, pubs, KEYS_MAX);
    jwks_write(out, (const uint8_t(*)[ED25519_KEY_LEN])pubs, n);
}
