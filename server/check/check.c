#include "server/check/check.h"

#include <stdlib.h>
#include <string.h>

#include "server/check/check_private.h"
#include "server/keys/day_keys.h"
#include "server/system/bounds.h"

static void tell_open(struct check *c, const char *dir, const char *what, enum err err)
{
    struct finding *found = &c->finding[STORE_CHECK_OPEN];
    if (err == ERR_CONFLICT)
        finds_failure(found, "%s: these are not the keys that the store was made with, or not all of them", what);
    else if (err == ERR_FORBIDDEN)
        finds_failure(found, "others may read or write %s: who has seen it can sign in this server's name", what);
    else if (err == ERR_CORRUPT || err == ERR_TOO_LARGE)
        finds_failure(found, "%s: what is stored does not read", what);
    else if (err == ERR_NOT_IMPLEMENTED && strcmp(what, INSTANCE_FORMAT) == 0)
        finds_doubt(found,
                    "%s is another than " STORE_FORMAT
                    ", which this program reads: take the version that last served it",
                    what);
    else if (err == ERR_NOT_IMPLEMENTED)
        finds_doubt(found, "%s holds terms of rules that this program does not know: take the version that made them",
                    what);
    else if (err == ERR_FULL)
        finds_doubt(found, "%s cannot be opened: there is no room for the lock file beside it%s", what,
                    bounds_of_files());
    else
        finds_doubt(found, "%s cannot be read (%s): is %s a folder made by `countersign init`, and readable?", what,
                    err_word(err), dir);
}

/* Before anything is read of them. */
static void check_pages(struct check *c)
{
    char what[PAGES_TEXT];
    enum err err = store_pages(c->txn, what);
    if (err == ERR_CORRUPT)
        finds_failure(&c->finding[STORE_CHECK_PAGES], "%s: nothing may be written to it", what);
    else if (err != ERR_OK)
        finds_doubt(&c->finding[STORE_CHECK_PAGES], "the store's file cannot be read (%s)", err_word(err));
}

/* false: nothing can be looked at. Without a catalog, rows can, but nothing is folded. */
static bool open_folder(struct check *c, const char *dir, uint64_t map_size)
{
    const char *what;
    enum err err = instance_open_store(&c->in, dir, STORE_READ, map_size, &what);
    if (heads_open_to_read(dir, &c->signed_heads) != ERR_OK)
        c->signed_heads = NULL;
    if (err == ERR_OK && (what = "the store", err = txn_begin(c->in.store, false, &c->txn)) == ERR_OK) {
        check_pages(c);
        what = "the watermark";
        err = watermark_read(c->txn, &c->watermark);
        check_clock_open(c);
    }
    if (err != ERR_OK)
        tell_open(c, dir, what, err);
    if (err != ERR_OK && err != ERR_CORRUPT && err != ERR_CONFLICT)
        return false;
    if (c->txn == NULL)
        return false;
    if ((err = instance_load(&c->in, &what)) == ERR_OK)
        c->catalog = catalog_hold(c->in.catalog);
    else
        tell_open(c, dir, what, err);
    c->sealer = instance_sealer(&c->in);
    return true;
}

/* Whether the rows are held by the entries, all of which must have been folded before. */
static bool rests_on_entries(enum table t)
{
    enum proof proof = table_info(t)->proof;
    return t != TABLE_JOURNAL && (proof == PROOF_FOLD || proof == PROOF_DERIVED);
}

/* What the entries give, but in other forms than apply() has. */
static void prove_made(struct check *c, enum table t)
{
    if (t == TABLE_STATEMENTS)
        prove_statements(c);
    else if (t == TABLE_COSIGNED)
        prove_responses(c);
    else if (t == TABLE_CLOCK)
        prove_clock(c);
    else if (t == TABLE_MODELS)
        prove_models(c);
    else if (t == TABLE_STATES)
        prove_states(c);
    else if (t == TABLE_SEEDS)
        prove_seeds(c);
    else
        prove_rollups(c);
}

static void prove_tree(struct check *c, enum table t)
{
    if (t == TABLE_TILES)
        prove_tiles(c);
    else if (t == TABLE_SEQS)
        prove_seqs(c);
    else if (t == TABLE_HEADS)
        prove_heads(c);
    else
        prove_leaves(c);
}

