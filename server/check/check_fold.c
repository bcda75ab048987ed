#include <inttypes.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/ledger/note.h"
#include "common/ledger/root_log.h"
#include "server/check/check_private.h"
#include "server/keys/day_keys.h"

static enum err view_get(void *ctx, enum row_table t, struct span key, struct span *value)
{
    return rows_map_get(((struct check *)ctx)->rows, t, key, value);
}

static enum err view_seek(void *ctx, enum row_table t, struct span from, struct span *key, struct span *value)
{
    return rows_map_seek(((struct check *)ctx)->rows, t, from, key, value);
}

/* An entry that was folded already. */
static enum err view_entry(struct check *c, uint32_t contract, uint64_t index, struct envelope *out)
{
    if (contract > c->catalog->n_contracts || index >= check_log(c, contract)->tree.frontier.size)
        return ERR_NOT_FOUND;
    enum err err = ledger_read(c->txn, contract, index, out);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err view_click(void *ctx, uint32_t contract, uint64_t index, struct clicked *out)
{
    struct envelope env;
    enum err err = view_entry(ctx, contract, index, &env);
    if (err != ERR_OK)
        return err;
    return env.kind == ENTRY_CLICK ? envelope_click(&env, out) : ERR_NOT_FOUND;
}

static enum err view_leaf(void *ctx, uint32_t contract, uint64_t index, struct hash *out)
{
    struct envelope env;
    enum err err = view_entry(ctx, contract, index, &env);
    if (err != ERR_OK)
        return err;
    merkle_leaf(env.entry, out);
    return env.kind == ENTRY_LEAD ? ERR_OK : ERR_NOT_FOUND;
}

static enum err view_bytes(void *ctx, uint32_t contract, uint64_t index, struct span *out)
{
    struct envelope env;
    enum err err = view_entry(ctx, contract, index, &env);
    if (err == ERR_OK)
        *out = env.entry;
    return err;
}

static enum err view_state(void *ctx, uint32_t contract, const struct hash *sha256, struct span *out)
{
    return ledger_state(((struct check *)ctx)->txn, contract, sha256, out);
}

void check_fold_open(struct check *c)
{
    c->rows = rows_map_new(NULL);
    c->view = (struct view){view_get, view_seek, view_click, view_leaf, view_bytes, view_state, c};
}

/* A finding about the journal's row that is looked at. */
void check_entry_fails(struct check *c, enum store_check check, const char *what)
{
    char name[ROW_NAME];
    uint8_t mem[SEQ_LEN];
    table_row_name(TABLE_JOURNAL, seq_key(mem, c->seq), name);
    finds_failure(&c->finding[check], "%s %s", name, what);
}

/* Whether what was asked about that entry cannot be told: then it is a doubt. */
static bool untold(struct check *c, enum store_check check, enum err err)
{
    char name[ROW_NAME];
    uint8_t mem[SEQ_LEN];
    if (!fold_untold(err))
        return false;
    table_row_name(TABLE_JOURNAL, seq_key(mem, c->seq), name);
    finds_doubt(&c->finding[check], "%s cannot be judged: what it rests on cannot be read (%s)", name, err_word(err));
    return true;
}

/* What is kept of a lead, and what is sealed of it or of another entry. True with a person. */
static bool take_private(struct check *c, const struct envelope *env, const struct entry *e, struct private_part *out)
{
    const struct hash *commitment = entry_commitment(e);
    struct kept_part kept;
    struct hash opened;
    bool lead = e->kind == ENTRY_LEAD;
    if (commitment == NULL)
        return false;
    if (lead && kept_read(env->beside, &kept) != ERR_OK) {
        check_entry_fails(c, STORE_CHECK_PRIVATE, "has beside it what does not read");
        return false;
    }
    if (lead)
        kept_commitment(&kept, &opened);
    if (lead && memcmp(opened.b, commitment->b, HASH_LEN) != 0)
        check_entry_fails(c, STORE_CHECK_PRIVATE, "has beside it what is not what it commits to");
    check_sealed(c, env, e, lead ? &kept : NULL);
    *out = (struct private_part){.lead = lead};
    if (lead)
        kept_person(&kept, out);
    return lead;
}

static void judge_terms(struct check *c, struct checked_log *log, uint64_t index, const struct entry *e)
{
    struct versions gone = {.n = 0};
    enum err err = fold_terms(&log->fold, index, e, &gone);
    if (err == ERR_NOT_IMPLEMENTED)
        finds_doubt(&c->finding[STORE_CHECK_DECISIONS],
                    "terms of rules %" PRId64
                    " cannot be followed here: take the version of countersign that made them",
                    e->terms.rules);
    else if (err != ERR_OK)
        check_entry_fails(c, STORE_CHECK_ENTRIES,
                          "holds terms that are not its contract's, the next version, or complete");
    versions_free(&gone);
    sha256(e->terms.campaign.ptr, e->terms.campaign.len, log->documents[0].b);
    sha256(e->terms.contract.ptr, e->terms.contract.len, log->documents[1].b);
}

/* What is in force once all that waits does, for the control rows. */
static void hash_documents(struct checked_log *log, const struct terms *t)
{
    for (int which = 0; which < 2; which++) {
        struct buf text;
        buf_heap(&text);
        terms_document(t, which, &text);
        sha256(text.ptr, text.len, log->documents[which].b);
        buf_free(&text);
    }
}

static void judge_assent(struct check *c, struct checked_log *log, uint64_t index, const struct entry *e)
{
    struct assent said;
    enum err err = fold_assent(&log->fold, e, &said, NULL);
    if (err == ERR_OK) {
        err = party_jws_to(&said.said, span_str(c->in.public_url), NULL);
        assent_close(&said);
    }
    if (err != ERR_OK && !untold(c, STORE_CHECK_ENTRIES, err))
        check_entry_fails(
            c, STORE_CHECK_ENTRIES,
            "is no assent of the party, by its key, to a version that may bind or an adjustment that asks");
    if (e->assent.adjustment == 0)
        log->assented = index;
}

/* A statement of this log, in front of it; or none at all. */
static bool is_settled(struct check *c, const struct checked_log *log, struct span id)
{
    struct settled_row row = {0};
    bool found = span_empty(id);
    while (!found && row_settled(&c->view, log->number, row.to, &row) == ERR_OK)
        found = span_is(id, row.id);
    return found;
}

static void judge_adjustment(struct check *c, struct checked_log *log, const struct entry *e)
{
    enum err err = fold_adjustment(&log->fold, e, NULL);
    if (err != ERR_OK && !untold(c, STORE_CHECK_ENTRIES, err))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "is no adjustment that can stand there");
    if (!is_settled(c, log, e->adjustment.statement))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "cites a statement that is none of its log so far");
    const struct party *by = catalog_party(c->catalog, e->adjustment.by);
    if (by == NULL || !(by->role & ROLE_OPERATOR))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "is by no operator");
}

