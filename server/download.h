/* Fetching over HTTP(S) by libcurl, one connection kept. Every failure dies with one line that says which URL and what came. */
#ifndef CS_SERVER_DOWNLOAD_H
#define CS_SERVER_DOWNLOAD_H

#include "common/base/buf.h"

struct download;
struct download *download_open(const char *url, const char *token); /* a trailing slash is cut; the token goes to this URL only */
void download_close(struct download *d);
const char *download_url(const struct download *d); /* ends with '/' */

/* GET url/what into dir/path: under a side name first, then renamed. Folders are made. */
void download_file(struct download *d, const char *what, const char *dir, const char *path);
/* Appends the body of GET url/what. true when a Link header with rel="next" names more: it is then in `next`, without the leading slash. */
bool download_text(struct download *d, const char *what, struct buf *out, char *next, size_t cap);

#endif
