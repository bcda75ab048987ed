#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/decisions/rules.h"
#include "common/settlement/verify_parts.h"

/* Who the rows belong to: numbers of our choosing, since there is one contract. */
enum { CONTRACT = 1, CAMPAIGN = 1, ADVERTISER = 1 };

static enum err view_get(void *ctx, enum row_table t, struct span key, struct span *value)
{
    return rows_map_get(((struct audit *)ctx)->rows, t, key, value);
}

static enum err view_seek(void *ctx, enum row_table t, struct span from, struct span *key, struct span *value)
{
    return rows_map_seek(((struct audit *)ctx)->rows, t, from, key, value);
}

static struct looked *looked_slot(struct audit *a, uint64_t index)
{
    if (a->looked == NULL)
        a->looked = xcalloc(LOOKED, sizeof *a->looked);
    return &a->looked[index % LOOKED];
}

/* Whoever names a click mostly does so soon: what was just walked need not be read again. */
static void keep_click(struct audit *a, uint64_t index, const struct entry *e)
{
    *looked_slot(a, index) = (struct looked){.known = true, .index = index, .is_click = true, .clicked = clicked_of(e)};
}

/* Reads an entry again, as far as it is a click. An error: what is judged without it would be a guess. */
static enum err look_at(struct audit *a, uint64_t index, struct looked *out)
{
    struct span bytes;
    struct entry e;
    enum err err = audit_entry(a, index, &bytes);
    if (err != ERR_OK)
        return err;
    if ((err = entry_read(bytes, &e, NULL)) != ERR_OK) {
        audit_entry_changed(a, index); /* it was read before */
        return ERR_CORRUPT;
    }
    *out = (struct looked){.known = true, .index = index, .is_click = e.kind == ENTRY_CLICK};
    if (out->is_click)
        out->clicked = clicked_of(&e);
    entry_close(&e);
    return ERR_OK;
}

static enum err view_click(void *ctx, uint32_t contract, uint64_t index, struct clicked *out)
{
    struct audit *a = ctx;
    if (contract != CONTRACT || index >= a->at)
        return ERR_NOT_FOUND;
    struct looked *l = looked_slot(a, index);
    enum err err = l->known && l->index == index ? ERR_OK : look_at(a, index, l);
    a->stopped |= err != ERR_OK;
    if (err != ERR_OK || !l->is_click)
        return err != ERR_OK ? err : ERR_NOT_FOUND;
    *out = l->clicked;
    return ERR_OK;
}

static enum err view_leaf(void *ctx, uint32_t contract, uint64_t index, struct hash *out)
{
    struct audit *a = ctx;
    struct span bytes;
    if (contract != CONTRACT || index >= a->at)
        return ERR_NOT_FOUND;
    enum err err = audit_entry(a, index, &bytes);
    if (err == ERR_OK)
        merkle_leaf(bytes, out);
    return err;
}

/* One that changed since it was read is nobody's guilt. */
static enum err view_bytes(void *ctx, uint32_t contract, uint64_t index, struct span *out)
{
    struct audit *a = ctx;
    enum err err = contract == CONTRACT ? audit_entry(a, index, out) : ERR_NOT_FOUND;
    return err == ERR_CORRUPT ? ERR_IO : err;
}

static enum err view_state(void *ctx, uint32_t contract, const struct hash *sha256, struct span *out)
{
    return contract == CONTRACT ? verify_state(ctx, sha256, out) : ERR_NOT_FOUND;
}

void audit_fold_open(struct audit *a)
{
    const struct fold_context cx = {.contract = CONTRACT,
                                    .campaign = CAMPAIGN,
                                    .advertiser = ADVERTISER,
                                    .contract_id = span_str(a->contract),
                                    .alone = true};
    a->rows = rows_map_new(a->asked->spill);
    buf_heap(&a->again);
    buf_heap(&a->assents);
    buf_heap(&a->shown);
    buf_heap(&a->state);
    a->states = byte_map_new(NULL);
    a->view = (struct view){view_get, view_seek, view_click, view_leaf, view_bytes, view_state, a};
    fold_open(&a->fold, &cx, &a->view, a->rows);
    a->fold.tokens = rows_map_beside(a->rows);
    a->fold.end_of = audit_end_of;
    a->fold.end_ctx = a;
    a->fold.begin = a->asked->scores_from;
}

