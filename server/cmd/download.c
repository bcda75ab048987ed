#include "server/cmd/download.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/ascii.h"
#include "common/base/json_read.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "server/courier/transfer.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum {
    CONNECT_S = 15,
    ERROR_BODY = 4096, /* bytes of a refusal that are kept */
    ERROR_SHOWN = 500, /* and told */
    HEAD_MAX = 65536,  /* bytes of one answer's head, trailers and interim answers included */
    NEXT_CAP = 512
};

struct download {
    CURL *curl;
    struct curl_slist *headers;
    char *url;
    struct download_limits limits;
    uint64_t bytes;    /* that have come */
    int64_t behind_us; /* how far the server was behind before the present transfer */
    char next[NEXT_CAP];
    /* of the present transfer */
    int64_t begun_us;
    uint64_t most, got;
    size_t head_len;
    download_take *take;
    void *ctx;
    const char *wrong; /* why it was broken off */
    bool is_unknown;   /* and that says nothing of what the server has */
    bool sends;        /* something that the server may take though its answer is lost */
    char refusal[ERROR_BODY], said[ERROR_SHOWN + 1];
    size_t refusal_len;
};

static volatile sig_atomic_t interrupted;

void download_interrupt(void)
{
    interrupted = 1;
}

static bool good(const struct download *d, long status)
{
    return status == 200 || (d->sends && status == 201);
}

static bool refused(const struct download *d)
{
    long status = 0;
    curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &status);
    return !good(d, status);
}

/* Anything but `len` ends the transfer. */
static size_t take_body(char *ptr, size_t size, size_t n, void *arg)
{
    struct download *d = arg;
    size_t len = size * n;
    if (refused(d)) {
        size_t room = sizeof d->refusal - d->refusal_len, kept = len < room ? len : room;
        memcpy(d->refusal + d->refusal_len, ptr, kept);
        d->refusal_len += kept;
        return kept;
    }
    d->got += len;
    d->bytes += len;
    if (d->got > d->most)
        d->wrong = "the answer is longer than it can be";
    else if (d->bytes > d->limits.bytes)
        d->wrong = "the server has sent all that --max-mib allows: raise it if the log is that large";
    else
        d->wrong = d->take(d->ctx, span_of(ptr, len));
    return d->wrong == NULL ? len : 0;
}

static size_t take_header(char *ptr, size_t size, size_t n, void *arg)
{
    struct download *d = arg;
    (void)ptr;
    d->head_len += size * n;
    if (d->head_len > HEAD_MAX)
        d->wrong = "the answer's head does not end";
    return d->wrong == NULL ? size * n : 0;
}

/* How far it is behind now. */
static int64_t behind_us(const struct download *d)
{
    int64_t due_us = 1000000 + (int64_t)(d->got / (DOWNLOAD_PACE / 1024) * 1000000 / 1024);
    return d->behind_us + clock_monotonic_us() - d->begun_us - due_us;
}

/* Called at least once a second. */
static int look_at_clock(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    struct download *d = arg;
    (void)total, (void)now, (void)up_total, (void)up_now;
    bool is_slow = behind_us(d) > (int64_t)d->limits.slack_s * 1000000;
    if (!interrupted && !is_slow)
        return 0;
    d->wrong = interrupted ? "interrupted" : "the server is too slow: try again, or allow more by --timeout";
    d->is_unknown = true;
    return 1;
}

