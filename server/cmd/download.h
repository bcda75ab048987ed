/* Fetching over HTTP(S) by libcurl, one connection kept, from a server that nobody trusts. Every failure ends the
 * process with one line that says which URL and what came, safe for a terminal: status 2 where no whole answer came
 * (the server is off, slow, or refuses), 1 where one did that cannot be right. */
#ifndef CS_SERVER_CMD_DOWNLOAD_H
#define CS_SERVER_CMD_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

/* What a whole run of downloads may cost. The server is expected to take no longer than a second for a file and one for
 * DOWNLOAD_PACE bytes of it; `slack_s` is how far it may fall behind that, over all files together. What it was faster
 * at times makes good what it was slower before, and earns nothing for later. */
enum { DOWNLOAD_PACE = 16384 };
struct download_limits {
    uint64_t slack_s;
    uint64_t bytes; /* of all bodies */
};

struct download;
/* A trailing slash is cut. The token goes to this URL's host alone: redirects are not followed, and only https goes
 * through a proxy of the environment, which then sees neither path nor token. */
struct download *download_open(const char *url, const char *token, struct download_limits limits);
void download_close(struct download *d);
const char *download_url(const struct download *d); /* ends with '/' */
uint64_t download_left(const struct download *d);   /* bytes that may still come */

/* Takes a body's bytes as they come. NULL, or what is wrong with them: then nothing more is read. */
typedef const char *download_take(void *ctx, struct span bytes);
/* GET url/what, of at most `most` bytes; anything but a whole answer of status 200 dies. */
void download_get(struct download *d, const char *what, uint64_t most, download_take *take, void *ctx);
/* The same of what need not be there, or not for everybody: false when the server answers `no`, 404 or 403. */
MUST_CHECK bool download_get_unless(struct download *d, long no, const char *what, uint64_t most, download_take *take,
                                    void *ctx);
/* Sends JSON; an answer of 200 or 201 is taken as above. One that refuses dies. Where none came, or the server failed,
 * it ends with STATUS_CANNOT_TELL: what was sent may have been taken, so the same command asks again. */
void download_send(struct download *d, const char *method, const char *what, struct span json, uint64_t most,
                   download_take *take, void *ctx);
/* What may be asked again. Ends nothing, but where an answer came that cannot be right. SENT_LOST: none came, and of a
 * POST it is not known whether it was taken. */
enum sent { SENT_TAKEN, SENT_REFUSED, SENT_LOST };
struct refused_offer {
    long status;      /* 0: no answer came */
    const char *text; /* what to do, or what went wrong */
    const char *said; /* of a refusal what the server says itself, in a line; lives until the next call */
};
MUST_CHECK enum sent download_try(struct download *d, const char *what, uint64_t most, download_take *take, void *ctx,
                                  struct refused_offer *why);
/* POSTs: under the same Idempotency-Key the server does it once, and answers the same. */
MUST_CHECK enum sent download_offer(struct download *d, const char *what, const char *key, struct span json,
                                    uint64_t most, download_take *take, void *ctx, struct refused_offer *why);
/* The target of the Link header with rel="next" in the last answer, which was of that path; without its first slash.
 * NULL when there is none. Lives until the next call. */
const char *download_next(struct download *d, const char *path);

/* For transfers that last: the next ones send that Last-Event-ID (empty: none), and end where nothing came for so long.
 */
void download_resume(struct download *d, const char *last_event_id, unsigned silent_s);

void download_interrupt(void); /* ends the present and every later download; for signal handlers */

#endif
