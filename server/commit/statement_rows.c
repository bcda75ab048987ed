#include "server/commit/statement_rows.h"

#include <string.h>

enum err statement_key(struct span id, struct span suffix, char out[STATEMENT_KEY_MAX], struct span *key)
{
    if (id.len == 0 || id.len > LIMIT_ID || suffix.len > LIMIT_ID || memchr(id.ptr, '\0', id.len) != NULL)
        return ERR_NOT_FOUND;
    memcpy(out, id.ptr, id.len);
    out[id.len] = '\0';
    memcpy(out + id.len + 1, suffix.ptr, suffix.len);
    *key = span_of(out, id.len + 1 + suffix.len);
    return ERR_OK;
}

enum err statement_part(struct txn *t, struct span id, const char *part, struct span *out)
{
    char room[STATEMENT_KEY_MAX];
    struct span key;
    enum err err = statement_key(id, span_str(part), room, &key);
    return err == ERR_OK ? store_get(t, TABLE_STATEMENTS, key, out) : err;
}

bool statement_head_is_open(struct span checkpoint)
{
    return memmem(checkpoint.ptr, checkpoint.len, "\n\n", 2) == NULL;
}

enum err statement_open_head(struct txn *t, struct span id, struct checkpoint *out, struct span *text)
{
    struct span row;
    if (span_empty(id))
        return ERR_NOT_FOUND;
    enum err err = statement_part(t, id, "checkpoint", &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (!statement_head_is_open(row))
        return ERR_NOT_FOUND;
    if (checkpoint_text_read(row, out) != ERR_OK)
        return ERR_CORRUPT;
    *text = row;
    return ERR_OK;
}
