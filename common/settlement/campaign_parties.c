/* What logs say of the parties that they share: one key, one set of legal data, one story of each credential; and of
 * their campaign: one document. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/settlement/campaign_parts.h"

/* Credentials are told within seconds of the server's running; it may stand still. */
#define TOLD_LATE_MS MS_PER_DAY

static bool has_party(const struct member *m, struct span party)
{
    return span_is(party, m->advertiser) || (m->publisher[0] != '\0' && span_is(party, m->publisher));
}

static void describe(const struct entry *e, struct party_told *told)
{
    char since[24];
    struct span party = SPAN(""), thing = SPAN("key"), id = SPAN("");
    if (e->kind == ENTRY_KEY) {
        party = e->key.party;
        sha256(e->key.pub, sizeof e->key.pub, told->value);
    } else if (e->kind == ENTRY_PARTY) {
        party = e->party.party;
        thing = SPAN("legal data");
        sha256v((struct span[]){e->party.by, SPAN("\n"), e->party.legal}, 3, told->value);
    } else {
        party = e->credential.party;
        thing = span_str(credential_word(e->credential.what));
        id = e->credential.id;
        snprintf(since, sizeof since, "%" PRId64, e->credential.since_ms);
        if (!e->credential.retired)
            sha256v((struct span[]){e->credential.by, SPAN("\n"), span_str(since)}, 3, told->value);
    }
    snprintf(told->party, sizeof told->party, "%.*s", (int)party.len, party.ptr);
    snprintf(told->what, sizeof told->what, "%.*s%s%.*s", (int)thing.len, thing.ptr, id.len ? " " : "", (int)id.len,
             id.ptr);
    sha256v((struct span[]){party, SPAN("\n"), thing, SPAN("\n"), id}, 5, told->thing);
}

static void keep(struct campaign *c, const struct party_told *told)
{
    if (c->n_told == c->told_room) {
        c->told_room = c->told_room ? 2 * c->told_room : 16;
        c->told = xrealloc(c->told, c->told_room * sizeof *c->told);
    }
    c->told[c->n_told++] = *told;
}

void campaign_party(struct campaign *c, uint64_t index, const struct entry *e)
{
    struct party_told told = {
        .member = (uint32_t)(c->n_members - 1), .kind = e->kind, .index = index, .clocked_ms = entry_clock(e)};
    describe(e, &told);
    if (has_party(c->member[told.member], span_str(told.party)))
        keep(c, &told); /* else the audit of the mirror says so */
}

void campaign_terms(struct campaign *c, const struct entry *e)
{
    c->member[c->n_members - 1]->asks |= e->terms.on_assent;
}

void campaign_bound(struct campaign *c, const struct version *v)
{
    struct buf document;
    struct party_told told = {.member = (uint32_t)(c->n_members - 1),
                              .kind = ENTRY_TERMS,
                              .index = v->index,
                              .clocked_ms = v->from_ms,
                              .what = "the campaign's document"};
    snprintf(told.party, sizeof told.party, "%s", c->member[told.member]->advertiser);
    sha256v((struct span[]){span_str(told.party), SPAN("\n"), span_str(told.what)}, 3, told.thing);
    buf_heap(&document);
    terms_document(v->terms, 0, &document);
    sha256(document.ptr, document.len, told.value);
    buf_free(&document);
    keep(c, &told);
}

static void finds(struct campaign *c, enum entry_kind kind, bool fails, const char *what)
{
    struct finding *f = &c->finding[kind == ENTRY_TERMS ? CAMPAIGN_DOCUMENT : CAMPAIGN_PARTIES];
    if (fails && !c->clock_stepped)
        finds_failure(f, "%s", what);
    else
        finds_doubt(f, "%s", what);
}

/* ---- what holds in two logs at a time ---- */

/* One log's story of a thing, on the way: before its first entry of it nothing holds. */
struct story {
    const struct member *m;
    const struct party_told *told;
    size_t n, at; /* at: so many of them are behind */
    int64_t from_ms;
};

/* A clock that seems earlier than before is as late as that. */
static int64_t until(const struct story *s)
{
    int64_t to = s->at < s->n ? s->told[s->at].clocked_ms : s->m->last_ms;
    return to > s->from_ms ? to : s->from_ms;
}

static const uint8_t *value(const struct story *s)
{
    static const uint8_t none[HASH_LEN];
    return s->at > 0 ? s->told[s->at - 1].value : none;
}

static bool tells(const struct story *s)
{
    static const uint8_t none[HASH_LEN];
    return memcmp(value(s), none, HASH_LEN) != 0;
}

static void differ(struct campaign *c, const struct story *x, const struct story *y)
{
    const struct story *here = tells(x) ? x : y, *there = here == x ? y : x;
    const struct party_told *told = &here->told[here->at - 1];
    char what[256], other[48] = "none such";
    bool both = tells(there);
    if (both)
        snprintf(other, sizeof other, "another, by entry %" PRIu64, there->told[there->at - 1].index);
    snprintf(what, sizeof what, "%s of %s: by entry %" PRIu64 " of %s one that stands while %s has %s", told->what,
             told->party, told->index, here->m->contract, there->m->contract, other);
    finds(c, told->kind, both || told->kind != ENTRY_CREDENTIAL, what);
}

