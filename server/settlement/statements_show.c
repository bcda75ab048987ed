/* A statement for people: the page, with its style and what was answered; and its line items for programs. They are in
 * no table but made again of the log, a bundle at a time, so that a reply is begun at once however many they are, and
 * holds a few of them. Each of its pieces is read in a transaction of its own. */
#include <stdlib.h>

#include "asset_statement_css.h"
#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "common/decisions/rules.h"
#include "common/ledger/jws.h"
#include "common/pages/statement_page.h"
#include "common/settlement/statement_text.h"
#include "server/commit/contract_write.h"
#include "server/lists/zones.h"
#include "server/settlement/corrections.h"
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"
#include "server/system/system.h"

/* What a page asks while it is written. */
struct asked {
    struct txn *txn;
    const struct zone *zone;
    enum err err; /* the first that a row of the page came to: then there is no page */
    struct tokens *tokens;
    const struct contract *contract;
};

static int64_t offset_of(void *of_page, int64_t at_ms)
{
    const struct asked *a = of_page;
    return zone_offset(a->zone, at_ms / MS_PER_S);
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
    return known ? k->codes[placement - 1]->label : SPAN("");
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

static enum err terms_load(struct txn *t, const struct contract *k, const struct statement *s, struct terms_named *x)
{
    const json_t *q, *terms;
    size_t i;
    enum err err = terms_add(t, k, s->terms, x);
    json_array_foreach((json_t *)s->quantities, i, q)
    {
        if (err == ERR_OK && (terms = json_object_get(q, "terms")) != NULL)
            err = terms_add(t, k, (uint64_t)json_integer_value(terms), x);
    }
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

static enum err answer_read(struct request *rq, struct txn *t, const struct shown *s, const struct who *p,
                            struct page_answer *out)
{
    struct party_jws said;
    struct response r;
    struct span jws;
    int64_t at_ms;
    if (p == NULL)
        return ERR_OK;
    enum err err = statement_answer(t, s->id, p, &s->meta, &jws, &at_ms);
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

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Of what is disputed what moves no money, each once. */
static enum err still_read(struct request *rq, struct txn *t, const struct shown *s, struct statement_page *page)
{
    const struct view rows = store_view(t);
    uint64_t *found = arena_alloc(rq->arena, SIDES * LIMIT_DISPUTED * sizeof *found);
    size_t n = 0, kept = 0;
    for (size_t side = 0; side < SIDES; side++)
        for (size_t i = 0; i < page->answer[side].n_disputed; i++) {
            uint64_t index = page->answer[side].disputed[i];
            struct move_row move;
            enum err err = row_move(&rows, s->meta.contract->number, index, &move);
            if (err != ERR_OK)
                return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
            if (move.micros == 0)
                found[n++] = index;
        }
    if (n > 0)
        qsort(found, n, sizeof *found, ascending);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || found[i] != found[i - 1])
            found[kept++] = found[i];
    page->still = found;
    page->n_still = kept;
    page->lines_all += kept;
    return ERR_OK;
}

/* ---- one on its way ---- */

enum { PIECE = 64 << 10 }; /* bytes or more, after which a piece ends with the part or the bundle that it is in */

/* What its pieces share, in the arena. */
struct showing {
    struct shown of;
    struct statement_page page; /* what stays as it was when the first was made */
    unsigned part;              /* what comes next */
    size_t bundle, still;       /* likewise, of page.still */
};

/* What is there while a piece is made. */
struct piece {
    struct showing *of;
    struct statement s;
    struct statement_page page;
    struct asked asked;
    struct terms_named terms;
    struct ledger_view within;
    struct view view;
    struct buf lines, text; /* text: the piece */
    struct problem *problem;
};

static enum err piece_open(struct request *rq, struct showing *x, struct piece *p)
{
    struct txn *t;
    const struct contract *k = x->of.meta.contract;
    *p = (struct piece){.of = x, .page = x->page, .problem = &rq->problem};
    enum err err = worker_reader(rq->worker, &t);
    if (err != ERR_OK || (err = statement_read(x->of.payload, &p->s)) != ERR_OK)
        return err;
    p->page.s = &p->s;
    p->view = ledger_view(&p->within, NULL, t);
    p->asked = (struct asked){.txn = t, .tokens = rq->worker->tokens, .contract = k};
    p->page.of_page = &p->asked;
    err = zones_find(rq->worker->zones, p->s.timezone, &p->asked.zone);
    if (err == ERR_OK)
        p->page.offset = offset_of; /* else this system has no such zone, and the page says UTC */
    buf_heap(&p->lines);
    buf_heap(&p->text);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void piece_close(struct piece *p)
{
    statement_close(&p->s);
    terms_named_free(&p->terms);
    buf_free(&p->lines);
    buf_free(&p->text);
}

static enum err lines_of_bundle(struct piece *p, size_t i, struct buf *out)
{
    const struct shown *s = &p->of->of;
    return statement_bundle(&p->s, s->bundles, i, &p->view, s->meta.contract->number, out, p->problem);
}

/* The line items that the adjustments shown tell of, which may be anywhere. */
static enum err lines_told_of(struct piece *p)
{
    struct buf bundle;
    const size_t n = statement_page_adjustments(&p->page, &p->s);
    size_t have = SIZE_MAX;
    enum err err = ERR_OK;
    buf_heap(&bundle);
    for (size_t i = 0; i < n; i++) {
        const json_t *a = json_array_get(p->s.adjustments, i);
        uint64_t index = (uint64_t)json_integer_value(json_object_get(a, "index"));
        size_t in = statement_bundle_of(p->of->of.bundles, index);
        struct span line;
        if (err == ERR_OK && in != have) {
            buf_clear(&bundle);
            have = in;
            err = lines_of_bundle(p, in, &bundle);
        }
        if (err == ERR_OK && statement_line_find(buf_span(&bundle), index, &line)) {
            buf_span_add(&p->lines, line);
            buf_byte(&p->lines, '\n');
        }
    }
    buf_free(&bundle);
    return err;
}

/* Of a page or table the part that comes next, with p->lines. */
static enum err write_part(struct piece *p)
{
    const struct showing *x = p->of;
    enum err err = ERR_OK;
    if (x->of.form == FORM_PAGE && x->part != PAGE_LINES && p->terms.n == 0)
        err = terms_load(p->asked.txn, x->of.meta.contract, &p->s, &p->terms);
    if (err != ERR_OK)
        return err;
    p->page.parts = x->part;
    p->page.lines = buf_span(&p->lines);
    p->page.lines_before = x->page.lines_before;
    p->page.terms = p->terms.of;
    p->page.n_terms = p->terms.n;
    (x->of.form == FORM_CSV ? statement_csv : statement_page)(&p->text, &p->page);
    return p->asked.err;
}

/* How many lines of a bundle a page shows that none before it has: those that move money, and disputed ones. */
static uint64_t lines_of_page(const struct showing *x, size_t bundle)
{
    size_t i = x->still;
    while (i < x->page.n_still && statement_bundle_of(x->of.bundles, x->page.still[i]) == bundle)
        i++;
    return statement_bundle_moving(x->of.bundles, bundle) + i - x->still;
}

/* Bundles of which it shows none it passes over. */
static bool has_more_lines(struct showing *x)
{
    while (x->of.form == FORM_PAGE && x->bundle < x->of.bundles.len / BUNDLE_LEN && lines_of_page(x, x->bundle) == 0)
        x->bundle++;
    return x->bundle < x->of.bundles.len / BUNDLE_LEN &&
           (x->page.lines_most == 0 || x->page.lines_before < x->page.lines_most);
}

static enum err write_bundle(struct piece *p)
{
    struct showing *x = p->of;
    bool bare = x->of.form == FORM_LINES;
    buf_clear(&p->lines);
    enum err err = lines_of_bundle(p, x->bundle, bare ? &p->text : &p->lines);
    if (err == ERR_OK && !bare)
        err = write_part(p);
    uint64_t shown = lines_of_page(x, x->bundle);
    x->page.lines_before += shown;
    x->still += shown - statement_bundle_moving(x->of.bundles, x->bundle++);
    return err;
}

static enum err write_next(struct piece *p)
{
    struct showing *x = p->of;
    enum err err = ERR_OK;
    if (x->part == PAGE_LINES && has_more_lines(x))
        return write_bundle(p);
    if (x->part == PAGE_FRONT && x->of.form == FORM_PAGE)
        err = lines_told_of(p);
    if (err == ERR_OK && x->part != PAGE_LINES && x->of.form != FORM_LINES)
        err = write_part(p);
    x->part <<= 1;
    return err;
}

/* Each piece reads the statement anew: of one with very many adjustments it is as long as what it reads, or the reply
 * would take as the square of them. */
static size_t piece_most(const struct showing *x)
{
    return x->of.payload.len > PIECE ? x->of.payload.len : PIECE;
}

static enum err next_piece(struct request *rq, struct reply *reply)
{
    static const char *const types[] = {[FORM_PAGE] = "text/html; charset=utf-8",
                                        [FORM_CSV] = "text/csv; charset=utf-8",
                                        [FORM_LINES] = "application/x-ndjson"};
    struct showing *x = reply->making;
    struct piece p;
    enum err err = piece_open(rq, x, &p);
    while (err == ERR_OK && x->part <= PAGE_BACK && p.text.len < piece_most(x)) {
        thread_give_way();
        err = write_next(&p);
    }
    bool texts;
    if (err == ERR_OK && !span_empty(x->of.share)) /* which may have ended meanwhile */
        err = share_opens(rq, p.asked.txn, x->of.id, x->of.share, &texts);
    if (err == ERR_OK) {
        reply_body_take(reply, types[x->of.form], &p.text);
        reply->more = x->part <= PAGE_BACK ? next_piece : NULL;
    }
    piece_close(&p);
    return err;
}

/* ---- the reply ---- */

static struct span attachment(struct request *rq, struct span id)
{
    struct buf b;
    arena_buf(rq->arena, &b, LIMIT_ID + 48);
    buf_printf(&b, "attachment; filename=\"statement-%.*s.csv\"", (int)id.len, id.ptr);
    return buf_span(&b);
}

static struct span issuer_thumbprint(struct request *rq)
{
    uint8_t pub[KEYS_MAX][ED25519_KEY_LEN];
    char kid[JWK_KID_LEN];
    if (keys_statement_publics(rq->worker->server->instance.keys, pub, KEYS_MAX) == 0)
        return SPAN("");
    jwk_kid(pub[0], kid);
    return arena_copy(rq->arena, span_of(kid, sizeof kid));
}

/* What its front says of answers, and its line items of disputes. */
static enum err answers_read(struct request *rq, struct txn *t, const struct shown *s, struct statement_page *page)
{
    enum err err = answer_read(rq, t, s, s->meta.contract->campaign->advertiser, &page->answer[0]);
    if (err == ERR_OK)
        err = answer_read(rq, t, s, s->meta.contract->publisher, &page->answer[1]);
    if (err == ERR_OK)
        err = still_read(rq, t, s, page);
    return err;
}

/* What corrects it later, in the arena: its pieces all say so. And which lines that are disputed. */
static enum err later_read(struct request *rq, struct txn *t, const struct shown *s, struct statement_page *page)
{
    struct disputed_lines disputed = {.of = arena_alloc(rq->arena, SIDES * LIMIT_DISPUTED * sizeof *disputed.of)};
    struct laters later = {.n = 0};
    enum err err = ERR_OK;
    for (size_t side = 0; side < SIDES && err == ERR_OK; side++)
        err = disputed_lines_add(t, s->meta.contract, page->answer[side].disputed, page->answer[side].n_disputed,
                                 &disputed);
    disputed_lines_sort(&disputed);
    if (err == ERR_OK)
        err = laters_of(t, &s->meta, s->id, &disputed, &later);
    if (err == ERR_OK) {
        page->n_later = later.n;
        page->later = (const struct page_later *)arena_copy(rq->arena,
                                                            span_of((const char *)later.of, later.n * sizeof *later.of))
                          .ptr;
        page->n_corrected = later.n_lines;
        page->corrected = (const struct page_correction *)arena_copy(
                              rq->arena, span_of((const char *)later.line, later.n_lines * sizeof *later.line))
                              .ptr;
    }
    laters_free(&later);
    return err;
}

/* The leads that it and others correct, likewise. */
static enum err corrected_read(struct request *rq, struct txn *t, const struct shown *s, struct statement_page *page)
{
    struct corrected_leads leads = {.n = 0};
    struct statement st;
    enum err err = payload_corrects(s->payload) ? statement_read(s->payload, &st) : ERR_NOT_FOUND;
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    err = corrections_leads(t, s->meta.contract, &st, &leads);
    if (err == ERR_OK) {
        const size_t told = leads.n < CORRECTED_TOLD ? leads.n : CORRECTED_TOLD;
        const struct span all = span_of((const char *)leads.of, told * sizeof *leads.of);
        page->corrected_leads = (const struct corrected_lead *)arena_copy(rq->arena, all).ptr;
        page->n_corrected_leads = leads.n;
    }
    corrected_leads_free(&leads);
    statement_close(&st);
    return err;
}

static struct span style_sheet(void)
{
    return span_of(asset_statement_css, sizeof asset_statement_css);
}

void statement_show_over(struct request *rq, struct reply *reply, enum language language)
{
    struct buf page;
    buf_heap(&page);
    statement_page_over(&page, language, style_sheet());
    reply_body_take(reply, "text/html; charset=utf-8", &page);
    reply->status = err_status(ERR_NOT_FOUND);
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    reply_header(reply, "Vary", SPAN("Accept, Accept-Language, Authorization"));
    reply_page(rq, reply, language, style_sheet(), "form-action 'none'; ");
    buf_free(&page);
}

enum err statement_show(struct request *rq, struct reply *reply, struct txn *t, const struct shown *s)
{
    struct showing *x = arena_alloc(rq->arena, sizeof *x);
    *x = (struct showing){.of = *s,
                          .part = PAGE_FRONT,
                          .page = {.payload = s->payload,
                                   .style = style_sheet(),
                                   .issuer_thumbprint = issuer_thumbprint(rq),
                                   .language = s->language,
                                   .reference = reference_of,
                                   .label = label_of,
                                   .assents = assents_of,
                                   .texts = s->texts,
                                   .adjustments_most = s->form == FORM_PAGE && !s->all_lines ? ADJUSTMENTS_SHOWN : 0,
                                   .lines_most = s->form == FORM_PAGE && !s->all_lines ? LINES_SHOWN : 0,
                                   .linked = span_starts(rq->path, "/statements/"),
                                   .address = s->address}};
    if (x->page.linked && rq->caller != NULL && contract_has_party(s->meta.contract, rq->caller))
        x->page.asked = s->id;
    for (size_t i = 0; i < s->bundles.len / BUNDLE_LEN; i++)
        x->page.lines_all += statement_bundle_moving(s->bundles, i);
    enum err err = s->form == FORM_PAGE ? answers_read(rq, t, s, &x->page) : ERR_OK;
    if (err == ERR_OK && s->form == FORM_PAGE)
        err = later_read(rq, t, s, &x->page);
    if (err == ERR_OK && s->form == FORM_PAGE)
        err = corrected_read(rq, t, s, &x->page);
    if (err != ERR_OK)
        return err;
    if (s->form == FORM_PAGE)
        reply_page(rq, reply, s->language, x->page.style, "form-action 'none'; ");
    else if (s->form == FORM_CSV)
        reply_header(reply, "Content-Disposition", attachment(rq, s->id));
    reply->making = x;
    return next_piece(rq, reply);
}