static void judge_erase(struct check *c, struct checked_log *log, const struct contract *k, uint64_t index,
                        const struct entry *e)
{
    uint64_t leads;
    struct problem why = {0};
    enum err err = fold_erase(&log->fold, index, &e->erase, &leads, &why);
    if (err != ERR_OK && !untold(c, STORE_CHECK_ENTRIES, err))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "erases what it cannot");
    const struct party *by = catalog_party(c->catalog, e->erase.by);
    if (by == NULL || !(by->who == k->campaign->advertiser || by->role & ROLE_OPERATOR))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "is by no operator, nor the advertiser");
    check_erase(c, k->number, index, &e->erase);
}

static void judge_lead(struct check *c, struct checked_log *log, const struct contract *k, uint64_t index,
                       const struct entry *e, struct span bytes, const struct private_part *priv)
{
    struct opening tokens = {.index = index, .lead = true};
    struct entry again;
    bool foreign;
    if (priv != NULL) {
        tokens.has_email = priv->has_email;
        tokens.has_phone = priv->has_phone;
        memcpy(tokens.email, priv->email, TOKEN_LEN);
        memcpy(tokens.phone, priv->phone, TOKEN_LEN);
    }
    enum err err = fold_txid(&log->fold, e);
    if (err != ERR_OK && !untold(c, STORE_CHECK_DECISIONS, err))
        finds_failure(&c->finding[STORE_CHECK_DECISIONS],
                      "contract %s: lead %" PRIu64 " has a txid under which its sender reported another", k->id, index);
    err = fold_lead(&log->fold, e, bytes, priv != NULL ? &tokens : NULL, &again, &foreign);
    if (err == ERR_OK || untold(c, STORE_CHECK_DECISIONS, err))
        return;
    char stands[FOLD_WORDS], gives[FOLD_WORDS];
    fold_differences(bytes, fold_again(&log->fold), stands, gives);
    finds_failure(&c->finding[STORE_CHECK_DECISIONS],
                  "contract %s: lead %" PRIu64 " is recorded with %s; decided again it has %s", k->id, index, stands,
                  gives);
}