/* A table without a prover does not compile. */
static void prove(struct check *c, enum table t)
{
    if (t >= TABLE_ROWS) {
        prove_fold_rows(c, t);
        return;
    }
    switch (t) {
    case TABLE_META:
        prove_meta(c);
        return;
    case TABLE_JOURNAL:
        if (c->catalog != NULL)
            prove_journal(c);
        return;
    case TABLE_TILES:
    case TABLE_SEQS:
    case TABLE_HEADS:
    case TABLE_LEAVES:
        prove_tree(c, t);
        return;
    case TABLE_PRIVATE:
    case TABLE_DAY_KEYS:
        prove_sealed(c, t);
        return;
    case TABLE_PARTIES:
    case TABLE_CAMPAIGNS:
    case TABLE_CONTRACTS:
    case TABLE_CODES:
    case TABLE_TOKENS:
    case TABLE_SECRETS:
    case TABLE_GRANTS:
    case TABLE_LINKS:
    case TABLE_CHANGES:
    case TABLE_NOTICES:
    case TABLE_UNTOLD:
        prove_control(c, t);
        return;
    case TABLE_UNFINISHED:
        check_each(c, t, check_unfinished);
        return;
    case TABLE_STATEMENTS:
    case TABLE_COSIGNED:
    case TABLE_CLOCK:
    case TABLE_MODELS:
    case TABLE_STATES:
    case TABLE_SEEDS:
    case TABLE_ROLLUPS:
        prove_made(c, t);
        return;
    case TABLE_NONCES:
    case TABLE_IDEMPOTENCY:
    case TABLE_OUTBOX:
    case TABLE_DELIVERIES:
    case TABLE_REFUSED:
    case TABLE_USES:
        prove_replays(c, t);
        return;
    case TABLE_ROWS:
    case TABLE_COUNT:
        return;
    }
}

static void prove_all(struct check *c)
{
    static const enum store_check of_entries[] = {STORE_CHECK_JOURNAL, STORE_CHECK_ENTRIES, STORE_CHECK_PRIVATE,
                                                  STORE_CHECK_DECISIONS};
    for (int t = 0; t < TABLE_COUNT; t++) {
        if (!rests_on_entries((enum table)t) || c->complete)
            prove(c, (enum table)t);
        else
            finds_doubt(check_finding(c, (enum table)t), "%s cannot be told: not all of the journal was read",
                        table_info((enum table)t)->name);
    }
    check_signed(c);
    check_ids(c);
    if (c->catalog == NULL)
        check_terms(c);
    if (c->complete)
        check_catalog(c);
    else
        finds_doubt(&c->finding[STORE_CHECK_CATALOG], "contracts cannot be compared with their logs");
    for (size_t i = 0; c->catalog == NULL && i < sizeof of_entries / sizeof *of_entries; i++)
        finds_doubt(&c->finding[of_entries[i]], "nothing was looked at without the control data");
}

/* A row that could not be read is missed by others: what they say then is no proof of damage. */
static void weaken_all(struct check *c)
{
    for (int i = 0; i < STORE_CHECKS; i++)
        finding_weaken(&c->finding[i]);
    finds_doubt(&c->finding[STORE_CHECK_OPEN], "reading the store failed on the way: look at the disk, check again");
}

static enum verdict tell(struct check *c, verify_report *report, void *ctx)
{
    static const struct {
        const char *word, *good;
    } checks[] = {
#define X(symbol, word, good) {word, good},
        STORE_CHECK_TABLE(X)
#undef X
    };
    enum verdict all = HOLDS;
    if (c->txn != NULL && txn_failed(c->txn))
        weaken_all(c);
    for (int i = 0; i < STORE_CHECKS; i++)
        all = verdict_worse(all, finding_report(&c->finding[i], checks[i].word, checks[i].good, report, ctx));
    return all;
}

static void close_all(struct check *c)
{
    check_logs_free(c);
    rows_map_free(c->rows);
    row_set_free(c->statements);
    row_set_free(c->closed_heads);
    row_set_free(c->answers);
    byte_map_free(c->last_answer);
    row_set_free(c->published);
    row_set_free(c->leaves);
    rollup_free(c->rollup);
    check_seeds_free(c);
    row_set_free(c->states);
    row_set_free(c->rolled);
    row_set_free(c->ids);
    sealer_free(c->sealer);
    catalog_unref(c->catalog);
    txn_abort(c->txn);
    heads_close(c->signed_heads);
    instance_close(&c->in);
    buf_free(&c->scratch);
}

enum verdict check_folder(const char *dir, uint64_t map_size, verify_report *report, void *ctx,
                          struct check_figures *out)
{
    struct check c = {.statements = row_set_new(),
                      .closed_heads = row_set_new(),
                      .answers = row_set_new(),
                      .last_answer = byte_map_new(NULL),
                      .published = row_set_new(),
                      .leaves = row_set_new(),
                      .states = row_set_new(),
                      .rolled = row_set_new(),
                      .ids = row_set_new()};
    buf_heap(&c.scratch);
    if (open_folder(&c, dir, map_size)) {
        check_rollups_open(&c);
        if (c.catalog != NULL)
            check_fold_open(&c);
        prove_all(&c);
    } else {
        for (int i = 1; i < STORE_CHECKS; i++)
            finds_doubt(&c.finding[i], "the store could not be opened");
    }
    enum verdict all = tell(&c, report, ctx);
    *out = (struct check_figures){c.seq, c.watermark};
    close_all(&c);
    return all;
}
