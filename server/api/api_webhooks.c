/* Where a party's events are sent. */
#include "common/base/bytes.h"
#include "common/commit/delivery.h"
#include "common/decisions/link.h"
#include "common/tokens/tokens.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/webhook.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/credentials.h"
#include "server/commit/outbox.h"
#include "server/keys/vault.h"
#include "server/outgoing/letter.h"
#include "server/system/address.h"
#include "server/system/system.h"

/* ---- output ---- */

static struct span webhook_aad(uint32_t party, uint8_t out[4])
{
    store_be32(out, party);
    return span_of(out, 4);
}

static enum err jw_secret(struct jw *w, const struct keys *keys, uint32_t party, struct span sealed)
{
    char mem[WEBHOOK_SECRET_LEN + 1];
    uint8_t aad[4];
    struct buf key, text;
    buf_fixed(&key, mem, sizeof mem);
    buf_heap(&text);
    enum err err = vault_open(keys, VAULT_WEBHOOKS, webhook_aad(party, aad), sealed, &key);
    if (err == ERR_OK) {
        whsec_encode(&text, key.ptr, key.len);
        jw_kstr(w, "secret", buf_span(&text));
        crypto_wipe(text.ptr, text.len);
    }
    crypto_wipe(mem, sizeof mem);
    buf_free(&text);
    return err;
}

/* `sealed` empty: the secret is not shown. */
static enum err jw_webhook(struct jw *w, const struct keys *keys, const struct party *p, struct span sealed)
{
    char key[WEBHOOK_PUBLIC_CAP];
    enum err err = ERR_OK;
    jw_object(w);
    if (p->webhook_off_ms != 0 && !span_empty(p->webhook))
        jw_ktime(w, "disabled_at", p->webhook_off_ms);
    if (!span_empty(p->webhook) && p->webhook_macro)
        jw_kstr(w, "macro_url", p->webhook);
    jw_kstr(w, "party", span_str(p->id));
    if (!span_empty(p->webhook)) {
        webhook_public(keys, key);
        jw_kstr(w, "public_key", span_str(key));
    }
    if (!span_empty(sealed))
        err = jw_secret(w, keys, p->number, sealed);
    if (!span_empty(p->webhook))
        jw_ktime(w, "since", p->webhook_since_ms);
    if (!span_empty(p->webhook) && !p->webhook_macro)
        jw_kstr(w, "url", p->webhook);
    jw_object_end(w);
    return err;
}

/* ---- the fold ---- */

static void set(const struct batch *cx, const struct record *r, struct party *p, struct span *fresh)
{
    bool had = !span_empty(p->webhook);
    p->webhook = r->webhook.url;
    p->webhook_macro = r->webhook.macro;
    p->webhook_by = r->webhook.by;
    p->webhook_since_ms = cx->now_ms;
    p->webhook_off_ms = 0;
    memcpy(p->webhook_id, r->webhook.id, sizeof p->webhook_id);
    call_maker(r, p->webhook_maker);
    if (!had)
        p->webhook_sealed = *fresh = r->webhook.sealed;
}

enum err webhook_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct party *before = catalog_party_number(cx->catalog, r->webhook.party);
    struct party p = *before;
    struct span fresh = SPAN("");
    struct answer a;
    bool same = span_eq(p.webhook, r->webhook.url) && p.webhook_off_ms == 0 &&
                (span_empty(p.webhook) || p.webhook_macro == r->webhook.macro);
    if (!same)
        set(cx, r, &p, &fresh);
    answer_open(&a);
    enum err err = jw_webhook(&a.w, cx->instance->keys, &p, span_empty(p.webhook) ? SPAN("") : fresh);
    if (err != ERR_OK) {
        answer_abandon(&a);
        return err;
    }
    answer_job(&a, job, 200);
    if (same)
        return ERR_OK;
    struct credential_told told = {before, r->webhook.by, CREDENTIAL_WEBHOOK};
    err = catalog_put_party(cx->txn, &p);
    cx->catalog_changed = err == ERR_OK;
    return err == ERR_OK ? credential_replaced(cx, &told, span_empty(before->webhook) ? "" : before->webhook_id,
                                               span_empty(p.webhook) ? "" : p.webhook_id)
                         : err;
}

