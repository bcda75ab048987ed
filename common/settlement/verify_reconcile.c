/* A party's own rows held against the leads of the mirror. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/reconcile/reconcile.h"
#include "common/settlement/verify_parts.h"
#include "common/tokens/tokens.h"

enum { KIDS = 256, CONTRACT = 1 /* as the fold numbers it */ };

struct own_rows {
    struct finding *finding;
    struct block_cipher *key[KIDS];
    struct reconcile *rows; /* NULL: they do not read */
    bool ended;
};

static enum err open_click(void *ctx, struct span id, struct pointer *click)
{
    struct own_rows *o = ctx;
    return click_id_open(o->key, id, click) == ERR_OK ? ERR_OK : ERR_NOT_FOUND;
}

/* The first terms tell the currency: rows are read behind them. */
static void open_rows(struct audit *a)
{
    const struct verify_rows *asked = a->asked->own_rows;
    struct own_rows *o = a->own_rows = xcalloc(1, sizeof *o);
    struct finding none = {0};
    struct problem p = {0};
    o->finding = &a->finding[CHECK_RECONCILE];
    bool opens = audit_click_keys(a, &none, o->key);
    const struct reconcile_asked how = {
        .rows = asked->rows,
        .map = asked->map,
        .dates = asked->dates,
        .decimal = asked->decimal,
        .flags = true,
        .from = asked->from,
        .to = asked->to,
        .currency = span_str(a->currency),
        .party = asked->party,
        .open_click = opens ? open_click : NULL,
        .progress = asked->progress,
        .progress_ctx = asked->progress_ctx,
        .ctx = o,
    };
    if (currency_exponent(how.currency) < 0)
        finds_doubt(o->finding, "the contract's currency is not known here");
    else if (reconcile_open(&o->rows, &how, &p) != ERR_OK)
        finds_doubt(o->finding, "the rows cannot be read: %s%s%s", p.field, p.field[0] ? " " : "", p.detail);
}

void verify_reconcile_entry(struct audit *a, uint64_t index, const struct entry *e)
{
    if (a->asked->own_rows == NULL)
        return;
    if (a->own_rows == NULL)
        open_rows(a);
    struct own_rows *o = a->own_rows;
    if (o->rows == NULL)
        return;
    if (e->kind == ENTRY_CLICK)
        reconcile_click(o->rows, index, e->click.class);
    if (e->kind == ENTRY_LEAD && reconcile_lead(o->rows, index, entry_clock(e), &e->lead) != ERR_OK) {
        finds_doubt(o->finding, "the period has more than %d leads: name a shorter one by --from and --to",
                    RECONCILE_LEADS);
        reconcile_close(o->rows);
        o->rows = NULL;
    }
}

static enum err became(void *ctx, uint64_t index, struct lead_row *out)
{
    struct audit *a = ctx;
    return row_lead(&a->view, CONTRACT, index, out);
}

static void judge(struct own_rows *o)
{
    uint64_t unexplained = 0, not_judged = 0;
    for (enum outcome out = 0; out < OUTCOMES; out++) {
        unexplained += reconcile_sum(o->rows, out, CAUSE_UNEXPLAINED).n;
        not_judged += reconcile_sum(o->rows, out, CAUSE_NOT_JUDGED).n;
    }
    if (unexplained > 0)
        finds_failure(o->finding,
                      "nothing explains %" PRIu64 " of what differs between the rows and the log (%" PRIu64
                      " row%s): see below, or --csv for all",
                      unexplained, reconcile_count(o->rows, OUTCOME_MATCHED),
                      reconcile_count(o->rows, OUTCOME_MATCHED) == 1 ? " matches" : "s match");
    else if (not_judged > 0)
        finds_doubt(o->finding,
                    "%" PRIu64
                    " row%s only a lead reference, which the server alone can open: give the txid or the click id",
                    not_judged, not_judged == 1 ? " has" : "s have");
}

