#include "server/cmd/listing.h"

#include <stdio.h>

#include "common/base/ascii.h"
#include "common/base/json_read.h"
#include "server/cmd/command.h"
#include "server/system/log.h"

enum {
    PAGES_MAX = 10000, /* of a list, unless it says more: with the bytes below some 100,000 rows */
    PAGE_BYTES = (128 << 20) / PAGES_MAX,
    AFTER_MAX = 64 /* of a cursor: an id, or a lead's reference */
};

/* Whether another page follows, behind that row. */
static bool take_page(const struct listing *l, const char *path, struct span body, char after[AFTER_MAX + 1])
{
    json_t *page = NULL;
    const json_t *data = NULL, *row;
    struct span next = SPAN("");
    bool more = false, wanted = true;
    size_t i;
    if (json_read(body, &page, NULL) != ERR_OK ||
        json_get_array(page, "", "data", LISTING_ROWS, &data, NULL, NULL) != ERR_OK || data == NULL ||
        json_get_str(page, "", "next", AFTER_MAX, &next, &more, NULL) != ERR_OK ||
        (more && (span_empty(next) || !ascii_all_alnum_or(next, "_-") || span_is(next, after))))
        die("%s%s answered what is no list of this server's", download_url(l->from), path);
    json_array_foreach(data, i, row)
    {
        wanted = l->take(l->ctx, row);
        if (!wanted)
            break;
    }
    snprintf(after, AFTER_MAX + 1, "%.*s", (int)next.len, next.ptr);
    json_decref(page);
    return more && wanted;
}

void listing_walk(const struct listing *l)
{
    char path[256], after[AFTER_MAX + 1] = "";
    const size_t most = l->pages > 0 ? l->pages : PAGES_MAX;
    size_t bytes = 0, pages = 0;
    struct buf body;
    buf_heap(&body);
    do {
        if (pages++ == most || bytes > most * PAGE_BYTES)
            die("%sv1/%s does not end: it had %zu pages of %zu bytes", download_url(l->from), l->list, pages - 1,
                bytes);
        snprintf(path, sizeof path, "v1/%s?limit=%d%s%s%s", l->list, LISTING_ROWS, l->query,
                 after[0] != '\0' ? "&after=" : "", after);
        buf_clear(&body);
        l->get(l->ctx, path, &body);
        bytes += body.len;
    } while (take_page(l, path, buf_span(&body), after));
    buf_free(&body);
}
