#include "common/settlement/statement.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/base/when.h"
#include "common/settlement/legal.h"
#include "common/settlement/statement_line.h"

/* A lead received in the interval, and what became of it within. */
struct received {
    uint64_t lead;
    enum status status;
    enum reason reason; /* of the lead entry; NONE when a disposition rejected it */
};

/* What a line of `quantities` is about: leads that began to pay, parts of shared ones, shares of sales. */
enum quantity_kind { QUANTITY_CLICK, QUANTITY_IMPRESSION, QUANTITY_LEAD, QUANTITY_PART, QUANTITY_SALE };
static const char *const quantity_words[] = {"click", "impression", "lead", "lead_part", "sale"};

struct quantity {
    enum quantity_kind what;
    uint64_t terms; /* of a lead, that priced it; else 0 */
    int tier;       /* likewise; else -1 */
    int64_t unit_micros, vat_ppm;
    uint64_t n;
    int64_t micros;
};

/* Leads and their prices: what came to wait, or waits no more. */
struct moved {
    uint64_t n;
    wide_micros micros;
};

/* The moves of [from, to), folded. */
struct statement_draft {
    uint32_t contract;
    uint64_t from, to, moves;
    struct trade trade;
    const struct view *view; /* while it folds */
    struct problem *problem;
    const struct statement_in *in; /* while it is built */
    struct received *received;     /* ascending */
    size_t n, room;
    struct statement_lines lines;
    struct line_told told;  /* of the line under way */
    struct buf adjustments; /* a JSON array */
    struct jw adjustment;
    int64_t gross_micros, adjusted_micros;
    struct taxed_sums sums;     /* both, by their VAT; in the end with what is brought, less what is carried */
    struct taxed_sums supplied; /* of them what earns, and what corrects a lead that stands here */
    struct taxed_sums about;    /* of them what corrects, and what is brought, by what that is about */
    struct earlier *earlier;    /* statements that adjustments name, and then all that it corrects */
    size_t n_earlier;
    int64_t rest_micros; /* that is carried in under no VAT: less than a minor unit; 0 once it is carried on */
    struct quantity *quantity;
    size_t n_quantities, quantity_room;
    struct moved came, approved, rejected; /* of leads that wait */
    int64_t pending, held;                 /* how many more of them wait than at the beginning */
};

static bool time_ok(int64_t ms)
{
    return ms >= 0 && ms < TIME_END_MS;
}

static void jw_time(struct jw *w, const char *key, int64_t ms) /* "" for 0 */
{
    char mem[40];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    if (ms)
        time_rfc3339(&text, ms);
    jw_kstr(w, key, buf_span(&text));
}

static enum err out_of_range(struct statement_draft *f)
{
    return problem(f->problem, ERR_INVALID, "", "the sums leave the range of money: settle a shorter interval");
}

static void lines_open(struct statement_lines *l, enum lines_wanted wanted)
{
    *l = (struct statement_lines){.wanted = wanted, .sum = sha256_new()};
    buf_heap(&l->text);
    buf_heap(&l->bundles);
}

static void lines_close(struct statement_lines *l)
{
    buf_free(&l->text);
    buf_free(&l->bundles);
    sha256_free(l->sum);
}

/* ---- the moves of the interval ---- */

static int by_lead(const void *a, const void *b)
{
    const struct received *x = a, *y = b;
    return x->lead < y->lead ? -1 : x->lead > y->lead;
}

static void count_move(struct statement_draft *f, uint64_t index, const struct move_row *m)
{
    if (m->kind == ENTRY_LEAD) {
        if (f->n == f->room) {
            f->room = f->room ? 2 * f->room : 64;
            f->received = xrealloc(f->received, f->room * sizeof *f->received);
        }
        f->received[f->n++] = (struct received){index, m->status, m->reason};
        return;
    }
    struct received key = {.lead = m->lead};
    struct received *r = f->n ? bsearch(&key, f->received, f->n, sizeof key, by_lead) : NULL;
    if (r != NULL) {
        r->status = m->status;
        r->reason = REASON_REVIEW;
    }
}

/* Which statuses are of a lead that waits. */
static void wait_more(struct statement_draft *f, enum status s, int64_t n)
{
    f->pending += s == STATUS_PENDING ? n : 0;
    f->held += s == STATUS_HELD ? n : 0;
}

static bool waits(enum status s)
{
    return s == STATUS_PENDING || s == STATUS_HELD;
}

static void add_moved(struct moved *m, const struct lead_row *lead)
{
    m->n++;
    m->micros += lead->payout_micros;
}

static void bridge_move(struct statement_draft *f, const struct move_row *m, const struct lead_row *lead)
{
    if (m->kind == ENTRY_LEAD) {
        wait_more(f, m->status, 1);
        if (waits(m->status))
            add_moved(&f->came, lead);
        return;
    }
    wait_more(f, m->was, -1);
    if (waits(m->was))
        add_moved(m->status == STATUS_REJECTED ? &f->rejected : &f->approved, lead);
}

static void add_quantity(struct statement_draft *f, const struct quantity *q)
{
    for (size_t i = f->n_quantities; i-- > 0;) {
        struct quantity *have = &f->quantity[i];
        if (have->what == q->what && have->terms == q->terms && have->tier == q->tier &&
            have->unit_micros == q->unit_micros && have->vat_ppm == q->vat_ppm) {
            have->n += q->n;
            have->micros += q->micros; /* within the sum, which is in range */
            return;
        }
    }
    if (f->n_quantities == f->quantity_room) {
        f->quantity_room = f->quantity_room ? 2 * f->quantity_room : 16;
        f->quantity = xrealloc(f->quantity, f->quantity_room * sizeof *f->quantity);
    }
    f->quantity[f->n_quantities++] = *q;
}

static struct taxed new_under(const struct statement_draft *f, int64_t vat_ppm, int64_t micros)
{
    return taxed_under(f->trade.kind, f->trade.as, vat_ppm, micros);
}

/* What such a move is made of: the lead's price, and what its sale pays beside that. */
static int64_t price_of(const struct move_row *m, const struct lead_row *lead)
{
    return move_begins_to_pay(m) ? lead->payout_micros : 0;
}

static void quantities_of_move(struct statement_draft *f, const struct move_row *m, const struct lead_row *lead)
{
    bool whole = lead->share.to == 0;
    int64_t price = price_of(m, lead), vat_ppm = new_under(f, m->vat_ppm, 0).vat_ppm;
    if (move_begins_to_pay(m))
        add_quantity(f, &(struct quantity){whole ? QUANTITY_LEAD : QUANTITY_PART, lead->terms, lead->tier,
                                           whole ? price : 0, vat_ppm, 1, price});
    if (m->micros != price)
        add_quantity(f, &(struct quantity){QUANTITY_SALE, 0, -1, 0, vat_ppm, 1, m->micros - price});
}

static void end_bundle(struct statement_lines *l)
{
    struct hash root;
    if (l->bundle.tree.size == 0)
        return;
    frontier_root(&l->bundle.tree, &root);
    buf_be64(&l->bundles, l->bundle.first);
    buf_be32(&l->bundles, l->bundle.moving);
    buf_add(&l->bundles, root.b, sizeof root.b);
    l->bundle = (struct lines_bundle){.first = 0};
}

