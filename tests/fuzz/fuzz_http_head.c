/* server/http/http_head: a head is found in whatever pieces it comes, what is read lies inside it, and a head written
 * from what was read reads the same. */
#include "server/http/http_head.h"
#include "server/http/reply.h"
#include "server/routes.h"
#include "tests/fuzz/fuzz.h"

static const struct http_rules rules = {fast_targets, large_targets, {"X-Country", 9}};

static const struct {
    const char *name;
    size_t at;
} spans[] = {
    {"Accept", offsetof(struct request, accept)},
    {"Accept-Language", offsetof(struct request, accept_language)},
    {"Authorization", offsetof(struct request, authorization)},
    {"Content-Type", offsetof(struct request, content_type)},
    {"Cookie", offsetof(struct request, cookie)},
    {"Idempotency-Key", offsetof(struct request, idempotency_key)},
    {"Origin", offsetof(struct request, origin)},
    {"User-Agent", offsetof(struct request, user_agent)},
    {"Webhook-Id", offsetof(struct request, webhook_id)},
    {"Webhook-Signature", offsetof(struct request, webhook_signature)},
    {"Webhook-Timestamp", offsetof(struct request, webhook_timestamp)},
    {"X-Country", offsetof(struct request, country)},
    {"Forwarded", offsetof(struct request, forwarded)},
    {"X-Forwarded-For", offsetof(struct request, forwarded_for)},
};
enum { SPANS = sizeof spans / sizeof spans[0] };

static struct span span_at(const struct request *rq, size_t i)
{
    return *(const struct span *)((const char *)rq + spans[i].at);
}

static void pieces_agree(struct span bytes, size_t limit, int status, size_t len)
{
    size_t scanned = 0, got = 0, step = 1 + bytes.len / 32;
    int now = 0;
    for (size_t n = 0; !now && !got && n < bytes.len;) {
        n = n + step < bytes.len ? n + step : bytes.len;
        struct span piece = fuzz_copy(span_of(bytes.ptr, n));
        now = http_head_find(piece, limit, &scanned, &got);
        HOLDS(scanned <= n && got <= n);
        fuzz_drop(piece);
    }
    HOLDS(now == status && got == len);
}

static bool has_body(enum method m)
{
    return m == METHOD_POST || m == METHOD_PUT || m == METHOD_PATCH;
}

static void read_well(struct span head, const struct request *rq, const struct http_head *h)
{
    bool lane = span_starts(rq->path, "/c/") || span_starts(rq->path, "/p/");
    HOLDS(fuzz_inside(rq->target, head) && fuzz_inside(rq->path, rq->target) && span_starts(rq->path, "/"));
    HOLDS(rq->path.ptr == rq->target.ptr && rq->query.ptr + rq->query.len == rq->target.ptr + rq->target.len);
    HOLDS(rq->target.len - rq->path.len - rq->query.len <= 1 && memchr(rq->path.ptr, '?', rq->path.len) == NULL);
    HOLDS(h->fast == (lane && (rq->method == METHOD_GET || rq->method == METHOD_HEAD)));
    HOLDS((h->content_length == 0 && !h->chunked) || has_body(rq->method));
    HOLDS(!h->chunked || (h->content_length == 0 && !h->http10));
    HOLDS(h->content_length <= h->body_limit && h->body_limit <= LIMIT_BODY_SHEET &&
          (lane || rq->target.len <= LIMIT_TARGET));
    HOLDS(!h->fast || memchr(rq->target.ptr, '#', rq->target.len) == NULL);
    for (size_t i = 0; i < SPANS; i++) {
        struct span v = span_at(rq, i);
        HOLDS(v.ptr == NULL ? v.len == 0 : fuzz_inside(v, head));
        HOLDS(v.len == 0 || (strchr(" \t", v.ptr[0]) == NULL && strchr(" \t", v.ptr[v.len - 1]) == NULL));
        for (size_t k = 0; k < v.len; k++)
            HOLDS((unsigned char)v.ptr[k] >= ' ' || v.ptr[k] == '\t');
    }
}

