#include <inttypes.h>
#include <stdlib.h>

#include "common/settlement/verify_parts.h"

/* Who the rows belong to: numbers of our choosing, since there is one contract. */
enum { CONTRACT = 1, CAMPAIGN = 1 };

static bool view_get(void *ctx, enum row_table t, struct span key, struct span *value)
{
    return rows_map_get(((struct audit *)ctx)->rows, t, key, value);
}

static bool view_seek(void *ctx, enum row_table t, struct span from, struct span *key, struct span *value)
{
    return rows_map_seek(((struct audit *)ctx)->rows, t, from, key, value);
}

static bool view_click(void *ctx, uint32_t contract, uint64_t index, enum class *class, int64_t *at_ms,
                       uint32_t *placement)
{
    struct span bytes;
    struct entry e;
    if (contract != CONTRACT || !audit_entry(ctx, index, &bytes) || entry_read(bytes, &e, NULL) != ERR_OK)
        return false;
    bool click = e.kind == ENTRY_CLICK;
    if (click) {
        *class = e.click.class;
        *at_ms = e.at_ms;
        *placement = e.click.placement;
    }
    entry_close(&e);
    return click;
}

void fold_open(struct audit *a)
{
    struct frontier empty = {0};
    frontier_root(&empty, &a->period.from_root);
    a->cx = (struct fold_context){.contract = CONTRACT, .campaign = CAMPAIGN, .contract_id = span_str(a->contract)};
    a->rows = rows_map_new();
    a->view = (struct view){view_get, view_seek, view_click, a};
    buf_heap(&a->scratch);
    openings_open(a);
}

void fold_close(struct audit *a)
{
    rows_map_free(a->rows);
    terms_free(a->terms);
    for (size_t i = 0; i < OLD_TERMS; i++)
        terms_free(a->old_terms[i].terms);
    openings_close(&a->openings);
    buf_free(&a->scratch);
    bundle_cache_free(&a->bundles);
    free(a->closed);
}

/* Nothing after this entry can be judged. */
static void stop(struct audit *a, enum check c, uint64_t index, const char *why)
{
    finds_failure(&a->finding[c], "entry %" PRIu64 " %s", index, why);
    a->stopped = true;
}

/* True when the entry written anew is the recorded one. */
static bool writes_the_same(struct audit *a, const struct entry *e, struct span bytes)
{
    buf_clear(&a->scratch);
    entry_write(&a->scratch, e);
    return span_eq(buf_span(&a->scratch), bytes);
}

/* The opening of the entry at `index`, if the file's next line is it. *line lives until the next call. */
static bool take_opening(struct audit *a, uint64_t index, bool lead, const struct hash *commitment, struct opening *out,
                         struct span *line)
{
    bool cut = false;
    if (!openings_peek(&a->openings, line, &cut))
        return false;
    bool good = !cut && opening_read(*line, out) == ERR_OK;
    if (good && out->index > index)
        return false;
    openings_skip(&a->openings, *line);
    if (good && out->index == index && out->lead == lead && memcmp(out->commitment.b, commitment->b, HASH_LEN) == 0) {
        a->opened++;
        return true;
    }
    finds_failure(&a->finding[CHECK_OPENINGS],
                  "the line for entry %" PRIu64 " does not open what that entry committed to", index);
    return false;
}

static bool keeps(char *kept, struct span now, bool first)
{
    if (first && now.len <= LIMIT_ID) {
        memcpy(kept, now.ptr, now.len);
        kept[now.len] = '\0';
    }
    return span_is(now, kept);
}

/* Puts new terms in force and keeps the old ones for a while. */
static void replace_terms(struct audit *a, struct terms *terms, int64_t at_ms)
{
    if (a->terms != NULL) {
        terms_free(a->old_terms[OLD_TERMS - 1].terms);
        memmove(a->old_terms + 1, a->old_terms, (OLD_TERMS - 1) * sizeof a->old_terms[0]);
        a->old_terms[0].terms = a->terms;
        a->old_terms[0].replaced_ms = at_ms;
    }
    a->terms = terms;
}

