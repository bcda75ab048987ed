/* Control rows by themselves: each has exactly the members that the server writes, of their types, under the key that
 * comes next, and what it names is there. Reads rows, not the catalog, so that it can say what keeps one from loading.
 */
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/text.h"
#include "common/commit/crm.h"
#include "server/catalog/catalog_write.h"
#include "server/check/check_private.h"
#include "server/commit/change_rows.h"
#include "server/keys/vault.h"
#include "server/settlement/statements.h"
#include "server/system/address.h"

/* ---- meta ---- */

static bool zeros(struct span s)
{
    size_t i = 0;
    while (i < s.len && s.ptr[i] == 0)
        i++;
    return i == s.len;
}

/* Those that were followed; that they are entries of every log is seen there. */
static bool are_steps(const struct check *c, struct span row)
{
    struct buf steps;
    buf_heap(&steps);
    for (size_t i = 1; i < keys_states(c->in.keys); i++)
        keys_step_write(&steps, keys_state_step(c->in.keys, i));
    bool same = span_eq(buf_span(&steps), row);
    buf_free(&steps);
    return same;
}

static void meta_row(struct check *c, enum table t, struct span key, struct span value)
{
    uint64_t chance;
    bool good = span_is(key, "format")        ? span_is(value, STORE_FORMAT)
                : span_is(key, "public_url")  ? instance_url_ok(value)
                : span_is(key, "watermark")   ? value.len == WATERMARK_LEN
                : span_is(key, "batch")       ? value.len == 8
                : span_is(key, "instance")    ? id_read(value, &chance) == ERR_OK
                : span_is(key, "keys")        ? keys_fit(c->in.keys, value) == ERR_OK
                : span_is(key, "server_keys") ? are_steps(c, value)
                                              : span_is(key, "probe") && zeros(value);
    if (!good)
        check_row_fails(c, t, key, "is not one that the server writes");
}

void prove_meta(struct check *c)
{
    struct span value;
    check_each(c, TABLE_META, meta_row);
    check_need(c, TABLE_META, SPAN("format"), &value);
    check_need(c, TABLE_META, SPAN("public_url"), &value);
    check_need(c, TABLE_META, SPAN("keys"), &value);
    check_need(c, TABLE_META, SPAN("instance"), &value);
    check_need(c, TABLE_META, SPAN("batch"), &value);
}

/* ---- members ---- */

static const enum table table_terms = (enum table)(TABLE_ROWS + ROW_TERMS);

enum member_form {
    INT,
    NUMBER,
    ID,
    TEXT,
    BOOL,
    TRUE_ALONE,
    KIND,
    WHAT,
    KEY,
    TOKEN,
    SCOPE,
    CIDRS,
    SEALED,
    WEBHOOK,
    CRM_TOKEN,
    CRM,
    DOCUMENT
};

struct member_rule {
    const char *name; /* NULL ends the list */
    enum member_form form;
    bool optional;
    enum table of; /* NUMBER: the table that has the row of that number */
};

static const struct member_rule party_members[] = {{"created", INT},
                                                   {"id", ID},
                                                   {"key", KEY, true},
                                                   {"key_jws", TEXT, true},
                                                   {"kind", KIND},
                                                   {"legal", TEXT, true},
                                                   {"legal_by", NUMBER, true, TABLE_PARTIES},
                                                   {"lock", ID, true},
                                                   {"locked", INT, true},
                                                   {"locked_by", NUMBER, true, TABLE_PARTIES},
                                                   {"name", TEXT},
                                                   {"postback_by", NUMBER, true, TABLE_PARTIES},
                                                   {"postback_cidrs", CIDRS, true},
                                                   {"postback_key", KEY, true},
                                                   {"postback_maker", TOKEN, true},
                                                   {"postback_since", INT, true},
                                                   {"webhook", TEXT, true},
                                                   {"webhook_by", NUMBER, true, TABLE_PARTIES},
                                                   {"webhook_id", ID, true},
                                                   {"webhook_macro", TRUE_ALONE, true},
                                                   {"webhook_maker", TOKEN, true},
                                                   {"webhook_off", INT, true},
                                                   {"webhook_sealed", WEBHOOK, true},
                                                   {"webhook_since", INT, true},
                                                   {0}};
