/* Whether two stores have the same rows. */
#include <string.h>

#include "server/store/store_private.h"

static bool is_same(const MDB_val *a, const MDB_val *b)
{
    return a->mv_size == b->mv_size && (a->mv_size == 0 || memcmp(a->mv_data, b->mv_data, a->mv_size) == 0);
}

static int table_same(MDB_cursor *a, MDB_cursor *b)
{
    MDB_val key_a, value_a, key_b, value_b;
    int rc, other;
    for (MDB_cursor_op op = MDB_FIRST;; op = MDB_NEXT) {
        rc = mdb_cursor_get(a, &key_a, &value_a, op);
        other = mdb_cursor_get(b, &key_b, &value_b, op);
        if (rc != 0 || other != 0)
            break;
        if (!is_same(&key_a, &key_b) || !is_same(&value_a, &value_b))
            return MDB_CORRUPTED;
    }
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    return other != 0 && other != MDB_NOTFOUND ? other : rc == other ? 0 : MDB_CORRUPTED;
}

static int tables_same(MDB_txn *a, MDB_txn *b, MDB_dbi of_a, MDB_dbi of_b)
{
    MDB_cursor *cursor_a = NULL, *cursor_b = NULL;
    int rc = mdb_cursor_open(a, of_a, &cursor_a);
    if (rc == 0)
        rc = mdb_cursor_open(b, of_b, &cursor_b);
    if (rc == 0)
        rc = table_same(cursor_a, cursor_b);
    if (cursor_a != NULL)
        mdb_cursor_close(cursor_a);
    if (cursor_b != NULL)
        mdb_cursor_close(cursor_b);
    return rc;
}

enum err store_same(struct store *a, struct store *b)
{
    MDB_txn *of_a = NULL, *of_b = NULL;
    int rc = mdb_txn_begin(a->env, NULL, MDB_RDONLY, &of_a);
    if (rc == 0)
        rc = mdb_txn_begin(b->env, NULL, MDB_RDONLY, &of_b);
    for (int i = 0; i < TABLE_COUNT && rc == 0; i++)
        if (!table_is_spread((enum table)i))
            rc = tables_same(of_a, of_b, a->dbi[i], b->dbi[i]);
    for (int i = 0; i < SPREAD_DBIS && rc == 0; i++)
        rc = tables_same(of_a, of_b, a->spread_dbi[i], b->spread_dbi[i]);
    if (of_a != NULL)
        mdb_txn_abort(of_a);
    if (of_b != NULL)
        mdb_txn_abort(of_b);
    return rc == 0 ? ERR_OK : rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND ? ERR_CORRUPT : ERR_IO;
}