void audit_fold_close(struct audit *a)
{
    fold_close(&a->fold);
    rows_map_free(a->rows);
    for (size_t i = 0; i < OLD_TERMS; i++)
        terms_free(a->old_terms[i].terms);
    terms_free(a->withdrawn.terms);
    audit_again_free(a);
    verify_credentials_free(a);
    persons_free(&a->persons);
    buf_free(&a->assents);
    buf_free(&a->shown);
    buf_free(&a->state);
    byte_map_free(a->states);
}

void audit_stop(struct audit *a, enum check c, uint64_t index, const char *why)
{
    finds_failure(&a->finding[c], "entry %" PRIu64 " %s", index, why);
    a->stopped = true;
}

bool audit_untold(struct audit *a, enum check c, uint64_t index, enum err err)
{
    if (!fold_untold(err))
        return false;
    finds_doubt(&a->finding[c], "entry %" PRIu64 " cannot be judged: what it rests on does not read again", index);
    a->stopped = true;
    return true;
}

/* The opening of the entry at `index`, if the file's next line is it; NULL: it has none. It lives until the next call.
 */
static const struct opening_line *take_opening(struct audit *a, uint64_t index, bool lead,
                                               const struct hash *commitment)
{
    const struct opening_line *l = index < a->next_opening ? NULL : openings_peek(a->openings);
    if (l == NULL)
        return NULL;
    if (l->reads && l->opening.index > index) {
        a->next_opening = l->opening.index;
        return NULL;
    }
    openings_skip(a->openings);
    if (l->reads && l->opening.index == index && l->opening.lead == lead &&
        memcmp(l->opening.commitment.b, commitment->b, HASH_LEN) == 0) {
        a->opened++;
        verify_shown(a, index, &l->opening);
        return l;
    }
    finds_failure(&a->finding[CHECK_OPENINGS],
                  "the line for entry %" PRIu64 " does not open what that entry committed to", index);
    return NULL;
}

static bool keeps(char *kept, struct span now, bool first)
{
    if (first && now.len <= LIMIT_ID) {
        memcpy(kept, now.ptr, now.len);
        kept[now.len] = '\0';
    }
    return span_is(now, kept);
}

static void keep_old(struct audit *a, struct terms *terms, int64_t replaced_ms)
{
    terms_free(a->old_terms[OLD_TERMS - 1].terms);
    memmove(a->old_terms + 1, a->old_terms, (OLD_TERMS - 1) * sizeof a->old_terms[0]);
    a->old_terms[0].terms = terms;
    a->old_terms[0].replaced_ms = replaced_ms;
}

/* Leads may still have been read under the terms that were replaced: they are kept for a while. Versions that were
 * replaced before their time bound nobody. */
static void keep_gone(struct audit *a, struct versions *gone, int64_t at_ms)
{
    size_t bound = 0;
    while (bound < gone->n && gone->v[bound].from_ms <= at_ms)
        bound++;
    for (size_t i = 0; i < gone->n; i++)
        if (i < bound)
            keep_old(a, gone->v[i].terms, i + 1 < bound ? gone->v[i + 1].from_ms : a->fold.versions.v[0].from_ms);
        else
            terms_free(gone->v[i].terms);
}

/* What other rules make of the log from here on, only a program that has them can tell. */
static void unknown_rules(struct audit *a, uint64_t index, int64_t rules)
{
    for (enum check c = CHECK_ENTRIES; c <= CHECK_DECISIONS; c++)
        finds_doubt(&a->finding[c],
                    "entry %" PRIu64 " holds terms of rules %" PRId64
                    ", and this program knows rules up to %d: take a version of countersign that knows rules %" PRId64,
                    index, rules, RULES_NOW, rules);
    a->stopped = true;
}