static const struct member_rule change_members[] = {{"by", NUMBER, true, TABLE_PARTIES},
                                                    {"campaign", ID, true},
                                                    {"contract", ID, true},
                                                    {"kind", TEXT},
                                                    {"maker", TOKEN, true},
                                                    {"party", ID, true},
                                                    {"subject", TEXT, true},
                                                    {"was", TEXT, true},
                                                    {"what", TEXT, true},
                                                    {0}};
static const struct member_rule campaign_members[] = {{"advertiser", NUMBER, false, TABLE_PARTIES},
                                                      {"created", INT},
                                                      {"crm", CRM, true},
                                                      {"crm_by", NUMBER, true, TABLE_PARTIES},
                                                      {"crm_id", ID, true},
                                                      {"crm_maker", TOKEN, true},
                                                      {"crm_off", INT, true},
                                                      {"crm_sealed", CRM_TOKEN, true},
                                                      {"crm_since", INT, true},
                                                      {"crm_url", TEXT, true},
                                                      {"direct", NUMBER, false, TABLE_CONTRACTS},
                                                      {"document", DOCUMENT},
                                                      {"id", ID},
                                                      {"partition", INT},
                                                      {0}};
static const struct member_rule contract_members[] = {{"assented", INT, true},
                                                      {"campaign", NUMBER, false, TABLE_CAMPAIGNS},
                                                      {"created", INT},
                                                      {"document", DOCUMENT},
                                                      {"id", ID},
                                                      {"publisher", NUMBER, true, TABLE_PARTIES},
                                                      {"version", INT},
                                                      {0}};
static const struct member_rule code_members[] = {{"created", INT},
                                                  {"label", TEXT},
                                                  {"landing_url", TEXT, true},
                                                  {"off", INT, true},
                                                  {"off_by", NUMBER, true, TABLE_PARTIES},
                                                  {0}};
static const struct member_rule token_members[] = {{"by", NUMBER, false, TABLE_PARTIES},
                                                   {"created", INT},
                                                   {"ended", INT, true},
                                                   {"expires", INT, true},
                                                   {"invitation", TRUE_ALONE, true},
                                                   {"label", TEXT, true},
                                                   {"maker", TOKEN, true},
                                                   {"party", NUMBER, false, TABLE_PARTIES},
                                                   {"scope", SCOPE, true},
                                                   {"steps", INT, true},
                                                   {0}};
static const struct member_rule secret_members[] = {{"by", NUMBER, false, TABLE_PARTIES},
                                                    {"created", INT},
                                                    {"maker", TOKEN, true},
                                                    {"party", NUMBER, false, TABLE_PARTIES},
                                                    {"retired", TRUE_ALONE, true},
                                                    {"sealed", SEALED},
                                                    {0}};
static const struct member_rule untold_members[] = {{"by", NUMBER, false, TABLE_PARTIES},
                                                    {"contracts", INT},
                                                    {"credential", TEXT},
                                                    {"from", INT},
                                                    {"party", NUMBER, false, TABLE_PARTIES},
                                                    {"retired", BOOL},
                                                    {"since", INT},
                                                    {"what", WHAT},
                                                    {0}};
static const struct member_rule grant_members[] = {{"by", NUMBER, false, TABLE_PARTIES},
                                                   {"created", INT},
                                                   {"ended", INT, true},
                                                   {"ended_by", NUMBER, true, TABLE_PARTIES},
                                                   {0}};
static const struct member_rule notice_members[] = {{"by", NUMBER, false, TABLE_PARTIES},
                                                    {"email", TEXT},
                                                    {"kinds", TEXT},
                                                    {"language", TEXT},
                                                    {"maker", TOKEN, true},
                                                    {"sent", DOCUMENT},
                                                    {"since", INT},
                                                    {0}};
static const struct member_rule share_members[] = {{"by", NUMBER, false, TABLE_PARTIES},
                                                   {"contract", NUMBER, false, TABLE_CONTRACTS},
                                                   {"created", INT},
                                                   {"ended", INT, true},
                                                   {"expires", INT},
                                                   {"label", TEXT, true},
                                                   {"steps", INT},
                                                   {"texts", TRUE_ALONE, true},
                                                   {"token", TOKEN},
                                                   {0}};

