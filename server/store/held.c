/* Rows that almost every entry of a transaction changes again: in memory until it commits, so that each is put once. A
 * look-up, of one key or of the first from one on, sees them there; a walk and a deletion put them first. */
#include <string.h>

#include "server/store/store_private.h"

bool table_is_held(enum table t)
{
    return t == TABLE_HELD;
}

static struct held_row *find(struct txn *t, struct span key)
{
    for (size_t i = 0; i < t->n_held; i++)
        if (span_eq(span_of(t->held[i].key, t->held[i].key_len), key))
            return &t->held[i];
    return NULL;
}

bool held_get(struct txn *t, struct span key, struct span *value)
{
    const struct held_row *row = find(t, key);
    if (row != NULL)
        *value = span_of(row->value, row->value_len);
    return row != NULL;
}

bool held_seek(struct txn *t, struct span from, struct span *key, struct span *value)
{
    const struct held_row *first = find(t, from);
    if (first != NULL)
        *key = span_of(first->key, first->key_len);
    for (size_t i = first != NULL ? t->n_held : 0; i < t->n_held; i++) {
        const struct span at = span_of(t->held[i].key, t->held[i].key_len);
        if (span_order(at, from) >= 0 && (first == NULL || span_order(at, *key) < 0)) {
            first = &t->held[i];
            *key = at;
        }
    }
    if (first != NULL)
        *value = span_of(first->value, first->value_len);
    return first != NULL;
}

bool held_put(struct txn *t, struct span key, struct span value)
{
    if (key.len > HELD_KEY || value.len > HELD_VALUE)
        return false;
    struct held_row *row = find(t, key);
    if (row == NULL && t->n_held == HELD_ROWS)
        return false;
    if (row == NULL) {
        row = &t->held[t->n_held++];
        row->key_len = key.len;
        memcpy(row->key, key.ptr, key.len);
    }
    row->value_len = value.len;
    memcpy(row->value, value.ptr, value.len);
    t->writes++;
    return true;
}
