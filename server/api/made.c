#include "server/api/made.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/credentials.h"

struct made {
    struct batch *cx;
    const struct api_token *tokens;
    bool *is; /* of the token at that place: it is the one, or was made by one that is */
    size_t n;
    int64_t since_ms;
    uint32_t by;
    struct jw *w;
};

/* Whether a token of these made what was made then by that one. */
static bool made_it(const struct made *m, const uint8_t maker[HASH_LEN], int64_t created_ms)
{
    const struct api_token *t = created_ms >= m->since_ms ? catalog_token_hashed(m->cx->catalog, maker) : NULL;
    return t != NULL && m->is[t - m->tokens];
}

/* Makers come in no order, so it is looked as long as there are more. */
static void find_tokens(struct made *m)
{
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < m->n; i++)
            if (!m->is[i] && made_it(m, m->tokens[i].maker, m->tokens[i].created_ms))
                m->is[i] = more = true;
    }
}

static void say(struct made *m, const struct credential_told *told, const char *what)
{
    jw_object(m->w);
    jw_kstr(m->w, "id", span_str(told->id));
    jw_kstr(m->w, "party", span_str(told->party->id));
    jw_kstr(m->w, "what", span_str(what));
    jw_object_end(m->w);
}

static enum err tell(struct made *m, enum err written, struct credential_told *told)
{
    told->by = m->by;
    told->since_ms = m->cx->now_ms;
    told->retired = true;
    say(m, told, credential_word(told->what));
    return written == ERR_OK ? credential_tell(m->cx->txn, m->cx->catalog, told) : written;
}

static enum err end_token(struct made *m, const struct api_token *t)
{
    struct api_token ended = *t;
    struct credential_told told = {.party = t->party, .what = CREDENTIAL_TOKEN};
    ended.ended_ms = m->cx->now_ms;
    credential_id(t->sha256, told.id);
    if (!t->invitation)
        return tell(m, catalog_put_token(m->cx->txn, &ended), &told);
    say(m, &told, "invitation");
    return catalog_put_token(m->cx->txn, &ended);
}

static enum err end_secret(struct made *m, const struct secret *s)
{
    struct secret retired = *s;
    struct credential_told told = {.party = s->party, .what = CREDENTIAL_SECRET};
    retired.retired = true;
    memcpy(told.id, s->kid, sizeof told.id);
    enum err err = tell(m, catalog_put_secret(m->cx->txn, &retired), &told);
    crypto_wipe(retired.key, sizeof retired.key);
    return err;
}

static enum err end_postback_key(struct made *m, const struct party *p)
{
    struct party off = *p;
    struct credential_told told = {.party = p, .what = CREDENTIAL_POSTBACK_KEY};
    off.postback_cidrs = SPAN("");
    credential_id(p->postback_key, told.id);
    return tell(m, catalog_put_party(m->cx->txn, &off), &told);
}

static enum err end_all(struct made *m, const struct api_token *first)
{
    const struct catalog *c = m->cx->catalog;
    enum err err = ERR_OK;
    for (size_t i = 0; i < m->n && err == ERR_OK; i++)
        if (m->is[i] && &m->tokens[i] != first && m->tokens[i].ended_ms == 0)
            err = end_token(m, &m->tokens[i]);
    for (size_t i = 0; i < c->n_secrets && err == ERR_OK; i++)
        if (!c->secrets[i].retired && made_it(m, c->secrets[i].maker, c->secrets[i].created_ms))
            err = end_secret(m, &c->secrets[i]);
    for (size_t i = 0; i < c->n_parties && err == ERR_OK; i++)
        if (!span_empty(c->parties[i].postback_cidrs) &&
            made_it(m, c->parties[i].postback_maker, c->parties[i].postback_since_ms))
            err = end_postback_key(m, &c->parties[i]);
    return err;
}

enum err made_end(struct batch *cx, const struct api_token *t, int64_t since_ms, uint32_t by, struct jw *w)
{
    struct made m = {.cx = cx, .since_ms = since_ms, .by = by, .w = w};
    m.tokens = catalog_tokens(cx->catalog, &m.n);
    m.is = xcalloc(m.n, sizeof *m.is);
    m.is[t - m.tokens] = true;
    find_tokens(&m);
    jw_array(w);
    enum err err = end_all(&m, t);
    jw_array_end(w);
    free(m.is);
    return err;
}