/* Of two rows that do not fit together either may be damaged: both are named. */
static void missing_for(struct check *c, enum table t, struct span key, enum table by, struct span by_key)
{
    char name[ROW_NAME];
    table_row_name(by, by_key, name);
    check_row_fails(c, t, key, "is missing, before or for %s", name);
}

/* Whether `number`, which a row of table `by` names, can be one; that its row is there is noted. */
static bool names_number(struct check *c, enum table of, int64_t number, enum table by, struct span by_key)
{
    uint8_t key[4];
    struct span value;
    if (number < 1 || number > UINT32_MAX)
        return false;
    store_be32(key, (uint32_t)number);
    if (check_get(c, of, span_of(key, sizeof key), &value) == ERR_NOT_FOUND)
        missing_for(c, of, span_of(key, sizeof key), by, by_key);
    return true;
}

static bool key_reads(struct span text)
{
    uint8_t pub[ED25519_KEY_LEN];
    size_t len;
    return b64url_decode(text, pub, sizeof pub, &len) == ERR_OK && len == sizeof pub;
}

/* Names a token whose row is there. */
static bool names_token(struct check *c, struct span text, enum table by, struct span by_key)
{
    uint8_t hash[HASH_LEN];
    struct span value, key = span_of(hash, sizeof hash);
    size_t len;
    if (b64url_decode(text, hash, sizeof hash, &len) != ERR_OK || len != sizeof hash)
        return false;
    if (check_get(c, TABLE_TOKENS, key, &value) == ERR_NOT_FOUND)
        missing_for(c, TABLE_TOKENS, key, by, by_key);
    return true;
}

static bool cidrs_read(struct span list)
{
    address first, last;
    size_t n = 0;
    for (; list.len; n++)
        if (!address_block_read(text_take(&list, ','), &first, &last))
            return false;
    return n > 0 && n <= POSTBACK_CIDRS;
}

static bool secret_opens(struct check *c, const char *purpose, struct span aad, struct span text)
{
    char sealed[CRM_TOKEN_MAX + 64];
    size_t len;
    buf_clear(&c->scratch);
    return b64url_decode(text, sealed, sizeof sealed, &len) == ERR_OK &&
           vault_open(c->in.keys, purpose, aad, span_of(sealed, len), &c->scratch) == ERR_OK;
}

static bool crm_reads(struct span document)
{
    struct crm crm;
    if (crm_read(document, &crm, NULL) != ERR_OK)
        return false;
    crm_close(&crm);
    return true;
}

static bool member_fits(struct check *c, const struct member_rule *m, enum table t, struct span key, const json_t *v)
{
    struct span text = json_is_string(v) ? span_of(json_string_value(v), json_string_length(v)) : SPAN("");
    enum role role;
    enum credential what;
    unsigned scopes;
    switch (m->form) {
    case INT:
        return json_is_integer(v) && json_integer_value(v) >= 0;
    case NUMBER:
        return json_is_integer(v) && names_number(c, m->of, json_integer_value(v), t, key);
    case ID:
        return id_is_plain(text);
    case TEXT:
        return json_is_string(v);
    case BOOL:
        return json_is_boolean(v);
    case TRUE_ALONE: /* false is left out */
        return json_is_true(v);
    case KIND:
        return role_parse(text, &role) == ERR_OK;
    case WHAT:
        return credential_parse(text, &what) == ERR_OK;
    case KEY:
        return key_reads(text);
    case TOKEN:
        return names_token(c, text, t, key);
    case SCOPE:
        return scopes_read(text, &scopes) == ERR_OK && scopes != 0;
    case CIDRS:
        return cidrs_read(text);
    case SEALED:
        return secret_opens(c, VAULT_SECRETS, key, text);
    case WEBHOOK:
        return secret_opens(c, VAULT_WEBHOOKS, key, text);
    case CRM_TOKEN:
        return secret_opens(c, VAULT_CRM, key, text);
    case CRM:
        return crm_reads(text);
    case DOCUMENT:
        return json_is_object(v);
    }
    return false;
}

/* The first member that is missing or does not fit, or one too many; NULL when all is well. */
static const char *wrong_member(struct check *c, const struct member_rule *rules, enum table t, struct span key,
                                const json_t *row)
{
    size_t n = 0;
    for (const struct member_rule *m = rules; m->name != NULL; m++) {
        const json_t *v = json_object_get(row, m->name);
        n += v != NULL;
        if (v == NULL ? !m->optional : !member_fits(c, m, t, key, v))
            return m->name;
    }
    return n == json_object_size(row) ? NULL : "a member that no such row has";
}

