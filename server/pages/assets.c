/* The style and the script of pages, under addresses that change with their bytes: whoever has them keeps them. */
#include "server/pages/pages.h"

#include "asset_pages_css.h"
#include "asset_pages_js.h"
#include "asset_sign_js.h"
#include "hash_pages_css.h"
#include "hash_pages_js.h"
#include "hash_sign_js.h"

const char style_address[] = "/assets/" HASH_pages_css ".css", script_address[] = "/assets/" HASH_pages_js ".js";
const char sign_address[] = "/assets/" HASH_sign_js ".js";

static const struct asset {
    const char *address, *content_type;
    const unsigned char *bytes;
    size_t len;
} assets[] = {{style_address, "text/css; charset=utf-8", asset_pages_css, sizeof asset_pages_css},
              {script_address, "text/javascript; charset=utf-8", asset_pages_js, sizeof asset_pages_js},
              {sign_address, "text/javascript; charset=utf-8", asset_sign_js, sizeof asset_sign_js}};

enum err asset_get(struct request *rq, struct reply *reply)
{
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++) {
        if (!span_is(rq->path, assets[i].address))
            continue;
        reply->content_type = span_str(assets[i].content_type);
        reply->body = span_of(assets[i].bytes, assets[i].len);
        reply_header(reply, "Cache-Control", SPAN("public, max-age=31536000, immutable"));
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}