/* Ends the line that starts at `start`, of the entry at `index`: its leaf, its newline. */
static void end_line(struct statement_lines *l, size_t start, uint64_t index, int64_t micros)
{
    struct hash leaf;
    l->n++;
    if (l->wanted == LINES_COUNT) {
        l->text.len = start;
        return;
    }
    merkle_leaf(span_of(l->text.ptr + start, l->text.len - start), &leaf);
    frontier_append(&l->tree, &leaf, NULL, NULL);
    if (l->bundle.tree.size == 0)
        l->bundle.first = index;
    frontier_append(&l->bundle.tree, &leaf, NULL, NULL);
    l->bundle.moving += micros != 0;
    if (l->bundle.tree.size == STATEMENT_BUNDLE)
        end_bundle(l);
    buf_byte(&l->text, '\n');
    sha256_add(l->sum, l->text.ptr + start, l->text.len - start);
    if (l->wanted == LINES_SUMS)
        l->text.len = start;
}

/* Under which VAT, as far as that is not what the statement says of itself. */
static void write_vat(struct jw *w, const struct statement_draft *f, const struct taxed *x)
{
    if (x->micros == 0)
        return;
    if (x->as[0] != f->trade.as[0])
        jw_kint(w, "vat_advertiser", (int64_t)x->as[0]);
    if (x->kind != f->trade.kind)
        jw_kstr(w, "vat_kind", span_str(tax_word(x->kind)));
    if (x->vat_ppm > 0)
        jw_kint(w, "vat_ppm", x->vat_ppm);
    if (x->as[1] != f->trade.as[1])
        jw_kint(w, "vat_publisher", (int64_t)x->as[1]);
}

/* `adjustment` 0 and `statement` empty: not of this one. */
static void write_adjustment(struct statement_draft *f, uint64_t index, uint64_t adjustment, uint64_t lead,
                             const struct taxed *x, const char *reason, const char *statement)
{
    struct jw *w = &f->adjustment;
    jw_object(w);
    if (adjustment > 0)
        jw_kint(w, "adjustment", (int64_t)adjustment);
    jw_kint(w, "index", (int64_t)index);
    if (adjustment == 0 || lead > 0)
        jw_kint(w, "lead", (int64_t)lead);
    jw_kint(w, "micros", x->micros);
    jw_kstr(w, "reason", span_str(reason));
    if (statement[0] != '\0')
        jw_kstr(w, "statement", span_str(statement));
    write_vat(w, f, x);
    jw_object_end(w);
}

/* The statement on which a lead stood that is corrected, where that was an earlier one. */
static MUST_CHECK enum err stood_on(const struct statement_draft *f, uint64_t lead, struct settled_row *out)
{
    *out = (struct settled_row){0};
    if (lead >= f->from)
        return ERR_OK;
    enum err err = row_stood(f->view, f->contract, lead, f->from, out);
    if (err == ERR_CORRUPT)
        return problem(f->problem, ERR_CORRUPT, "", "no statement is known to have closed entry %llu",
                       (unsigned long long)lead);
    return err;
}

static struct earlier *keep_earlier(struct statement_draft *f, const char *id, const struct correction_row *row)
{
    f->earlier = xrealloc(f->earlier, (f->n_earlier + 1) * sizeof *f->earlier);
    struct earlier *e = &f->earlier[f->n_earlier++];
    *e = (struct earlier){.number = row->number, .issued_ms = row->issued_ms};
    memcpy(e->id, id, strlen(id));
    return e;
}

/* The statement of that id, which this one corrects. */
static MUST_CHECK enum err earlier_of(struct statement_draft *f, const char *id, uint64_t *number)
{
    struct correction_row row;
    for (size_t i = f->n_earlier; i-- > 0;) /* the next one is mostly about the same */
        if (strcmp(f->earlier[i].id, id) == 0) {
            *number = f->earlier[i].number;
            return ERR_OK;
        }
    enum err err = row_corrections(f->view, f->contract, span_str(id), &row);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && row.number == 0))
        return problem(f->problem, ERR_CORRUPT, "", "statement %s has no row of its number", id);
    if (err == ERR_OK)
        *number = keep_earlier(f, id, &row)->number;
    return err;
}

/* What is supplied here, in the sums. */
static bool add_supply(struct statement_draft *f, struct taxed x)
{
    return taxed_add(&f->sums, x) && taxed_add(&f->supplied, x);
}

/* What corrects that statement ("": none is named, and then it is a lead of this one, or of none (0)), in the sums. */
static MUST_CHECK enum err add_correction(struct statement_draft *f, const struct taxed *x, const char *statement,
                                          uint64_t lead)
{
    struct taxed about = *x;
    const bool is_here = lead > 0 && statement[0] == '\0';
    enum err err = statement[0] != '\0' ? earlier_of(f, statement, &about.about) : ERR_OK;
    if (err == ERR_OK && (!money_add(f->adjusted_micros, x->micros, &f->adjusted_micros) ||
                          !(is_here ? add_supply(f, *x) : taxed_add(&f->sums, *x)) || !taxed_add(&f->about, about)))
        return out_of_range(f);
    return err;
}

/* With what it cites, or else what its lead stood on, in a->statement; cited: the former. */
static MUST_CHECK enum err adjustment_of(const struct statement_draft *f, uint64_t entry, struct adjustment_row *a,
                                         char cited[LIMIT_ID + 1])
{
    struct settled_row stood = {0};
    enum err err = row_adjustment(f->view, f->contract, entry, a);
    if (err == ERR_NOT_FOUND || err == ERR_CORRUPT)
        return problem(f->problem, ERR_CORRUPT, "", "adjustment %llu has no row that reads", (unsigned long long)entry);
    if (err == ERR_OK)
        memcpy(cited, a->statement, sizeof a->statement);
    if (err == ERR_OK && a->lead > 0 && a->statement[0] == '\0')
        err = stood_on(f, a->lead, &stood);
    if (err == ERR_OK && stood.id[0] != '\0')
        memcpy(a->statement, stood.id, sizeof stood.id);
    return err;
}

/* A correction is under the VAT of what it corrects: as the statement has it that charged its lead (NULL: it cites
 * none), else as the statement that it cites, if one did. The rate is in its row. */
static MUST_CHECK enum err tax_correction(const struct statement_draft *f, uint64_t index, const struct move_row *m,
                                          const struct lead_row *lead, const char *cited, struct taxed *out)
{
    bool is_charged = lead != NULL && lead->paid > 0 && lead->paid < index;
    struct correction_row of = {.vat_kind = f->trade.kind, .as = {f->trade.as[0], f->trade.as[1]}};
    struct settled_row by = {0};
    enum err err = ERR_OK;
    if (is_charged && lead->paid < f->from) {
        err = row_settled(f->view, f->contract, lead->paid, &by);
        err = err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    } else if (!is_charged) {
        memcpy(by.id, cited, strlen(cited));
    }
    if (err == ERR_OK && by.id[0] != '\0')
        err = row_corrections(f->view, f->contract, span_str(by.id), &of);
    if (err == ERR_NOT_FOUND)
        return problem(f->problem, ERR_CORRUPT, "", "statement %s has no row of its VAT", by.id);
    if (err == ERR_OK)
        *out = taxed_under(of.vat_kind, of.as, m->vat_ppm, m->micros);
    return err;
}

static MUST_CHECK enum err sum_move(struct statement_draft *f, uint64_t index, const struct move_row *m,
                                    const struct lead_row *lead, struct taxed *x)
{
    struct settled_row stood = {0};
    if (move_earns(m)) {
        quantities_of_move(f, m, lead);
        *x = new_under(f, m->vat_ppm, m->micros);
        return money_add(f->gross_micros, m->micros, &f->gross_micros) && add_supply(f, *x) ? ERR_OK : out_of_range(f);
    }
    enum err err = tax_correction(f, index, m, lead, "", x);
    if (err != ERR_OK)
        return err;
    if ((err = stood_on(f, m->lead, &stood)) == ERR_OK && (err = add_correction(f, x, stood.id, m->lead)) == ERR_OK)
        write_adjustment(f, index, 0, m->lead, x, status_word(m->status), stood.id);
    return err;
}