static void write_head(struct buf *out, const struct request *rq, const struct http_head *h)
{
    buf_printf(out, "%s %.*s HTTP/1.%d\r\n", method_name(rq->method), (int)rq->target.len, rq->target.ptr, !h->http10);
    buf_printf(out, "Host: h\r\nConnection: %s\r\n", h->keep_alive ? "keep-alive" : "close");
    if (h->expect_continue)
        buf_str(out, "Expect: 100-continue\r\n");
    if (h->chunked)
        buf_str(out, "Transfer-Encoding: chunked\r\n");
    if (h->content_length)
        buf_printf(out, "Content-Length: %llu\r\n", (unsigned long long)h->content_length);
    if (rq->prefetch)
        buf_str(out, "Purpose: preview\r\n");
    if (rq->privacy)
        buf_str(out, "Sec-GPC: 1\r\n");
    for (size_t i = 0; i < SPANS; i++) {
        struct span v = span_at(rq, i);
        if (v.ptr == NULL)
            continue;
        buf_printf(out, "%s: ", spans[i].name);
        buf_span_add(out, v);
        buf_str(out, "\r\n");
    }
    buf_str(out, "\r\n");
}

static void writes_the_same(const struct request *rq, const struct http_head *h)
{
    struct request rq2 = {0};
    struct http_head h2;
    struct buf again;
    buf_heap(&again);
    write_head(&again, rq, h);
    struct span head = fuzz_copy(buf_span(&again));
    HOLDS(http_head_read(head, &rules, &rq2, &h2) == 0);
    HOLDS(rq->method == rq2.method && span_eq(rq->target, rq2.target) && rq->prefetch == rq2.prefetch &&
          rq->privacy == rq2.privacy);
    HOLDS(h->http10 == h2.http10 && h->keep_alive == h2.keep_alive && h->expect_continue == h2.expect_continue);
    HOLDS(h->content_length == h2.content_length && h->fast == h2.fast && h->chunked == h2.chunked);
    for (size_t i = 0; i < SPANS; i++)
        HOLDS(span_eq(span_at(rq, i), span_at(&rq2, i)) &&
              (span_at(rq, i).ptr == NULL) == (span_at(&rq2, i).ptr == NULL));
    fuzz_drop(head);
    buf_free(&again);
}

/* What can be told of bytes that are refused stays inside of them; without a method that we know it is a GET of
 * nothing.
 */
static void peeks_inside(struct span bytes)
{
    struct request rq = {0};
    bool blank, cut, sound = http_head_peek(bytes, &rq, &blank, &cut);
    bool told = false;
    HOLDS(!sound || !blank);
    for (unsigned bit = 1; bit < METHODS_END; bit <<= 1) {
        const char *name = method_name((enum method)bit);
        if (span_starts(bytes, name) && bytes.len > strlen(name) && bytes.ptr[strlen(name)] == ' ') {
            HOLDS(rq.method == (enum method)bit);
            told = true;
        }
    }
    HOLDS(told || rq.method == METHOD_GET);
    HOLDS(told ? fuzz_inside(rq.target, bytes) : span_empty(rq.target) && !sound);
    HOLDS(!sound || memchr(bytes.ptr, '\n', bytes.len) != NULL);
    HOLDS(cut == (memchr(bytes.ptr, '\n', bytes.len) == NULL));
    const struct span told_of[] = {rq.accept, rq.accept_language, rq.cookie};
    for (size_t i = 0; i < sizeof told_of / sizeof *told_of; i++)
        HOLDS(told_of[i].ptr == NULL || (!cut && fuzz_inside(told_of[i], bytes)));
    for (size_t i = 0; i < rq.target.len; i++)
        HOLDS((unsigned char)rq.target.ptr[i] > ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct request rq = {0};
    struct http_head h;
    size_t scanned = 0, len = 0, limit = http_head_limit(bytes, fast_targets);
    int status = http_head_find(bytes, limit, &scanned, &len);

    HOLDS(status == 0 || status == 400 || status == 414 || status == 431);
    HOLDS(len <= size && scanned <= size && (len == 0 || len <= limit || status));
    if (size <= limit)
        pieces_agree(bytes, limit, status, len);
    peeks_inside(bytes);
    if (status || len == 0)
        return 0;

    struct span head = fuzz_copy(span_of(data, len));
    status = http_head_read(head, &rules, &rq, &h);
    HOLDS(status == 0 || *http_phrase(status));
    if (status == 0) {
        fuzz_accepted++;
        read_well(head, &rq, &h);
        writes_the_same(&rq, &h);
    }
    fuzz_drop(head);
    return 0;
}