enum err deliver_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct contract *k = catalog_contract_number(cx->catalog, r->deliver.contract);
    struct delivery_place at = {r->deliver.contract, r->deliver.at_ms, r->deliver.index, r->deliver.target};
    struct aim aim;
    char id[DELIVERY_ID_CAP];
    struct answer a;
    struct delivery d;
    if (!aim_at(cx->catalog, at.target, &aim) || span_empty(aim.url) || aim.off_ms != 0)
        return problem(&job->problem, ERR_CONFLICT, "", "the %s that is on: set one first",
                       at.target & DELIVERY_CRM ? "campaign has no CRM" : "party has no webhook");
    if (aim_tested_before(&aim, &at))
        return problem(&job->problem, ERR_CONFLICT, "", "this tested what has been set anew since: test that");
    enum err err = k != NULL ? delivery_get(cx->txn, &at, &d) : ERR_OK;
    if (err == ERR_NOT_FOUND)
        return problem(&job->problem, err, "", "there is no such delivery, or it is older than %d days",
                       DELIVERY_KEEP_DAYS);
    if (err != ERR_OK || (err = outbox_send(cx, &at, DELIVERY_TEST)) != ERR_OK)
        return err;
    delivery_id(k != NULL ? span_str(k->id) : SPAN(""), at.index, span_str(aim.id), id);
    answer_open(&a);
    jw_object(&a.w);
    jw_kstr(&a.w, "id", span_str(id));
    jw_ktime(&a.w, "next_at", cx->now_ms);
    jw_kstr(&a.w, "state", span_str(delivery_state_word(DELIVERY_PENDING)));
    jw_object_end(&a.w);
    answer_job(&a, job, 202);
    return ERR_OK;
}

/* ---- the URL ---- */

/* A URL is a link first, of which no more is asked than its characters. */
static bool bracketed_ok(struct span host)
{
    address a;
    return host.ptr[0] != '[' ||
           (memchr(host.ptr, ':', host.len) != NULL && address_read(span_of(host.ptr + 1, host.len - 2), &a));
}

/* Without TLS only to addresses that the operator allows: names are looked at when they are called. */
enum err webhook_url_ok(struct request *rq, const char *field, struct span url, bool macro)
{
    struct span host, unknown = macro ? delivery_unknown_macro(url) : SPAN("");
    bool https = url.len > 8 && memcmp(url.ptr, "https://", 8) == 0;
    bool plain = url.len > 7 && memcmp(url.ptr, "http://", 7) == 0;
    if (!span_empty(unknown))
        return problem(&rq->problem, ERR_INVALID, field,
                       "has {%.*s}, which is none of click_id txid status payout currency event sub1 to sub5 lead_id "
                       "reason timestamp",
                       (int)(unknown.len < 40 ? unknown.len : 40), unknown.ptr);
    if (!(macro ? link_template_host(url, &host) : link_host(url, &host)) || !(https || plain) ||
        memchr(url.ptr, '#', url.len) != NULL)
        return problem(
            &rq->problem, ERR_INVALID, field,
            "must be an https URL in ASCII, without user name, password and fragment, its port 65535 at most%s",
            macro ? ", with macros behind its host" : "");
    if (!bracketed_ok(host))
        return problem(&rq->problem, ERR_INVALID, field,
                       "must have an IPv6 address between its brackets, as in https://[2001:db8::1]/");
    const char *allowed = rq->worker->settings->options.webhook_allow.text;
    if (span_is(span_str(allowed), "none"))
        return problem(&rq->problem, ERR_CONFLICT, field, "this server sends no webhooks, its operator says");
    if (plain && allowed[0] == '\0')
        return problem(&rq->problem, ERR_INVALID, field,
                       "must be https: http is for addresses that the operator allows (webhook_allow)");
    return ERR_OK;
}