/* An entry that a line tells of, which the rows know and the log does not. */
static MUST_CHECK enum err untold(const struct statement_draft *f, uint64_t index, enum err err)
{
    return err != ERR_CORRUPT ? err
                              : problem(f->problem, err, "", "the entries that line item %llu tells of do not read",
                                        (unsigned long long)index);
}

static MUST_CHECK enum err tell_adjustment(struct statement_draft *f, uint64_t index, const struct move_row *m,
                                           const struct adjustment_row *a)
{
    line_told_clear(&f->told);
    enum err err = line_tell_decision(&f->told, f->view, f->contract, m->lead, ENTRY_ADJUSTMENT);
    if (err == ERR_OK && m->lead != index)
        err = line_tell_time(&f->told, f->view, f->contract, index);
    if (err == ERR_OK && a->lead > 0)
        err = line_tell_lead(&f->told, f->view, f->contract, a->lead);
    return untold(f, index, err);
}

/* Sums it up. */
static MUST_CHECK enum err sum_adjustment(struct statement_draft *f, uint64_t index, const struct move_row *m,
                                          struct adjustment_row *a, struct taxed *x)
{
    char cited[LIMIT_ID + 1];
    struct lead_row lead;
    enum err err = adjustment_of(f, m->lead, a, cited);
    if (err == ERR_OK && a->lead > 0 && (err = row_lead(f->view, f->contract, a->lead, &lead)) == ERR_NOT_FOUND)
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        err = tax_correction(f, index, m, a->lead > 0 ? &lead : NULL, cited, x);
    if (err == ERR_OK)
        err = add_correction(f, x, a->statement, a->lead);
    if (err != ERR_OK)
        return err;
    write_adjustment(f, index, m->lead, a->lead, x, entry_kind_word(m->kind), a->statement);
    return ERR_OK;
}

static MUST_CHECK enum err line_of_adjustment(struct statement_draft *f, uint64_t index, const struct move_row *m)
{
    size_t start = f->lines.text.len;
    struct adjustment_row a;
    struct taxed x;
    struct jw w;
    enum err err = sum_adjustment(f, index, m, &a, &x);
    if (err != ERR_OK || (err = tell_adjustment(f, index, m, &a)) != ERR_OK)
        return err;
    jw_open(&w, &f->lines.text);
    jw_object(&w);
    jw_kint(&w, "adjustment", (int64_t)m->lead);
    line_time(&w, "at", f->told.at_ms);
    line_value(&w, "by", &f->told, TOLD_BY);
    jw_kint(&w, "index", (int64_t)index);
    jw_kstr(&w, "kind", span_str(entry_kind_word(m->kind)));
    if (a.lead > 0)
        jw_kint(&w, "lead", (int64_t)a.lead);
    line_time(&w, "lead_at", f->told.lead_at_ms);
    jw_kint(&w, "micros", m->micros);
    line_value(&w, "placement", &f->told, TOLD_PLACEMENT);
    if (a.statement[0] != '\0')
        jw_kstr(&w, "statement", span_str(a.statement));
    line_value(&w, "sub1", &f->told, TOLD_SUB1);
    line_value(&w, "text", &f->told, TOLD_TEXT);
    line_value(&w, "txid", &f->told, TOLD_TXID);
    write_vat(&w, f, &x);
    jw_object_end(&w);
    jw_close(&w);
    end_line(&f->lines, start, index, m->micros);
    return ERR_OK;
}

static MUST_CHECK enum err tell_move(struct statement_draft *f, uint64_t index, const struct move_row *m)
{
    enum err err = ERR_OK;
    line_told_clear(&f->told);
    if (m->kind == ENTRY_DISPOSITION)
        err = line_tell_decision(&f->told, f->view, f->contract, index, ENTRY_DISPOSITION);
    if (err == ERR_OK)
        err = line_tell_lead(&f->told, f->view, f->contract, m->lead);
    return untold(f, index, err);
}

static void line_of_move(struct statement_draft *f, uint64_t index, const struct move_row *m,
                         const struct lead_row *lead, const struct taxed *x)
{
    size_t start = f->lines.text.len;
    bool priced = move_earns(m) && move_begins_to_pay(m);
    struct jw w;

    jw_open(&w, &f->lines.text);
    jw_object(&w);
    line_time(&w, "at", f->told.at_ms);
    line_value(&w, "by", &f->told, TOLD_BY);
    jw_kint(&w, "index", (int64_t)index);
    jw_kstr(&w, "kind", span_str(entry_kind_word(m->kind)));
    jw_kint(&w, "lead", (int64_t)m->lead);
    jw_time(&w, "lead_at", lead->at_ms);
    jw_kint(&w, "micros", m->micros);
    line_value(&w, "placement", &f->told, TOLD_PLACEMENT);
    jw_kstr(&w, "reason", span_str(reason_word(m->reason)));
    if (move_earns(m) && m->micros != price_of(m, lead))
        jw_kint(&w, "sale_micros", m->micros - price_of(m, lead));
    if (lead->share.to) {
        jw_kint(&w, "share_from", lead->share.from);
        jw_kint(&w, "share_to", lead->share.to);
    }
    jw_kstr(&w, "status", span_str(status_word(m->status)));
    line_value(&w, "sub1", &f->told, TOLD_SUB1);
    if (priced)
        jw_kint(&w, "terms", (int64_t)lead->terms);
    line_value(&w, "text", &f->told, TOLD_TEXT);
    if (priced && lead->tier >= 0)
        jw_kint(&w, "tier", lead->tier);
    line_value(&w, "trust", &f->told, TOLD_TRUST);
    line_value(&w, "txid", &f->told, TOLD_TXID);
    write_vat(&w, f, x);
    jw_object_end(&w);
    jw_close(&w);
    end_line(&f->lines, start, index, m->micros);
}

static MUST_CHECK enum err fold_move(struct statement_draft *f, uint64_t index, const struct move_row *m)
{
    struct lead_row lead;
    struct taxed x;
    enum err err = row_lead(f->view, f->contract, m->lead, &lead);
    if (err == ERR_NOT_FOUND || err == ERR_CORRUPT || (err == ERR_OK && !time_ok(lead.at_ms)))
        return problem(f->problem, ERR_CORRUPT, "", "entry %llu has no lead that reads", (unsigned long long)index);
    if (err != ERR_OK)
        return err;
    count_move(f, index, m);
    bridge_move(f, m, &lead);
    err = sum_move(f, index, m, &lead, &x);
    if (f->lines.wanted == LINES_COUNT) { /* without a look at its entries */
        f->lines.n++;
        return err;
    }
    if (err == ERR_OK && (err = tell_move(f, index, m)) == ERR_OK)
        line_of_move(f, index, m, &lead, &x);
    return err;
}