/* Terms come first, count up, stay with their campaign, parties and contract. */
static void take_terms(struct audit *a, uint64_t index, const struct entry *e)
{
    struct versions gone = {.n = 0};
    const struct version *old = versions_before(&a->fold.versions, e->at_ms, e->terms.effective_ms);
    const struct terms *before = old != NULL ? old->terms : NULL;
    bool first = versions_newest(&a->fold.versions) == NULL;
    enum err err = fold_terms(&a->fold, index, e, &gone);
    if (err == ERR_NOT_IMPLEMENTED) {
        unknown_rules(a, index, e->terms.rules);
        return;
    }
    if (err != ERR_OK) {
        audit_stop(a, CHECK_ENTRIES, index, "is not the next version of this contract's complete terms");
        return;
    }
    const struct terms *terms = versions_newest(&a->fold.versions)->terms;
    if (!keeps(a->campaign, terms->campaign, first) || !keeps(a->advertiser, terms->advertiser, first) ||
        !keeps(a->publisher, terms->publisher, first) || !keeps(a->currency, terms->currency, first))
        audit_stop(a, CHECK_ENTRIES, index, "changes what terms cannot change: campaign, parties or currency");
    if (first && a->asked->campaign != NULL)
        campaign_begin(a->asked->campaign, a->contract, terms, entry_clock(e), a->keys.root_origin);
    a->joined |= first;
    if (a->asked->campaign != NULL)
        campaign_terms(a->asked->campaign, e);
    verify_version(a, index, e, before, terms, &gone);
    keep_gone(a, &gone, e->at_ms);
}

/* A party's own word that it agrees: without it nothing shows that it does. */
static void take_assent(struct audit *a, uint64_t index, const struct entry *e)
{
    struct assent said;
    struct problem why = {0};
    enum err err = fold_assent(&a->fold, e, &said, &why);
    if (err == ERR_OK && !audit_issuer_fits(a, said.said.issuer)) {
        err = problem(&why, ERR_INVALID, "issuer", "is another one than the log's");
        assent_close(&said);
    }
    if (audit_untold(a, CHECK_ENTRIES, index, err))
        return;
    if (err != ERR_OK) {
        bool adjusts = e->assent.adjustment > 0;
        finds_failure(&a->finding[CHECK_ENTRIES],
                      "entry %" PRIu64 " is no assent of party %.*s to %s %" PRId64 "%s: its %.40s %.120s", index,
                      (int)e->assent.party.len, e->assent.party.ptr, adjusts ? "adjustment" : "version",
                      adjusts ? (int64_t)e->assent.adjustment : e->assent.version, adjusts ? "" : " of the terms",
                      why.field, why.detail);
        a->stopped = true;
        return;
    }
    assent_close(&said);
    if (e->assent.adjustment > 0)
        verify_adjustment_assent(a, index, e);
    else
        verify_assent(a, index, e);
}

/* Leads may have been read under it by a server that did not know of the withdrawal yet. */
static void keep_withdrawn(struct audit *a, const struct versions *gone, int64_t at_ms)
{
    if (gone->n == 0)
        return;
    terms_free(a->withdrawn.terms);
    a->withdrawn.terms = NULL;
    if (gone->v[0].from_ms > at_ms + TERMS_GRACE_MS) {
        terms_free(gone->v[0].terms);
    } else {
        a->withdrawn.terms = gone->v[0].terms;
        a->withdrawn.replaced_ms = at_ms;
    }
}

