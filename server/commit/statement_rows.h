/* Stored statements: parts under one id (TABLE_STATEMENTS), and their answers (TABLE_COSIGNED). */
#ifndef CS_SERVER_COMMIT_STATEMENT_ROWS_H
#define CS_SERVER_COMMIT_STATEMENT_ROWS_H

#include "common/ledger/note.h"
#include "server/store/store.h"

/* id 00 suffix, the key of both tables; ERR_NOT_FOUND when id cannot be one. */
enum { STATEMENT_KEY_MAX = 2 * LIMIT_ID + 2 };
MUST_CHECK enum err statement_key(struct span id, struct span suffix, char out[STATEMENT_KEY_MAX], struct span *key);

/* jws: General JWS. lines: line items. checkpoint: the note over the tree in front of the statement's entry; until that
 * is in the root log, its text alone. answered: ids of the parties whose answers stand in TABLE_COSIGNED, a 00 behind
 * each; absent: nobody's. ERR_NOT_FOUND. */
MUST_CHECK enum err statement_part(struct txn *t, struct span id, const char *part, struct span *out);
/* The checkpoint that waits for its signature and its place in the root log; spans point into the row. ERR_NOT_FOUND:
 * it has both, or id is empty. ERR_CORRUPT: there is no such row. */
MUST_CHECK enum err statement_open_head(struct txn *t, struct span id, struct checkpoint *out, struct span *text);
/* Whether that row's bytes are such a text, as far as their shape goes. */
bool statement_head_is_open(struct span checkpoint);

#endif