static enum err url_read(struct request *rq, struct span *url, bool *macro)
{
    struct {
        struct span macro_url, url;
    } in = {{0}, {0}};
    static const struct body_member members[] = {{"macro_url", BODY_TEXT, 0, WEBHOOK_URL_MAX, false},
                                                 {"url", BODY_TEXT, sizeof(struct span), WEBHOOK_URL_MAX, false},
                                                 {NULL}};
    enum err err = body_read(rq, members, &in);
    if (err != ERR_OK)
        return err;
    if ((in.url.ptr == NULL) == (in.macro_url.ptr == NULL))
        return problem(&rq->problem, ERR_MALFORMED, "url", "say one of `url` and `macro_url`");
    *macro = in.url.ptr == NULL;
    *url = *macro ? in.macro_url : in.url;
    return webhook_url_ok(rq, *macro ? "macro_url" : "url", *url, *macro);
}

/* ---- the calls ---- */

/* The party's own: the operator sees where it is, and does not read along. */
static enum err own_party(struct request *rq, const struct party **p)
{
    enum err err = call_party(rq, rq->param[0], p);
    if (err != ERR_OK)
        return err;
    if (!((*p)->role & (ROLE_ADVERTISER | ROLE_PUBLISHER)))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "events are sent to advertisers and publishers");
    if (rq->caller->number != (*p)->number)
        return problem(&rq->problem, ERR_FORBIDDEN, "", "only the party itself says where its events go");
    return ERR_OK;
}

static struct span seal(struct request *rq, uint32_t party)
{
    uint8_t key[WEBHOOK_SECRET_LEN], nonce[VAULT_NONCE_LEN], aad[4];
    struct buf sealed;
    random_bytes(key, sizeof key);
    vault_nonce(nonce);
    arena_buf(rq->arena, &sealed, sizeof key + 64);
    vault_seal(rq->worker->server->instance.keys, VAULT_WEBHOOKS, webhook_aad(party, aad), span_of(key, sizeof key),
               nonce, &sealed);
    crypto_wipe(key, sizeof key);
    return buf_span(&sealed);
}

static enum err submit(struct request *rq, const struct party *p, struct span url, bool macro)
{
    struct job *job = worker_job(rq, RECORD_WEBHOOK, NULL);
    job->record.webhook.party = p->number;
    job->record.webhook.by = rq->caller->number;
    job->record.webhook.url = url;
    job->record.webhook.macro = macro;
    job->record.webhook.sealed = seal(rq, p->number);
    random_id('W', job->record.webhook.id);
    return call_submit(rq, job);
}

enum err webhook_put(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    struct span url;
    bool macro;
    enum err err = own_party(rq, &p);
    if (err == ERR_OK)
        err = url_read(rq, &url, &macro);
    return err == ERR_OK ? submit(rq, p, url, macro) : err;
}

enum err webhook_delete(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    enum err err = own_party(rq, &p);
    return err == ERR_OK ? submit(rq, p, SPAN(""), false) : err;
}

enum err webhook_get(struct request *rq, struct reply *reply)
{
    const struct party *p;
    struct answer a;
    enum err err = call_party_alone(rq, &p);
    if (err != ERR_OK)
        return err;
    answer_open(&a);
    err = jw_webhook(&a.w, rq->worker->server->instance.keys, p, SPAN(""));
    if (err == ERR_OK)
        answer_reply(&a, rq, reply);
    else
        answer_abandon(&a);
    return err;
}

enum err webhook_submit_test(struct request *rq, uint32_t target, int64_t since_ms)
{
    const int64_t at_ms = rq->arrived_ms > since_ms ? rq->arrived_ms : since_ms; /* whatever the clock did since */
    struct job *job = worker_job(rq, RECORD_DELIVER, NULL);
    job->record.deliver.target = target;
    job->record.deliver.by = rq->caller->number;
    job->record.deliver.at_ms = at_ms;
    job->record.deliver.index = (uint64_t)at_ms;
    return call_submit(rq, job);
}

enum err webhook_test(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member none[] = {{NULL}};
    const struct party *p;
    enum err err = own_party(rq, &p);
    if (err != ERR_OK || (err = body_read(rq, none, NULL)) != ERR_OK)
        return err;
    return webhook_submit_test(rq, p->number, p->webhook_since_ms);
}
