/* Fetching over HTTP(S) by libcurl, one connection kept. Every failure dies with one line that says which URL and what
 * came. */
#ifndef CS_SERVER_CMD_DOWNLOAD_H
#define CS_SERVER_CMD_DOWNLOAD_H

struct download;
/* A trailing slash is cut; the token goes to this URL only. */
struct download *download_open(const char *url, const char *token);
void download_close(struct download *d);
const char *download_url(const struct download *d); /* ends with '/' */

/* GET url/what into dir/path: under a side name first, then renamed. Folders are made. While a Link header with
 * rel="next" names more on the same server, that is appended. */
void download_file(struct download *d, const char *what, const char *dir, const char *path);

#endif
