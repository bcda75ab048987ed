#include <inttypes.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/decisions/countersigned.h"
#include "common/decisions/terms.h"
#include "common/settlement/campaign_parts.h"

struct campaign *campaign_new(size_t given, bool whole, bool receipts, bool clicks)
{
    struct campaign *c = xcalloc(1, sizeof *c);
    c->given = given;
    c->whole = whole;
    c->asked[CAMPAIGN_RECEIPTS] = receipts;
    c->asked[CAMPAIGN_CLICKS] = clicks;
    return c;
}

void campaign_free(struct campaign *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->n_members; i++) {
        buf_free(&c->member[i]->root_origin);
        free(c->member[i]);
    }
    free(c->member);
    for (size_t i = 0; i < c->n; i++)
        free(c->lead[i].part);
    free(c->lead);
    free(c->caps);
    free(c->not_here);
    free(c->step);
    free(c->word);
    free(c->move);
    free(c->told);
    free(c->root);
    free(c->standing);
    free(c->sale);
    persons_free(&c->persons);
    campaign_lessons_free(c->lessons);
    free(c);
}

/* ---- what the audits tell ---- */

static void add_standing(struct campaign *c, size_t lead, int64_t to_ms, bool open)
{
    if (c->n_standing == c->standing_room) {
        c->standing_room = c->standing_room ? 2 * c->standing_room : 64;
        c->standing = xrealloc(c->standing, c->standing_room * sizeof *c->standing);
    }
    struct joined_lead *l = &c->lead[lead];
    c->standing[c->n_standing++] = (struct lead_stay){lead, l->stays, l->from_ms, to_ms, l->known_ms, l->by, open};
    l->stays = c->n_standing;
}

static void stand(struct campaign *c, size_t lead, int64_t now_ms, const struct terms *t, bool stands)
{
    struct joined_lead *l = &c->lead[lead];
    if (l->stands && !stands)
        add_standing(c, lead, now_ms, false);
    if (!l->stands && stands) {
        l->from_ms = now_ms;
        l->known_ms = t->dedupe_days * MS_PER_DAY;
        l->by = t->dedupe_by;
    }
    l->stands = stands;
}

void campaign_begin(struct campaign *c, const char *contract, const struct terms *t, int64_t clocked_ms,
                    struct span root_origin)
{
    struct member *m = xcalloc(1, sizeof *m);
    c->member = xrealloc(c->member, (c->n_members + 1) * sizeof m);
    c->member[c->n_members++] = m;
    snprintf(m->contract, sizeof m->contract, "%s", contract);
    snprintf(m->campaign, sizeof m->campaign, "%.*s", (int)t->campaign.len, t->campaign.ptr);
    snprintf(m->advertiser, sizeof m->advertiser, "%.*s", (int)t->advertiser.len, t->advertiser.ptr);
    snprintf(m->publisher, sizeof m->publisher, "%.*s", (int)t->publisher.len, t->publisher.ptr);
    m->first_ms = clocked_ms;
    buf_heap(&m->root_origin);
    buf_span_add(&m->root_origin, root_origin);
    c->first = m->first = c->n;
}

void campaign_root_head(struct campaign *c, const char *where, struct span note)
{
    struct checkpoint head;
    if (checkpoint_peek(note, &head) != ERR_OK)
        return;
    c->root = xrealloc(c->root, (c->n_roots + 1) * sizeof *c->root);
    c->root[c->n_roots++] = (struct root_seen){where, head.size, head.root};
}

void campaign_root_look(struct campaign *c, const struct frontier *tree)
{
    for (size_t i = 0; i < c->n_roots; i++) {
        const struct root_seen *r = &c->root[i];
        struct hash root;
        if (r->size != tree->size)
            continue;
        frontier_root(tree, &root);
        if (memcmp(root.b, r->root.b, HASH_LEN) != 0)
            finds_failure(&c->finding[CAMPAIGN_CAMPAIGN],
                          "the root log of %.100s, of %" PRIu64
                          " entries, is another history than the one in another of these mirrors: the server shows "
                          "several",
                          r->where, r->size);
    }
}