/* ---- keys ---- */

enum key_form { NUMBERED, OF_PARTY, PLACEMENT, GRANT, HASH, KID, QUEUED, OF_STATEMENT, TIMED };

static const struct control {
    enum table table;
    enum key_form key;
    const struct member_rule *members;
} controls[] = {
    {TABLE_PARTIES, NUMBERED, party_members},      {TABLE_CAMPAIGNS, NUMBERED, campaign_members},
    {TABLE_CONTRACTS, NUMBERED, contract_members}, {TABLE_CODES, PLACEMENT, code_members},
    {TABLE_TOKENS, HASH, token_members},           {TABLE_SECRETS, KID, secret_members},
    {TABLE_GRANTS, GRANT, grant_members},          {TABLE_UNTOLD, QUEUED, untold_members},
    {TABLE_LINKS, OF_STATEMENT, share_members},    {TABLE_NOTICES, OF_PARTY, notice_members},
    {TABLE_CHANGES, TIMED, change_members},
};

static const struct control *control_of(enum table t)
{
    size_t i = 0;
    while (controls[i].table != t)
        i++;
    return &controls[i];
}

/* The number before in a table that counts from 1 without holes; placements count within a contract. */
static bool follows(struct check *c, enum table t, struct span key, size_t at)
{
    uint8_t before[12];
    struct span value;
    uint32_t number = load_be32(key.ptr + at);
    memcpy(before, key.ptr, key.len);
    store_be32(before + at, number - 1);
    if (number > 1 && check_get(c, t, span_of(before, key.len), &value) == ERR_NOT_FOUND)
        missing_for(c, t, span_of(before, key.len), t, key);
    return number >= 1;
}

/* A version stands behind the one before it: of two that do not either may be damaged. */
static void terms_ascend(struct check *c, enum table t, struct span key, uint64_t index)
{
    uint8_t before[TERMS_KEY_LEN];
    char name[ROW_NAME];
    struct span value;
    row_terms_key(before, load_be32(key.ptr), load_be32(key.ptr + 4) - 1);
    if (load_be32(key.ptr + 4) == 1 || check_get(c, t, span_of(before, sizeof before), &value) != ERR_OK ||
        value.len != TERMS_ROW_LEN || load_be64(value.ptr) < index)
        return;
    table_row_name(t, span_of(before, sizeof before), name);
    check_row_fails(c, t, key, "does not stand behind %s", name);
}

/* Whether it repeats what its entry says; of one that cannot be read the journal's check tells. */
static bool repeats_assent(struct check *c, struct span key, const struct terms_row *row, size_t side)
{
    struct envelope env;
    struct entry e;
    if (row->assent[side].index == 0)
        return true;
    enum err err = ledger_read(c->txn, load_be32(key.ptr), row->assent[side].index, &env);
    if (err != ERR_OK || entry_read(env.entry, &e, NULL) != ERR_OK)
        return err != ERR_NOT_FOUND;
    bool same = e.kind == ENTRY_ASSENT && e.assent.adjustment == 0 && e.assent.version == load_be32(key.ptr + 4) &&
                e.at_ms == row->assent[side].at_ms;
    entry_close(&e);
    return same;
}

static bool repeats_withdrawal(struct check *c, struct span key, const struct terms_row *row, size_t by)
{
    struct envelope env;
    struct entry e;
    if (row->withdrawal[by].index == 0)
        return true;
    enum err err = ledger_read(c->txn, load_be32(key.ptr), row->withdrawal[by].index, &env);
    if (err != ERR_OK || entry_read(env.entry, &e, NULL) != ERR_OK)
        return err != ERR_NOT_FOUND;
    bool same = e.kind == ENTRY_WITHDRAWAL && e.withdrawal.version == load_be32(key.ptr + 4) &&
                e.at_ms == row->withdrawal[by].at_ms;
    entry_close(&e);
    return same;
}

