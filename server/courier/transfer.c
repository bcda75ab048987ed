#include "server/courier/transfer.h"

#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/mem.h"
#include "server/system/log.h"

/* OpenSSL's own variables, which libcurl by itself does not look at. */
static void believe(CURL *c)
{
    const char *file = getenv("SSL_CERT_FILE"), *folder = getenv("SSL_CERT_DIR");
    if (file != NULL && file[0] != '\0')
        curl_easy_setopt(c, CURLOPT_CAINFO, file);
    if (folder != NULL && folder[0] != '\0')
        curl_easy_setopt(c, CURLOPT_CAPATH, folder);
}

CURL *transfer_open(const char *agent, const struct transfer_calls *calls, void *arg)
{
    CURL *c = NULL;
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, xrealloc, xstrdup, xcalloc) != CURLE_OK ||
        (c = curl_easy_init()) == NULL)
        die("libcurl cannot start");
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, agent);
    believe(c);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, calls->body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, arg);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, calls->header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, arg);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, calls->look);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, arg);
    return c;
}

void transfer_to(CURL *c, const char *url)
{
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROXY, ascii_starts(span_str(url), "https:") ? NULL : "");
}

void transfer_close(CURL *c)
{
    curl_easy_cleanup(c);
    curl_global_cleanup();
}
