#include "server/tracking/landing.h"

#include "common/base/ascii.h"
#include "common/base/query.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/decisions/link.h"

/* What advertising platforms hang on links; always passed on, and never recorded. */
static const struct span ad_ids[] = {{"gclid", 5},  {"gbraid", 6},  {"wbraid", 6},
                                     {"fbclid", 6}, {"msclkid", 7}, {"ttclid", 6}};
enum { AD_IDS = sizeof ad_ids / sizeof *ad_ids };
_Static_assert(LIMIT_SUBS + LIMIT_UTMS + AD_IDS + LIMIT_PASS + 2 <= DESTINATION_PARAMS,
               "all that can be set or replaced");

/* ---- the code ---- */

static bool is_code_char(char c)
{
    return ascii_is_alnum_or(c, "-_");
}

struct span landing_cut(struct span text, size_t len)
{
    size_t end = len;
    text = text_strip(text);
    while (end < text.len && text.ptr[end] == '_')
        end++;
    return text.len <= len || (end < text.len && is_code_char(text.ptr[end])) ? text : span_of(text.ptr, len);
}

struct span landing_code(struct request *rq, struct span text, struct span *glued)
{
    *glued = SPAN("");
    if (memchr(text.ptr, '%', text.len) != NULL) {
        char *plain = arena_alloc(rq->arena, text.len);
        text = span_of(plain, query_unescape(text, plain));
    }
    struct span code = landing_cut(text, CODE_LEN), rest = span_skip(text, (size_t)(code.ptr + code.len - text.ptr));
    while (span_starts(rest, "/") || span_starts(rest, "_"))
        rest = span_skip(rest, 1);
    if (span_starts(rest, "&") || span_starts(rest, "?"))
        *glued = span_skip(rest, 1);
    return code;
}

/* ---- what the link asks for ---- */

/* At most max bytes of clean UTF-8. */
static struct span value_of(struct request *rq, struct span encoded, size_t max)
{
    struct buf raw, clean;
    if (memchr(encoded.ptr, '%', encoded.len) == NULL && memchr(encoded.ptr, '+', encoded.len) == NULL &&
        encoded.len <= max && ascii_printable(encoded))
        return encoded;
    arena_buf(rq->arena, &raw, encoded.len + 1);
    query_decode_lenient(&raw, encoded);
    arena_buf(rq->arena, &clean, max);
    utf8_repair(&clean, buf_span(&raw), max);
    return buf_span(&clean);
}

/* Longer ones are no links to take. The text is as it came: a browser cleans it, so do we. */
static bool link_of(struct request *rq, struct span encoded, const struct terms *terms, struct span *out)
{
    struct buf raw, link;
    arena_buf(rq->arena, &raw, encoded.len + 1);
    query_decode_lenient(&raw, encoded);
    arena_buf(rq->arena, &link, 3 * LIMIT_DEEP_LINK);
    if (raw.len > LIMIT_DEEP_LINK || !link_clean(buf_span(&raw), &link) || link.len > LIMIT_DEEP_LINK ||
        !terms_allows_link(terms, buf_span(&link)))
        return false;
    *out = buf_span(&link);
    return true;
}

static void pass(struct request *rq, struct landing *l, struct span name, struct span encoded)
{
    for (size_t i = 0; i < l->n; i++)
        if (span_eq(l->param[i].name, name))
            return;
    l->param[l->n++] = (struct link_param){name, value_of(rq, encoded, LIMIT_FIELD)};
}

/* The names that are not sub or utm. */
static void take_other(struct request *rq, const struct terms *terms, struct span name, struct span value,
                       struct entry_click *click, struct landing *out)
{
    if (query_name_is(name, SPAN("to"))) {
        if (span_empty(click->to) && !click->to_refused)
            click->to_refused = !link_of(rq, value, terms, &click->to);
        return;
    }
    if (query_name_is(name, SPAN("test")))
        out->test = out->test || span_is(value, "1");
    for (size_t i = 0; i < AD_IDS; i++)
        if (query_name_is(name, ad_ids[i])) {
            pass(rq, out, ad_ids[i], value);
            return;
        }
    for (size_t i = 0; i < terms->n_pass; i++)
        if (query_name_is(name, terms->pass[i]))
            pass(rq, out, terms->pass[i], value);
}