static void judge_disposition(struct check *c, struct checked_log *log, const struct contract *k, uint64_t index,
                              const struct entry *e, struct span bytes)
{
    enum err err = fold_disposition(&log->fold, e, bytes);
    if (err != ERR_OK && !untold(c, STORE_CHECK_DECISIONS, err))
        finds_failure(&c->finding[STORE_CHECK_DECISIONS],
                      "contract %s: entry %" PRIu64 " (%s of lead %" PRIu64 ") is not what the terms allow then", k->id,
                      index, status_word(e->disposition.status), e->disposition.lead);
}

static bool is_next_step(const struct check *c, struct checked_log *log, const struct entry_server_keys *e)
{
    size_t i = ++log->key_steps;
    const struct keys_step *s = i < keys_states(c->in.keys) ? keys_state_step(c->in.keys, i) : NULL;
    return s != NULL && s->root == e->root && span_eq(s->jws, e->jws) && span_eq(s->previous_jws, e->previous_jws);
}

/* What the control data must agree with. */
static void take_control(struct check *c, struct checked_log *log, const struct entry *e)
{
    uint32_t placement = entry_placement(e);
    if (placement > log->placements)
        log->placements = placement;
    if (e->kind == ENTRY_SERVER_KEYS && !is_next_step(c, log, &e->server_keys))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "gives the server other keys than row server_keys of meta");
    if (e->kind == ENTRY_CLOCK && !check_clock_entry(c, &log->fold, &e->clock))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "tells of other steps of the clock than table clock has");
    if (e->kind == ENTRY_KEY && catalog_party(c->catalog, e->key.party) == NULL)
        check_entry_fails(c, STORE_CHECK_ENTRIES, "gives a key to a party that is not there");
    if (e->kind == ENTRY_PARTY && fold_party(&log->fold, &e->party) != ERR_OK)
        check_entry_fails(c, STORE_CHECK_ENTRIES, "gives legal data that are none, or nobody's here");
    if (e->kind == ENTRY_CREDENTIAL &&
        (catalog_party(c->catalog, e->credential.party) == NULL || catalog_party(c->catalog, e->credential.by) == NULL))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "tells of a credential of, or by, a party that is not there");
}

static void judge_withdrawal(struct check *c, struct checked_log *log, const struct contract *k, const struct entry *e)
{
    const struct party *by = catalog_party(c->catalog, e->withdrawal.by);
    struct versions gone;
    struct assent said;
    enum err err = fold_withdrawal(&log->fold, e, &said, &gone, NULL);
    if (err == ERR_OK) {
        bool own = !span_empty(e->withdrawal.jws);
        if (own)
            err = party_jws_to(&said.said, span_str(c->in.public_url), NULL);
        else if (by == NULL || (by->role != ROLE_OPERATOR && by->who != k->campaign->advertiser))
            err = ERR_INVALID;
        assent_close(&said);
        versions_free(&gone);
        hash_documents(log, versions_newest(&log->fold.versions)->terms);
    }
    if (err != ERR_OK && !untold(c, STORE_CHECK_ENTRIES, err))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "withdraws terms, and may not");
}