static void name_reporter(const struct entry_lead *l, uint8_t out[HASH_LEN])
{
    if (!span_empty(l->txid) && l->trust != TRUST_PIXEL)
        sha256v((struct span[]){l->party, SPAN("\n"), l->txid}, 3, out);
}

/* Terms change seldom. */
static size_t take_caps(struct campaign *c, const struct caps *caps)
{
    if (c->n_caps == 0 || memcmp(&c->caps[c->n_caps - 1], caps, sizeof *caps) != 0) {
        c->caps = xrealloc(c->caps, (c->n_caps + 1) * sizeof *c->caps);
        c->caps[c->n_caps++] = *caps;
    }
    return c->n_caps - 1;
}

void campaign_clock(struct campaign *c, uint64_t index, const struct entry_clock *e)
{
    if (c->n_steps == c->steps_room) {
        c->steps_room = c->steps_room ? 2 * c->steps_room : 16;
        c->step = xrealloc(c->step, c->steps_room * sizeof *c->step);
    }
    c->step[c->n_steps++] = (struct joined_step){(uint32_t)(c->n_members - 1), e->steps, index, e->from_ms, e->to_ms};
}

void campaign_lead(struct campaign *c, uint64_t index, const struct entry *e, struct span bytes, const struct terms *t,
                   const struct lead_row *row, bool own_cap)
{
    const struct entry_lead *l = &e->lead;
    if (c->n == c->room) {
        c->room = c->room ? 2 * c->room : 64;
        c->lead = xrealloc(c->lead, c->room * sizeof *c->lead);
    }
    struct joined_lead *j = &c->lead[c->n++];
    *j = (struct joined_lead){
        .member = (uint32_t)(c->n_members - 1),
        .index = index,
        .clocked_ms = entry_clock(e),
        .window_ms = t->dedupe_days * MS_PER_DAY,
        .who = row->who,
        .mended_ms = l->status == STATUS_REJECTED && reason_is_technical(l->reason) ? INT64_MAX : INT64_MIN,
        .pixel = l->trust == TRUST_PIXEL,
        .duplicate = l->status == STATUS_DUPLICATE,
        .elsewhere = span_is(l->dup_contract, DUP_ELSEWHERE),
        .commit = l->commitment,
        .dup = l->dup_commit,
        .share_from = l->share_from,
        .share_to = l->share_to,
        .reason = l->reason,
        .taken = l->status == STATUS_PENDING || l->status == STATUS_HELD || l->status == STATUS_APPROVED,
        .own_cap = own_cap,
        .caps = take_caps(c, &t->campaign_caps),
        .day = (int32_t)time_local_day(entry_clock(e), l->utc_offset_s),
        .month = (int32_t)time_local_month(entry_clock(e), l->utc_offset_s),
        .price_micros = row->payout_micros,
    };
    if (l->share_to != 0) {
        j->part = joined_part_new(j->member, e, t);
        j->part->unproven = row->unproven;
    }
    name_reporter(l, j->reporter);
    merkle_leaf(bytes, &j->leaf);
    stand(c, c->n - 1, entry_clock(e), t, lead_stands(row));
}

struct joined_lead *campaign_find(const struct campaign *c, size_t first, size_t n, uint64_t index)
{
    size_t from = first, to = first + n;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        if (c->lead[at].index == index)
            return &c->lead[at];
        if (c->lead[at].index < index)
            from = at + 1;
        else
            to = at;
    }
    return NULL;
}

static bool is_of(const struct campaign *c, const struct member *m, struct joined_lead *const *lead, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c->member[lead[i]->member] == m)
            return true;
    return false;
}

const struct member *campaign_early(const struct campaign *c, int64_t clocked_ms, struct joined_lead *const *there,
                                    size_t n)
{
    for (size_t i = 0; i < c->n_members; i++)
        if (c->member[i]->last_ms <= clocked_ms + CAMPAIGN_APART_MS && !is_of(c, c->member[i], there, n))
            return c->member[i];
    return NULL;
}

