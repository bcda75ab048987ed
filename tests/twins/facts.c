/* What the code says, as JSON, for the tests that hold documents against it.
 *
 *   twin_facts tables       the X-macros, the members of entries, what a lead may become
 *   twin_facts rows DATA    every row of a data folder: its table, key and value in hex, one object a line */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/commit/record.h"
#include "common/decisions/decide.h"
#include "common/ledger/entry_fields.h"
#include "common/reconcile/reconcile.h"
#include "common/settlement/verify_parts.h"
#include "server/catalog/scopes.h"
#include "server/store/store.h"
#include "server/system/options.h"

static _Noreturn void fail(const char *what, enum err err)
{
    fprintf(stderr, "twin_facts: %s: %s\n", what, err_word(err));
    exit(1);
}

static void must(const char *what, enum err err)
{
    if (err != ERR_OK)
        fail(what, err);
}

/* ---- the tables ---- */

#define WORD(symbol, word, ...) word,
static const char *const stores[] = {STORE_TABLE(WORD)}, *const rows[] = {ROW_TABLE(WORD)},
                         *const reasons[] = {REASON_TABLE(WORD)}, *const statuses[] = {STATUS_TABLE(WORD)},
                         *const classes[] = {CLASS_TABLE(WORD)}, *const trusts[] = {TRUST_TABLE(WORD)},
                         *const devices[] = {DEVICE_TABLE(WORD)}, *const checks[] = {CHECK_TABLE(WORD)},
                         *const topics[] = {TOPIC_TABLE(WORD)}, *const credentials[] = {CREDENTIAL_TABLE(WORD)},
                         *const outcomes[] = {OUTCOME_TABLE(WORD)}, *const causes[] = {CAUSE_TABLE(WORD)},
                         *const columns[] = {COLUMN_TABLE(WORD)}, *const taxes[] = {TAX_TABLE(WORD)};

static json_t *list(const char *const *words, size_t n)
{
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(out, json_string(words[i]));
    return out;
}

#define LIST(words) list(words, sizeof(words) / sizeof(words)[0])

/* Of each column of a party's rows the names that mean it. */
static json_t *synonyms(void)
{
    json_t *out = json_object();
    enum column c = 0;
    for (size_t i = 0; i < COLUMNS_KNOWN; i++)
        json_object_set_new(out, columns[i], json_array());
    const char *name;
    for (size_t i = 0; (name = column_synonym(i, &c)) != NULL; i++)
        json_array_append_new(json_object_get(out, columns[c]), json_string(name));
    return out;
}

static json_t *kinds(void)
{
    json_t *out = json_object();
#define X(symbol, number, word, ...) json_object_set_new(out, word, json_integer(number));
    ENTRY_KIND_TABLE(X)
#undef X
    return out;
}

/* Of each kind its members by name: whether they are always there. */
static json_t *members(void)
{
    json_t *out = json_object();
    for (int kind = 0; kind < ENTRY_KINDS; kind++) {
        if (entry_fields[kind] == NULL)
            continue;
        json_t *of_kind = json_object();
        for (const struct field *f = entry_fields[kind]; f->name != NULL; f++)
            json_object_set_new(of_kind, f->name, json_boolean(f->always));
        json_object_set_new(out, entry_kind_word((enum entry_kind)kind), of_kind);
    }
    return out;
}

/* From each status to what a disposition may make of it: the sign of what that changes. */
static json_t *dispositions(void)
{
    json_t *out = json_object();
    for (enum status from = 0; from < STATUS_COUNT; from++)
        for (enum status to = 0; to < STATUS_COUNT; to++) {
            const struct lead_row lead = {.status = from, .return_days = 1, .payout_micros = 1};
            const struct disposition_report report = {.status = to};
            const struct disposition_facts facts = {.advertiser = true};
            struct entry entry;
            struct problem p = {0};
            bool same = false;
            if (decide_disposition(0, &report, &lead, &facts, 0, &entry, &same, &p) != ERR_OK || same)
                continue;
            if (json_object_get(out, status_word(from)) == NULL)
                json_object_set_new(out, status_word(from), json_object());
            json_object_set_new(json_object_get(out, status_word(from)), status_word(to),
                                json_integer(entry.disposition.payable_micros));
        }
    return out;
}

static json_t *fields_of(enum record_kind kind)
{
    json_t *out = json_array();
    const char *name, *type;
    for (size_t i = 0; record_field(kind, i, &name, &type); i++)
        json_array_append_new(out, json_pack("[s,s]", name, type));
    return out;
}