static void take_withdrawal(struct audit *a, uint64_t index, const struct entry *e)
{
    struct versions gone;
    struct assent said;
    struct problem why = {0};
    enum err err = fold_withdrawal(&a->fold, e, &said, &gone, &why);
    if (err == ERR_OK && !span_empty(e->withdrawal.jws) && !audit_issuer_fits(a, said.said.issuer)) {
        err = problem(&why, ERR_INVALID, "issuer", "is another one than the log's");
        versions_free(&gone);
        assent_close(&said);
    }
    if (audit_untold(a, CHECK_ENTRIES, index, err))
        return;
    if (err != ERR_OK) {
        finds_failure(&a->finding[CHECK_ENTRIES],
                      "entry %" PRIu64 " withdraws version %" PRId64 " of the terms, and may not: its %.40s %.120s",
                      index, e->withdrawal.version, why.field, why.detail);
        a->stopped = true;
        return;
    }
    verify_withdrawal(a, index, e, gone.n > 0);
    keep_withdrawn(a, &gone, e->at_ms);
    assent_close(&said);
}

static void check_view(struct audit *a, uint64_t index, const struct entry_view *v)
{
    struct finding *f = &a->finding[CHECK_ENTRIES];
    enum err err = fold_view(&a->fold, v);
    if (err == ERR_OK || audit_untold(a, CHECK_ENTRIES, index, err))
        return;
    if (err == ERR_NOT_FOUND)
        finds_failure(f, "entry %" PRIu64 " names entry %" PRIu64 " as its click, which is none", index, v->click);
    else
        finds_failure(f, "entry %" PRIu64 " has another placement than its click, entry %" PRIu64, index, v->click);
}

/* What stands in the lead or disposition under way, and what should. */
static void tell_other(struct audit *a, const char *what, uint64_t index, struct span bytes)
{
    char stands[FOLD_WORDS], gives[FOLD_WORDS];
    fold_differences(bytes, fold_again(&a->fold), stands, gives);
    finds_failure(&a->finding[CHECK_DECISIONS],
                  "%s %" PRIu64 " is recorded with %s; the terms and the entries in front of it give %s", what, index,
                  stands, gives);
}

/* Decides the lead again. Without its opening the entry's own word about equal persons is taken. */
static void judge_lead(struct audit *a, uint64_t index, const struct entry *e, struct span bytes,
                       const struct opening *opening)
{
    struct entry again;
    bool foreign = false;
    enum err err = fold_lead(&a->fold, e, bytes, opening, &again, &foreign);
    a->decided++;
    a->received[e->lead.status]++;
    a->foreign += opening != NULL && foreign;
    if (err == ERR_OK || audit_untold(a, CHECK_DECISIONS, index, err))
        return;
    bool about_persons = e->lead.status == STATUS_DUPLICATE || again.lead.status == STATUS_DUPLICATE;
    if (about_persons && a->unopened > 0)
        finds_doubt(&a->finding[CHECK_DECISIONS], "lead %" PRIu64 " may repeat a lead that has no opening", index);
    else
        tell_other(a, "lead", index, bytes);
}

static bool take_lead(struct audit *a, uint64_t index, const struct entry *e, struct span bytes,
                      struct private_part *tokens)
{
    a->movable++;
    const struct opening_line *opened = take_opening(a, index, true, &e->lead.commitment);
    const struct opening *opening = opened != NULL ? &opened->opening : NULL;
    if (opened == NULL) {
        a->unopened++;
        finds_doubt(&a->finding[CHECK_OPENINGS],
                    "lead %" PRIu64 " has no opening that fits: its person cannot be compared with others", index);
    }
    enum err err = fold_txid(&a->fold, e);
    if (audit_untold(a, CHECK_DECISIONS, index, err))
        return false;
    if (err != ERR_OK)
        finds_failure(&a->finding[CHECK_DECISIONS],
                      "lead %" PRIu64 " has a txid under which its sender reported another before", index);
    if (e->lead.n_touches > e->lead.other_touches)
        finds_failure(&a->finding[CHECK_DECISIONS], "lead %" PRIu64 " has more touches than it counts", index);
    if ((e->lead.has_click || e->lead.other_touches > 0) && !e->lead.claimed)
        finds_failure(&a->finding[CHECK_DECISIONS], "lead %" PRIu64 " has touches, and its report had no click id",
                      index);
    verify_inputs(a, index, e, opening, opened != NULL ? opened->line : SPAN(""));
    judge_lead(a, index, e, bytes, opening);
    if (opening == NULL)
        return false;
    *tokens = (struct private_part){.lead = true, .has_email = opening->has_email, .has_phone = opening->has_phone};
    memcpy(tokens->email, opening->email, TOKEN_LEN);
    memcpy(tokens->phone, opening->phone, TOKEN_LEN);
    return true;
}