/* Whether other things held for so long that it is no matter of two clocks, or of one that was told late. */
static bool apart(const struct story *x, const struct story *y)
{
    int64_t from = x->from_ms > y->from_ms ? x->from_ms : y->from_ms;
    int64_t to = until(x) < until(y) ? until(x) : until(y);
    const struct story *any = x->n > 0 ? x : y;
    bool late = any->told->kind == ENTRY_CREDENTIAL && !(tells(x) && tells(y));
    return memcmp(value(x), value(y), HASH_LEN) != 0 && to - from > (late ? TOLD_LATE_MS : CAMPAIGN_APART_MS);
}

static void compare(struct campaign *c, struct story x, struct story y)
{
    while (!apart(&x, &y)) {
        struct story *first = until(&x) <= until(&y) ? &x : &y;
        if (first->at == first->n)
            return;
        first->from_ms = until(first);
        first->at++;
    }
    differ(c, &x, &y);
}

/* Of one thing, in the order of members. */
static void judge_stories(struct campaign *c, const struct party_told *told, size_t n)
{
    struct story *story = xcalloc(c->n_members, sizeof *story);
    size_t stories = 0;
    for (size_t i = 0, at = 0; i < c->n_members; i++) {
        size_t first = at;
        while (at < n && told[at].member == i)
            at++;
        if (has_party(c->member[i], span_str(told->party)) && !(told->kind == ENTRY_TERMS && c->member[i]->asks))
            story[stories++] = (struct story){c->member[i], told + first, at - first, 0, c->member[i]->first_ms};
    }
    for (size_t i = 1; i < stories; i++)
        for (size_t k = 0; k < i; k++)
            if (story[i].n + story[k].n > 0)
                compare(c, story[k], story[i]);
    free(story);
}

/* ---- a change is one for all logs ---- */

static bool was_there(const struct member *m, int64_t ms)
{
    return m->first_ms + CAMPAIGN_APART_MS < ms && ms + CAMPAIGN_APART_MS < m->last_ms;
}

/* Of one thing, one value and one time: those that tell of it. What a log begins with was so before. */
static void judge_change(struct campaign *c, const struct party_told *told, size_t n)
{
    const struct party_told *change = NULL;
    char what[256];
    if (told->kind == ENTRY_CREDENTIAL || told->kind == ENTRY_TERMS)
        return;
    for (size_t i = 0; i < n && change == NULL; i++)
        if (told[i].clocked_ms > c->member[told[i].member]->first_ms)
            change = &told[i];
    for (size_t i = 0; i < c->n_members && change != NULL; i++) {
        const struct member *m = c->member[i];
        size_t k = 0;
        while (k < n && told[k].member != i)
            k++;
        if (k < n || !has_party(m, span_str(change->party)) || !was_there(m, change->clocked_ms))
            continue;
        snprintf(what, sizeof what, "%s of %s: entry %" PRIu64 " of %s changes it, and nothing in %s does at that time",
                 change->what, change->party, change->index, c->member[change->member]->contract, m->contract);
        finds(c, change->kind, true, what);
    }
}

/* ---- all ---- */

static int by_thing(const void *a, const void *b)
{
    const struct party_told *x = a, *y = b;
    int order = memcmp(x->thing, y->thing, HASH_LEN);
    return order != 0               ? order
           : x->member != y->member ? x->member < y->member ? -1 : 1
                                    : (x->index > y->index) - (x->index < y->index);
}

static int by_change(const void *a, const void *b)
{
    const struct party_told *x = a, *y = b;
    int order = memcmp(x->thing, y->thing, HASH_LEN);
    if (order == 0)
        order = (x->clocked_ms > y->clocked_ms) - (x->clocked_ms < y->clocked_ms);
    return order != 0 ? order : memcmp(x->value, y->value, HASH_LEN);
}

static bool one_thing(const struct party_told *x, const struct party_told *y)
{
    return memcmp(x->thing, y->thing, HASH_LEN) == 0;
}

static bool one_change(const struct party_told *x, const struct party_told *y)
{
    return by_change(x, y) == 0;
}

static void each_group(struct campaign *c, bool (*same)(const struct party_told *, const struct party_told *),
                       void (*judge)(struct campaign *, const struct party_told *, size_t))
{
    for (size_t i = 0, n; i < c->n_told; i += n) {
        for (n = 1; i + n < c->n_told && same(&c->told[i], &c->told[i + n]);)
            n++;
        judge(c, &c->told[i], n);
    }
}

void campaign_parties(struct campaign *c)
{
    if (c->n_told == 0)
        return;
    qsort(c->told, c->n_told, sizeof *c->told, by_thing);
    each_group(c, one_thing, judge_stories);
    qsort(c->told, c->n_told, sizeof *c->told, by_change);
    each_group(c, one_change, judge_change);
}
