#include "server/courier/post.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "server/courier/transfer.h"

enum { HEAD_MAX = 65536 };

struct post {
    CURL *curl;
    struct curl_slist *headers;
    const atomic_bool *stop;
    /* of the present transfer */
    struct buf *answer;
    size_t left, head_left;
};

/* Anything but `len` ends the transfer. */
static size_t take_body(char *ptr, size_t size, size_t n, void *arg)
{
    struct post *p = arg;
    size_t len = size * n;
    if (len > p->left)
        return 0;
    p->left -= len;
    buf_add(p->answer, ptr, len);
    return len;
}

static size_t take_header(char *ptr, size_t size, size_t n, void *arg)
{
    struct post *p = arg;
    size_t len = size * n;
    (void)ptr;
    if (len > p->head_left)
        return 0;
    p->head_left -= len;
    return len;
}

/* Called at least once a second. */
static int look_whether_to_stop(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    const struct post *p = arg;
    (void)total, (void)now, (void)up_total, (void)up_now;
    return atomic_load(p->stop);
}

struct post *post_open(const atomic_bool *stop)
{
    struct post *p = xcalloc(1, sizeof *p);
    p->stop = stop;
    p->curl = transfer_open("countersign", &(struct transfer_calls){take_body, take_header, look_whether_to_stop}, p);
    p->headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
    p->headers = curl_slist_append(p->headers, "Expect:");
    curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, p->headers);
    return p;
}

void post_close(struct post *p)
{
    curl_slist_free_all(p->headers);
    transfer_close(p->curl);
    free(p);
}

int post_send(struct post *p, const char *url, struct span body, int64_t timeout_ms, size_t most, struct buf *answer,
              const char **why)
{
    CURL *c = p->curl;
    long status = 0;
    p->answer = answer;
    p->left = most;
    p->head_left = HEAD_MAX;
    transfer_to(c, url);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.ptr);
    CURLcode code = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    *why = curl_easy_strerror(code);
    return code == CURLE_OK ? (int)status : 0;
}
