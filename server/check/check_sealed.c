/* Sealed parts and the keys of their days, beside what the replay opens. */
#include "common/base/bytes.h"
#include "common/base/when.h"
#include "server/check/check_private.h"
#include "server/keys/day_keys.h"

/* Why nothing of that day opens, if it is the key; false when the key is well. */
static bool key_is_told(struct check *c, uint32_t day)
{
    uint8_t opened[32], mem[4];
    struct span key = span_of(mem, sizeof mem);
    store_be32(mem, day);
    enum err err = day_key_get(c->in.day_keys, c->txn, day, opened);
    if (day < day_keys_kept_from(c->in.day_keys))
        return true; /* as it was meant to be */
    if (err == ERR_NOT_FOUND)
        check_row_doubt(c, TABLE_DAY_KEYS, key,
                        "or the key of its month is gone: what it sealed is lost, and cannot be compared");
    else if (err == ERR_IO)
        check_row_doubt(c, TABLE_DAY_KEYS, key, "cannot be read");
    else if (err != ERR_OK)
        check_row_fails(c, TABLE_DAY_KEYS, key, "does not unwrap");
    crypto_wipe(opened, sizeof opened);
    return err != ERR_OK;
}

/* Sealed on the day that it came; or on the clock's, before a step of it. */
static bool day_fits(struct check *c, uint32_t day, const struct entry *e)
{
    return day == entry_clock(e) / MS_PER_DAY || check_clock_day(c, day);
}

/* What is wrong with it; NULL: nothing, or it has been told. */
static const char *wrong_with(struct check *c, const struct entry *e, const struct private_sealed *sealed,
                              const struct kept_part *kept)
{
    const struct hash *commitment = entry_commitment(e);
    struct private_part priv;
    struct hash opened;
    if (!day_fits(c, sealed->day, e))
        return "names another day than that of its entry";
    buf_clear(&c->scratch);
    enum err err = sealer_open(c->sealer, c->txn, commitment, sealed, &c->scratch);
    if (err != ERR_OK && key_is_told(c, sealed->day))
        return NULL;
    if (err != ERR_OK || private_read(buf_span(&c->scratch), &priv) != ERR_OK)
        return "does not open";
    if (kept != NULL)
        kept_person(kept, &priv);
    private_commitment(&priv, &opened);
    bool fits = memcmp(opened.b, commitment->b, HASH_LEN) == 0 && priv.lead == (kept != NULL);
    private_close(&priv);
    return fits ? NULL : "is not what its entry commits to";
}

void check_sealed(struct check *c, const struct envelope *env, const struct entry *e, const struct kept_part *kept)
{
    uint8_t mem[SEQ_LEN];
    struct span key = seq_key(mem, env->seq), row;
    struct private_sealed sealed;
    if (!check_need(c, TABLE_PRIVATE, key, &row))
        return;
    const char *wrong = private_row_read(row, &sealed) != ERR_OK ? "does not read" : wrong_with(c, e, &sealed, kept);
    if (wrong != NULL)
        check_row_fails(c, TABLE_PRIVATE, key, "%s", wrong);
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
    (void)value;
    enum err err = key.len == 4 ? day_key_get(c->in.day_keys, c->txn, load_be32(key.ptr), opened) : ERR_CORRUPT;
    if (err == ERR_NOT_FOUND && load_be32(key.ptr) < day_keys_kept_from(c->in.day_keys))
        err = ERR_OK; /* destroyed on purpose */
    if (err == ERR_NOT_FOUND)
        check_row_doubt(c, t, key, "does not unwrap: the key of its month is gone; put back keys/ of the folder");
    else if (err == ERR_IO)
        check_row_doubt(c, t, key, "cannot be read");
    else if (err != ERR_OK)
        check_row_fails(c, t, key, "does not unwrap");
    crypto_wipe(opened, sizeof opened);
}

void prove_sealed(struct check *c, enum table t)
{
    check_each(c, t, t == TABLE_PRIVATE ? private_row : day_key_row);
}
