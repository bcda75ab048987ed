/* What was signed last of each log (DATA/signed-heads) against the logs. The file is read before the transaction
 * begins: whatever it says was durable in the store by then. */
#include <inttypes.h>

#include "server/check/check_private.h"

/* The stored log does not have what was signed. */
static void compare(struct check *c, struct checked_log *log, uint64_t size, const struct hash *signed_root)
{
    struct finding *found = &c->finding[STORE_CHECK_SIGNED];
    struct hash root;
    if (!log->has_head || size > log->head.head.size) {
        finds_failure(
            found, "log %" PRIu32 " is behind the head of size %" PRIu64 " that was signed: an old copy of the store",
            log->number, size);
        return;
    }
    enum err err = ledger_root_at(c->txn, log->number, size, &root);
    if (err != ERR_OK)
        finds_doubt(found, "the head of log %" PRIu32 " that was signed cannot be compared (%s)", log->number,
                    err_word(err));
    else if (memcmp(root.b, signed_root->b, sizeof root.b) != 0)
        finds_failure(found, "log %" PRIu32 " does not extend the head of size %" PRIu64 " that was signed",
                      log->number, size);
}

/* As a start takes it: a crash leaves a record that does not hold only of a head that the log had by then. */
static void prove_whole(struct check *c, uint32_t number, uint64_t log_size)
{
    struct finding *found = &c->finding[STORE_CHECK_SIGNED];
    uint64_t torn;
    enum err err = heads_torn(c->signed_heads, number, &torn);
    if (err == ERR_OK && torn > log_size)
        finds_failure(found, "signed-heads has a record of log %" PRIu32 " that does not read, beyond its last entry",
                      number);
    else if (err == ERR_OK)
        finds_doubt(found,
                    "signed-heads has a record of log %" PRIu32
                    " that does not read: a write that was cut off, whose head nobody was given, or damage",
                    number);
    else if (err != ERR_NOT_FOUND)
        finds_doubt(found, "signed-heads cannot be read (%s)", err_word(err));
}

static void prove_log(struct check *c, struct checked_log *log)
{
    struct finding *found = &c->finding[STORE_CHECK_SIGNED];
    uint64_t size = 0, published = log->has_head ? log->head.published : 0;
    struct hash root;
    enum err err = heads_last(c->signed_heads, log->number, &size, &root);
    if (err == ERR_CORRUPT)
        finds_failure(found, "signed-heads does not read for log %" PRIu32, log->number);
    else if (err != ERR_OK && err != ERR_NOT_FOUND)
        finds_doubt(found, "signed-heads cannot be read (%s)", err_word(err));
    else if (size < published)
        finds_failure(found,
                      "signed-heads lacks the head of log %" PRIu32 " of size %" PRIu64
                      ", which was published: the file is gone, emptied or an old copy",
                      log->number, published);
    if (err == ERR_OK)
        compare(c, log, size, &root);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        prove_whole(c, log->number, log->has_head ? log->head.head.size : 0);
}

/* A log that has no entry in the journal. */
static void prove_none(struct check *c, uint32_t number)
{
    uint64_t size;
    struct hash root;
    enum err err = heads_last(c->signed_heads, number, &size, &root);
    if (err == ERR_OK && size > 0)
        finds_failure(&c->finding[STORE_CHECK_SIGNED],
                      "log %" PRIu32 " has no entries, and a head of size %" PRIu64
                      " of it was signed: an old copy of the store",
                      number, size);
    else if (err != ERR_OK && err != ERR_NOT_FOUND)
        finds_failure(&c->finding[STORE_CHECK_SIGNED], "signed-heads does not read for log %" PRIu32, number);
    else
        prove_whole(c, number, 0);
}

void check_signed(struct check *c)
{
    if (c->signed_heads == NULL || !c->complete) {
        finds_doubt(&c->finding[STORE_CHECK_SIGNED], c->signed_heads == NULL
                                                         ? "signed-heads cannot be read"
                                                         : "what was signed cannot be compared with the logs");
        return;
    }
    uint32_t end = heads_end(c->signed_heads);
    for (uint32_t i = 0; i < c->n_logs || i < end; i++)
        if (i < c->n_logs && c->logs[i] != NULL)
            prove_log(c, c->logs[i]);
        else
            prove_none(c, i);
}