static void take_move(struct campaign *c, struct joined_lead *l, uint64_t index, const struct entry *e)
{
    if (c->n_moves == c->moves_room) {
        c->moves_room = c->moves_room ? 2 * c->moves_room : 16;
        c->move = xrealloc(c->move, c->moves_room * sizeof *c->move);
    }
    c->move[c->n_moves++] = (struct joined_move){.before = l->part->moves,
                                                 .index = index,
                                                 .clocked_ms = entry_clock(e),
                                                 .to = e->disposition.status,
                                                 .by_system = e->disposition.trust == TRUST_SYSTEM};
    l->part->moves = c->n_moves;
    l->part->n_moves++;
}

static void add_sale(struct campaign *c, size_t lead, int64_t to_ms, bool open)
{
    const struct joined_lead *l = &c->lead[lead];
    if (l->sale_micros == 0)
        return;
    if (c->n_sales == c->sales_room) {
        c->sales_room = c->sales_room ? 2 * c->sales_room : 16;
        c->sale = xrealloc(c->sale, c->sales_room * sizeof *c->sale);
    }
    c->sale[c->n_sales++] = (struct sale_stay){lead, l->sale_from_ms, to_ms, l->sale_micros, open};
}

static void sell(struct campaign *c, size_t lead, int64_t now_ms, const struct lead_row *row)
{
    struct joined_lead *l = &c->lead[lead];
    const int64_t micros = lead_stands(row) ? row->sale_micros : 0;
    if (micros == l->sale_micros)
        return;
    add_sale(c, lead, now_ms, false);
    l->sale_micros = micros;
    l->sale_from_ms = now_ms;
}

/* That it is signed, and whether it is about this very lead, the audit of the mirror asked. */
static void take_word(struct campaign *c, const struct joined_lead *l, uint64_t index,
                      const struct entry_disposition *d)
{
    struct party_jws said;
    struct span contract = SPAN("");
    int64_t lead = 0;
    if (d->trust != TRUST_COUNTERSIGNED || party_jws_read(d->jws, DISPOSITION_TYP, d->party, &said, NULL) != ERR_OK)
        return;
    if (json_get_str(said.json, "", "contract", LIMIT_ID, &contract, NULL, NULL) == ERR_OK &&
        json_get_int(said.json, "", "lead", 0, JSON_INT_MAX, &lead, NULL, NULL) == ERR_OK &&
        !span_is(contract, c->member[l->member]->contract)) {
        if (c->n_words == c->words_room) {
            c->words_room = c->words_room ? 2 * c->words_room : 16;
            c->word = xrealloc(c->word, c->words_room * sizeof *c->word);
        }
        struct joined_word *w = &c->word[c->n_words++];
        *w = (struct joined_word){.lead = (size_t)(l - c->lead), .index = index, .about = (uint64_t)lead};
        snprintf(w->contract, sizeof w->contract, "%.*s", (int)contract.len, contract.ptr);
    }
    party_jws_close(&said);
}

void campaign_disposition(struct campaign *c, uint64_t lead, uint64_t index, const struct entry *e,
                          const struct terms *t, const struct lead_row *row)
{
    struct joined_lead *l = campaign_find(c, c->first, c->n - c->first, lead); /* of the member under way */
    if (l != NULL && l->part != NULL) {
        take_move(c, l, index, e);
        take_word(c, l, index, &e->disposition);
    }
    if (l != NULL) {
        stand(c, (size_t)(l - c->lead), entry_clock(e), t, lead_stands(row));
        sell(c, (size_t)(l - c->lead), entry_clock(e), row);
    }
    if (l != NULL && l->mended_ms == INT64_MAX && lead_stands(row))
        l->mended_ms = entry_clock(e) + CAMPAIGN_APART_MS; /* reinstated: its txid is taken */
}

void campaign_end(struct campaign *c, bool complete, uint64_t entries, int64_t last_ms, uint32_t clock_steps,
                  const struct persons *persons)
{
    struct member *m = c->member[c->n_members - 1];
    m->last_ms = last_ms;
    m->n = c->n - m->first;
    m->entries = entries;
    for (size_t i = c->first; i < c->n; i++)
        if (c->lead[i].stands) {
            add_standing(c, i, last_ms, true);
            add_sale(c, i, last_ms, true);
        }
    c->clock_stepped |= clock_steps > 0;
    c->cut |= !complete;
    persons_add_all(&c->persons, persons, m->contract);
}

