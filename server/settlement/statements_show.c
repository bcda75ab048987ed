/* A statement for people: the page, with its style and what was answered. */
#include "asset_statement_css.h"
#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/text.h"
#include "common/decisions/rules.h"
#include "common/ledger/jws.h"
#include "common/pages/statement_page.h"
#include "server/lists/zones.h"
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"

/* What a page asks while it is written. */
struct asked {
    struct txn *txn;
    struct zones *zones;
    struct span name;
    enum err err; /* the first that a time or row of the page came to: then there is no page */
    struct tokens *tokens;
    const struct contract *contract;
};

static int64_t offset_of(void *of_page, int64_t at_ms)
{
    struct asked *z = of_page;
    int64_t offset_s = 0;
    enum err err = zones_offset(z->zones, z->name, at_ms, &offset_s);
    if (err != ERR_OK && z->err == ERR_OK)
        z->err = err;
    return err == ERR_OK ? offset_s : 0;
}

static void reference_of(void *of_page, uint64_t lead, struct buf *out)
{
    const struct asked *a = of_page;
    char ref[LEAD_REF_LEN];
    lead_ref_write(a->tokens, &(struct pointer){.contract = a->contract->number, .index = lead}, ref);
    buf_add(out, ref, sizeof ref);
}

static struct span label_of(void *of_page, int64_t placement)
{
    const struct contract *k = ((const struct asked *)of_page)->contract;
    bool known = placement > 0 && (uint64_t)placement <= k->n_codes;
    return known ? k->codes[placement - 1].label : SPAN("");
}

static struct page_assents assents_of(void *of_page, uint64_t adjustment)
{
    struct asked *a = of_page;
    const struct view view = store_view(a->txn);
    struct adjustment_row row = {.at_ms = 0};
    enum err err = row_adjustment(&view, a->contract->number, adjustment, &row);
    if (err != ERR_OK && a->err == ERR_OK)
        a->err = err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    return (struct page_assents){row.on_assent, {row.assent[0].at_ms, row.assent[1].at_ms}};
}

/* ---- the terms that it names ---- */

enum { TERMS_MOST = 64 };
struct terms_named {
    struct page_terms of[TERMS_MOST];
    struct terms *owned[TERMS_MOST];
    size_t n;
};

static void terms_named_free(struct terms_named *x)
{
    for (size_t i = 0; i < x->n; i++)
        terms_free(x->owned[i]);
}