/* Terms come first, count up, stay with their campaign, parties and contract. */
static void fold_terms(struct audit *a, uint64_t index, const struct entry *e)
{
    const struct entry_terms *t = &e->terms;
    struct terms *terms = NULL;
    bool first = a->terms == NULL;
    if (t->version != a->terms_version + 1 || terms_compile(t->campaign, t->contract, &terms, NULL) != ERR_OK) {
        stop(a, CHECK_ENTRIES, index, "is not the next version of complete terms");
        return;
    }
    if (!span_is(terms->contract, a->contract) || !keeps(a->campaign, terms->campaign, first) ||
        !keeps(a->advertiser, terms->advertiser, first) || !keeps(a->publisher, terms->publisher, first) ||
        (!first && !span_eq(terms->currency, a->terms->currency)))
        stop(a, CHECK_ENTRIES, index, "changes what terms cannot change: contract, campaign, parties or currency");
    replace_terms(a, terms, e->at_ms);
    a->terms_index = index;
    a->terms_version = t->version;
}

static void fold_view(struct audit *a, uint64_t index, const struct entry_view *v)
{
    enum class class;
    int64_t at_ms;
    uint32_t placement;
    if (v->has_click && !view_click(a, CONTRACT, v->click, &class, &at_ms, &placement))
        finds_failure(&a->finding[CHECK_ENTRIES],
                      "entry %" PRIu64 " names entry %" PRIu64 " as its click, which is none", index, v->click);
}

/* Decides the lead again. Without its opening the entry's own word about equal persons is taken. */
static void judge_lead(struct audit *a, uint64_t index, const struct entry *e, struct span bytes,
                       const struct opening *opening)
{
    struct entry again;
    bool foreign = false;
    redecide_lead(&a->cx, &a->view, a->terms, a->terms_index, e, opening, &again, &foreign);
    a->decided++;
    a->foreign += opening != NULL && foreign;
    if (writes_the_same(a, &again, bytes))
        return;
    bool about_persons = e->lead.status == STATUS_DUPLICATE || again.lead.status == STATUS_DUPLICATE;
    if (about_persons && a->unopened > 0)
        finds_doubt(&a->finding[CHECK_DECISIONS], "lead %" PRIu64 " may repeat a lead that has no opening", index);
    else
        finds_failure(&a->finding[CHECK_DECISIONS],
                      "lead %" PRIu64
                      " is recorded as %s %s; the terms make it %s %s, or differ in price, tier or times",
                      index, status_word(e->lead.status), reason_word(e->lead.reason), status_word(again.lead.status),
                      reason_word(again.lead.reason));
}

static bool fold_lead(struct audit *a, uint64_t index, const struct entry *e, struct span bytes,
                      struct private_part *tokens)
{
    struct opening opening;
    struct span line = SPAN("");
    bool opened = take_opening(a, index, true, &e->lead.commitment, &opening, &line);
    if (!opened) {
        a->unopened++;
        finds_doubt(&a->finding[CHECK_OPENINGS],
                    "lead %" PRIu64 " has no opening that fits: its person cannot be compared with others", index);
    }
    verify_inputs(a, index, e, opened ? &opening : NULL, line);
    judge_lead(a, index, e, bytes, opened ? &opening : NULL);
    if (!opened)
        return false;
    *tokens = (struct private_part){.lead = true, .has_email = opening.has_email, .has_phone = opening.has_phone};
    memcpy(tokens->email, opening.email, TOKEN_LEN);
    memcpy(tokens->phone, opening.phone, TOKEN_LEN);
    return true;
}

/* A disposition must be one that the lead's state and the terms allowed, or the server's own approval when due. */
static void fold_disposition(struct audit *a, uint64_t index, const struct entry *e, struct span bytes)
{
    const struct entry_disposition *d = &e->disposition;
    struct lead_row lead;
    struct entry again;
    bool same = false, good = false;
    a->dispositions++;
    if (!row_lead(&a->view, CONTRACT, d->lead, &lead)) {
        stop(a, CHECK_DECISIONS, index, "is about a lead that is not in the log");
        return;
    }
    verify_speaker(a, index, d);
    if (d->trust == TRUST_SYSTEM) {
        good = decide_due(a->terms_index, d->lead, &lead, e->at_ms, &again);
    } else {
        struct disposition_report r = {.party = d->party,
                                       .trust = d->trust,
                                       .txid = d->txid,
                                       .text = d->text,
                                       .currency = d->currency,
                                       .status = d->status,
                                       .amount_micros = d->amount_micros,
                                       .lead = d->lead};
        good = decide_disposition(a->terms_index, &r, &lead, e->at_ms, &again, &same, NULL) == ERR_OK && !same;
    }
    if (!good || !writes_the_same(a, &again, bytes))
        finds_failure(&a->finding[CHECK_DECISIONS],
                      "entry %" PRIu64 " (%s of lead %" PRIu64 ") is not what the terms allow then", index,
                      status_word(d->status), d->lead);
}

