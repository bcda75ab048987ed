/* What keeps a request from being answered twice: nonces, kept answers; what was
 * refused; when API tokens were used; and deliveries. The rows are read as FORMATS.md describes them. */
#include "common/base/bytes.h"
#include "common/commit/delivery.h"
#include "common/commit/record.h"
#include "server/check/check_private.h"
#include "server/commit/nonces.h"
#include "server/commit/uses.h"
#include "server/keys/vault.h"
#include "server/system/system.h"

enum { ANSWER_HEAD = 8 + HASH_LEN + 2 };

/* ---- nonces ---- */

/* Every lead and disposition entry has a row there. */
static bool names_an_answer(struct check *c, const struct nonce_row *n)
{
    uint8_t key[12];
    struct span row;
    row_index_key(key, n->contract, n->index);
    return rows_map_get(c->rows, ROW_MOVES, span_of(key, sizeof key), &row) == ERR_OK;
}

/* Later than any nonce that came by now. A clock may have been ahead when the newest entry came. */
static int64_t latest_time_s(const struct check *c)
{
    int64_t now_ms = clock_ms();
    return ((now_ms > c->newest_ms ? now_ms : c->newest_ms) - c->clock.ahead_ms) / 1000 + POSTBACK_WINDOW_S +
           NONCE_WEBHOOK_KEEP_S;
}

static void nonce_row(struct check *c, enum table t, struct span key, struct span value)
{
    struct nonce_row n;
    if (key.len != NONCE_KEY_LEN || nonce_row_read(value, &n) != ERR_OK) {
        check_row_fails(c, t, key, "does not read");
        return;
    }
    if (!names_an_answer(c, &n))
        check_row_fails(c, t, key, "names an entry that is no lead or disposition");
    if (n.forget_s > latest_time_s(c))
        check_row_fails(c, t, key, "is kept for longer than any nonce is, as row 00000000 of clock counts");
}

/* ---- kept answers ---- */

static bool answer_reads(struct check *c, struct span key, struct span value)
{
    json_t *json = NULL;
    unsigned status = load_be16(value.ptr + 8 + HASH_LEN);
    buf_clear(&c->scratch);
    bool good = status >= 200 && status < 300 &&
                vault_open(c->in.keys, VAULT_IDEMPOTENCY, key,
                           span_of(value.ptr + ANSWER_HEAD, value.len - ANSWER_HEAD), &c->scratch) == ERR_OK &&
                json_read(buf_span(&c->scratch), &json, NULL) == ERR_OK;
    json_decref(json);
    return good;
}

static void answer_row(struct check *c, enum table t, struct span key, struct span value)
{
    if (key.len != IDEMPOTENCY_KEY_LEN || value.len < ANSWER_HEAD || !answer_reads(c, key, value))
        check_row_fails(c, t, key, "does not open to an answer");
}

/* ---- what was refused ---- */

static void refused_row(struct check *c, enum table t, struct span key, struct span value)
{
    struct refusal r;
    struct span party;
    if (refusal_read(key, value, &r) != ERR_OK)
        check_row_fails(c, t, key, "does not read");
    else if (r.room.party != 0 && check_get(c, TABLE_PARTIES, span_of(key.ptr, 4), &party) == ERR_NOT_FOUND)
        check_row_fails(c, t, key, "names a party that is not there");
}

/* ---- when tokens were used ---- */

static void use_row(struct check *c, enum table t, struct span key, struct span value)
{
    int64_t ms;
    if (key.len != HASH_LEN || token_use_read(value, &ms) != ERR_OK)
        check_row_fails(c, t, key, "does not read");
}

/* ---- deliveries ---- */

/* Whether it tells of an entry that is there, to somebody whom that concerns; of one that does not read the journal's
 * check tells. */
static bool tells_of_an_entry(struct check *c, const struct delivery_place *at, enum delivery_event event)
{
    static const enum entry_kind kinds[DELIVERY_EVENTS] = {[DELIVERY_LEAD] = ENTRY_LEAD,
                                                           [DELIVERY_DISPOSITION] = ENTRY_DISPOSITION,
                                                           [DELIVERY_STATEMENT] = ENTRY_STATEMENT};
    struct envelope env;
    struct entry e;
    if (at->contract == 0 || event == DELIVERY_TEST)
        return at->contract == 0 && event == DELIVERY_TEST && (uint64_t)at->at_ms == at->index;
    enum err err = ledger_read(c->txn, at->contract, at->index, &env);
    if (err != ERR_OK || entry_read(env.entry, &e, NULL) != ERR_OK)
        return err != ERR_NOT_FOUND;
    bool fits = e.kind == kinds[event] && e.at_ms == at->at_ms;
    entry_close(&e);
    return fits;
}

static void delivery_row(struct check *c, enum table t, struct span key, struct span value)
{
    struct delivery_place at;
    struct delivery d;
    struct span row;
    uint8_t number[4], due[OUTBOX_KEY_LEN];
    char name[ROW_NAME];
    if (delivery_key_read(key, &at) != ERR_OK || delivery_read(value, &d) != ERR_OK) {
        check_row_fails(c, t, key, "does not read");
        return;
    }
    bool crm = at.target & DELIVERY_CRM;
    store_be32(number, at.target & ~DELIVERY_CRM);
    outbox_key(&at, d.due_ms, due);
    if (check_get(c, crm ? TABLE_CAMPAIGNS : TABLE_PARTIES, span_of(number, sizeof number), &row) == ERR_NOT_FOUND)
        check_row_fails(c, t, key, "names a %s that is not there", crm ? "campaign" : "party");
    if (!tells_of_an_entry(c, &at, d.event))
        check_row_fails(c, t, key, "tells of an entry that is not there, or another one");
    if (d.state != DELIVERY_PENDING || check_get(c, TABLE_OUTBOX, span_of(due, sizeof due), &row) != ERR_NOT_FOUND)
        return;
    table_row_name(t, key, name); /* one of two rows is damaged, and nothing says which */
    check_row_fails(c, TABLE_OUTBOX, span_of(due, sizeof due), "is missing, and %s is pending", name);
}

static void due_row(struct check *c, enum table t, struct span key, struct span value)
{
    struct delivery_place at;
    struct delivery d;
    struct span row;
    uint8_t of[DELIVERY_KEY_LEN];
    char name[ROW_NAME];
    int64_t due_ms;
    if (value.len != OUTBOX_ROW_LEN || outbox_key_read(key, &at, &due_ms) != ERR_OK) {
        check_row_fails(c, t, key, "does not read");
        return;
    }
    delivery_key(&at, of);
    table_row_name(TABLE_DELIVERIES, span_of(of, sizeof of), name);
    enum err err = check_get(c, TABLE_DELIVERIES, span_of(of, sizeof of), &row);
    if (err == ERR_NOT_FOUND)
        check_row_fails(c, t, key, "is due, and %s is missing", name);
    else if (err == ERR_OK && delivery_read(row, &d) == ERR_OK &&
             (d.due_ms != due_ms || (uint64_t)d.until_ms != load_be64(value.ptr)))
        check_row_fails(c, t, key, "is due at another time than %s says", name);
}

void prove_replays(struct check *c, enum table t)
{
    check_row *each = t == TABLE_NONCES       ? nonce_row
                      : t == TABLE_REFUSED    ? refused_row
                      : t == TABLE_USES       ? use_row
                      : t == TABLE_OUTBOX     ? due_row
                      : t == TABLE_DELIVERIES ? delivery_row
                                              : answer_row;
    check_each(c, t, each);
}
