#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/instance/instance_copy.h"
#include "server/ledger/journal.h"
#include "server/ledger/ledger.h"

/* One store, read at a moment. */
struct side {
    struct store *store;
    struct txn *txn;
};

static enum err side_open(struct side *s, const char *dir, uint64_t map_size)
{
    enum err err = store_open(dir, STORE_READ, map_size, &s->store);
    return err == ERR_OK ? txn_begin(s->store, false, &s->txn) : err;
}

static void side_close(struct side *s)
{
    txn_abort(s->txn);
    if (s->store != NULL)
        store_close(s->store);
}

/* What a call was answered with, but for what is counted or kept by the way. */
static const enum table controls[] = {TABLE_PARTIES, TABLE_CAMPAIGNS, TABLE_CONTRACTS, TABLE_CODES,
                                      TABLE_TOKENS,  TABLE_SECRETS,   TABLE_GRANTS,    TABLE_LINKS};
enum { CONTROLS = sizeof controls / sizeof *controls };

/* Whether each row of the lost one stands in the copy. */
static enum err same_rows(const struct side *lost, const struct side *copy, enum table t, bool *same)
{
    struct cursor *c;
    struct span key, value, other;
    enum err step, err = cursor_open(lost->txn, t, &c);
    if (err != ERR_OK)
        return err;
    *same = true;
    for (step = cursor_seek(c, SPAN(""), &key, &value); step == ERR_OK && err == ERR_OK && *same;
         step = cursor_next(c, &key, &value)) {
        err = store_get(copy->txn, t, key, &other);
        *same = err == ERR_OK && span_eq(other, value);
        if (err == ERR_NOT_FOUND)
            err = ERR_OK;
    }
    cursor_close(c);
    return err == ERR_OK && *same ? cursor_end(step) : err;
}

static enum err find_table(const struct side *lost, const struct side *copy, const char **out)
{
    enum err err = ERR_OK;
    *out = NULL;
    for (size_t i = 0; i < CONTROLS && err == ERR_OK && *out == NULL; i++) {
        bool same = true;
        err = same_rows(lost, copy, controls[i], &same);
        if (err == ERR_OK && !same)
            *out = table_info(controls[i])->name;
    }
    return err;
}

static enum err entries_behind(const struct side *lost, struct span from, uint64_t *n)
{
    struct cursor *c;
    struct span key, value;
    struct envelope env;
    enum err step, err = cursor_open(lost->txn, TABLE_JOURNAL, &c);
    if (err != ERR_OK)
        return err;
    *n = 0;
    for (step = cursor_seek(c, from, &key, &value); step == ERR_OK && err == ERR_OK;
         step = cursor_next(c, &key, &value)) {
        err = envelope_read(value, &env);
        *n += err == ERR_OK && !span_eq(key, from) && env.contract != ROOT_LOG;
    }
    cursor_close(c);
    return err == ERR_OK ? cursor_end(step) : err;
}

static enum err count_entries(const struct side *lost, const struct side *copy, uint64_t *n)
{
    struct cursor *c;
    struct span key = SPAN(""), value;
    enum err err = cursor_open(copy->txn, TABLE_JOURNAL, &c);
    if (err != ERR_OK)
        return err;
    err = cursor_last(c, &key, &value);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = entries_behind(lost, key, n);
    cursor_close(c);
    return err;
}

enum err instance_holds_more(const char *lost, uint64_t map_size, const char *to, struct instance_more *out)
{
    struct side theirs = {0}, copy = {0};
    char *file = xasprintf("%s/store.mdb", lost);
    enum err err = access(file, F_OK) == 0 ? ERR_OK : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    free(file);
    if (err == ERR_OK)
        err = side_open(&theirs, lost, map_size);
    if (err == ERR_OK)
        err = side_open(&copy, to, map_size);
    if (err == ERR_OK)
        err = count_entries(&theirs, &copy, &out->entries);
    if (err == ERR_OK)
        err = find_table(&theirs, &copy, &out->table);
    side_close(&theirs);
    side_close(&copy);
    return err;
}