/* A disposition must be one that the lead's state and the terms allowed, or the server's own approval when due. */
static void judge_disposition(struct audit *a, uint64_t index, const struct entry *e, struct span bytes)
{
    const struct entry_disposition *d = &e->disposition;
    struct lead_row lead;
    enum err err = fold_disposition(&a->fold, e, bytes);
    a->dispositions++;
    a->movable++;
    if (audit_untold(a, CHECK_DECISIONS, index, err))
        return;
    if (err == ERR_NOT_FOUND) {
        audit_stop(a, CHECK_DECISIONS, index, "is about a lead that is not in the log");
        return;
    }
    verify_speaker(a, index, e);
    if (err != ERR_OK && fold_again(&a->fold).len > 0)
        tell_other(a, "entry", index, bytes);
    else if (err != ERR_OK)
        finds_failure(&a->finding[CHECK_DECISIONS],
                      "entry %" PRIu64 " (%s of lead %" PRIu64 ", which is %s) is not what the terms allow then", index,
                      status_word(d->status), d->lead,
                      row_lead(&a->view, CONTRACT, d->lead, &lead) == ERR_OK ? status_word(lead.status) : "unreadable");
}

/* What no server writes adds up to no more than can be told. */
static void add_counted(uint64_t *sum, uint64_t n)
{
    *sum = n > JSON_INT_MAX - *sum ? JSON_INT_MAX : *sum + n;
}

static void count_gap(struct audit *a, const struct entry_gap *g)
{
    add_counted(&a->gaps.clicks, g->clicks);
    add_counted(&a->gaps.views, g->views);
    add_counted(&a->gaps.impressions, g->impressions);
    add_counted(&a->gaps.late_clicks, g->late_clicks);
}

static void check_dates(struct audit *a, uint64_t index, const struct entry *e)
{
    if (index == 0)
        a->first_ms = e->at_ms;
    if (!fold_dated(&a->fold, e))
        finds_failure(&a->finding[CHECK_ENTRIES],
                      "entry %" PRIu64 " is dated before what stands in front of it: before the entry there, by more "
                      "than an hour behind the clock of earlier ones, or before its own click",
                      index);
    verify_due(a, index, e);
    verify_clock(a, index, e);
    if (e->kind == ENTRY_GAP)
        count_gap(a, &e->gap);
    if (!fold_gap(&a->fold, e))
        finds_failure(&a->finding[CHECK_ENTRIES],
                      "entry %" PRIu64 " is, or follows, a gap that no server makes: wider than ten minutes, counting "
                      "more than can be answered in it, dated ahead, or counting nothing without a lead behind it",
                      index);
}

/* Whether the leads of this contract alone had reached them. */
static MUST_CHECK enum err reaches(const struct audit *a, const struct caps *caps, enum cap_scope scope,
                                   uint32_t number, const struct entry *e, const struct lead_row *row, bool *out)
{
    struct cap_row day, month;
    int64_t at_ms = entry_clock(e), offset_s = e->lead.utc_offset_s;
    enum err err = row_cap(&a->view, scope, number, CAP_OF_DAY, at_ms, offset_s, &day);
    if (err == ERR_OK)
        err = row_cap(&a->view, scope, number, CAP_OF_MONTH, at_ms, offset_s, &month);
    if (err != ERR_OK)
        return err;
    switch (e->lead.reason) {
    case REASON_CAP_DAY:
        *out = *out || (caps->set & CAP_DAY && day.leads >= (uint64_t)caps->day);
        break;
    case REASON_CAP_MONTH:
        *out = *out || (caps->set & CAP_MONTH && month.leads >= (uint64_t)caps->month);
        break;
    case REASON_BUDGET:
        *out = *out || (caps->set & CAP_BUDGET && month.micros + row->payout_micros > caps->budget_micros_month);
        break;
    default:
        break;
    }
    return ERR_OK;
}

