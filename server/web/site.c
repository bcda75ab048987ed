#include "server/web/site.h"

#include "server/audit/audit.h"

#include "asset_favicon_ico.h"
#include "asset_icon_svg.h"
#include "asset_robots_txt.h"
#include "asset_verify_html.h"

static enum err answer(struct reply *r, const char *content_type, const void *bytes, size_t len)
{
    r->content_type = span_str(content_type);
    r->body = span_of(bytes, len);
    reply_header(r, "Cache-Control", SPAN("public, max-age=86400"));
    return ERR_OK;
}

enum err robots_get(struct request *rq, struct reply *r)
{
    (void)rq;
    return answer(r, "text/plain; charset=utf-8", asset_robots_txt, sizeof asset_robots_txt);
}

enum err favicon_get(struct request *rq, struct reply *r)
{
    (void)rq;
    return answer(r, "image/vnd.microsoft.icon", asset_favicon_ico, sizeof asset_favicon_ico);
}

/* It could hold script; nothing of it may run, wherever it is opened. */
enum err icon_get(struct request *rq, struct reply *r)
{
    (void)rq;
    reply_header(r, "Content-Security-Policy", SPAN("default-src 'none'"));
    return answer(r, "image/svg+xml", asset_icon_svg, sizeof asset_icon_svg);
}

static const char verify_policy[] =
#include "verify.csp"
    "; frame-ancestors 'none'";

/* What stands in front of a mark in *rest, which goes on behind it. */
static struct span until(struct span *rest, const char *mark)
{
    size_t len = strlen(mark);
    const char *at = memmem(rest->ptr, rest->len, mark, len);
    struct span head = span_of(rest->ptr, (size_t)(at - rest->ptr));
    *rest = span_of(at + len, rest->len - head.len - len);
    return head;
}

/* With the keys of now, so that a copy of the page, wherever it is opened, can check what these signed. */
enum err verify_get(struct request *rq, struct reply *r)
{
    const struct server *sh = rq->worker->server;
    struct span rest = span_of(asset_verify_html, sizeof asset_verify_html);
    struct buf text;
    buf_heap(&text);
    buf_span_add(&text, until(&rest, "{jwks}"));
    keys_jwks(sh->instance.keys, &text);
    buf_span_add(&text, until(&rest, "{vkeys}"));
    audit_root_keys(&text, sh);
    buf_span_add(&text, rest);
    reply_body(rq, r, "text/html; charset=utf-8", buf_span(&text));
    reply_header(r, "Content-Security-Policy", span_str(verify_policy));
    reply_header(r, "Referrer-Policy", SPAN("no-referrer"));
    reply_header(r, "Cache-Control", SPAN("public, max-age=300"));
    buf_free(&text);
    return ERR_OK;
}