/* Up to `to`, or until there are `most` lines, which leaves f->to behind the last of them. */
static MUST_CHECK enum err fold_moves(struct statement_draft *f, uint64_t to, uint64_t most)
{
    const struct view *v = f->view;
    uint64_t end = f->lines.n < most ? to : f->to;
    uint8_t from[12];
    struct span key, value;
    enum err err = ERR_OK;

    row_index_key(from, f->contract, f->to);
    while (f->lines.n < most &&
           (err = v->seek(v->ctx, ROW_MOVES, span_of(from, sizeof from), &key, &value)) == ERR_OK) {
        struct move_row m;
        if (key.len < 4 || load_be32(key.ptr) != f->contract)
            break;
        if (key.len != sizeof from)
            return problem(f->problem, ERR_CORRUPT, "", "a row of the contract's entries does not read");
        uint64_t index = load_be64(key.ptr + 4);
        if (index >= to)
            break;
        if (move_row_read(value, &m) != ERR_OK)
            return problem(f->problem, ERR_CORRUPT, "", "the row of entry %llu does not read",
                           (unsigned long long)index);
        f->moves++;
        if ((err = m.kind == ENTRY_ADJUSTMENT ? line_of_adjustment(f, index, &m) : fold_move(f, index, &m)) != ERR_OK)
            return err;
        row_index_key(from, f->contract, index + 1);
        end = f->lines.n < most ? to : index + 1;
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    f->to = end;
    return ERR_OK;
}

static MUST_CHECK enum err all_moves(const struct statement_draft *f)
{
    if (f->moves == f->in->tally->moves)
        return ERR_OK;
    return problem(f->problem, ERR_CORRUPT, "",
                   "%llu leads, dispositions and adjustments came, and %llu have a row of their move",
                   (unsigned long long)f->in->tally->moves, (unsigned long long)f->moves);
}

/* Of clicks and impressions what earned money under one rate of VAT. */
struct traffic {
    int64_t vat_ppm;
    uint64_t all_clicks, all_impressions, clicks, impressions;
    int64_t click_micros, impression_micros;
};
struct traffics { /* by rate */
    struct traffic of[2 * TALLY_PRICES];
    size_t n;
};

/* false: there are more than can be. */
static bool traffic_add(struct traffics *t, bool impressions, int64_t vat_ppm, uint64_t n, int64_t micros)
{
    size_t i = 0;
    while (i < t->n && t->of[i].vat_ppm < vat_ppm)
        i++;
    if (i == t->n || t->of[i].vat_ppm != vat_ppm) {
        if (t->n == sizeof t->of / sizeof *t->of)
            return false;
        memmove(t->of + i + 1, t->of + i, (t->n++ - i) * sizeof *t->of);
        t->of[i] = (struct traffic){.vat_ppm = vat_ppm};
    }
    *(impressions ? &t->of[i].impressions : &t->of[i].clicks) += n;
    *(impressions ? &t->of[i].impression_micros : &t->of[i].click_micros) += micros;
    return true;
}

/* Those that earned nothing are on the first line. */
static void traffic_rest(struct traffics *t, uint64_t all_clicks, uint64_t all_impressions, uint64_t clicks,
                         uint64_t impressions)
{
    struct traffic *first = &t->of[0];
    for (size_t i = 1; i < t->n; i++) {
        clicks -= t->of[i].clicks;
        impressions -= t->of[i].impressions;
    }
    first->all_clicks = all_clicks;
    first->all_impressions = all_impressions;
    first->clicks = clicks;
    first->impressions = impressions;
}

static void line_of_traffic(struct statement_lines *l, const struct traffic *t, uint64_t to)
{
    size_t start = l->text.len;
    int64_t both = t->click_micros + t->impression_micros; /* the caller's, in range */
    struct jw w;
    jw_open(&w, &l->text);
    jw_object(&w);
    jw_kint(&w, "all_clicks", (int64_t)t->all_clicks);
    jw_kint(&w, "all_impressions", (int64_t)t->all_impressions);
    jw_kint(&w, "click_micros", t->click_micros);
    jw_kint(&w, "clicks", (int64_t)t->clicks);
    jw_kint(&w, "impression_micros", t->impression_micros);
    jw_kint(&w, "impressions", (int64_t)t->impressions);
    jw_kstr(&w, "kind", SPAN("traffic"));
    jw_kint(&w, "micros", both);
    if (t->vat_ppm > 0)
        jw_kint(&w, "vat_ppm", t->vat_ppm);
    jw_object_end(&w);
    jw_close(&w);
    end_line(l, start, to, both);
}

static bool fold_prices(struct statement_draft *f, bool impressions, const struct priced_traffic prices[TALLY_PRICES],
                        struct traffics *out)
{
    for (size_t i = 0; i < TALLY_PRICES && prices[i].unit_micros != 0; i++) {
        int64_t micros = prices[i].unit_micros * (int64_t)prices[i].n; /* within the tally's sum */
        const struct taxed x = new_under(f, prices[i].vat_ppm, micros);
        add_quantity(f, &(struct quantity){impressions ? QUANTITY_IMPRESSION : QUANTITY_CLICK, 0, -1,
                                           prices[i].unit_micros, x.vat_ppm, prices[i].n, micros});
        if (!add_supply(f, x) || !traffic_add(out, impressions, x.vat_ppm, prices[i].n, micros))
            return false;
    }
    return true;
}

static MUST_CHECK enum err fold_traffic(struct statement_draft *f)
{
    const struct tally *t = f->in->tally;
    struct traffics by_rate = {.n = 0};
    int64_t both;

    if (!t->click_micros && !t->impression_micros)
        return ERR_OK;
    if (!money_add(t->click_micros, t->impression_micros, &both) ||
        !money_add(f->gross_micros, both, &f->gross_micros) || !fold_prices(f, false, t->click_prices, &by_rate) ||
        !fold_prices(f, true, t->impression_prices, &by_rate) || by_rate.n == 0)
        return out_of_range(f);
    traffic_rest(&by_rate, tally_total(t->clicks), tally_total(t->impressions), t->payable_clicks,
                 t->payable_impressions);
    for (size_t i = 0; i < by_rate.n; i++)
        line_of_traffic(&f->lines, &by_rate.of[i], f->in->to);
    return ERR_OK;
}

/* ---- the payload ---- */

struct count {
    const char *word;
    uint64_t n;
};

static int by_word(const void *a, const void *b)
{
    return strcmp(((const struct count *)a)->word, ((const struct count *)b)->word);
}

static void write_counts(struct jw *w, const char *key, struct count *c, size_t n)
{
    qsort(c, n, sizeof *c, by_word);
    jw_key(w, key);
    jw_object(w);
    for (size_t i = 0; i < n; i++)
        jw_kint(w, c[i].word, (int64_t)c[i].n);
    jw_object_end(w);
}

static void write_class_counts(struct jw *w, const char *key, const uint64_t by_class[CLASS_COUNT])
{
    struct count c[CLASS_COUNT + 1];
    for (size_t i = 0; i < CLASS_COUNT; i++)
        c[i] = (struct count){class_word((enum class)i), by_class[i]};
    c[CLASS_COUNT] = (struct count){"total", tally_total(by_class)};
    write_counts(w, key, c, CLASS_COUNT + 1);
}

static void write_lead_counts(struct jw *w, const struct statement_draft *f)
{
    uint64_t status[STATUS_COUNT] = {0}, rejected[REASON_COUNT] = {0};
    struct count reasons[REASON_COUNT];
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++) {
        status[f->received[i].status]++;
        if (f->received[i].status == STATUS_REJECTED)
            rejected[f->received[i].reason]++;
    }
    for (size_t i = 0; i < REASON_COUNT; i++)
        if (rejected[i])
            reasons[n++] = (struct count){reason_word((enum reason)i), rejected[i]};

    jw_key(w, "leads");
    jw_object(w);
    jw_kint(w, "approved", (int64_t)status[STATUS_APPROVED]);
    jw_kint(w, "converted", (int64_t)status[STATUS_CONVERTED]);
    jw_kint(w, "duplicate", (int64_t)status[STATUS_DUPLICATE]);
    jw_kint(w, "held", (int64_t)status[STATUS_HELD]);
    jw_kint(w, "pending", (int64_t)status[STATUS_PENDING]);
    write_counts(w, "rejected", reasons, n);
    jw_kint(w, "returned", (int64_t)status[STATUS_RETURNED]);
    jw_kint(w, "total", (int64_t)f->n);
    jw_object_end(w);
}