/* A lead that a cap refused, which the leads of this contract had reached alone; it counts in none itself. */
static MUST_CHECK enum err own_cap(const struct audit *a, const struct entry *e, const struct lead_row *row, bool *out)
{
    const struct terms *t = a->fold.terms;
    *out = false;
    enum err err = reaches(a, &t->contract_caps, CAP_CONTRACT, CONTRACT, e, row, out);
    return err != ERR_OK ? err : reaches(a, &t->campaign_caps, CAP_CAMPAIGN, CAMPAIGN, e, row, out);
}

static MUST_CHECK enum err join_lead(struct audit *a, uint64_t index, const struct entry *e, struct span bytes,
                                     const struct lead_row *row)
{
    bool by_own_cap;
    enum err err = own_cap(a, e, row, &by_own_cap);
    if (err != ERR_OK)
        return err;
    campaign_lesson(a->asked->campaign, index, e, a->fold.terms, STATUS_PENDING);
    campaign_lead(a->asked->campaign, index, e, bytes, a->fold.terms, row, by_own_cap);
    return ERR_OK;
}

static MUST_CHECK enum err join_disposition(struct audit *a, uint64_t index, const struct entry *e,
                                            const struct lead_row *row)
{
    struct move_row move;
    enum err err = row_move(&a->view, CONTRACT, index, &move);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (err == ERR_OK)
        campaign_lesson(a->asked->campaign, index, e, a->fold.terms, move.was);
    campaign_disposition(a->asked->campaign, e->disposition.lead, index, e, a->fold.terms, row);
    return ERR_OK;
}

