#include "server/outgoing/draft.h"

#include <assert.h>

#include "common/base/bytes.h"
#include "server/keys/vault.h"

void draft_open(struct draft *d)
{
    *d = (struct draft){.n = 0};
    buf_heap(&d->url);
    buf_heap(&d->body);
}

void draft_clear(struct draft *d)
{
    crypto_wipe(d->mem, sizeof d->mem);
    buf_clear(&d->url);
    buf_clear(&d->body);
    d->n = 0;
    d->there = 0;
}

void draft_close(struct draft *d)
{
    draft_clear(d);
    buf_free(&d->url);
    buf_free(&d->body);
}

static void head(struct draft *d, const char *name, struct span value)
{
    struct buf b;
    assert(d->n < DRAFT_HEADERS);
    buf_fixed(&b, d->mem[d->n], DRAFT_HEADER_MOST);
    buf_str(&b, name);
    buf_span_add(&b, value);
    buf_byte(&b, '\0');
    assert(!b.failed);
    d->headers[d->n] = d->mem[d->n];
    d->headers[++d->n] = NULL;
}

/* What opens a target; nothing, of a CRM that needs none. */
static enum err open_secret(const struct keys *k, const struct aim *aim, struct buf *out)
{
    const struct campaign *c = aim->campaign;
    uint8_t aad[4];
    store_be32(aad, c != NULL ? c->number : aim->party->number);
    if (c != NULL && span_empty(c->crm_sealed))
        return ERR_OK;
    return vault_open(k, c != NULL ? VAULT_CRM : VAULT_WEBHOOKS, span_of(aad, sizeof aad),
                      c != NULL ? c->crm_sealed : aim->party->webhook_sealed, out);
}

static void to_webhook(struct draft *d, struct signer *s, const struct party *p, const struct letter *l, struct span id,
                       int64_t at_s, struct span secret)
{
    char mem[256];
    struct buf sign;
    buf_fixed(&sign, mem, sizeof mem);
    if (p->webhook_macro)
        delivery_macro_url(&d->url, p->webhook, l->macro, l->n);
    else
        buf_span_add(&d->url, p->webhook);
    buf_span_add(&d->body, p->webhook_macro ? SPAN("") : buf_span(&l->body));
    d->post = !p->webhook_macro;
    webhook_sign(s, secret, id, at_s, buf_span(&d->body), &sign);
    head(d, "webhook-signature: ", buf_span(&sign));
    head(d, "Content-Type: application/json", SPAN(""));
}

static enum err to_crm(struct draft *d, const struct campaign *of, const struct letter *l, struct span token)
{
    struct crm crm;
    if (crm_read(of->crm, &crm, NULL) != ERR_OK)
        return ERR_CORRUPT;
    buf_span_add(&d->url, of->crm_url);
    crm_body(&crm, l->macro, l->n, &d->body);
    d->post = true;
    d->there = crm.recipe->there;
    head(d, "Content-Type: ", span_str(crm_media_type(&crm)));
    if (!span_empty(token) && crm.recipe->auth != NULL)
        head(d, crm.recipe->auth, token);
    crm_close(&crm);
    return ERR_OK;
}

enum err draft_write(struct draft *d, const struct keys *k, struct signer *s, const struct aim *aim,
                     const struct letter *l, struct span id, int64_t at_s)
{
    char mem[CRM_TOKEN_MAX + WEBHOOK_SECRET_LEN], seconds[24];
    struct buf secret, at;
    buf_fixed(&secret, mem, sizeof mem);
    buf_fixed(&at, seconds, sizeof seconds);
    buf_i64(&at, at_s);
    draft_clear(d);
    head(d, "webhook-id: ", id);
    head(d, "webhook-timestamp: ", buf_span(&at));
    head(d, "Expect:", SPAN(""));
    enum err err = open_secret(k, aim, &secret);
    if (err == ERR_OK && aim->campaign != NULL)
        err = to_crm(d, aim->campaign, l, buf_span(&secret));
    else if (err == ERR_OK)
        to_webhook(d, s, aim->party, l, id, at_s, buf_span(&secret));
    buf_byte(&d->url, '\0');
    crypto_wipe(mem, sizeof mem);
    return err;
}
