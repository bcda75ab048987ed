/* Chunked bodies (RFC 9112, section 7.1), decoded in place as their bytes come. Strict, so that no other reader of the
 * same bytes can end the body elsewhere: sizes of 1 to 8 hexadecimal digits and CRLF; no extensions, no trailers. Pure.
 */
#ifndef CS_SERVER_HTTP_HTTP_CHUNKS_H
#define CS_SERVER_HTTP_HTTP_CHUNKS_H

#include "common/base/err.h"
#include "common/base/span.h"

struct chunks {
    enum { CHUNK_SIZE, CHUNK_SIZE_LF, CHUNK_DATA, CHUNK_CR, CHUNK_LF, CHUNK_END_CR, CHUNK_END_LF, CHUNK_DONE } state;
    unsigned digits;
    size_t left; /* of the chunk under way */
    size_t len;  /* decoded */
};

/* `bytes` holds c->len decoded bytes and what has come since, *n in all; afterwards the decoded ones and, with
 * CHUNK_DONE, what follows the body. 0, or the status to refuse with: 400, or 413 past `limit` decoded bytes. */
MUST_CHECK int chunks_take(struct chunks *c, char *bytes, size_t *n, size_t limit);

#endif