/* For those who have other logs of the campaign, once it is folded. */
static MUST_CHECK enum err join(struct audit *a, uint64_t index, const struct entry *e, struct span bytes)
{
    struct lead_row row;
    if (a->asked->campaign == NULL)
        return ERR_OK;
    enum err err = row_lead(&a->view, CONTRACT, e->kind == ENTRY_LEAD ? index : e->disposition.lead, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    return e->kind == ENTRY_LEAD ? join_lead(a, index, e, bytes, &row) : join_disposition(a, index, e, &row);
}

/* Each version whose time has come, before the next one can push it out. */
static void join_versions(struct audit *a, int64_t at_ms)
{
    const struct versions *vs = &a->fold.versions;
    for (size_t i = 0; i < vs->n && a->asked->campaign != NULL; i++)
        if (vs->v[i].number > a->joined_version && vs->v[i].from_ms <= at_ms) {
            campaign_bound(a->asked->campaign, &vs->v[i]);
            a->joined_version = vs->v[i].number;
        }
}

/* Whether there are terms by which it can be looked at, and a time. */
static bool stands(struct audit *a, uint64_t index, const struct entry *e)
{
    a->at = index;
    a->kinds[e->kind]++;
    fold_at(&a->fold, e->at_ms);
    join_versions(a, e->at_ms);
    if ((index == 0) != (e->kind == ENTRY_TERMS && a->fold.terms == NULL))
        audit_stop(a, CHECK_ENTRIES, index, "comes before any terms");
    else if (e->at_ms >= TIME_END_MS)
        audit_stop(a, CHECK_ENTRIES, index, "is dated past the year 9999");
    else if (!fold_may(&a->fold, e))
        audit_stop(a, CHECK_ENTRIES, index, "comes before any terms bind: they lack the assent of a party");
    return !a->stopped;
}

static void take_of_party(struct audit *a, uint64_t index, const struct entry *e)
{
    if (e->kind == ENTRY_KEY)
        verify_party_key(a, index, e);
    else if (e->kind == ENTRY_CREDENTIAL)
        verify_credential(a, index, e);
    else if (fold_party(&a->fold, &e->party) != ERR_OK)
        finds_failure(&a->finding[CHECK_ENTRIES], "entry %" PRIu64 " gives legal data that are none, or nobody's here",
                      index);
    else
        verify_legal(a, index, e);
    if (a->asked->campaign != NULL)
        campaign_party(a->asked->campaign, index, e);
}

/* What was judged is applied. */
static void go_on(struct audit *a, uint64_t index, const struct entry *e, struct span bytes,
                  const struct frontier *before, const struct private_part *tokens)
{
    verify_server_keys(a, index, e);
    verify_receipts_entry(a, index, e, bytes);
    verify_clicks_entry(a, index, e);
    enum err err = fold_apply(&a->fold, index, e, before, tokens);
    if (err != ERR_OK && err != ERR_IO)
        audit_stop(a, CHECK_ENTRIES, index, "cannot follow the entries before it");
    if (a->stopped || audit_untold(a, CHECK_ENTRIES, index, err))
        return;
    verify_reconcile_entry(a, index, e);
    if (audit_untold(a, CHECK_ENTRIES, index, verify_settle(a, index, e)))
        return;
    if (e->kind == ENTRY_MODEL && e->model.origin == ORIGIN_SEED && a->asked->campaign != NULL)
        campaign_seed(a->asked->campaign, index, e, a->fold.terms);
    if (e->kind != ENTRY_LEAD && e->kind != ENTRY_DISPOSITION)
        return;
    verify_due_next(a);
    a->stopped = audit_untold(a, CHECK_ENTRIES, index, join(a, index, e, bytes)) || a->stopped;
}

static void take(struct audit *a, uint64_t index, const struct entry *e, struct span bytes,
                 const struct frontier *before)
{
    struct private_part tokens = {0};
    bool has_tokens = false;
    if (!stands(a, index, e))
        return;
    check_dates(a, index, e);
    verify_model(a, index, e);
    switch (e->kind) {
    case ENTRY_TERMS:
        take_terms(a, index, e);
        break;
    case ENTRY_CLICK:
        keep_click(a, index, e);
        (void)take_opening(a, index, false, &e->click.commitment);
        break;
    case ENTRY_VIEW:
        (void)take_opening(a, index, false, &e->view.commitment);
        check_view(a, index, &e->view);
        break;
    case ENTRY_IMPRESSION:
        (void)take_opening(a, index, false, &e->view.commitment);
        break;
    case ENTRY_LEAD:
        has_tokens = take_lead(a, index, e, bytes, &tokens);
        break;
    case ENTRY_DISPOSITION:
        judge_disposition(a, index, e, bytes);
        break;
    case ENTRY_KEY:
    case ENTRY_CREDENTIAL:
    case ENTRY_PARTY:
        take_of_party(a, index, e);
        break;
    case ENTRY_STATEMENT:
        verify_statement(a, index, e, before);
        break;
    case ENTRY_RESPONSE:
        verify_response(a, index, e);
        break;
    case ENTRY_ASSENT:
        take_assent(a, index, e);
        break;
    case ENTRY_WITHDRAWAL:
        take_withdrawal(a, index, e);
        break;
    case ENTRY_ADJUSTMENT:
        verify_adjustment(a, index, e);
        break;
    case ENTRY_ERASE:
        verify_erase(a, index, e);
        break;
    default:
        break;
    }
    if (!a->stopped)
        go_on(a, index, e, bytes, before, has_tokens ? &tokens : NULL);
}

void audit_fold_entry(struct audit *a, uint64_t index, struct bundle_entry *e, const struct frontier *before)
{
    struct problem p = {0};
    if (a->stopped)
        return;
    e->read = e->read || entry_read(e->bytes, &e->entry, &p) == ERR_OK;
    if (!e->read) {
        finds_failure(&a->finding[CHECK_ENTRIES], "entry %" PRIu64 " is not canonical (%s%s%s)", index, p.field,
                      p.field[0] != '\0' ? " " : "", p.detail);
        a->stopped = true;
        return;
    }
    take(a, index, &e->entry, e->bytes, before);
}