static void judge_view(struct check *c, struct checked_log *log, const struct entry *e)
{
    enum err err = fold_view(&log->fold, &e->view);
    if (err == ERR_NOT_FOUND)
        check_entry_fails(c, STORE_CHECK_ENTRIES, "names as its click what is none");
    else if (err != ERR_OK && !untold(c, STORE_CHECK_ENTRIES, err))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "has another placement than its click");
}

static void judge(struct check *c, struct checked_log *log, const struct contract *k, const struct envelope *env,
                  const struct entry *e, const struct private_part *priv)
{
    if (e->kind == ENTRY_VIEW)
        judge_view(c, log, e);
    if (!fold_gap(&log->fold, e))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "is, or follows, a gap that no server makes");
    if (e->kind == ENTRY_LEAD && !fold_unrecorded(&log->fold, &e->lead))
        check_entry_fails(c, STORE_CHECK_ENTRIES,
                          "has a click by its id alone that no gap entry in front of it covers");
    if ((e->kind == ENTRY_LEAD || e->kind == ENTRY_DISPOSITION) && !entry_request_fits(e))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "names no request that it came by, or one where nobody sent any");
    if (e->kind == ENTRY_ASSENT)
        judge_assent(c, log, env->index, e);
    if (e->kind == ENTRY_WITHDRAWAL)
        judge_withdrawal(c, log, k, e);
    if (e->kind == ENTRY_ADJUSTMENT)
        judge_adjustment(c, log, e);
    if (e->kind == ENTRY_ERASE)
        judge_erase(c, log, k, env->index, e);
    if (e->kind == ENTRY_LEAD)
        judge_lead(c, log, k, env->index, e, env->entry, priv);
    if (e->kind == ENTRY_DISPOSITION)
        judge_disposition(c, log, k, env->index, e, env->entry);
    if (e->kind == ENTRY_STATEMENT)
        check_statement(c, log, k, env->index, e);
    if (e->kind == ENTRY_RESPONSE)
        check_response(c, &e->response);
}

static void fold_entry(struct check *c, struct checked_log *log, const struct contract *k, const struct envelope *env,
                       const struct entry *e)
{
    fold_at(&log->fold, e->at_ms);
    if (e->kind == ENTRY_TERMS)
        judge_terms(c, log, env->index, e);
    if (log->fold.terms == NULL) {
        check_entry_fails(c, STORE_CHECK_ENTRIES, "comes before any terms of its log");
        return;
    }
    struct private_part priv = {0};
    bool opened = take_private(c, env, e, &priv);
    check_share(c, log, k, e);
    take_control(c, log, e);
    if (!fold_dated(&log->fold, e))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "is dated back");
    if (!fold_clock(&log->fold, e))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "says of the server's clock what the entries before it do not");
    if (!fold_may(&log->fold, e))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "comes before any terms of its log bind");
    check_model_entry(c, log, env->index, e);
    judge(c, log, k, env, e, opened ? &priv : NULL);
    if (fold_apply(&log->fold, env->index, e, &log->tree.frontier, opened ? &priv : NULL) != ERR_OK)
        check_entry_fails(c, STORE_CHECK_ENTRIES, "cannot follow those before it");
    check_rollup(c, log, env, e);
    if (e->at_ms > c->newest_ms)
        c->newest_ms = e->at_ms;
    if (log->fold.clock_steps > c->clock_steps)
        c->clock_steps = log->fold.clock_steps;
}

