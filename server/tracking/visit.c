/* What clicks and pixels both do. On the hot path: no malloc, no printf. */
#include "common/base/ascii.h"
#include "common/base/country.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "server/keys/day_keys.h"
#include "server/system/system.h"
#include "server/tracking/tracking_private.h"

enum err tracking_target(struct request *rq, struct span text, struct target *out)
{
    struct tracking_code code;
    enum err err = code_cache_read(rq->worker->codes, rq->worker->tokens, text, &code);
    if (err != ERR_OK)
        return err;
    out->contract = catalog_contract_number(rq->catalog, code.contract);
    out->placement = code.placement;
    if (out->contract == NULL || code.placement == 0 || code.placement > out->contract->n_codes)
        return ERR_NOT_FOUND;
    out->code = out->contract->codes[code.placement - 1];
    return ERR_OK;
}

enum click_fault tracking_closed(const struct catalog *c, const struct contract *k, const struct code *code,
                                 int64_t at_ms)
{
    const struct terms *t = contract_terms(k, at_ms);
    if (contract_locked(c, k) || code->off_ms != 0)
        return CLICK_FAULT_OFF;
    if (!contract_binds(k, at_ms))
        return CLICK_FAULT_EARLY;
    return t->starts_ms > at_ms ? CLICK_FAULT_EARLY : terms_active(t, at_ms) ? CLICK_FAULT_PAUSED : CLICK_FAULT_ENDED;
}

struct visitor tracking_visitor(struct request *rq)
{
    struct worker *w = rq->worker;
    lists_follow(w->server->lists, &w->lists);
    struct visitor v = {agent_cache_read(w->agents, rq->user_agent), lists_origin(w->lists, rq->ip)};
    char said[COUNTRY_LEN];
    if (!span_empty(rq->country) && country_read(rq->country, said))
        memcpy(v.origin.country, said, sizeof said);
    return v;
}

enum class tracking_class(const struct request *rq, bool link, bool test, const struct visitor *v) {
    bool document = span_empty(rq->fetch_dest) || ascii_is(rq->fetch_dest, "document");
    return rq->prefetch           ? CLASS_PREFETCH
           : test                 ? CLASS_TEST
           : link && !document    ? CLASS_EMBEDDED
           : v->agent.bot         ? CLASS_BOT
           : v->origin.datacenter ? CLASS_DATACENTER
                                  : CLASS_OK;
}

void tracking_open(struct job *job, enum entry_kind kind, const struct contract *k)
{
    job->record.track.contract = k->number;
    job->record.track.entry.kind = kind;
    job->record.track.entry.at_ms = job->record.arrived_ms;
}

/* At most max bytes of clean UTF-8. */
static struct span clean(struct request *rq, struct span s, size_t max)
{
    struct buf b;
    if (s.len <= max && ascii_printable(s))
        return s;
    arena_buf(rq->arena, &b, max);
    utf8_repair(&b, s, max);
    return buf_span(&b);
}

enum err tracking_seal(struct request *rq, struct private_part *priv, struct private_sealed *out,
                       struct hash *commitment)
{
    struct buf plain, sealed;
    priv->ip = span_str(rq->ip);
    priv->ua = clean(rq, rq->user_agent, LIMIT_USER_AGENT);
    random_bytes(priv->seed, sizeof priv->seed);
    private_commitment(priv, commitment);

    out->day = (uint32_t)(rq->arrived_ms / MS_PER_DAY);
    arena_buf(rq->arena, &plain, PRIVATE_PART_MAX + priv->contact.len);
    private_write(&plain, priv);
    arena_buf(rq->arena, &sealed, plain.len + AEAD_TAG_LEN);
    enum err err = sealer_seal(rq->worker->sealer, out->day, commitment, buf_span(&plain), &sealed);
    out->bytes = buf_span(&sealed);
    return err;
}

enum err tracking_submit(struct request *rq, struct job *job, struct hash *commitment)
{
    struct private_part priv = {.lead = false};
    enum err err = tracking_seal(rq, &priv, &job->record.track.sealed, commitment);
    if (err == ERR_OK)
        return worker_submit_within(rq, job);
    source_unrecorded(rq->worker->server->source, job);
    return err;
}

void tracking_no_store(struct reply *r)
{
    reply_header(r, "Cache-Control", SPAN("no-store"));
}

void tracking_any_page(struct reply *r, struct span origin)
{
    reply_header(r, "Access-Control-Allow-Origin", origin);
    reply_header(r, "Cross-Origin-Resource-Policy", SPAN("cross-origin"));
}
