#include "common/decisions/destination.h"

#include <assert.h>

#include "common/base/query.h"
#include "common/base/text.h"
#include "common/decisions/link.h"

/* One URL under way. */
struct setting {
    struct buf *out;
    const struct link_param *params;
    size_t n;
    uint64_t done; /* bit i: params[i] stands in the query */
    bool any;      /* a pair was written: the next one needs a '&' */
};
_Static_assert(DESTINATION_PARAMS <= 64, "a bit for each");

static void write_pair(struct setting *s, struct span name, struct span value)
{
    if (s->any)
        buf_byte(s->out, '&');
    s->any = true;
    buf_span_add(s->out, name);
    buf_byte(s->out, '=');
    query_encode(s->out, value);
}

/* A pair of the URL's own query, as it stands there. */
static void set_or_keep(struct setting *s, struct span pair)
{
    struct span rest = pair, name = text_take(&rest, '=');
    for (size_t i = 0; i < s->n; i++) {
        if (span_empty(s->params[i].name) || !query_name_is(name, s->params[i].name))
            continue;
        if (!(s->done >> i & 1))
            write_pair(s, name, s->params[i].value);
        s->done |= UINT64_C(1) << i;
        return;
    }
    if (s->any)
        buf_byte(s->out, '&');
    s->any = true;
    buf_span_add(s->out, pair);
}

static void set_missing(struct setting *s)
{
    char mem[3 * 256];
    for (size_t i = 0; i < s->n; i++) {
        struct buf name;
        if (s->done >> i & 1 || span_empty(s->params[i].name))
            continue;
        buf_fixed(&name, mem, sizeof mem);
        query_encode(&name, s->params[i].name);
        write_pair(s, buf_span(&name), s->params[i].value);
        s->done |= UINT64_C(1) << i;
    }
}

void destination_write(struct buf *out, struct span url, const struct link_param *params, size_t n)
{
    struct setting s = {.out = out, .params = params, .n = n};
    assert(n <= DESTINATION_PARAMS);
    const char *hash = memchr(url.ptr, '#', url.len);
    struct span before = span_of(url.ptr, hash != NULL ? (size_t)(hash - url.ptr) : url.len), query = before;
    struct span head = text_take(&query, '?');
    buf_span_add(out, head);
    buf_byte(out, '?');
    for (bool more = query.len > 0; more;) {
        struct span pair = query;
        more = text_cut(&query, '&', &pair);
        set_or_keep(&s, pair);
    }
    s.any = s.any && out->ptr[out->len - 1] != '&';
    set_missing(&s);
    buf_span_add(out, span_skip(url, before.len));
}

static struct span value_of(const struct link_param *params, size_t n, struct span name)
{
    for (size_t i = 0; i < n; i++)
        if (span_eq(params[i].name, name))
            return params[i].value;
    return SPAN("");
}

void destination_expand(struct buf *out, struct span url, const struct link_param *params, size_t n)
{
    for (size_t i = 0; i < url.len;) {
        struct span macro = link_macro(span_skip(url, i));
        if (span_empty(macro)) {
            buf_byte(out, (uint8_t)url.ptr[i++]);
            continue;
        }
        query_encode(out, value_of(params, n, macro));
        i += macro.len + 2;
    }
}
