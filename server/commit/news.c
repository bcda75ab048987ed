#include "server/commit/news.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/when.h"

struct news {
    pthread_mutex_t lock;             /* all below */
    struct news_item kept[NEWS_KEPT]; /* a ring */
    uint64_t told;                    /* that ever stood in it */
    uint64_t from, end;               /* journal rows: it has all from there on; all below are told */
    struct counted *of; /* by contract number, and what is looked at of all of them four times a second: */
    uint64_t *change;
    size_t n_of;
    uint64_t changes;
    uint64_t base; /* rows below it are not counted */
    bool base_taken, base_done;
};

/* ---- a batch's notes ---- */

static struct noted *add(struct notes *notes)
{
    if (notes->n == notes->cap) {
        notes->cap = notes->cap == 0 ? 64 : 2 * notes->cap;
        notes->one = xrealloc(notes->one, notes->cap * sizeof *notes->one);
    }
    return &notes->one[notes->n++];
}

void notes_entry(struct notes *notes, uint64_t seq, uint32_t contract, uint64_t index, const struct entry *e)
{
    if (notes != NULL)
        *add(notes) = (struct noted){e->kind, entry_class(e), contract, seq, index, entry_clock(e)};
}

void notes_refused(struct notes *notes, uint32_t party)
{
    if (notes != NULL)
        *add(notes) = (struct noted){.kind = ENTRY_ROOT, .number = party};
}

/* ---- life ---- */

struct news *news_new(void)
{
    struct news *n = xcalloc(1, sizeof *n);
    pthread_mutex_init(&n->lock, NULL);
    return n;
}

void news_free(struct news *n)
{
    if (n == NULL)
        return;
    pthread_mutex_destroy(&n->lock);
    free(n->of);
    free(n->change);
    free(n);
}

void news_begin(struct news *n, uint64_t next_seq)
{
    n->from = n->end = n->base = next_seq;
}

/* ---- counting ---- */

static struct counted *count_of(struct news *n, uint32_t contract)
{
    if (contract >= n->n_of) {
        size_t to = 2 * ((size_t)contract + 1);
        n->of = xrealloc(n->of, to * sizeof *n->of);
        n->change = xrealloc(n->change, to * sizeof *n->change);
        memset(n->of + n->n_of, 0, (to - n->n_of) * sizeof *n->of);
        memset(n->change + n->n_of, 0, (to - n->n_of) * sizeof *n->change);
        n->n_of = to;
    }
    return &n->of[contract];
}

static void count(struct news *n, const struct noted *one)
{
    int64_t day = one->at_ms / MS_PER_DAY;
    struct counted *c = count_of(n, one->number);
    if (day < c->day)
        return;
    if (day > c->day) {
        uint64_t size = c->size;
        *c = (struct counted){.day = day, .first_lead = UINT64_MAX, .size = size};
    }
    if (one->kind == ENTRY_CLICK)
        c->clicks[one->class]++;
    if (one->kind == ENTRY_LEAD && one->index < c->first_lead)
        c->first_lead = one->index;
    n->change[one->number] = c->change = ++n->changes;
    if (one->kind != ENTRY_CLICK)
        c->leads_change = c->change;
}

static bool is_event(enum entry_kind k)
{
    return k == ENTRY_LEAD || k == ENTRY_DISPOSITION || k == ENTRY_STATEMENT;
}

static void keep(struct news *n, const struct noted *one, uint64_t next_seq)
{
    bool refused = one->kind == ENTRY_ROOT;
    struct news_item *slot = &n->kept[n->told % NEWS_KEPT];
    if (n->told++ >= NEWS_KEPT)
        n->from = slot->seq + 1;
    *slot = (struct news_item){refused ? next_seq : one->seq, one->number, refused};
}

void news_tell(struct news *n, const struct notes *notes, uint64_t next_seq)
{
    pthread_mutex_lock(&n->lock);
    assert(next_seq >= n->end);
    for (size_t i = 0; i < notes->n; i++) {
        const struct noted *one = &notes->one[i];
        if (one->kind == ENTRY_ROOT || is_event(one->kind))
            keep(n, one, next_seq);
        if (one->kind == ENTRY_ROOT)
            continue;
        struct counted *c = count_of(n, one->number);
        if (one->index >= c->size)
            c->size = one->index + 1;
        if (one->kind == ENTRY_CLICK || is_event(one->kind))
            count(n, one);
    }
    n->end = next_seq;
    pthread_mutex_unlock(&n->lock);
}

/* ---- any thread ---- */

uint64_t news_end(struct news *n)
{
    pthread_mutex_lock(&n->lock);
    uint64_t end = n->end;
    pthread_mutex_unlock(&n->lock);
    return end;
}

uint64_t news_changes(struct news *n)
{
    pthread_mutex_lock(&n->lock);
    uint64_t changes = n->changes;
    pthread_mutex_unlock(&n->lock);
    return changes;
}