static void write_gap(struct jw *w, const struct tally *t)
{
    jw_object(w);
    jw_kint(w, "clicks", (int64_t)t->gap_clicks);
    jw_kint(w, "impressions", (int64_t)t->gap_impressions);
    jw_kint(w, "views", (int64_t)t->gap_views);
    jw_object_end(w);
}

static void write_all_counts(struct jw *w, const struct statement_draft *f)
{
    jw_key(w, "counts");
    jw_object(w);
    write_class_counts(w, "clicks", f->in->tally->clicks);
    jw_key(w, "gaps");
    write_gap(w, f->in->tally);
    write_class_counts(w, "impressions", f->in->tally->impressions);
    write_lead_counts(w, f);
    jw_key(w, "payable");
    jw_object(w);
    jw_kint(w, "clicks", (int64_t)f->in->tally->payable_clicks);
    jw_kint(w, "impressions", (int64_t)f->in->tally->payable_impressions);
    jw_object_end(w);
    write_class_counts(w, "views", f->in->tally->views);
    jw_object_end(w);
}

static void write_gaps(struct jw *w, const struct tally *t)
{
    jw_key(w, "gaps");
    jw_array(w);
    if (t->gap_clicks || t->gap_views || t->gap_impressions)
        write_gap(w, t);
    jw_array_end(w);
}

static void write_lines(struct jw *w, const struct statement_lines *l)
{
    struct hash root, sha;
    frontier_root(&l->tree, &root);
    sha256_end(l->sum, sha.b);
    jw_key(w, "lines");
    jw_object(w);
    jw_kint(w, "n", (int64_t)l->n);
    jw_khex(w, "root", root.b, HASH_LEN);
    jw_khex(w, "sha256", sha.b, HASH_LEN);
    jw_object_end(w);
}

static int by_kind_and_price(const void *a, const void *b)
{
    const struct quantity *x = a, *y = b;
    if (x->what != y->what)
        return x->what < y->what ? -1 : 1;
    if (x->terms != y->terms)
        return x->terms < y->terms ? -1 : 1;
    if (x->tier != y->tier)
        return x->tier < y->tier ? -1 : 1;
    if (x->unit_micros != y->unit_micros)
        return x->unit_micros < y->unit_micros ? -1 : 1;
    return x->vat_ppm < y->vat_ppm ? -1 : x->vat_ppm > y->vat_ppm;
}

static void write_quantities(struct jw *w, const struct statement_draft *f)
{
    if (f->n_quantities > 0)
        qsort(f->quantity, f->n_quantities, sizeof *f->quantity, by_kind_and_price);
    jw_key(w, "quantities");
    jw_array(w);
    for (size_t i = 0; i < f->n_quantities; i++) {
        const struct quantity *q = &f->quantity[i];
        bool lead = q->what == QUANTITY_LEAD || q->what == QUANTITY_PART;
        jw_object(w);
        jw_kint(w, "micros", q->micros);
        jw_kint(w, "n", (int64_t)q->n);
        if (lead)
            jw_kint(w, "terms", (int64_t)q->terms);
        if (lead && q->tier >= 0)
            jw_kint(w, "tier", q->tier);
        jw_kint(w, "unit_micros", q->unit_micros);
        if (q->vat_ppm > 0)
            jw_kint(w, "vat_ppm", q->vat_ppm);
        jw_kstr(w, "what", span_str(quantity_words[q->what]));
        jw_object_end(w);
    }
    jw_array_end(w);
}

/* Left out where it is more than can be written: what waits is bounded by nothing. */
static void jw_wide(struct jw *w, wide_micros micros)
{
    if (micros <= JSON_INT_MAX)
        jw_kint(w, "micros", (int64_t)micros);
}

static void write_moved(struct jw *w, const char *key, const struct moved *m)
{
    jw_key(w, key);
    jw_object(w);
    jw_wide(w, m->micros);
    jw_kint(w, "n", (int64_t)m->n);
    jw_object_end(w);
}

static void write_waiting(struct jw *w, const char *key, const struct waiting *x)
{
    jw_key(w, key);
    jw_object(w);
    jw_kint(w, "held", (int64_t)x->held);
    jw_wide(w, x->micros);
    jw_kint(w, "pending", (int64_t)x->pending);
    jw_object_end(w);
}

/* From what waited to what waits. */
static void write_bridge(struct jw *w, const struct statement_draft *f)
{
    jw_key(w, "bridge");
    jw_object(w);
    write_moved(w, "approved", &f->approved);
    write_moved(w, "received", &f->came);
    write_moved(w, "rejected", &f->rejected);
    jw_object_end(w);
}

static void write_party(struct jw *w, const char *key, struct span id, struct span legal)
{
    jw_key(w, key);
    jw_object(w);
    jw_kstr(w, "id", id);
    if (!span_empty(legal) && !span_is(legal, "{}")) {
        jw_key(w, "legal");
        jw_raw(w, legal);
    }
    jw_object_end(w);
}

/* VAT of all that is payable, whose rows are appended. */
static int64_t write_tax_rows(struct jw *w, const struct statement_draft *f, int64_t unit_micros)
{
    struct tax_row *rows = xcalloc(f->sums.n + 1, sizeof *rows);
    int64_t vat_minor = 0;
    tax_rows(&f->sums, &f->supplied, unit_micros, f->rest_micros, rows);
    jw_key(w, "rows");
    jw_array(w);
    for (size_t i = 0; i < f->sums.n; i++) {
        const struct tax_row row = rows[i];
        vat_minor += row.vat_minor;
        jw_object(w);
        jw_kint(w, "advertiser", (int64_t)row.as[0]);
        jw_kstr(w, "kind", span_str(tax_word(row.kind)));
        jw_kint(w, "net_minor", row.net_minor);
        jw_kint(w, "publisher", (int64_t)row.as[1]);
        jw_kint(w, "supplied_minor", row.supplied_minor);
        jw_kint(w, "supplied_vat_minor", row.supplied_vat_minor);
        jw_kint(w, "vat_minor", row.vat_minor);
        jw_kint(w, "vat_ppm", row.vat_ppm);
        jw_object_end(w);
    }
    jw_array_end(w);
    free(rows);
    return vat_minor;
}