struct download *download_open(const char *url, const char *token, struct download_limits limits)
{
    struct download *d = xcalloc(1, sizeof *d);
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    char *header = NULL;
    if (asprintf(&d->url, "%.*s/", (int)len, url) < 0 || asprintf(&header, "Authorization: Bearer %s", token) < 0)
        mem_exhausted();
    if (ascii_has_control(span_str(token)))
        decline("the token holds a line break or control character: give its one line alone");
    d->curl = transfer_open("countersign-pull", &(struct transfer_calls){take_body, take_header, look_at_clock}, d);
    d->headers = curl_slist_append(NULL, header);
    free(header);
    d->limits = limits;
    curl_easy_setopt(d->curl, CURLOPT_HTTPHEADER, d->headers);
    curl_easy_setopt(d->curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    curl_easy_setopt(d->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    return d;
}

void download_resume(struct download *d, const char *last_event_id, unsigned silent_s)
{
    char *header = NULL;
    struct curl_slist *headers = curl_slist_append(NULL, d->headers->data); /* the token's is the first */
    if (last_event_id[0] != '\0' && asprintf(&header, "Last-Event-ID: %s", last_event_id) < 0)
        mem_exhausted();
    if (headers == NULL || (header != NULL && curl_slist_append(headers, header) == NULL))
        mem_exhausted();
    free(header);
    curl_easy_setopt(d->curl, CURLOPT_HTTPHEADER, headers);
    curl_slist_free_all(d->headers);
    d->headers = headers;
    curl_easy_setopt(d->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(d->curl, CURLOPT_LOW_SPEED_TIME, (long)silent_s);
}

void download_close(struct download *d)
{
    curl_slist_free_all(d->headers);
    transfer_close(d->curl);
    free(d->url);
    free(d);
}

const char *download_url(const struct download *d)
{
    return d->url;
}

uint64_t download_left(const struct download *d)
{
    return d->limits.bytes > d->bytes ? d->limits.bytes - d->bytes : 0;
}

static const char *advice(long status)
{
    return status == 401                    ? "check the token"
           : status == 403                  ? "this token may not read it"
           : status == 404                  ? "check URL and contract, and that the token's party may see it"
           : status >= 500                  ? "try again later"
           : status >= 300 && status <= 399 ? "redirects are not followed: give the URL that the server has now"
                                            : "the server did not take the request";
}

static void say(struct buf *b, const char *between, const json_t *problem, const char *member)
{
    struct span text = span_of(json_string_value(json_object_get(problem, member)),
                               json_string_length(json_object_get(problem, member)));
    size_t room = b->cap - b->len, around = b->len > 0 ? strlen(between) : 0;
    if (text.len == 0 || room <= around)
        return;
    buf_add(b, between, around);
    buf_span_add(b, utf8_cut(text, room - around));
}

/* What a refusal says, in a line: title, field and detail of its problem document (RFC 9457); of anything else how it
 * begins, but for a page of HTML. Empty where there is nothing to say. */
static const char *refusal_said(struct download *d)
{
    struct span body = text_trim(span_of(d->refusal, d->refusal_len), TYPED_BLANKS);
    json_t *problem = NULL;
    struct buf b;
    buf_fixed(&b, d->said, ERROR_SHOWN);
    if (json_read_any_number(body, &problem, NULL) == ERR_OK) {
        say(&b, "", problem, "title");
        say(&b, ": ", problem, "field");
        say(&b, json_object_get(problem, "field") != NULL ? " " : ": ", problem, "detail");
        json_decref(problem);
    } else if (!span_starts(body, "<")) {
        buf_span_add(&b, utf8_cut(body, ERROR_SHOWN));
    }
    d->said[b.len] = '\0';
    return d->said;
}

/* What to do, unless it says so itself. */
static const char *cure(long status, const char *said)
{
    bool told = said[0] != '\0' && status >= 400 && status <= 499 && status != 401 && status != 403 && status != 404;
    return told ? "" : advice(status);
}

static _Noreturn void lost(const char *url, const char *why)
{
    decline("%s: %s: whether the server took it is not known. Run the same command again", url, why);
}

/* *status: 0, no answer came. *url is to be freed. */
static CURLcode transfer(struct download *d, const char *what, uint64_t most, download_take *take, void *ctx,
                         char **url, long *status)
{
    if (asprintf(url, "%s%s", d->url, what) < 0)
        mem_exhausted();
    d->refusal_len = d->head_len = 0;
    d->got = 0;
    d->most = most;
    d->take = take;
    d->ctx = ctx;
    d->wrong = NULL;
    d->is_unknown = false;
    d->begun_us = clock_monotonic_us();
    transfer_to(d->curl, *url);
    CURLcode code = curl_easy_perform(d->curl);
    d->behind_us = behind_us(d) > 0 ? behind_us(d) : 0;
    curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, status);
    return code;
}

/* True when the answer is 200; false when it is `no`, which is not 0. */
static bool get(struct download *d, const char *what, uint64_t most, download_take *take, void *ctx, long no)
{
    char *url = NULL;
    long status = 0;
    CURLcode code = transfer(d, what, most, take, ctx, &url, &status);
    if (d->sends && (interrupted || d->wrong != NULL || status >= 500 ||
                     (status == 0 && code != CURLE_COULDNT_CONNECT && code != CURLE_COULDNT_RESOLVE_HOST) ||
                     (good(d, status) && code != CURLE_OK)))
        lost(url, interrupted        ? "interrupted"
                  : d->wrong != NULL ? d->wrong
                  : status >= 500    ? "the server failed"
                                     : curl_easy_strerror(code));
    if (interrupted)
        decline("interrupted: the mirror is as it was; pull again");
    if (d->wrong != NULL && d->is_unknown)
        decline("%s: %s", url, d->wrong);
    if (d->wrong != NULL)
        die("%s: %s", url, d->wrong);
    bool is_refused = no != 0 && status == no;
    if (status != 0 && !good(d, status) && !is_refused) {
        const char *said = refusal_said(d), *todo = cure(status, said);
        (d->sends ? die : decline)("%s answered %ld%s%s%s%s", url, status, said[0] != '\0' ? ", " : "", said,
                                   todo[0] != '\0' ? ": " : "", todo);
    }
    if (code == CURLE_OUT_OF_MEMORY) /* libcurl says so of a header line past its own limit too */
        decline("%s: a header longer than any can be, or not enough memory", url);
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
        decline("%s: %s: check the URL, and that the server runs", url, curl_easy_strerror(code));
    if (code != CURLE_OK && !(is_refused && code == CURLE_WRITE_ERROR)) /* of a refusal its beginning is taken */
        decline("%s: %s", url, curl_easy_strerror(code));
    free(url);
    return !is_refused;
}

void download_get(struct download *d, const char *what, uint64_t most, download_take *take, void *ctx)
{
    (void)get(d, what, most, take, ctx, 0);
}

bool download_get_unless(struct download *d, long no, const char *what, uint64_t most, download_take *take, void *ctx)
{
    return get(d, what, most, take, ctx, no);
}

/* Until send_end the transfer sends JSON, under that Idempotency-Key (NULL: none). */
static struct curl_slist *send_begin(struct download *d, const char *method, struct span json, const char *key)
{
    char *header = NULL;
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    for (const struct curl_slist *h = d->headers; h != NULL && headers != NULL; h = h->next)
        headers = curl_slist_append(headers, h->data);
    if (key != NULL && asprintf(&header, "Idempotency-Key: %s", key) < 0)
        mem_exhausted();
    if (header != NULL && headers != NULL)
        headers = curl_slist_append(headers, header);
    free(header);
    if (headers == NULL)
        mem_exhausted();
    curl_easy_setopt(d->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(d->curl, CURLOPT_POSTFIELDS, json.ptr);
    curl_easy_setopt(d->curl, CURLOPT_POSTFIELDSIZE, (long)json.len);
    curl_easy_setopt(d->curl, CURLOPT_CUSTOMREQUEST, method);
    d->sends = true;
    return headers;
}

static void send_end(struct download *d, struct curl_slist *headers)
{
    d->sends = false;
    curl_easy_setopt(d->curl, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(d->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(d->curl, CURLOPT_HTTPHEADER, d->headers);
    curl_slist_free_all(headers);
}

void download_send(struct download *d, const char *method, const char *what, struct span json, uint64_t most,
                   download_take *take, void *ctx)
{
    struct curl_slist *headers = send_begin(d, method, json, NULL);
    (void)get(d, what, most, take, ctx, 0);
    send_end(d, headers);
}

enum sent download_try(struct download *d, const char *what, uint64_t most, download_take *take, void *ctx,
                       struct refused_offer *why)
{
    char *url = NULL;
    long status = 0;
    d->behind_us = 0;
    CURLcode code = transfer(d, what, most, take, ctx, &url, &status);
    if (good(d, status) && code == CURLE_OK && d->wrong == NULL) {
        free(url);
        return SENT_TAKEN;
    }
    if (d->wrong != NULL && !d->is_unknown && !d->sends)
        die("%s: %s", url, d->wrong);
    free(url);
    bool is_refused = status >= 300 && status <= 499 && status != 408 && status != 429;
    *why = (struct refused_offer){.status = status,
                                  .text = is_refused         ? advice(status)
                                          : d->wrong != NULL ? d->wrong
                                          : status != 0      ? "the server failed, or is busy"
                                                             : curl_easy_strerror(code),
                                  .said = is_refused ? refusal_said(d) : ""};
    return is_refused ? SENT_REFUSED : SENT_LOST;
}

enum sent download_offer(struct download *d, const char *what, const char *key, struct span json, uint64_t most,
                         download_take *take, void *ctx, struct refused_offer *why)
{
    struct curl_slist *headers = send_begin(d, "POST", json, key);
    enum sent sent = download_try(d, what, most, take, ctx, why);
    send_end(d, headers);
    return sent;
}

/* </path?query>; rel="next" */
const char *download_next(struct download *d, const char *path)
{
    struct curl_header *h = NULL;
    if (curl_easy_header(d->curl, "Link", 0, CURLH_HEADER, -1, &h) != CURLHE_OK ||
        strstr(h->value, "rel=\"next\"") == NULL)
        return NULL;
    const char *end = strchr(h->value, '>');
    size_t len = end != NULL && strncmp(h->value, "</", 2) == 0 ? (size_t)(end - h->value) - 2 : NEXT_CAP;
    if (len >= NEXT_CAP)
        die("%s%s names a next page that is none of its own", d->url, path);
    memcpy(d->next, h->value + 2, len);
    d->next[len] = '\0';
    return d->next;
}