struct span landing_name(struct span name)
{
    while (span_starts(name, "?"))
        name = span_skip(name, 1);
    return span_starts(name, "amp;") ? span_skip(name, 4) : name;
}

static void take(struct request *rq, const struct terms *terms, struct span name, struct span value,
                 struct entry_click *click, struct landing *out)
{
    struct span *into = NULL;
    name = landing_name(name);
    for (size_t i = 0; into == NULL && i < LIMIT_SUBS; i++)
        into = query_name_is(name, span_str(entry_sub_names[i])) ? &click->sub[i] : NULL;
    for (size_t i = 0; into == NULL && i < LIMIT_UTMS; i++)
        into = query_name_is(name, span_str(entry_utm_names[i])) ? &click->utm[i] : NULL;
    if (into == NULL)
        take_other(rq, terms, name, value, click, out);
    else if (span_empty(*into))
        *into = value_of(rq, value, LIMIT_PARAM);
}

static void take_all(struct request *rq, struct span query, const struct terms *terms, struct entry_click *click,
                     struct landing *out)
{
    struct query q;
    struct span name, value;
    query_open(&q, query);
    while (query_next(&q, &name, &value))
        if (!span_empty(value))
            take(rq, terms, name, value, click, out);
}

void landing_read(struct request *rq, struct span glued, const struct terms *terms, struct entry_click *click,
                  struct landing *out)
{
    out->n = 0;
    out->test = false;
    take_all(rq, glued, terms, click, out);
    take_all(rq, rq->query, terms, click, out);
}

/* ---- where it goes ---- */

static void add(struct link_param *params, size_t *n, struct span name, struct span value)
{
    params[(*n)++] = (struct link_param){name, value};
}

/* What macros of a landing URL stand for. */
static struct span expanded(struct request *rq, struct span url, const struct contract *k, const struct code *code,
                            const struct entry_click *click, struct span id)
{
    struct link_param params[LIMIT_SUBS + LIMIT_UTMS + 2];
    char text[CODE_LEN];
    struct buf b;
    size_t n = 0, room = url.len;
    if (memchr(url.ptr, '{', url.len) == NULL)
        return url;
    code_write(rq->worker->tokens, &(struct tracking_code){k->number, code->placement}, text);
    add(params, &n, SPAN("click_id"), id);
    add(params, &n, SPAN("code"), span_of(text, CODE_LEN));
    for (size_t i = 0; i < LIMIT_SUBS; i++)
        add(params, &n, span_str(entry_sub_names[i]), click->sub[i]);
    for (size_t i = 0; i < LIMIT_UTMS; i++)
        add(params, &n, span_str(entry_utm_names[i]), click->utm[i]);
    for (size_t i = 0; i < url.len; i++) /* the longest value for each brace */
        room += url.ptr[i] == '{' ? (size_t)3 * LIMIT_PARAM : 0;
    arena_buf(rq->arena, &b, room);
    destination_expand(&b, url, params, n);
    return buf_span(&b);
}

static struct span page(const struct terms *terms, const struct code *code)
{
    /* the campaign may have taken back a host since the code was made */
    bool own = !span_empty(code->landing_url) && terms_allows_link(terms, code->landing_url);
    return own ? code->landing_url : terms->landing_url;
}

struct span landing_url(struct request *rq, const struct contract *k, const struct code *code,
                        const struct entry_click *click, const struct landing *l, struct span id)
{
    const struct terms *terms = contract_terms(k, rq->arrived_ms);
    struct link_param params[DESTINATION_PARAMS];
    struct span url = !span_empty(click->to) ? click->to : expanded(rq, page(terms, code), k, code, click, id);
    size_t n = 0, room = url.len + 1;
    struct buf b;
    add(params, &n, terms->click_param, id);
    for (size_t i = 0; i < LIMIT_UTMS; i++)
        if (!span_empty(click->utm[i]) && !span_is(terms->click_param, entry_utm_names[i]))
            add(params, &n, span_str(entry_utm_names[i]), click->utm[i]);
    for (size_t i = 0; i < l->n; i++)
        if (!span_eq(l->param[i].name, terms->click_param))
            add(params, &n, l->param[i].name, l->param[i].value);
    for (size_t i = 0; i < n; i++)
        room += params[i].name.len + 3 * params[i].value.len + 2;
    arena_buf(rq->arena, &b, room);
    destination_write(&b, url, params, n);
    return buf_span(&b);
}