/* ---- what they are together ---- */

static void judge_members(struct campaign *c)
{
    struct finding *f = &c->finding[CAMPAIGN_CAMPAIGN];
    const struct member *first = c->member[0];
    for (size_t i = 1; i < c->n_members; i++) {
        const struct member *m = c->member[i];
        struct span issuer = buf_span(&m->root_origin), other = buf_span(&first->root_origin);
        if (!span_eq(issuer, other))
            finds_failure(f, "%s is of the server %.*s, and %s of %.*s", m->contract, (int)issuer.len, issuer.ptr,
                          first->contract, (int)other.len, other.ptr);
        else if (strcmp(m->campaign, first->campaign) != 0)
            finds_failure(f, "%s is of campaign %s, and %s of %s", m->contract, m->campaign, first->contract,
                          first->campaign);
        else if (strcmp(m->advertiser, first->advertiser) != 0)
            finds_failure(f, "%s is of advertiser %s, and %s, of the same campaign, of %s", m->contract, m->advertiser,
                          first->contract, first->advertiser);
        for (size_t k = 0; k < i; k++)
            if (strcmp(m->contract, c->member[k]->contract) == 0)
                finds_doubt(f,
                            "two of the mirrors are of contract %s: give one of each contract; whether two readers' "
                            "copies of one agree, `countersign verify DIR --against DIR2` says",
                            m->contract);
    }
}

void campaign_opens_clicks(struct campaign *c)
{
    c->opened++;
}

static int by_reporter(const void *a, const void *b)
{
    const struct joined_lead *x = *(const struct joined_lead *const *)a, *y = *(const struct joined_lead *const *)b;
    int order = memcmp(x->reporter, y->reporter, HASH_LEN);
    return order != 0 ? order : x->clocked_ms < y->clocked_ms ? -1 : x->clocked_ms > y->clocked_ms;
}

static struct joined_lead **all_leads(struct campaign *c, int (*order)(const void *, const void *))
{
    struct joined_lead **all = xcalloc(c->n + 1, sizeof(struct joined_lead *));
    for (size_t i = 0; i < c->n; i++)
        all[i] = &c->lead[i];
    qsort(all, c->n, sizeof(struct joined_lead *), order);
    return all;
}

/* Within one log the audit of its mirror looks at it. */
static void judge_txids(struct campaign *c)
{
    static const uint8_t none[HASH_LEN];
    struct joined_lead **all = all_leads(c, by_reporter);
    for (size_t i = 1; i < c->n; i++) {
        const struct joined_lead *x = all[i - 1], *y = all[i];
        if (memcmp(x->reporter, none, HASH_LEN) == 0 || memcmp(x->reporter, y->reporter, HASH_LEN) != 0 ||
            x->member == y->member || memcmp(x->commit.b, y->commit.b, HASH_LEN) == 0)
            continue;
        if (y->clocked_ms <= x->mended_ms || (x->clocked_ms == y->clocked_ms && y->mended_ms >= x->clocked_ms))
            continue;
        bool unsure =
            c->clock_stepped && (x->mended_ms != INT64_MIN || y->mended_ms != INT64_MIN); /* which came first */
        (unsure ? finds_doubt
                : finds_failure)(&c->finding[CAMPAIGN_TXIDS],
                                 "lead %" PRIu64 " of %s and lead %" PRIu64 " of %s have one txid of one sender%s",
                                 x->index, c->member[x->member]->contract, y->index, c->member[y->member]->contract,
                                 unsure ? ", by a clock that stepped" : "");
    }
    free(all);
}

static int by_step(const void *a, const void *b)
{
    const struct joined_step *x = a, *y = b;
    return x->steps != y->steps     ? x->steps < y->steps ? -1 : 1
           : x->member != y->member ? x->member < y->member ? -1 : 1
                                    : 0;
}

