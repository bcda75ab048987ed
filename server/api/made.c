#include "server/api/made.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/credentials.h"
#include "server/commit/notice_rows.h"

struct made {
    struct batch *cx;
    const struct made_tokens *tokens;
    uint32_t by;
    struct jw *w;
};

static int hash_compare(const void *key, const void *row)
{
    return memcmp(key, (*(const struct api_token *const *)row)->sha256, HASH_LEN);
}

/* Of the token of that hash; NULL: there is none. */
static bool *mark_of(const struct made_tokens *m, const uint8_t sha256[HASH_LEN])
{
    const struct api_token *const *t = bsearch(sha256, m->all.t, m->all.n, sizeof *m->all.t, hash_compare);
    return t != NULL ? &m->is[t - m->all.t] : NULL;
}

/* Whether a token of these made what was made then by that one. */
static bool made_it(const struct made_tokens *m, const uint8_t maker[HASH_LEN], int64_t created_ms)
{
    const bool *mark = created_ms >= m->since_ms ? mark_of(m, maker) : NULL;
    return mark != NULL && *mark;
}

/* Makers come in no order, so it is looked as long as there are more. */
void made_find(const struct catalog *c, const struct api_token *t, int64_t since_ms, const struct api_token *caller,
               struct made_tokens *out)
{
    *out = (struct made_tokens){.all = catalog_tokens(c), .since_ms = since_ms};
    out->is = xcalloc(out->all.n, sizeof *out->is);
    *mark_of(out, t->sha256) = true;
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < out->all.n; i++) {
            const struct api_token *one = out->all.t[i];
            if (!out->is[i] && one != caller && made_it(out, one->maker, one->created_ms))
                out->is[i] = more = true;
        }
    }
}

void made_free(struct made_tokens *m)
{
    free(m->is);
    m->is = NULL;
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

/* What of a party's row it made: the key of unsigned postbacks, where its events go. */
static enum err end_of_party(struct made *m, const struct party *p)
{
    struct party off = *p;
    struct credential_told key = {.party = p, .what = CREDENTIAL_POSTBACK_KEY},
                           hook = {.party = p, .what = CREDENTIAL_WEBHOOK};
    enum err err = ERR_OK;
    if (!span_empty(p->postback_cidrs) && made_it(m->tokens, p->postback_maker, p->postback_since_ms))
        off.postback_cidrs = SPAN("");
    if (!span_empty(p->webhook) && made_it(m->tokens, p->webhook_maker, p->webhook_since_ms))
        off.webhook = SPAN("");
    bool keyless = !span_eq(off.postback_cidrs, p->postback_cidrs), hookless = !span_eq(off.webhook, p->webhook);
    credential_id(p->postback_key, key.id);
    memcpy(hook.id, p->webhook_id, sizeof hook.id);
    if (keyless || hookless)
        err = catalog_put_party(m->cx->txn, &off);
    if (keyless)
        err = tell(m, err, &key);
    return hookless && err == ERR_OK ? tell(m, err, &hook) : err;
}

static enum err end_of_campaign(struct made *m, const struct campaign *c)
{
    struct credential_told crm = {.party = catalog_who(m->cx->catalog, c->advertiser), .what = CREDENTIAL_WEBHOOK};
    struct campaign off = *c;
    if (span_empty(c->crm) || !made_it(m->tokens, c->crm_maker, c->crm_since_ms))
        return ERR_OK;
    off.crm = SPAN("");
    memcpy(crm.id, c->crm_id, sizeof crm.id);
    return tell(m, catalog_put_campaign(m->cx->txn, &off), &crm);
}

static enum err end_notices_of(struct made *m, const struct party *p)
{
    struct credential_told told = {.party = p};
    struct notice_row row;
    enum err err = notice_row_get(m->cx->txn, p->number, &row);
    if (err == ERR_CORRUPT || (err == ERR_OK && !made_it(m->tokens, row.maker, row.since_ms)))
        return ERR_OK; /* one that does not read is for `check` to name */
    if (err != ERR_OK)
        return ERR_IO;
    memcpy(told.id, p->id, sizeof told.id);
    say(m, &told, "notices");
    return notice_row_del(m->cx->txn, p->number);
}

static enum err end_notices(struct made *m)
{
    uint32_t party = 0;
    enum err err = ERR_OK, step = ERR_OK;
    while (err == ERR_OK && (step = notice_row_next(m->cx->txn, &party)) == ERR_OK)
        if (party <= m->cx->catalog->n_parties)
            err = end_notices_of(m, catalog_party_number(m->cx->catalog, party));
    return err != ERR_OK ? err : step == ERR_NOT_FOUND ? ERR_OK : ERR_IO;
}

static enum err end_all(struct made *m, const struct api_token *first)
{
    const struct catalog *c = m->cx->catalog;
    const struct token_list *all = &m->tokens->all;
    const struct secret_list secrets = catalog_secrets(c);
    enum err err = ERR_OK;
    for (size_t i = 0; i < all->n && err == ERR_OK; i++)
        if (m->tokens->is[i] && all->t[i] != first && all->t[i]->ended_ms == 0)
            err = end_token(m, all->t[i]);
    for (size_t i = 0; i < secrets.n && err == ERR_OK; i++)
        if (!secrets.s[i]->retired && made_it(m->tokens, secrets.s[i]->maker, secrets.s[i]->created_ms))
            err = end_secret(m, secrets.s[i]);
    for (uint32_t n = 1; n <= c->n_parties && err == ERR_OK; n++)
        err = end_of_party(m, catalog_party_number(c, n));
    for (uint32_t n = 1; n <= c->n_campaigns && err == ERR_OK; n++)
        err = end_of_campaign(m, catalog_campaign_number(c, n));
    if (err == ERR_OK)
        err = end_notices(m);
    return err;
}

enum err made_end(struct batch *cx, const struct made_tokens *tokens, const struct api_token *t, uint32_t by,
                  struct jw *w)
{
    struct made m = {.cx = cx, .tokens = tokens, .by = by, .w = w};
    jw_array(w);
    enum err err = end_all(&m, t);
    jw_array_end(w);
    return err;
}