static bool repeats_entry(struct check *c, struct span key, const struct terms_row *row)
{
    struct envelope env;
    struct entry e;
    enum err err = ledger_read(c->txn, load_be32(key.ptr), row->index, &env);
    if (err != ERR_OK || entry_read(env.entry, &e, NULL) != ERR_OK)
        return err != ERR_NOT_FOUND;
    bool same = e.kind == ENTRY_TERMS && e.terms.version == load_be32(key.ptr + 4) && e.at_ms == row->at_ms &&
                e.terms.effective_ms == row->effective_ms && e.terms.rules == row->rules &&
                e.terms.on_assent == row->on_assent;
    entry_close(&e);
    return same;
}

static void terms_row(struct check *c, enum table t, struct span key, struct span value)
{
    struct terms_row row;
    if (key.len != TERMS_KEY_LEN || terms_row_read(value, &row) != ERR_OK || !follows(c, t, key, 4)) {
        check_row_fails(c, t, key, "is not one that the server writes");
        return;
    }
    terms_ascend(c, t, key, row.index);
    bool same = repeats_entry(c, key, &row);
    for (size_t i = 0; i < SIDES && same; i++)
        same = repeats_assent(c, key, &row, i);
    for (size_t i = 0; i <= SIDES && same; i++)
        same = repeats_withdrawal(c, key, &row, i);
    if (!same)
        check_row_fails(c, t, key, "says otherwise than its entry");
}

/* Those of the newest version that the contract's row names, and none behind it. */
static void has_terms(struct check *c, enum table t, struct span key, struct span value)
{
    uint8_t newest[TERMS_KEY_LEN];
    json_t *row = NULL;
    struct span index;
    if (key.len != 4 || json_read(value, &row, NULL) != ERR_OK)
        return;
    int64_t version = json_integer_value(json_object_get(row, "version"));
    json_decref(row);
    row_terms_key(newest, load_be32(key.ptr), (uint32_t)version);
    check_need(c, table_terms, span_of(newest, sizeof newest), &index);
    row_terms_key(newest, load_be32(key.ptr), (uint32_t)version + 1);
    if (version < 1 || check_get(c, table_terms, span_of(newest, sizeof newest), &index) == ERR_OK)
        check_row_fails(c, t, key, "has another version of its terms than their rows");
}

void check_terms(struct check *c)
{
    check_each(c, table_terms, terms_row);
    check_each(c, TABLE_CONTRACTS, has_terms);
}

/* statement id 00 id */
static bool stands_under_statement(struct check *c, struct span key)
{
    char room[STATEMENT_KEY_MAX];
    struct span id = key, jws, value;
    struct span statement = text_take(&id, '\0');
    uint64_t number;
    return id_read(id, &number) == ERR_OK && id_is_plain(statement) &&
           statement_key(statement, SPAN("jws"), room, &jws) == ERR_OK &&
           check_get(c, TABLE_STATEMENTS, jws, &value) != ERR_NOT_FOUND;
}

/* Grants are for auditors. A party whose row does not read is told by that. */
static bool is_auditor(struct check *c, struct span number)
{
    struct span value;
    json_t *row;
    if (check_get(c, TABLE_PARTIES, number, &value) != ERR_OK || json_read(value, &row, NULL) != ERR_OK)
        return true;
    const char *kind = json_string_value(json_object_get(row, "kind"));
    enum role role = ROLE_AUDITOR;
    bool reads = kind != NULL && role_parse(span_str(kind), &role) == ERR_OK;
    json_decref(row);
    return !reads || role == ROLE_AUDITOR;
}

static bool key_fits(struct check *c, const struct control *k, struct span key)
{
    switch (k->key) {
    case NUMBERED:
        return key.len == 4 && follows(c, k->table, key, 0);
    case OF_PARTY:
        return key.len == 4 && names_number(c, TABLE_PARTIES, load_be32(key.ptr), k->table, key);
    case PLACEMENT:
        return key.len == 8 && names_number(c, TABLE_CONTRACTS, load_be32(key.ptr), k->table, key) &&
               follows(c, k->table, key, 4);
    case GRANT:
        return key.len == 12 && names_number(c, TABLE_CONTRACTS, load_be32(key.ptr), k->table, key) &&
               names_number(c, TABLE_PARTIES, load_be32(key.ptr + 4), k->table, key) &&
               is_auditor(c, span_of(key.ptr + 4, 4)) && follows(c, k->table, key, 8);
    case HASH:
        return key.len == HASH_LEN;
    case QUEUED:
        return key.len == 8;
    case KID:
        return key.len >= 1 && key.len <= LIMIT_ID;
    case OF_STATEMENT:
        return stands_under_statement(c, key);
    case TIMED:
        return key.len == CHANGE_KEY_LEN;
    }
    return false;
}