static uint64_t oldest(const struct news *n)
{
    return n->told > NEWS_KEPT ? n->told - NEWS_KEPT : 0;
}

/* The ring is in the order of rows, but for refusals, which stand behind all rows of their batch. */
bool news_since(struct news *n, uint64_t seq, struct news_item **out, size_t *count)
{
    *out = NULL;
    *count = 0;
    pthread_mutex_lock(&n->lock);
    bool kept = seq >= n->from;
    uint64_t at = n->told;
    while (kept && at > oldest(n) && n->kept[(at - 1) % NEWS_KEPT].seq >= seq)
        at--;
    if (kept && at < n->told)
        *out = xmalloc((size_t)(n->told - at) * sizeof **out);
    for (; kept && at < n->told; at++)
        if (!n->kept[at % NEWS_KEPT].refused)
            (*out)[(*count)++] = n->kept[at % NEWS_KEPT];
    pthread_mutex_unlock(&n->lock);
    return kept;
}

static void mark(struct news_look *look, uint32_t contract, uint8_t what)
{
    if (contract >= look->n_contracts) {
        size_t to = 2 * ((size_t)contract + 1);
        look->contract = xrealloc(look->contract, to);
        memset(look->contract + look->n_contracts, 0, to - look->n_contracts);
        look->n_contracts = to;
    }
    if (look->contract[contract] == 0) {
        if (look->n_came == look->came_room) {
            look->came_room = 2 * look->came_room + 16;
            look->came = xrealloc(look->came, look->came_room * sizeof *look->came);
        }
        look->came[look->n_came++] = contract;
    }
    look->contract[contract] |= what;
}

static void look_at_kept(struct news *n, struct news_look *look)
{
    look->all = look->told < oldest(n);
    for (uint64_t at = look->all ? oldest(n) : look->told; at < n->told; at++) {
        const struct news_item *one = &n->kept[at % NEWS_KEPT];
        if (!one->refused) {
            mark(look, one->number, 1);
            continue;
        }
        look->refused = xrealloc(look->refused, (look->n_refused + 1) * sizeof *look->refused);
        look->refused[look->n_refused++] = one->number;
    }
    look->told = n->told;
}

bool news_look(struct news *n, struct news_look *look)
{
    look->n_refused = 0;
    look->all = false;
    pthread_mutex_lock(&n->lock);
    look->any = n->told != look->told || n->changes != look->counted;
    while (look->any && look->n_came > 0)
        look->contract[look->came[--look->n_came]] = 0;
    if (n->told != look->told)
        look_at_kept(n, look);
    for (size_t i = 0; i < n->n_of && n->changes != look->counted; i++)
        if (n->change[i] > look->counted)
            mark(look, (uint32_t)i, 2);
    look->counted = n->changes;
    look->end = n->end;
    pthread_mutex_unlock(&n->lock);
    return look->any;
}

bool news_counted(struct news *n, uint32_t contract, int64_t at_ms, uint64_t since, struct counted *out)
{
    pthread_mutex_lock(&n->lock);
    bool is_there = contract < n->n_of && n->change[contract] > since && n->of[contract].day == at_ms / MS_PER_DAY;
    if (is_there)
        *out = n->of[contract];
    pthread_mutex_unlock(&n->lock);
    return is_there;
}

void news_leads(struct news *n, uint32_t contract, const struct counted *counted)
{
    pthread_mutex_lock(&n->lock);
    struct counted *c = &n->of[contract];
    if (c->day == counted->day && c->first_lead == counted->first_lead && c->leads_known < counted->leads_change) {
        memcpy(c->leads, counted->leads, sizeof c->leads);
        c->leads_known = counted->leads_change;
    }
    pthread_mutex_unlock(&n->lock);
}

/* ---- what was before the start ---- */

bool news_base_take(struct news *n, uint64_t *seq)
{
    pthread_mutex_lock(&n->lock);
    bool free = !n->base_taken && !n->base_done;
    n->base_taken |= free;
    *seq = n->base;
    pthread_mutex_unlock(&n->lock);
    return free;
}

void news_base_add(struct news *n, uint32_t contract, uint64_t index, enum entry_kind kind, enum class class,
                   int64_t at_ms)
{
    pthread_mutex_lock(&n->lock);
    const struct noted one = {.kind = kind, .class = class, .number = contract, .index = index, .at_ms = at_ms};
    struct counted *c = count_of(n, contract);
    if (index >= c->size)
        c->size = index + 1;
    count(n, &one);
    pthread_mutex_unlock(&n->lock);
}

void news_base_put(struct news *n, uint64_t seq, bool done)
{
    pthread_mutex_lock(&n->lock);
    n->base = seq;
    n->base_done = done;
    n->base_taken = false;
    pthread_mutex_unlock(&n->lock);
}

bool news_base_done(struct news *n)
{
    pthread_mutex_lock(&n->lock);
    bool done = n->base_done;
    pthread_mutex_unlock(&n->lock);
    return done;
}