static void fold_key(struct audit *a, uint64_t index, const struct entry_key *k)
{
    size_t i = 0;
    while (i < a->n_party_keys && !span_is(k->party, a->party_key[i].party))
        i++;
    if (i == PARTIES_CAP || k->party.len > LIMIT_ID) {
        stop(a, CHECK_ENTRIES, index, "gives a key to a party too many");
        return;
    }
    if (i == a->n_party_keys) {
        a->n_party_keys++;
    } else if (memcmp(a->party_key[i].pub, k->pub, ED25519_KEY_LEN) != 0) {
        a->party_key[i].changes++;
        a->party_key[i].changed_at = index;
    }
    memcpy(a->party_key[i].party, k->party.ptr, k->party.len);
    a->party_key[i].party[k->party.len] = '\0';
    memcpy(a->party_key[i].pub, k->pub, ED25519_KEY_LEN);
}

static void fold_rows(struct audit *a, uint64_t index, const struct entry *e, const struct private_part *tokens)
{
    struct row_ops ops = {.n = 0};
    if (apply(&a->cx, &a->view, a->terms, index, e, tokens, &ops) == ERR_OK)
        rows_map_write(a->rows, &ops);
    else
        stop(a, CHECK_ENTRIES, index, "cannot follow the entries before it");
}

static enum class class_of(const struct entry *e) {
    return e->kind == ENTRY_CLICK  ? e->click.class
           : e->kind == ENTRY_VIEW ? e->view.class
                                   : CLASS_OK;
}

static void fold(struct audit *a, uint64_t index, const struct entry *e, struct span bytes,
                 const struct frontier *before)
{
    struct private_part tokens = {0};
    struct opening ignored;
    struct span line;
    bool has_tokens = false;
    a->at = index;
    a->kinds[e->kind]++;
    if ((index == 0) != (e->kind == ENTRY_TERMS && a->terms == NULL)) {
        stop(a, CHECK_ENTRIES, index, "comes before any terms");
        return;
    }
    if (e->at_ms < a->period.prev_to_ms)
        finds_failure(&a->finding[CHECK_ENTRIES],
                      "entry %" PRIu64 " is dated into a period that a statement closed before it", index);
    switch (e->kind) {
    case ENTRY_TERMS:
        fold_terms(a, index, e);
        break;
    case ENTRY_CLICK:
        (void)take_opening(a, index, false, &e->click.commitment, &ignored, &line);
        break;
    case ENTRY_VIEW:
        (void)take_opening(a, index, false, &e->view.commitment, &ignored, &line);
        fold_view(a, index, &e->view);
        break;
    case ENTRY_LEAD:
        has_tokens = fold_lead(a, index, e, bytes, &tokens);
        break;
    case ENTRY_DISPOSITION:
        fold_disposition(a, index, e, bytes);
        break;
    case ENTRY_KEY:
        fold_key(a, index, &e->key);
        break;
    case ENTRY_STATEMENT:
        verify_statement(a, index, e, before);
        break;
    case ENTRY_RESPONSE:
        verify_response(a, index, e);
        break;
    default:
        break;
    }
    if (a->stopped)
        return;
    fold_rows(a, index, e, has_tokens ? &tokens : NULL);
    tally_add(&a->period.tally, a->terms, e->kind, class_of(e), e->at_ms, e->kind == ENTRY_GAP ? &e->gap : NULL);
}

void fold_entry(struct audit *a, uint64_t index, struct span bytes, const struct frontier *before)
{
    struct entry e;
    struct problem p = {0};
    if (a->stopped)
        return;
    if (entry_read(bytes, &e, &p) != ERR_OK) {
        finds_failure(&a->finding[CHECK_ENTRIES], "entry %" PRIu64 " is not canonical (%s)", index, p.field);
        a->stopped = true;
        return;
    }
    fold(a, index, &e, bytes, before);
    entry_close(&e);
}
