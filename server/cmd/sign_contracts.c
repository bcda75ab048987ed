/* Of which contracts a party's answers are: what the server says of that is only where to look. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/cmd/command.h"
#include "server/cmd/sign_private.h"
#include "server/system/log.h"

enum { LIST_MOST = 16 << 20, STATEMENT_MOST = 256 << 20 };

static const char *keep(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

static struct download *ask(const struct signing *s)
{
    return download_open(s->given[URL], s->token,
                         (struct download_limits){.slack_s = SIGN_SLACK_S, .bytes = UINT64_MAX});
}

static void add(struct contracts *c, struct span id)
{
    for (size_t i = 0; i < c->n; i++)
        if (span_is(id, c->id[i]))
            return;
    c->id = xrealloc(c->id, (c->n + 1) * sizeof *c->id);
    snprintf(c->id[c->n++], sizeof *c->id, "%.*s", (int)id.len, id.ptr);
}

static void add_row(struct contracts *c, const json_t *row, const char *from)
{
    struct span id = SPAN("");
    if (json_get_str(row, "", "contract", LIMIT_ID, &id, NULL, NULL) != ERR_OK || !id_is_plain(id))
        die("%s named a statement without its contract", from);
    add(c, id);
}

/* The payload's `contract`. */
static void contract_of(const struct signing *s, struct contracts *out)
{
    char path[64];
    struct buf body;
    json_t *jws = NULL, *said = NULL;
    struct span payload = SPAN("");
    size_t len = 0;
    struct download *d = ask(s);
    buf_heap(&body);
    snprintf(path, sizeof path, "v1/statements/%s", s->given[STATEMENT]);
    download_get(d, path, STATEMENT_MOST, keep, &body);
    if (json_read(buf_span(&body), &jws, NULL) != ERR_OK ||
        json_get_str(jws, "", "payload", body.len, &payload, NULL, NULL) != ERR_OK)
        die("%s%s answered what is no statement", download_url(d), path);
    buf_clear(&body);
    if (b64url_decode(payload, buf_room(&body, payload.len + 4), payload.len + 4, &len) != ERR_OK ||
        json_read(span_of(body.ptr, len), &said, NULL) != ERR_OK)
        die("%s%s answered what is no statement", download_url(d), path);
    add_row(out, said, path);
    json_decref(said);
    json_decref(jws);
    buf_free(&body);
    download_close(d);
}

static bool take_page(const struct download *d, const char *path, struct span body, struct contracts *out,
                      char after[LIMIT_ID + 1])
{
    json_t *page = NULL;
    const json_t *data = NULL, *row;
    struct span next = SPAN("");
    bool more = false;
    size_t i;
    if (json_read(body, &page, NULL) != ERR_OK ||
        json_get_array(page, "", "data", LIMIT_LIST, &data, NULL, NULL) != ERR_OK || data == NULL ||
        json_get_str(page, "", "next", LIMIT_ID, &next, &more, NULL) != ERR_OK ||
        (more && (!id_is_plain(next) || span_is(next, after))))
        die("%s%s answered what is no list of this server's", download_url(d), path);
    json_array_foreach(data, i, row) add_row(out, row, path);
    snprintf(after, LIMIT_ID + 1, "%.*s", (int)next.len, next.ptr);
    json_decref(page);
    return more;
}

/* Of statements that somebody has not answered. */
static void waiting(const struct signing *s, struct contracts *out)
{
    char path[128], after[LIMIT_ID + 1] = "";
    struct buf body;
    struct download *d = ask(s);
    buf_heap(&body);
    do {
        snprintf(path, sizeof path, "v1/statements?limit=%d&verdict=none%s%s", LIMIT_LIST,
                 after[0] != '\0' ? "&after=" : "", after);
        buf_clear(&body);
        download_get(d, path, LIST_MOST, keep, &body);
    } while (take_page(d, path, buf_span(&body), out, after));
    buf_free(&body);
    download_close(d);
}

void sign_contracts(const struct signing *s, struct contracts *out)
{
    *out = (struct contracts){NULL, 0};
    if (s->given[CONTRACT] != NULL)
        add(out, span_str(s->given[CONTRACT]));
    else if (s->given[STATEMENT] != NULL)
        contract_of(s, out);
    else
        waiting(s, out);
}