/* The contract whose log has this name; NULL: none. */
static const struct contract *named(struct check *c, struct span origin)
{
    char name[ORIGIN_CAP];
    size_t root = instance_log_name(&c->in, NULL, name).len;
    const struct contract *k = origin.len > root ? catalog_contract(c->catalog, span_skip(origin, root + 1)) : NULL;
    return k != NULL && span_eq(origin, instance_log_name(&c->in, k, name)) ? k : NULL;
}

/* A head of larger size than the one of its log before it. */
static void fold_head(struct check *c, const struct envelope *env, const struct checkpoint *head)
{
    uint8_t row[LEAVES_KEY_LEN + LEAVES_ROW_LEN];
    const struct contract *k = named(c, head->origin);
    struct checked_log *log = k != NULL ? check_log(c, k->number) : NULL;
    if (log == NULL || head->size <= log->last_leaf_size || head->size > log->tree.frontier.size) {
        check_entry_fails(c, STORE_CHECK_ENTRIES, "is of the root log, and no head that can follow those before it");
        return;
    }
    leaves_key(row, k->number, env->index);
    leaves_row(row + LEAVES_KEY_LEN, head->size, log->last_leaf_size > 0 ? log->last_leaf : env->index);
    log->last_leaf = env->index;
    log->last_leaf_size = head->size;
    row_set_add(c->leaves, span_of(row, sizeof row));
}

/* Whether the root log says there which keys sign from here on. */
static bool is_key_step(const struct check *c, const struct envelope *env)
{
    bool is = false;
    for (size_t i = 1; i < keys_states(c->in.keys); i++) {
        const struct keys_step *s = keys_state_step(c->in.keys, i);
        is |= s->root == env->index && span_eq(s->jws, env->beside);
    }
    return is;
}

static void fold_root_leaf(struct check *c, const struct envelope *env)
{
    uint8_t sum[HASH_LEN];
    char name[ORIGIN_CAP];
    struct checkpoint head = {.origin = instance_log_name(&c->in, NULL, name)};
    sha256(env->beside.ptr, env->beside.len, sum);
    if (!span_eq(env->entry, span_of(sum, sizeof sum)))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "is of the root log, and not the hash of what stands beside it");
    row_set_add(c->published, env->entry);
    if (checkpoint_peek(env->beside, &head) == ERR_OK)
        fold_head(c, env, &head);
    else if (!is_key_step(c, env))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "is of the root log, and neither a head nor keys of ours");
    root_tag(head.origin, env->index, &c->root_tag);
}

static void fold_root_entry(struct check *c, const struct envelope *env)
{
    bool first = env->index % ROOT_PAIR == 0;
    if (env->kind != ENTRY_ROOT || env->class != 0)
        check_entry_fails(c, STORE_CHECK_ENTRIES, "is of the root log, and its envelope of another kind");
    if (first)
        fold_root_leaf(c, env);
    else if (!span_eq(env->entry, span_of(c->root_tag.b, HASH_LEN)) || !span_empty(env->beside))
        check_entry_fails(c, STORE_CHECK_ENTRIES, "is of the root log, and does not say whose the head before it is");
    check_share(c, NULL, NULL, NULL);
}

void check_fold(struct check *c, struct checked_log *log, const struct envelope *env)
{
    const struct contract *k = catalog_contract_number(c->catalog, env->contract);
    struct entry e;
    if (env->contract == ROOT_LOG) {
        fold_root_entry(c, env);
        return;
    }
    if (entry_read(env->entry, &e, NULL) != ERR_OK) {
        check_entry_fails(c, STORE_CHECK_ENTRIES, "is not canonical");
        return;
    }
    if (e.kind != env->kind || entry_class(&e) != env->class || entry_device(&e) != env->device)
        check_entry_fails(c, STORE_CHECK_ENTRIES, "is of another kind, class or device than its envelope says");
    fold_entry(c, log, k, env, &e);
    entry_close(&e);
}
