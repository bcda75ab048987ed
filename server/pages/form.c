#include "server/pages/form.h"

#include "common/base/http_words.h"
#include "common/base/query.h"
#include "common/base/utf8.h"
#include "server/http/http_head.h"

enum err form_origin(struct request *rq)
{
    bool ours = span_empty(rq->fetch_site)
                    ? span_empty(rq->origin) || span_is(rq->origin, rq->worker->server->instance.public_url)
                    : span_is(rq->fetch_site, "same-origin") || span_is(rq->fetch_site, "none");
    return ours
               ? ERR_OK
               : problem(&rq->problem, ERR_FORBIDDEN, "",
                         "this form was not sent by a page of this server: open its page here, and send it from there");
}

size_t form_most(const struct request *rq, struct span path)
{
    const struct http_large *large = rq->worker->server->large;
    return large != NULL ? http_body_limit(path, large) : LIMIT_BODY;
}

static enum err decode(struct request *rq, struct span encoded, struct span *out)
{
    struct buf b;
    arena_buf(rq->arena, &b, encoded.len + 1);
    if (query_decode(&b, encoded) != ERR_OK || !utf8_valid(buf_span(&b)))
        return problem(&rq->problem, ERR_MALFORMED, "", "a field of the form does not decode to UTF-8 text");
    *out = buf_span(&b);
    return ERR_OK;
}

enum err form_read(struct request *rq, struct form *out)
{
    struct query q;
    struct span name, value;
    out->n = 0;
    if (!media_type_is(rq->content_type, "application/x-www-form-urlencoded") && !span_empty(rq->body))
        return problem(&rq->problem, ERR_MEDIA_TYPE, "", "send application/x-www-form-urlencoded, as browsers do");
    query_open(&q, rq->body);
    while (query_next(&q, &name, &value)) {
        struct field *f = &out->field[out->n];
        enum err err;
        if (out->n == FORM_FIELDS)
            return problem(&rq->problem, ERR_MALFORMED, "", "a form has at most %d fields", FORM_FIELDS);
        if ((err = decode(rq, name, &f->name)) != ERR_OK || (err = decode(rq, value, &f->value)) != ERR_OK)
            return err;
        out->n++;
    }
    return ERR_OK;
}

struct span form_value(const struct form *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (span_is(f->field[i].name, name))
            return f->field[i].value;
    return SPAN("");
}

bool form_is_of(const struct form *f, const struct session *s)
{
    char token[FORM_TOKEN_LEN];
    struct span sent = form_value(f, "form");
    session_form_token(s, token);
    return sent.len == sizeof token && crypto_equal(sent.ptr, token, sizeof token);
}