void verify_reconcile_end(struct audit *a, bool complete)
{
    struct own_rows *o = a->own_rows;
    struct problem p = {0};
    if (a->asked->own_rows != NULL && (o == NULL || !complete)) {
        finds_doubt(&a->finding[CHECK_RECONCILE],
                    "the log could not be followed to its end: the rows are held against nothing");
        return;
    }
    if (o == NULL || o->rows == NULL)
        return;
    if (reconcile_match(o->rows, became, a) != ERR_OK)
        finds_doubt(o->finding, "what became of a lead cannot be told");
    else if (reconcile_end(o->rows, a->fold.last_ms, &p) != ERR_OK)
        finds_doubt(o->finding, "what is in the rows %s", p.detail);
    else
        o->ended = true;
    if (o->ended)
        judge(o);
}

void verify_reconcile_sentence(const struct audit *a, struct buf *out)
{
    const struct own_rows *o = a->own_rows;
    if (o == NULL || !o->ended)
        return;
    uint64_t n = reconcile_count(o->rows, OUTCOME_MATCHED), others = 0;
    for (enum outcome out_of = OUTCOME_DIFFERING; out_of < OUTCOMES; out_of++)
        others += reconcile_count(o->rows, out_of);
    buf_printf(out,
               "%" PRIu64 " row%s the log's leads; %" PRIu64 " differ%s or miss%s their other half, each explained", n,
               n == 1 ? " matches" : "s match", others, others == 1 ? "s" : "", others == 1 ? "es" : "");
}

/* The first one is the whole answer; then a line for each class and reason. */
void verify_reconcile_tell(struct audit *a)
{
    struct own_rows *o = a->own_rows;
    if (o == NULL || !o->ended)
        return;
    struct reconcile_head head = {.contract = span_str(a->contract), .size = a->head.size, .root = a->head.root};
    struct buf answer;
    buf_heap(&answer);
    reconcile_json(o->rows, &head, &answer);
    struct buf *text = tale_add(&a->tale, TOPIC_ROWS);
    jw_key(&a->tale.w, "answer");
    jw_raw(&a->tale.w, buf_span(&answer));
    buf_printf(text,
               "%" PRIu64 " row%s: %" PRIu64 " matched, %" PRIu64 " differing, %" PRIu64 " missing here, %" PRIu64
               " missing there; ",
               reconcile_rows(o->rows), reconcile_rows(o->rows) == 1 ? "" : "s",
               reconcile_count(o->rows, OUTCOME_MATCHED), reconcile_count(o->rows, OUTCOME_DIFFERING),
               reconcile_count(o->rows, OUTCOME_MISSING_HERE), reconcile_count(o->rows, OUTCOME_MISSING_THERE));
    reconcile_say(o->rows, text);
    tale_end(&a->tale);
    buf_free(&answer);
    for (enum outcome out = OUTCOME_DIFFERING; out < OUTCOMES; out++)
        for (enum cause c = 0; c < CAUSES; c++) {
            struct reconcile_sum sum = reconcile_sum(o->rows, out, c);
            if (sum.n == 0)
                continue;
            text = tale_add(&a->tale, TOPIC_ROWS);
            reconcile_say_sum(o->rows, out, c, text);
            jw_kstr(&a->tale.w, "class", span_str(outcome_word(out)));
            jw_kint(&a->tale.w, "micros", sum.delta_micros);
            jw_kint(&a->tale.w, "n", (int64_t)sum.n);
            jw_kstr(&a->tale.w, "reason", span_str(cause_word(c)));
            tale_end(&a->tale);
        }
    if (a->asked->own_rows->csv != NULL) {
        struct buf csv;
        buf_heap(&csv);
        reconcile_csv(o->rows, UINT64_MAX, &csv, a->asked->own_rows->csv, a->asked->own_rows->csv_ctx);
        buf_free(&csv);
    }
}

void verify_reconcile_free(struct audit *a)
{
    struct own_rows *o = a->own_rows;
    if (o == NULL)
        return;
    for (size_t i = 0; i < KIDS; i++)
        block_cipher_free(o->key[i]);
    reconcile_close(o->rows);
    free(o);
}