/* id 00 table u8 key: sorted, rows of one id stand together. */
static void keep_id(struct check *c, enum table t, struct span key, const json_t *row)
{
    const char *id = json_string_value(json_object_get(row, "id"));
    if (id == NULL)
        return;
    buf_clear(&c->scratch);
    buf_str(&c->scratch, id);
    buf_byte(&c->scratch, 0);
    buf_byte(&c->scratch, (uint8_t)t);
    buf_span_add(&c->scratch, key);
    row_set_add(c->ids, buf_span(&c->scratch));
}

void check_ids(struct check *c)
{
    struct span before = SPAN("");
    for (size_t i = 0; i < row_set_count(c->ids); i++) {
        struct span one = row_set_at(c->ids, i);
        size_t len = strlen(one.ptr);
        if (before.len > len && memcmp(before.ptr, one.ptr, len + 1) == 0)
            check_row_fails(c, (enum table)(uint8_t)one.ptr[len + 1], span_of(one.ptr + len + 2, one.len - len - 2),
                            "has the id of another row: %s", one.ptr);
        before = one;
    }
}

/* false: there is none. */
static bool document_of(const json_t *row, struct buf *out)
{
    const json_t *document = json_object_get(row, "document");
    struct jw w;
    if (!json_is_object(document))
        return false;
    jw_open(&w, out);
    jw_value(&w, document);
    jw_close(&w);
    return true;
}

/* A contract's documents are terms. The campaign's row is proved by itself. */
static void contract_compiles(struct check *c, struct span key, const json_t *row)
{
    uint8_t number[4];
    struct span campaign = span_of(number, sizeof number), value;
    struct buf documents[2];
    struct terms *terms = NULL;
    json_t *other = NULL;
    char name[ROW_NAME];
    store_be32(number, (uint32_t)json_integer_value(json_object_get(row, "campaign")));
    if (store_get(c->txn, TABLE_CAMPAIGNS, campaign, &value) != ERR_OK || json_read(value, &other, NULL) != ERR_OK)
        return;
    buf_heap(&documents[0]);
    buf_heap(&documents[1]);
    table_row_name(TABLE_CAMPAIGNS, campaign, name);
    if (document_of(other, &documents[0]) && document_of(row, &documents[1]) &&
        terms_compile(buf_span(&documents[0]), buf_span(&documents[1]), &terms, NULL) != ERR_OK)
        check_row_fails(c, TABLE_CONTRACTS, key, "has a document that makes no terms with that of %s", name);
    terms_free(terms);
    buf_free(&documents[0]);
    buf_free(&documents[1]);
    json_decref(other);
}

static void change_fits(struct check *c, struct span key, struct span value)
{
    struct change_row change;
    json_t *json = NULL;
    if (change_read(key, value, &json, &change) == ERR_OK)
        json_decref(json);
    else
        check_row_fails(c, TABLE_CHANGES, key, "is not the change that was written there");
}

static void control_row(struct check *c, enum table t, struct span key, struct span value)
{
    const struct control *k = control_of(t);
    json_t *row = NULL;
    if (!key_fits(c, k, key)) {
        check_row_fails(c, t, key, "has a key of another form, or of something that is not there");
    } else if (json_read_canonical(value, &row, NULL) != ERR_OK) {
        check_row_fails(c, t, key, "is not canonical JSON");
    } else {
        const char *wrong = wrong_member(c, k->members, t, key, row);
        if (wrong != NULL)
            check_row_fails(c, t, key, "has a wrong member: %s", wrong);
        if (wrong == NULL && t == TABLE_CHANGES)
            change_fits(c, key, value);
        if (wrong == NULL && t == TABLE_CONTRACTS)
            contract_compiles(c, key, row);
        keep_id(c, t, key, row);
    }
    json_decref(row);
}

void prove_control(struct check *c, enum table t)
{
    check_each(c, t, control_row);
}
