/* A statement for people: the page, with its style and what was answered. */
#include "asset_statement_css.h"
#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/text.h"
#include "common/ledger/jws.h"
#include "common/pages/statement_page.h"
#include "server/lists/zones.h"
#include "server/settlement/statements.h"

enum { LINES_SHOWN = 50 };

struct zone_of {
    struct zones *zones;
    struct span name;
    enum err err; /* the first that a time of the page came to: then there is no page */
};

static int64_t offset_of(void *of_page, int64_t at_ms)
{
    struct zone_of *z = of_page;
    int64_t offset_s = 0;
    enum err err = zones_offset(z->zones, z->name, at_ms, &offset_s);
    if (err != ERR_OK && z->err == ERR_OK)
        z->err = err;
    return err == ERR_OK ? offset_s : 0;
}

/* The kid in a compact JWS's header, in the arena; empty when there is none. */
static struct span kid_of(struct request *rq, struct span jws)
{
    struct span rest = jws, head = text_take(&rest, '.'), kid;
    char *text = arena_alloc(rq->arena, head.len + 1);
    json_t *json = NULL;
    size_t len;
    struct buf out;
    arena_buf(rq->arena, &out, JWK_KID_LEN);
    if (b64url_decode(head, text, head.len + 1, &len) == ERR_OK &&
        json_read(span_of(text, len), &json, NULL) == ERR_OK &&
        json_get_str(json, "", "kid", JWK_KID_LEN, &kid, NULL, NULL) == ERR_OK)
        buf_span_add(&out, kid);
    json_decref(json);
    return buf_span(&out);
}

static enum err answer_read(struct request *rq, const struct shown *s, const struct party *p,
                            const struct statement_meta *m, struct page_answer *out)
{
    struct party_jws said;
    struct response r;
    struct span jws;
    int64_t at_ms;
    if (p == NULL)
        return ERR_OK;
    enum err err = statement_answer(s->txn, s->id, p, m, &jws, &at_ms);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    if (party_jws_read(jws, RESPONSE_TYP, span_str(p->id), &said, NULL) != ERR_OK ||
        response_read(&said, &r, NULL) != ERR_OK)
        return ERR_CORRUPT;
    const json_t *reason = json_object_get(r.said.json, "reason");
    *out = (struct page_answer){.given = true, .accepts = r.accept, .at_ms = at_ms, .n_disputed = r.n_disputed};
    out->reason = arena_copy(rq->arena, span_of(json_string_value(reason), json_string_length(reason)));
    out->thumbprint = kid_of(rq, jws);
    response_close(&r);
    return ERR_OK;
}

enum err statement_show(struct request *rq, struct reply *reply, const struct shown *s)
{
    const struct keys *keys = rq->worker->server->instance.keys;
    uint8_t pub[KEYS_MAX][ED25519_KEY_LEN];
    char kid[JWK_KID_LEN];
    struct statement_meta m;
    struct buf text;
    int64_t offset_s;
    enum err err = statement_meta_read(s->txn, rq->catalog, s->id, &m);
    if (err != ERR_OK)
        return err;
    struct zone_of zone = {rq->worker->zones, contract_terms(m.contract, m.issued_ms)->timezone, ERR_OK};
    struct statement_page page = {.payload = s->payload,
                                  .lines = s->lines,
                                  .style = span_of(asset_statement_css, sizeof asset_statement_css),
                                  .language = s->language,
                                  .of_page = &zone,
                                  .lines_most = s->all_lines ? 0 : LINES_SHOWN,
                                  .address = s->address};
    err = zones_offset(zone.zones, zone.name, m.issued_ms, &offset_s);
    if (err == ERR_OK)
        page.offset = offset_of; /* else this system has no such zone, and the page says UTC */
    else if (err != ERR_NOT_FOUND)
        return err;
    if (keys_statement_publics(keys, pub, KEYS_MAX) > 0) {
        jwk_kid(pub[0], kid);
        page.issuer_thumbprint = span_of(kid, sizeof kid);
    }
    if ((err = answer_read(rq, s, m.contract->campaign->advertiser, &m, &page.answer[0])) != ERR_OK ||
        (err = answer_read(rq, s, m.contract->publisher, &m, &page.answer[1])) != ERR_OK)
        return err;
    buf_heap(&text);
    if ((err = statement_page(&text, &page)) == ERR_OK)
        err = zone.err;
    if (err == ERR_OK)
        reply_body_take(reply, "text/html; charset=utf-8", &text);
    buf_free(&text);
    reply_page(rq, reply, s->language, page.style, "");
    return err;
}
