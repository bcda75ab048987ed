/* `countersign check`: replays a folder's journal and proves table by table what the table of tables (store.h) says. */
#ifndef CS_SERVER_CHECK_CHECK_H
#define CS_SERVER_CHECK_CHECK_H

#include "common/settlement/verify.h"
#include "server/store/store.h"

struct check_figures {
    uint64_t journal_rows, watermark;
};

/* Reads the folder, which a server may be serving, in one transaction, and reports each check in order. Returns the
 * worst: FAILS when something does not hold, CANNOT_TELL when something could not be read or is gone. A damaged
 * database file may kill the process: LMDB has no checksums. */
enum verdict check_folder(const char *dir, uint64_t map_size, verify_report *report, void *ctx,
                          struct check_figures *out);

#endif