/* The clock is the server's: each of its steps was one for all logs. */
static void judge_clocks(struct campaign *c)
{
    if (c->n_steps > 0)
        qsort(c->step, c->n_steps, sizeof *c->step, by_step);
    for (size_t i = 1; i < c->n_steps; i++) {
        const struct joined_step *x = &c->step[i - 1], *y = &c->step[i];
        if (x->steps == y->steps && (x->from_ms != y->from_ms || x->to_ms != y->to_ms))
            finds_failure(&c->finding[CAMPAIGN_CLOCKS],
                          "entry %" PRIu64 " of %s and entry %" PRIu64 " of %s tell step %" PRIu32
                          " of the server's one clock otherwise",
                          x->index, c->member[x->member]->contract, y->index, c->member[y->member]->contract, x->steps);
    }
}

void campaign_not_here(struct campaign *c, enum campaign_check kind, uint64_t id, const char *where)
{
    if (c->n_not_here == c->not_here_room) {
        c->not_here_room = c->not_here_room ? 2 * c->not_here_room : 64;
        c->not_here = xrealloc(c->not_here, c->not_here_room * sizeof *c->not_here);
    }
    struct not_here *n = &c->not_here[c->n_not_here++];
    *n = (struct not_here){.kind = kind, .id = id, .member = c->n_members};
    snprintf(n->where, sizeof n->where, "%s", where);
}

static int by_id(const void *a, const void *b)
{
    const struct not_here *x = a, *y = b;
    return x->kind != y->kind       ? x->kind < y->kind ? -1 : 1
           : x->id != y->id         ? x->id < y->id ? -1 : 1
           : x->member != y->member ? x->member < y->member ? -1 : 1
                                    : strcmp(x->where, y->where);
}

/* How many are of none of these contracts, and the first of them. */
static uint64_t none_of_these(const struct campaign *c, enum campaign_check kind, char named[NOT_HERE_NAMED])
{
    uint64_t n = 0;
    named[0] = '\0';
    for (size_t i = 0; i < c->n_not_here;) {
        const struct not_here *first = &c->not_here[i];
        size_t members = 0, last = SIZE_MAX;
        for (; i < c->n_not_here && c->not_here[i].kind == first->kind && c->not_here[i].id == first->id; i++) {
            members += c->not_here[i].member != last;
            last = c->not_here[i].member;
        }
        if (first->kind != kind || members < c->given)
            continue;
        size_t len = strlen(named);
        if (n++ < NAMED)
            snprintf(named + len, NOT_HERE_NAMED - len, "%s%s", len ? ", " : "", first->where);
    }
    return n;
}

/* What was answered is owed, in whatever log it stands. */
static void judge_receipts(struct campaign *c)
{
    char named[NOT_HERE_NAMED];
    uint64_t n = none_of_these(c, CAMPAIGN_RECEIPTS, named);
    if (n > 0)
        finds_doubt(&c->finding[CAMPAIGN_RECEIPTS],
                    "%" PRIu64 " of none of these contracts: %s%s; what they answered is in another contract's log, "
                    "which is not here",
                    n, named, n > NAMED ? " and others" : "");
}

/* Whose a click is a mirror without the click key cannot say. */
static void judge_clicks(struct campaign *c)
{
    if (c->opened < c->given)
        finds_doubt(
            &c->finding[CAMPAIGN_CLICKS],
            "%zu of %zu mirrors have no click key, and say of no id whether it is theirs: a party's mirror has it",
            c->given - c->opened, c->given);
}

static void clicks_sentence(const struct campaign *c, struct buf *out)
{
    char named[NOT_HERE_NAMED];
    uint64_t n = none_of_these(c, CAMPAIGN_CLICKS, named);
    if (n == 0)
        buf_str(out, "each is of one of these contracts");
    else
        buf_printf(out,
                   "%" PRIu64 " of none of these contracts: %s%s; another contract's, or never given out, and then "
                   "nothing is owed for them",
                   n, named, n > NAMED ? " and others" : "");
}

