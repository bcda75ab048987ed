/* Sealed parts and the keys of their days, beside what the replay opens. */
#include <inttypes.h>

#include "common/base/bytes.h"
#include "common/base/when.h"
#include "server/check/check_private.h"
#include "server/keys/day_keys.h"

static void key_is(struct check *c, struct span key, enum err err, const char *wrong)
{
    if (err == ERR_IO)
        check_row_doubt(c, TABLE_DAY_KEYS, key,
                        "cannot be told: the key of its month is gone from keys/, or cannot be read; put it back, or "
                        "say that it is lost for good (`countersign keys lost`)");
    else if (err != ERR_OK)
        check_row_fails(c, TABLE_DAY_KEYS, key, "%s", wrong);
}

/* Why nothing of that day opens, if it is the key; false when the key is well. */
static bool key_is_told(struct check *c, uint32_t day)
{
    uint8_t opened[32], mem[4];
    struct span key = span_of(mem, sizeof mem);
    store_be32(mem, day);
    enum err err = day_key_get(c->in.day_keys, c->txn, day, opened);
    if (day < day_keys_kept_from(c->in.day_keys))
        return true; /* as it was meant to be */
    key_is(c, key, err, "is missing, or does not unwrap");
    crypto_wipe(opened, sizeof opened);
    return err != ERR_OK;
}

/* Sealed on the day that it came; or on the clock's, before a step of it. */
static bool day_fits(struct check *c, uint32_t day, const struct entry *e)
{
    return day == entry_clock(e) / MS_PER_DAY || check_clock_day(c, day);
}

/* What is wrong with it; NULL: nothing, or it has been told. */
static const char *wrong_with(struct check *c, uint64_t seq, struct span key, const struct entry *e,
                              const struct private_sealed *sealed, const struct kept_part *kept)
{
    const struct hash *commitment = entry_commitment(e);
    struct private_part priv;
    struct hash opened;
    if (!day_fits(c, sealed->day, e))
        return "names another day than that of its entry";
    buf_clear(&c->scratch);
    enum err err = sealer_open(c->sealer, c->txn, seq, commitment, sealed, &c->scratch);
    if (err == ERR_NOT_FOUND || (err != ERR_OK && key_is_told(c, sealed->day)))
        return NULL;
    if (err == ERR_IO) { /* which reads now */
        check_row_doubt(c, TABLE_PRIVATE, key, "cannot be judged: its key could not be read");
        return NULL;
    }
    if (err != ERR_OK || private_read(buf_span(&c->scratch), &priv) != ERR_OK)
        return "does not open";
    if (kept != NULL)
        kept_person(kept, &priv);
    private_commitment(&priv, &opened);
    bool fits = memcmp(opened.b, commitment->b, HASH_LEN) == 0 && priv.lead == (kept != NULL);
    return fits ? NULL : "is not what its entry commits to";
}

static bool erases(const struct entry *e, uint64_t index)
{
    for (size_t i = 0; e->kind == ENTRY_ERASE && i < e->erase.n; i++)
        if (e->erase.entries[i] == index)
            return true;
    return false;
}

/* The entry by which it is erased says so. */
static void check_erased(struct check *c, const struct envelope *env, struct span key, struct span row)
{
    struct envelope by;
    struct entry e = {.kind = ENTRY_ROOT};
    uint64_t index = 0;
    enum err err = private_row_erased(row, &index);
    if (err == ERR_OK)
        err = ledger_read(c->txn, env->contract, index, &by);
    if (err == ERR_OK)
        err = entry_read(by.entry, &e, NULL);
    if (err == ERR_IO)
        check_row_doubt(c, TABLE_PRIVATE, key, "cannot be judged: the entry by which it is erased cannot be read");
    else if (err != ERR_OK || !erases(&e, env->index))
        check_row_fails(c, TABLE_PRIVATE, key, "is erased by entry %" PRIu64 " of its log, which does not say so",
                        index);
    if (err == ERR_OK)
        entry_close(&e);
}

void check_sealed(struct check *c, const struct envelope *env, const struct entry *e, const struct kept_part *kept)
{
    uint8_t mem[SEQ_LEN];
    struct span key = seq_key(mem, env->seq), row;
    struct private_sealed sealed;
    if (!check_need(c, TABLE_PRIVATE, key, &row))
        return;
    enum err err = private_row_read(row, &sealed);
    if (err == ERR_NOT_FOUND) {
        check_erased(c, env, key, row);
        return;
    }
    const char *wrong = err != ERR_OK ? "does not read" : wrong_with(c, env->seq, key, e, &sealed, kept);
    if (wrong != NULL)
        check_row_fails(c, TABLE_PRIVATE, key, "%s", wrong);
}

/* That each entry which it names is erased by it; the other way round see check_erased. */
void check_erase(struct check *c, uint32_t contract, uint64_t index, const struct entry_erase *e)
{
    uint8_t mem[SEQ_LEN];
    for (size_t i = 0; i < e->n; i++) {
        struct envelope env;
        struct span row;
        uint64_t by = 0;
        enum err err = ledger_read(c->txn, contract, e->entries[i], &env);
        if (err != ERR_OK)
            continue; /* what is wrong there is said of that entry */
        struct span key = seq_key(mem, env.seq);
        err = check_get(c, TABLE_PRIVATE, key, &row);
        if (err == ERR_OK && (private_row_erased(row, &by) != ERR_OK || by != index))
            check_row_fails(c, TABLE_PRIVATE, key, "is not erased by entry %" PRIu64 " of its log, which says so",
                            index);
    }
}

/* That it opens, the replay has seen, which asks for it by its entry. */
static void private_row(struct check *c, enum table t, struct span key, struct span value)
{
    struct envelope env;
    struct span row;
    (void)value;
    if (key.len != SEQ_LEN) {
        check_row_fails(c, t, key, "has a key of another form");
        return;
    }
    enum err err = check_get(c, TABLE_JOURNAL, key, &row);
    if (err == ERR_NOT_FOUND)
        check_row_fails(c, t, key, "belongs to no entry");
    if (err != ERR_OK || envelope_read(row, &env) != ERR_OK)
        return;
    if (env.kind != ENTRY_CLICK && env.kind != ENTRY_VIEW && env.kind != ENTRY_IMPRESSION && env.kind != ENTRY_LEAD)
        check_row_fails(c, t, key, "belongs to an entry that commits to none");
}

/* ---- day keys ---- */

static void day_key_row(struct check *c, enum table t, struct span key, struct span value)
{
    uint8_t opened[32];
    (void)t;
    (void)value;
    enum err err = key.len == 4 ? day_key_get(c->in.day_keys, c->txn, load_be32(key.ptr), opened) : ERR_CORRUPT;
    if (err == ERR_NOT_FOUND && load_be32(key.ptr) < day_keys_kept_from(c->in.day_keys))
        err = ERR_OK; /* destroyed on purpose */
    key_is(c, key, err, "does not unwrap");
    crypto_wipe(opened, sizeof opened);
}

void prove_sealed(struct check *c, enum table t)
{
    check_each(c, t, t == TABLE_PRIVATE ? private_row : day_key_row);
}