static int ascending(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static size_t add_traders(const struct taxed_sums *t, uint64_t *out)
{
    size_t n = 0;
    for (size_t i = 0; t != NULL && i < t->n; i++)
        for (size_t side = 0; side < 2; side++)
            out[n++] = t->of[i].as[side];
    return n;
}

/* All but where mails go, with the entry that names it. */
static void write_legal(struct jw *w, const json_t *legal, uint64_t index)
{
    const char *name;
    json_t *value;
    bool named = false;
    jw_object(w);
    json_object_foreach((json_t *)legal, name, value)
    {
        if (!named && strcmp(name, "entry") > 0) {
            jw_kint(w, "entry", (int64_t)index);
            named = true;
        }
        if (json_is_true(value))
            jw_kbool(w, name, true);
        else if (strcmp(name, "email") != 0)
            jw_kstr(w, name, span_of(json_string_value(value), json_string_length(value)));
    }
    if (!named)
        jw_kint(w, "entry", (int64_t)index);
    jw_object_end(w);
}

static MUST_CHECK enum err write_trader(struct jw *w, const struct statement_draft *f, uint64_t index)
{
    struct buf text;
    json_t *json = NULL;
    buf_heap(&text);
    enum err err = trader_legal(f->view, f->contract, index, f->in->to, &text);
    if (err == ERR_OK)
        err = legal_is(buf_span(&text)) && json_read(buf_span(&text), &json, NULL) == ERR_OK ? ERR_OK : ERR_CORRUPT;
    buf_free(&text);
    if (err != ERR_OK)
        return problem(f->problem, err, "", "the legal data of entry %llu do not read", (unsigned long long)index);
    write_legal(w, json, index);
    json_decref(json);
    return ERR_OK;
}

/* Each of those that it names by their entries, once; what is carried is of the sums too. */
static MUST_CHECK enum err write_traders(struct jw *w, const struct statement_draft *f)
{
    const struct taxed_sums *brought = f->in->brought;
    uint64_t *all = xcalloc(2 * (f->sums.n + (brought != NULL ? brought->n : 0) + 1), sizeof *all);
    size_t n = add_traders(&f->sums, all);
    enum err err = ERR_OK;
    n += add_traders(brought, all + n);
    for (size_t side = 0; side < 2; side++)
        all[n++] = f->trade.as[side];
    qsort(all, n, sizeof *all, ascending);
    jw_key(w, "traders");
    jw_array(w);
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        if (all[i] > 0 && (i == 0 || all[i] != all[i - 1]))
            err = write_trader(w, f, all[i]);
    jw_array_end(w);
    free(all);
    return err;
}

/* Appends the object, and what the VAT of all that is payable comes to. */
static MUST_CHECK enum err write_tax(struct buf *out, const struct statement_draft *f, const struct statement_out *o,
                                     int64_t unit_micros, int64_t *vat_minor)
{
    static const struct taxed_sums none = {.n = 0};
    struct jw w;
    jw_open(&w, out);
    jw_object(&w);
    jw_kint(&w, "advertiser", (int64_t)f->trade.as[0]);
    taxed_write(&w, "brought", f->in->brought != NULL ? f->in->brought : &none);
    taxed_write(&w, "carried", &o->carried);
    jw_kstr(&w, "kind", span_str(tax_word(f->trade.kind)));
    jw_kint(&w, "publisher", (int64_t)f->trade.as[1]);
    *vat_minor = write_tax_rows(&w, f, unit_micros);
    jw_kbool(&w, "self_billing", f->trade.self_billing);
    enum err err = write_traders(&w, f);
    jw_kint(&w, "vat_minor", *vat_minor);
    jw_object_end(&w);
    jw_close(&w);
    return err;
}

/* Noon of the day, by the clocks of the issue: whatever they were set to since, it is that day. */
static int64_t due_ms(const struct statement_in *in)
{
    int64_t day = time_local_day(in->issued_ms, in->utc_offset_s) + in->terms->due_days;
    return day * MS_PER_DAY + MS_PER_DAY / 2 - in->utc_offset_s * MS_PER_S;
}

static const char *payer(const struct statement_in *in, int64_t to_pay_minor)
{
    return span_empty(in->terms->publisher) || to_pay_minor == 0 ? "" : to_pay_minor > 0 ? "advertiser" : "publisher";
}

static void write_period(struct jw *w, const struct statement_in *in, int64_t from_ms)
{
    jw_key(w, "period");
    jw_object(w);
    jw_kint(w, "from", (int64_t)in->from);
    jw_time(w, "from_at", from_ms);
    jw_kint(w, "to", (int64_t)in->to);
    jw_time(w, "to_at", in->to_ms);
    jw_object_end(w);
}

static void write_tree(struct jw *w, const struct statement_in *in)
{
    jw_key(w, "tree");
    jw_object(w);
    jw_khex(w, "from_root", in->from_root.b, HASH_LEN);
    jw_kint(w, "size", (int64_t)in->to);
    jw_khex(w, "to_root", in->to_root.b, HASH_LEN);
    jw_object_end(w);
}

static void write_corrects(struct jw *w, const struct statement_draft *f)
{
    jw_key(w, "corrects");
    jw_array(w);
    for (size_t i = 0; i < f->n_earlier; i++) {
        jw_object(w);
        jw_kstr(w, "id", span_str(f->earlier[i].id));
        jw_time(w, "issued_at", f->earlier[i].issued_ms);
        jw_kint(w, "number", (int64_t)f->earlier[i].number);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static MUST_CHECK enum err write_payload(const struct statement_draft *f, int exponent, int64_t from_ms,
                                         struct statement_out *o)
{
    const struct statement_in *in = f->in;
    const struct terms *t = in->terms;
    int64_t vat_minor = 0;
    struct buf tax;
    struct jw w;

    buf_heap(&tax);
    enum err err = write_tax(&tax, f, o, micros_per_minor(exponent), &vat_minor);
    jw_open(&w, &o->payload);
    jw_object(&w);
    jw_key(&w, "adjustments");
    jw_raw(&w, buf_span(&f->adjustments));
    write_party(&w, "advertiser", t->advertiser, in->legal[0]);
    write_bridge(&w, f);
    jw_kstr(&w, "campaign_name", t->name);
    jw_kint(&w, "carried_micros", o->carried_micros);
    write_waiting(&w, "closing", &o->waiting);
    jw_kstr(&w, "contract", t->contract);
    write_corrects(&w, f);
    write_all_counts(&w, f);
    jw_kstr(&w, "currency", t->currency);
    jw_time(&w, "due_at", due_ms(in));
    jw_kint(&w, "exponent", exponent);
    write_gaps(&w, in->tally);
    jw_kint(&w, "gross_micros", f->gross_micros);
    jw_kstr(&w, "id", in->id);
    jw_time(&w, "issued_at", in->issued_ms);
    jw_kstr(&w, "issuer", in->issuer);
    write_lines(&w, &f->lines);
    jw_kint(&w, "net_micros", o->net_micros);
    jw_kint(&w, "number", (int64_t)in->number);
    write_waiting(&w, "opening", &in->waiting);
    jw_kstr(&w, "payable_by", span_str(payer(in, o->payable_minor + vat_minor)));
    jw_kint(&w, "payable_minor", o->payable_minor);
    write_period(&w, in, from_ms);
    jw_key(&w, "prev_sha256");
    jw_hex(&w, in->prev_sha256.b, in->has_prev ? HASH_LEN : 0);
    write_party(&w, "publisher", t->publisher, in->legal[1]);
    write_quantities(&w, f);
    jw_kint(&w, "revision", 1);
    jw_key(&w, "tax");
    jw_raw(&w, buf_span(&tax));
    jw_kint(&w, "terms", (int64_t)in->terms_index);
    jw_kstr(&w, "timezone", t->timezone);
    jw_kint(&w, "to_pay_minor", o->payable_minor + vat_minor);
    write_tree(&w, in);
    jw_kstr(&w, "typ", SPAN(STATEMENT_TYP));
    jw_object_end(&w);
    jw_close(&w);
    buf_free(&tax);
    sha256(o->payload.ptr, o->payload.len, o->sha256.b);
    return err;
}

/* What waits at the end: false, it cannot be what waited at the beginning and these moves. */
static bool close_waiting(const struct statement_draft *f, struct waiting *out)
{
    const struct waiting *was = &f->in->waiting;
    int64_t pending = (int64_t)was->pending + f->pending, held = (int64_t)was->held + f->held;
    *out = (struct waiting){.micros = was->micros + f->came.micros - f->approved.micros - f->rejected.micros};
    if (pending < 0 || held < 0 || out->micros < 0)
        return false;
    out->pending = (uint64_t)pending;
    out->held = (uint64_t)held;
    return true;
}

/* With what was brought; *rest is what came in under no VAT. */
static MUST_CHECK enum err bring(struct statement_draft *f, int64_t unit_micros)
{
    const struct taxed_sums *brought = f->in->brought;
    f->rest_micros = f->in->carried_in_micros;
    for (size_t i = 0; brought != NULL && i < brought->n; i++) {
        struct taxed sum = brought->of[i];
        f->rest_micros -= sum.micros;
        sum.about = 0;
        if (!taxed_add(&f->sums, sum) || !taxed_add(&f->about, brought->of[i]))
            return out_of_range(f);
    }
    if (f->rest_micros < 0 || f->rest_micros >= unit_micros)
        return problem(f->problem, ERR_CORRUPT, "", "what was carried over is not what the parts by VAT come to");
    return ERR_OK;
}

/* What a correction of it as a whole goes by: the greatest of its own sums, else what its terms agree. */
static int64_t main_rate(const struct statement_draft *f)
{
    int64_t most = 0, vat_ppm = new_under(f, f->in->terms->vat_ppm, 0).vat_ppm;
    for (size_t i = 0; i < f->sums.n; i++) {
        const struct taxed *x = &f->sums.of[i];
        int64_t size = x->micros < 0 ? -x->micros : x->micros;
        if (x->kind != f->trade.kind || memcmp(x->as, f->trade.as, sizeof x->as) != 0 || size <= most)
            continue;
        most = size;
        vat_ppm = x->vat_ppm;
    }
    return vat_ppm;
}

/* All of it is set off against what comes, what is under no VAT with the first part that is under one. What is above 0
 * has its VAT here. */
static void carry(struct statement_draft *f, int64_t whole, struct statement_out *o)
{
    size_t i = 0;
    o->carried_micros = whole;
    taxed_set_off(&f->sums, &o->carried);
    while (o->carried.of[i].micros == 0) /* they come to less than nothing */
        i++;
    o->carried.of[i].micros += f->rest_micros;
    f->rest_micros = 0;
    taxed_drop_zeros(&o->carried); /* the next one is built from this as well as from the payload */
    taxed_attribute(&o->carried, &f->about);
}

static int by_number(const void *a, const void *b)
{
    const struct earlier *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* What was brought and is not carried on whole is credited here: that corrects what it is about, as adjustments do. */
static MUST_CHECK enum err credit(struct statement_draft *f, const struct statement_out *o)
{
    const struct taxed_sums *brought = f->in->brought;
    enum err err = ERR_OK;
    for (size_t i = 0; brought != NULL && i < brought->n && err == ERR_OK; i++) {
        const struct taxed *x = &brought->of[i];
        char id[LIMIT_ID + 1];
        uint64_t number = 0;
        if (x->about == 0 || taxed_has(&o->carried, x))
            continue;
        statement_id(f->in->terms->contract, x->about, id);
        err = earlier_of(f, id, &number);
        if (err == ERR_OK && number != x->about)
            err = problem(f->problem, ERR_CORRUPT, "", "statement %s has another number than what is carried over", id);
    }
    if (f->n_earlier > 0)
        qsort(f->earlier, f->n_earlier, sizeof *f->earlier, by_number);
    return err;
}

/* Totals, rounded once; then the payload. */
static MUST_CHECK enum err settle(struct statement_draft *f, struct statement_out *o)
{
    const struct statement_in *in = f->in;
    int exponent = currency_exponent(in->terms->currency);
    int64_t from_ms = in->prev_to_ms ? in->prev_to_ms : in->tally->from_ms;

    if (exponent < 0 || !time_ok(from_ms) || !time_ok(in->to_ms) || !time_ok(in->issued_ms) || !time_ok(due_ms(in)))
        return problem(f->problem, ERR_INVALID, "", "the currency or a time cannot be written on a statement");
    if (in->tally->gap_clicks > JSON_INT_MAX || in->tally->gap_views > JSON_INT_MAX ||
        in->tally->gap_impressions > JSON_INT_MAX)
        return problem(f->problem, ERR_INVALID, "", "the gaps count more than can be written on a statement");
    if (!close_waiting(f, &o->waiting))
        return problem(f->problem, ERR_CORRUPT, "", "fewer leads waited at the beginning than were decided since");
    if (!money_add(f->gross_micros, f->adjusted_micros, &o->net_micros) || in->carried_in_micros < -MONEY_MAX_MICROS ||
        in->carried_in_micros > MONEY_MAX_MICROS)
        return out_of_range(f);
    int64_t whole = o->net_micros + in->carried_in_micros;
    if (whole > MONEY_MAX_MICROS)
        return out_of_range(f);
    enum err err = bring(f, micros_per_minor(exponent));
    if (err != ERR_OK)
        return err;
    o->vat_kind = f->trade.kind;
    o->vat_ppm = main_rate(f);
    if (terms_carry(in->terms, in->issued_ms) && whole < 0 && whole >= -MONEY_MAX_MICROS && taxed_fit(&f->sums))
        carry(f, whole, o);
    else
        money_to_minor(o->net_micros, in->carried_in_micros, exponent, &o->payable_minor, &o->carried_micros);
    err = credit(f, o);
    return err == ERR_OK ? write_payload(f, exponent, from_ms, o) : err;
}

void statement_id(struct span contract, uint64_t number, char out[LIMIT_ID + 1])
{
    uint8_t sum[HASH_LEN];
    struct buf text;
    buf_heap(&text);
    buf_printf(&text, "countersign/v1/statement\n%.*s\n%llu", (int)contract.len, contract.ptr,
               (unsigned long long)number);
    sha256(text.ptr, text.len, sum);
    buf_free(&text);
    id_write('S', load_be64((const char *)sum) >> 4, out);
}

struct statement_draft *statement_draft_new(uint32_t contract, uint64_t from, const struct trade *trade,
                                            enum lines_wanted lines)
{
    struct statement_draft *f = xcalloc(1, sizeof *f);
    *f = (struct statement_draft){.contract = contract, .from = from, .to = from, .trade = *trade};
    lines_open(&f->lines, lines);
    line_told_open(&f->told);
    buf_heap(&f->adjustments);
    jw_open(&f->adjustment, &f->adjustments);
    jw_array(&f->adjustment);
    return f;
}

void statement_draft_free(struct statement_draft *f)
{
    if (f == NULL)
        return;
    lines_close(&f->lines);
    line_told_close(&f->told);
    buf_free(&f->adjustments);
    taxed_free(&f->sums);
    taxed_free(&f->supplied);
    taxed_free(&f->about);
    free(f->earlier);
    free(f->received);
    free(f->quantity);
    free(f);
}

static void *copied(const void *from, size_t n, size_t size)
{
    return n > 0 ? memcpy(xmalloc(n * size), from, n * size) : NULL;
}

struct statement_draft *statement_draft_copy(const struct statement_draft *from)
{
    struct statement_draft *f = statement_draft_new(from->contract, from->from, &from->trade, from->lines.wanted);
    const struct statement_draft fresh = *f;
    assert(from->lines.wanted == LINES_COUNT); /* of lines only the number is copied */
    *f = *from;
    f->view = NULL;
    f->problem = NULL;
    f->received = copied(from->received, from->n, sizeof *f->received);
    f->room = from->n;
    f->lines = fresh.lines;
    f->lines.n = from->lines.n;
    f->told = fresh.told;
    f->adjustments = fresh.adjustments;
    buf_clear(&f->adjustments);
    buf_span_add(&f->adjustments, buf_span(&from->adjustments));
    f->adjustment.b = &f->adjustments;
    f->sums = fresh.sums;
    f->supplied = fresh.supplied;
    f->about = fresh.about;
    taxed_copy(&f->sums, &from->sums);
    taxed_copy(&f->supplied, &from->supplied);
    taxed_copy(&f->about, &from->about);
    f->earlier = copied(from->earlier, from->n_earlier, sizeof *f->earlier);
    f->quantity = copied(from->quantity, from->n_quantities, sizeof *f->quantity);
    f->quantity_room = from->n_quantities;
    return f;
}

bool statement_draft_is(const struct statement_draft *f, uint32_t contract, uint64_t from, const struct trade *trade)
{
    return f->contract == contract && f->from == from && f->trade.kind == trade->kind &&
           f->trade.self_billing == trade->self_billing && memcmp(f->trade.as, trade->as, sizeof f->trade.as) == 0;
}

uint64_t statement_draft_to(const struct statement_draft *f)
{
    return f->to;
}

uint64_t statement_draft_moves(const struct statement_draft *f)
{
    return f->moves;
}

size_t statement_draft_bytes(const struct statement_draft *f)
{
    return sizeof *f + f->room * sizeof *f->received + f->adjustments.cap + f->n_earlier * sizeof *f->earlier +
           f->quantity_room * sizeof *f->quantity;
}

enum err statement_draft_fold(struct statement_draft *f, const struct view *v, uint64_t to, uint64_t most,
                              struct problem *p)
{
    f->view = v;
    f->problem = p;
    return fold_moves(f, to, most < UINT64_MAX - f->lines.n ? f->lines.n + most : UINT64_MAX);
}

enum err statement_finish(struct statement_draft *f, const struct statement_in *in, struct statement_out *out,
                          struct problem *p)
{
    struct statement_out o = {0};
    assert(f->contract == in->contract && f->from == in->from && f->to <= in->to);
    assert(f->trade.kind == in->trade.kind && memcmp(f->trade.as, in->trade.as, sizeof f->trade.as) == 0);
    f->in = in;
    buf_heap(&o.payload);
    enum err err = statement_draft_fold(f, in->view, in->to, UINT64_MAX, p);
    if (err == ERR_OK)
        err = all_moves(f);
    if (err == ERR_OK)
        err = fold_traffic(f);
    if (err == ERR_OK) {
        jw_array_end(&f->adjustment);
        jw_close(&f->adjustment);
        end_bundle(&f->lines);
        err = settle(f, &o);
    }
    if (err != ERR_OK) {
        buf_free(&o.payload);
        taxed_free(&o.carried);
        return err;
    }
    o.lines = f->lines;
    lines_open(&f->lines, f->lines.wanted);
    *out = o;
    return ERR_OK;
}

enum err statement_build(const struct statement_in *in, struct statement_out *out, struct problem *p)
{
    struct statement_draft *f = statement_draft_new(in->contract, in->from, &in->trade, in->lines);
    enum err err = statement_finish(f, in, out, p);
    statement_draft_free(f);
    return err;
}

void statement_free(struct statement_out *out)
{
    buf_free(&out->payload);
    taxed_free(&out->carried);
    lines_close(&out->lines);
}

/* ---- line items, made again ---- */

struct bundle_row {
    uint64_t first, moving;
    struct hash root;
};

static struct bundle_row row_of(struct span bundles, size_t i)
{
    const char *at = bundles.ptr + i * BUNDLE_LEN;
    struct bundle_row r = {.first = load_be64(at), .moving = load_be32(at + 8)};
    memcpy(r.root.b, at + 12, HASH_LEN);
    return r;
}

/* A tree over lines is the tree over those over its bundles: all but the last are perfect. */
bool statement_has_bundles(const struct statement *s, struct span bundles)
{
    uint64_t n = s->n_lines / STATEMENT_BUNDLE + (s->n_lines % STATEMENT_BUNDLE != 0);
    struct frontier tree = {0};
    struct hash root;
    if (bundles.len % BUNDLE_LEN != 0 || bundles.len / BUNDLE_LEN != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct bundle_row r = row_of(bundles, i);
        frontier_append(&tree, &r.root, NULL, NULL);
    }
    frontier_root(&tree, &root);
    return memcmp(root.b, s->lines_root.b, HASH_LEN) == 0;
}

size_t statement_bundle_of(struct span bundles, uint64_t index)
{
    size_t low = 0, high = bundles.len / BUNDLE_LEN; /* the last that begins at `index` or before is in [low, high) */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (row_of(bundles, middle).first <= index)
            low = middle;
        else
            high = middle;
    }
    return low;
}

uint64_t statement_bundle_moving(struct span bundles, size_t i)
{
    return row_of(bundles, i).moving;
}

static uint64_t counted(const struct statement *s, const char *what, const char *of)
{
    return (uint64_t)json_integer_value(json_object_get(json_object_get(s->counts, what), of));
}

/* From what a payload says of it. false: it does not read. */
static bool read_traffic(const struct statement *s, struct traffics *out)
{
    const json_t *q;
    size_t i;
    *out = (struct traffics){.n = 0};
    json_array_foreach((json_t *)s->quantities, i, q)
    {
        const char *what = json_string_value(json_object_get(q, "what"));
        bool impressions = what != NULL && strcmp(what, quantity_words[QUANTITY_IMPRESSION]) == 0;
        if (what == NULL || (!impressions && strcmp(what, quantity_words[QUANTITY_CLICK]) != 0))
            continue;
        if (!traffic_add(out, impressions, json_integer_value(json_object_get(q, "vat_ppm")),
                         (uint64_t)json_integer_value(json_object_get(q, "n")),
                         json_integer_value(json_object_get(q, "micros"))))
            return false;
    }
    traffic_rest(out, counted(s, "clicks", "total"), counted(s, "impressions", "total"),
                 counted(s, "payable", "clicks"), counted(s, "payable", "impressions"));
    return true;
}

/* The lines of traffic stand behind all others: from line number `at` of the statement on those that still fit. false:
 * they do not read. */
static bool traffic_again(struct statement_draft *f, const struct statement *s, uint64_t at, uint64_t most)
{
    struct traffics t;
    if (!read_traffic(s, &t) || t.n > s->n_lines || at < s->n_lines - t.n)
        return false;
    for (size_t i = (size_t)(at - (s->n_lines - t.n)); i < t.n && f->lines.n < most; i++)
        line_of_traffic(&f->lines, &t.of[i], s->to);
    return true;
}

enum err statement_bundle(const struct statement *s, struct span bundles, size_t i, const struct view *v,
                          uint32_t contract, struct buf *text, struct problem *p)
{
    const struct bundle_row row = row_of(bundles, i);
    uint64_t before = (uint64_t)i * STATEMENT_BUNDLE, left = s->n_lines - before;
    uint64_t most = left < STATEMENT_BUNDLE ? left : STATEMENT_BUNDLE;
    const struct trade trade = {.kind = s->tax, .as = {s->as[0], s->as[1]}};
    struct statement_draft *f = statement_draft_new(contract, s->from, &trade, LINES_TEXT);
    struct hash root;
    f->to = row.first;
    f->view = v;
    f->problem = p;
    enum err err = fold_moves(f, s->to, most);
    if (err == ERR_OK && f->lines.n < most && !traffic_again(f, s, before + f->lines.n, most))
        err = ERR_CORRUPT;
    frontier_root(&f->lines.tree, &root);
    if (err == ERR_OK && (f->lines.n != most || memcmp(root.b, row.root.b, HASH_LEN) != 0))
        err = problem(p, ERR_CORRUPT, "", "line items from number %llu on are not those that were signed",
                      (unsigned long long)before + 1);
    if (err == ERR_OK)
        buf_span_add(text, buf_span(&f->lines.text));
    statement_draft_free(f);
    return err;
}
