/* The root log holds pairs: at an even index the hash of a log's note, behind it whose that is, readable for those who
 * know the log's name. FORMATS.md, "The root log". */
#ifndef CS_LEDGER_ROOT_LOG_H
#define CS_LEDGER_ROOT_LOG_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/ledger/merkle.h"

enum { ROOT_PAIR = 2 };

/* The entry behind leaf `leaf`, where that is of the log of this name. */
void root_tag(struct span origin, uint64_t leaf, struct hash *out);

/* One line of /log/{contract}/heads, canonical JSON without a newline. */
void root_head_write(struct buf *out, uint64_t leaf, struct span note);
/* The note goes to *note, cleared first. ERR_MALFORMED unless it is just what is written for that. */
MUST_CHECK enum err root_head_read(struct span line, uint64_t *leaf, struct buf *note);

#endif