/* Since when it binds, and whether both agreed. */
static enum err terms_bound(struct txn *t, const struct contract *k, const struct entry *e, struct page_terms *out)
{
    struct view rows = store_view(t);
    struct terms_row row;
    enum err err = row_terms(&rows, k->number, (uint32_t)e->terms.version, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    out->agreed = row.assent[0].index > 0 && row.assent[1].index > 0;
    out->at_ms = row.effective_ms > row.at_ms ? row.effective_ms : row.at_ms;
    for (size_t i = 0; i < SIDES && row.on_assent; i++)
        if (row.assent[i].at_ms > out->at_ms)
            out->at_ms = row.assent[i].at_ms;
    return ERR_OK;
}

static enum err terms_add(struct txn *t, const struct contract *k, uint64_t index, struct terms_named *x)
{
    struct envelope env;
    struct entry e;
    for (size_t i = 0; i < x->n; i++)
        if (x->of[i].index == index)
            return ERR_OK;
    if (x->n == TERMS_MOST)
        return ERR_OK; /* those prices are called by their places */
    enum err err = ledger_read(t, k->number, index, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, &e, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    struct page_terms of = {.index = index};
    if (e.kind != ENTRY_TERMS || rules_compile(&e.terms, &x->owned[x->n], NULL) != ERR_OK)
        err = ERR_CORRUPT;
    if (err == ERR_OK) {
        of.version = e.terms.version;
        of.terms = x->owned[x->n];
        err = terms_bound(t, k, &e, &of);
        x->of[x->n++] = of;
    }
    entry_close(&e);
    return err;
}

static enum err terms_load(struct txn *t, const struct contract *k, struct span payload, struct terms_named *x)
{
    struct statement s;
    const json_t *q, *terms;
    size_t i;
    enum err err = statement_read(payload, &s);
    if (err != ERR_OK)
        return err;
    err = terms_add(t, k, s.terms, x);
    json_array_foreach((json_t *)s.quantities, i, q)
    {
        if (err == ERR_OK && (terms = json_object_get(q, "terms")) != NULL)
            err = terms_add(t, k, (uint64_t)json_integer_value(terms), x);
    }
    statement_close(&s);
    return err;
}

/* ---- what was answered ---- */

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
    out->disputed =
        (const uint64_t *)arena_copy(rq->arena, span_of((const char *)r.disputed, r.n_disputed * sizeof r.disputed[0]))
            .ptr;
    response_close(&r);
    return ERR_OK;
}

static enum err corrections_read(const struct shown *s, const struct contract *k, struct statement_page *page)
{
    json_t *about = NULL;
    enum err err = adjustments_about(s->txn, k, s->id, &about);
    if (err != ERR_OK)
        return err;
    page->corrections = json_integer_value(json_object_get(about, "adjustments"));
    page->corrections_micros = json_integer_value(json_object_get(about, "micros"));
    json_decref(about);
    return ERR_OK;
}

static enum err page_asks(struct request *rq, const struct shown *s, const struct statement_meta *m,
                          struct terms_named *terms, struct statement_page *page)
{
    enum err err = corrections_read(s, m->contract, page);
    if (err == ERR_OK)
        err = answer_read(rq, s, m->contract->campaign->advertiser, m, &page->answer[0]);
    if (err == ERR_OK)
        err = answer_read(rq, s, m->contract->publisher, m, &page->answer[1]);
    if (err == ERR_OK)
        err = terms_load(s->txn, m->contract, s->payload, terms);
    page->terms = terms->of;
    page->n_terms = terms->n;
    return err;
}

static struct span attachment(struct request *rq, struct span id)
{
    struct buf b;
    arena_buf(rq->arena, &b, LIMIT_ID + 48);
    buf_printf(&b, "attachment; filename=\"statement-%.*s.csv\"", (int)id.len, id.ptr);
    return buf_span(&b);
}

/* Writes the page or the table, and what goes with it. */
static enum err show(struct request *rq, struct reply *reply, const struct shown *s, const struct statement_page *page)
{
    const struct asked *asked = page->of_page;
    struct buf text;
    buf_heap(&text);
    enum err err = s->csv ? statement_csv(&text, page) : statement_page(&text, page);
    if (err == ERR_OK)
        err = asked->err;
    if (err == ERR_OK)
        reply_body_take(reply, s->csv ? "text/csv; charset=utf-8" : "text/html; charset=utf-8", &text);
    buf_free(&text);
    if (s->csv)
        reply_header(reply, "Content-Disposition", attachment(rq, s->id));
    else
        reply_page(rq, reply, s->language, page->style, "");
    return err;
}

enum err statement_show(struct request *rq, struct reply *reply, const struct shown *s)
{
    const struct keys *keys = rq->worker->server->instance.keys;
    uint8_t pub[KEYS_MAX][ED25519_KEY_LEN];
    char kid[JWK_KID_LEN];
    struct statement_meta m;
    struct terms_named terms = {.n = 0};
    int64_t offset_s;
    enum err err = statement_meta_read(s->txn, rq->catalog, s->id, &m);
    if (err != ERR_OK)
        return err;
    struct asked asked = {.txn = s->txn,
                          .zones = rq->worker->zones,
                          .name = contract_terms(m.contract, m.issued_ms)->timezone,
                          .tokens = rq->worker->tokens,
                          .contract = m.contract};
    struct statement_page page = {.payload = s->payload,
                                  .lines = s->lines,
                                  .style = span_of(asset_statement_css, sizeof asset_statement_css),
                                  .language = s->language,
                                  .of_page = &asked,
                                  .reference = reference_of,
                                  .label = label_of,
                                  .assents = assents_of,
                                  .texts = s->texts,
                                  .lines_most = s->all_lines ? 0 : LINES_SHOWN,
                                  .lines_beyond = s->beyond,
                                  .address = s->address};
    err = zones_offset(asked.zones, asked.name, m.issued_ms, &offset_s);
    if (err == ERR_OK)
        page.offset = offset_of; /* else this system has no such zone, and the page says UTC */
    else if (err != ERR_NOT_FOUND)
        return err;
    if (keys_statement_publics(keys, pub, KEYS_MAX) > 0) {
        jwk_kid(pub[0], kid);
        page.issuer_thumbprint = span_of(kid, sizeof kid);
    }
    err = s->csv ? ERR_OK : page_asks(rq, s, &m, &terms, &page);
    if (err == ERR_OK)
        err = show(rq, reply, s, &page);
    terms_named_free(&terms);
    return err;
}
