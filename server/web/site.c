#include "server/web/site.h"

#include "asset_favicon_ico.h"
#include "asset_icon_svg.h"
#include "asset_robots_txt.h"

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
