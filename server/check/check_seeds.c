/* Seeds of the lead score: what each campaign's logs taught all together, learnt again for each seed that they name. */
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/check/check_private.h"

struct checked_seed {
    struct checked_seed *next;
    uint32_t campaign;
    struct hash asked, sha256;
    uint64_t total; /* of the sizes that it names */
    bool done;
    struct buf from;
};

void check_seed(struct check *c, struct checked_log *log, const struct entry *e)
{
    const struct contract *k = c->catalog != NULL ? catalog_contract_number(c->catalog, log->number) : NULL;
    const struct entry_model *m = &e->model;
    struct entry_prefix p;
    if (m->origin != ORIGIN_SEED || k == NULL || log->fold.terms->score == NULL)
        return; /* what terms it has, the fold of its log judges */
    struct checked_seed *s = xcalloc(1, sizeof *s);
    *s = (struct checked_seed){
        .next = c->seeds, .campaign = k->campaign->number, .asked = log->fold.terms->score->asked, .sha256 = m->sha256};
    buf_heap(&s->from);
    buf_span_add(&s->from, m->from);
    for (struct span rest = m->from; entry_prefix_next(&rest, &p);)
        s->total += p.size;
    c->seeds = s;
}

void check_seeds_free(struct check *c)
{
    while (c->seeds != NULL) {
        struct checked_seed *s = c->seeds;
        c->seeds = s->next;
        buf_free(&s->from);
        free(s);
    }
}

static bool is_of(const struct checked_seed *s, uint32_t campaign, const struct hash *asked)
{
    return s->campaign == campaign && memcmp(s->asked.b, asked->b, HASH_LEN) == 0;
}

/* Of those that ask the same, the one that is next; NULL: all are done. */
static struct checked_seed *next_of(const struct check *c, uint32_t campaign, const struct hash *asked)
{
    struct checked_seed *least = NULL;
    for (struct checked_seed *s = c->seeds; s != NULL; s = s->next)
        if (!s->done && is_of(s, campaign, asked) && (least == NULL || s->total < least->total))
            least = s;
    return least;
}

static enum err learn(struct check *c, struct seed *known, const struct checked_seed *s)
{
    struct seed_walk *walk = seed_walk_new(known);
    struct span rest = buf_span(&s->from);
    struct entry_prefix p;
    bool done = false;
    size_t n = 0;
    enum err err = ERR_OK;
    while (err == ERR_OK && entry_prefix_next(&rest, &p)) {
        const struct contract *k = catalog_contract(c->catalog, p.contract);
        bool is = k != NULL && k->campaign->number == s->campaign;
        err = is ? seed_walk_to(walk, k->number, k->id, p.size) : ERR_CORRUPT;
        n++;
    }
    if (err == ERR_OK && n != known->n)
        err = ERR_CORRUPT; /* it leaves out one that an earlier one had */
    while (err == ERR_OK && !done)
        err = seed_walk_step(walk, c->txn, SIZE_MAX, &done);
    seed_walk_free(walk);
    return err;
}

static void compare(struct check *c, const struct seed *known, const struct checked_seed *s)
{
    uint8_t bytes[SCORE_STATE_MAX];
    struct hash is;
    sha256(bytes, seed_bytes(known, bytes), is.b);
    if (memcmp(is.b, s->sha256.b, HASH_LEN) != 0) /* what it counts stands in the bytes, and fold_model compares it */
        finds_failure(check_finding(c, TABLE_SEEDS), "a seed of campaign %u is not what its contracts taught",
                      s->campaign);
}

/* All seeds of a campaign that ask the same, in their order, and the row that they leave. */
static void prove_chain(struct check *c, uint32_t campaign, const struct hash *asked)
{
    struct seed *known = xcalloc(1, sizeof *known);
    uint8_t key[4 + HASH_LEN];
    struct span row;
    struct buf mine;
    struct checked_seed *s;
    enum err err = ERR_OK;
    known->known = (struct score_model){.on = true, .asked = *asked};
    buf_heap(&mine);
    while (err == ERR_OK && (s = next_of(c, campaign, asked)) != NULL) {
        s->done = true;
        if ((err = learn(c, known, s)) == ERR_OK)
            compare(c, known, s);
    }
    while ((s = next_of(c, campaign, asked)) != NULL)
        s->done = true;
    if (err == ERR_CORRUPT)
        finds_failure(check_finding(c, TABLE_SEEDS), "the seeds of campaign %u are in no order, or name no logs of it",
                      campaign);
    else if (err != ERR_OK)
        finds_doubt(check_finding(c, TABLE_SEEDS), "the seeds of campaign %u cannot be made again", campaign);
    else
        seed_write(known, &mine);
    if (check_need(c, TABLE_SEEDS, seed_key(key, campaign, asked), &row) && err == ERR_OK &&
        !span_eq(row, buf_span(&mine)))
        check_row_fails(c, TABLE_SEEDS, span_of(key, sizeof key), "is not what the campaign's logs teach");
    buf_free(&mine);
    free(known);
}

static void seeds_belong(struct check *c, enum table t, struct span key, struct span value)
{
    struct hash asked;
    bool is = false;
    (void)value;
    if (key.len == 4 + HASH_LEN) {
        memcpy(asked.b, key.ptr + 4, HASH_LEN);
        for (const struct checked_seed *s = c->seeds; s != NULL && !is; s = s->next)
            is = is_of(s, load_be32(key.ptr), &asked);
    }
    if (!is)
        check_row_fails(c, t, key, "is of no campaign that has a seed");
}

void prove_seeds(struct check *c)
{
    for (struct checked_seed *s = c->seeds; s != NULL && c->catalog != NULL; s = s->next)
        if (!s->done)
            prove_chain(c, s->campaign, &s->asked);
    check_each(c, TABLE_SEEDS, seeds_belong);
}