static json_t *records(void)
{
    static const char *const scopes[] = {
        [SCOPE_ADVERTISER] = "advertiser", [SCOPE_PARTITION] = "partition", [SCOPE_INSTANCE] = "instance"};
    json_t *out = json_array();
    for (int k = RECORD_NONE + 1; k < RECORD_KINDS; k++) {
        enum record_kind kind = (enum record_kind)k;
        const char *batch = record_flags(kind) & RECORD_SWEPT   ? "after a sweep"
                            : record_flags(kind) & RECORD_ALONE ? "alone"
                                                                : "";
        json_array_append_new(out, json_pack("{s:i,s:s,s:s,s:s,s:o}", "number", k, "word", record_word(kind), "scope",
                                             scopes[record_scope(kind)], "batch", batch, "fields", fields_of(kind)));
    }
    return out;
}

static json_t *token_scopes(void)
{
    static const char *const roles[] = {"operator", "advertiser", "publisher", "auditor"};
    static const struct {
        const char *word, *lets;
        unsigned roles;
    } of[] = {
#define X(symbol, word, roles, lets) {word, lets, roles},
        SCOPE_TABLE(X)
#undef X
    };
    json_t *out = json_array();
    for (size_t i = 0; i < SCOPES; i++) {
        json_t *who = json_array();
        for (size_t r = 0; r < 4; r++)
            if (of[i].roles >> r & 1)
                json_array_append_new(who, json_string(roles[r]));
        json_array_append_new(out, json_pack("{s:s,s:s,s:o}", "word", of[i].word, "lets", of[i].lets, "roles", who));
    }
    return out;
}

static json_t *options(void)
{
    json_t *out = json_array();
#define NUMBER(least, most) least, most
#define TEXT 0, 0
#define START "start"
#define HUP "hup"
#define HUP_BUT(off) "hup but off"
#define OPTION(name, range, change, def, help) OPTION_(name, range, change, def, help)
#define OPTION_(name, least, most, change, def, help)                                                                  \
    json_array_append_new(out, json_pack("{s:s,s:i,s:i,s:s,s:s,s:s}", "name", #name, "least", least, "most", most,     \
                                         "change", change, "default", def, "help", help));
    OPTION_TABLE(OPTION)
    return out;
}

static void print(json_t *v, size_t flags)
{
    json_dumpf(v, stdout, flags);
    putchar('\n');
    json_decref(v);
}

static void print_tables(void)
{
    print(json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "stores",
                    LIST(stores), "rows", LIST(rows), "reasons", LIST(reasons), "statuses", LIST(statuses), "classes",
                    LIST(classes), "devices", LIST(devices), "trusts", LIST(trusts), "taxes", LIST(taxes), "checks",
                    LIST(checks), "kinds", kinds(), "members", members(), "dispositions", dispositions(), "options",
                    options(), "records", records(), "topics", LIST(topics), "credentials", LIST(credentials),
                    "outcomes", LIST(outcomes), "causes", LIST(causes), "synonyms", synonyms(), "token_scopes",
                    token_scopes()),
          JSON_INDENT(1));
}

/* ---- the rows ---- */

static json_t *hex(struct span bytes)
{
    struct buf b;
    buf_heap(&b);
    buf_hex(&b, bytes.ptr, bytes.len);
    json_t *out = json_stringn(b.len > 0 ? b.ptr : "", b.len);
    buf_free(&b);
    return out;
}

static void print_table(struct txn *t, enum table table, const char *name)
{
    struct cursor *c;
    struct span key, value;
    must(name, cursor_open(t, table, &c));
    enum err step;
    for (step = cursor_seek(c, SPAN(""), &key, &value); step == ERR_OK; step = cursor_next(c, &key, &value))
        print(json_pack("{s:s,s:o,s:o}", "table", name, "key", hex(key), "value", hex(value)), JSON_COMPACT);
    must(name, cursor_end(step));
    cursor_close(c);
}

static void print_rows(const char *data)
{
    struct store *s;
    struct txn *t;
    must(data, store_open(data, STORE_READ, 0, &s));
    must(data, txn_begin(s, false, &t));
    for (int i = 0; i < TABLE_COUNT; i++)
        print_table(t, (enum table)i, i < TABLE_ROWS ? stores[i] : rows[i - TABLE_ROWS]);
    txn_abort(t);
    store_close(s);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "tables") == 0)
        print_tables();
    else if (argc == 3 && strcmp(argv[1], "rows") == 0)
        print_rows(argv[2]);
    else
        fail("tables, or rows DATA", ERR_MALFORMED);
    return 0;
}