static void good_sentence(const struct campaign *c, enum campaign_check check, struct buf *out)
{
    size_t open = c->persons.n[0] + c->persons.n[1];
    switch (check) {
    case CAMPAIGN_CAMPAIGN:
        buf_printf(out, "%zu contract%s of campaign %s%s", c->n_members, c->n_members == 1 ? "" : "s",
                   c->member[0]->campaign,
                   c->whole ? ", all that there are, as you say" : "; whether there are more their logs do not tell");
        break;
    case CAMPAIGN_PERSONS:
        if (open > 0)
            buf_printf(out, "%zu open contact fields: equal ones have equal tokens, others others", open);
        else
            buf_str(out, "not shown: no contact fields are open to these copies, their tokens are taken at their word");
        break;
    case CAMPAIGN_DUPLICATES:
        buf_printf(out,
                   "%" PRIu64 " duplicate%s of another contract's lead, each of a lead that is here; no two leads of "
                   "one token stand beside each other",
                   c->found, c->found == 1 ? "" : "s");
        break;
    case CAMPAIGN_TXIDS:
        buf_str(out, "no sender's txid names leads of two contracts");
        break;
    case CAMPAIGN_SHARES:
        buf_printf(out,
                   "%" PRIu64 " lead%s shared by contracts: the parts say one thing, make the whole, and are what the "
                   "model deals to their touches",
                   c->shared, c->shared == 1 ? "" : "s");
        break;
    case CAMPAIGN_CAPS:
        buf_printf(out,
                   "%" PRIu64 " lead%s refused by a cap of the campaign that other contracts' leads had reached; none "
                   "was taken past one",
                   c->capped, c->capped == 1 ? "" : "s");
        break;
    case CAMPAIGN_PARTIES:
        buf_str(out, "keys, legal data and credentials of parties are told alike by each log of theirs");
        break;
    case CAMPAIGN_DOCUMENT:
        buf_str(out, "the campaign's document that bound was one in all of them");
        break;
    case CAMPAIGN_SEEDS:
        buf_printf(out,
                   "%" PRIu64 " of %" PRIu64 " seeds of the score made again of these logs, and the same; the others "
                   "taken at their word",
                   c->seeded, campaign_seeds_told(c));
        break;
    case CAMPAIGN_RECEIPTS:
        buf_str(out, "each is of one of these contracts");
        break;
    case CAMPAIGN_CLICKS:
        clicks_sentence(c, out);
        break;
    default:
        buf_printf(out, "%zu step%s of the clock, told alike by each log that tells it", c->n_steps,
                   c->n_steps == 1 ? "" : "s");
    }
}

enum verdict campaign_judge(struct campaign *c, verify_report *report, void *ctx)
{
    static const char *const words[CAMPAIGN_CHECKS] = {
#define X(symbol, word) word,
        CAMPAIGN_CHECK_TABLE(X)
#undef X
    };
    enum verdict all = HOLDS;
    if (c->n_members == 0)
        finds_doubt(&c->finding[CAMPAIGN_CAMPAIGN], "none of the mirrors can be read");
    else if (c->n_members < c->given)
        finds_doubt(&c->finding[CAMPAIGN_CAMPAIGN], "the mirrors cannot be read so far that they could be compared");
    else if (c->cut)
        finds_doubt(&c->finding[CAMPAIGN_CAMPAIGN], "not every log could be followed to its end");
    if (c->n_members > 0)
        judge_members(c);
    if (finding_verdict(&c->finding[CAMPAIGN_CAMPAIGN]) == HOLDS) {
        persons_judge(&c->persons, &c->finding[CAMPAIGN_PERSONS]);
        campaign_duplicates(c);
        judge_txids(c);
        campaign_shares(c);
        campaign_caps(c);
        judge_clocks(c);
        campaign_parties(c);
        campaign_seeds(c);
    }
    if (c->n_not_here > 0)
        qsort(c->not_here, c->n_not_here, sizeof *c->not_here, by_id);
    judge_receipts(c);
    judge_clicks(c);
    for (int i = 0; i < CAMPAIGN_CHECKS; i++) {
        if ((i == CAMPAIGN_RECEIPTS || i == CAMPAIGN_CLICKS) && !c->asked[i])
            continue;
        char mem[512];
        struct buf text;
        buf_fixed(&text, mem, sizeof mem - 1);
        if (finding_verdict(&c->finding[CAMPAIGN_CAMPAIGN]) == HOLDS)
            good_sentence(c, (enum campaign_check)i, &text);
        else
            finds_doubt(&c->finding[i], "the mirrors were not compared");
        mem[text.len] = '\0';
        all = verdict_worse(all, finding_report(&c->finding[i], words[i], mem, report, ctx));
    }
    return all;
}
