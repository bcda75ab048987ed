#include "server/api/list.h"

#include "common/base/bytes.h"
#include "common/base/query.h"
#include "common/base/utf8.h"
#include "server/api/call.h"

static struct param *param_find(struct param *params, size_t n, struct span name)
{
    for (size_t i = 0; i < n; i++)
        if (span_is(name, params[i].name))
            return &params[i];
    return NULL;
}

/* The parameter's name as problem field; a strange one is cut. */
static enum err param_problem(struct request *rq, struct span name, const char *what)
{
    char field[64];
    struct span cut = utf8_valid(name) ? utf8_cut(name, sizeof field - 1) : SPAN("query");
    memcpy(field, cut.ptr, cut.len);
    field[cut.len] = '\0';
    return problem(&rq->problem, ERR_MALFORMED, field, "%s", what);
}

enum err params_read(struct request *rq, struct param *params, size_t n)
{
    struct query q;
    struct span name, value;
    query_open(&q, rq->query);
    while (query_next(&q, &name, &value)) {
        struct param *p = param_find(params, n, name);
        struct buf b;
        if (p == NULL)
            return problem_foreign(&rq->problem, param_problem(rq, name, "unknown query parameter"));
        if (p->given)
            return param_problem(rq, name, "query parameter given twice");
        arena_buf(rq->arena, &b, value.len + 1);
        if (query_decode(&b, value) != ERR_OK || !utf8_valid(buf_span(&b)))
            return param_problem(rq, name, "does not decode to UTF-8 text");
        p->value = buf_span(&b);
        p->given = true;
    }
    return ERR_OK;
}

enum err window_read(struct request *rq, struct param *more, size_t n, struct window *out)
{
    struct param all[WINDOW_PARAMS_MAX] = {{.name = "limit"}, {.name = "after"}};
    uint64_t limit = WINDOW_DEFAULT;
    for (size_t i = 0; i < n; i++)
        all[2 + i] = more[i];
    enum err err = params_read(rq, all, 2 + n);
    if (err != ERR_OK)
        return err;
    if (all[0].given && (parse_u64(all[0].value, &limit) != ERR_OK || limit < 1 || limit > LIMIT_LIST))
        return problem(&rq->problem, ERR_MALFORMED, "limit", "must be a number from 1 to %d", LIMIT_LIST);
    for (size_t i = 0; i < n; i++)
        more[i] = all[2 + i];
    *out = (struct window){(size_t)limit, all[1].value};
    return ERR_OK;
}

enum err list_order(struct request *rq, const struct param *order, bool *newest)
{
    *newest = order->given && span_is(order->value, "newest");
    return !order->given || *newest
               ? ERR_OK
               : problem(&rq->problem, ERR_MALFORMED, "order", "must be newest, or left out: oldest first");
}

void list_open(struct list *l, const struct window *p)
{
    *l = (struct list){.limit = p->limit};
    buf_heap(&l->text);
    jw_open(&l->w, &l->text);
    jw_object(&l->w);
    jw_key(&l->w, "data");
    jw_array(&l->w);
}

bool list_item(struct list *l)
{
    l->more = l->n == l->limit;
    if (!l->more)
        l->n++;
    return !l->more;
}

void list_abandon(struct list *l)
{
    buf_free(&l->text);
}

void list_reply(struct request *rq, struct reply *reply, struct list *l, struct span last)
{
    jw_array_end(&l->w);
    if (l->more)
        jw_kstr(&l->w, "next", last);
    jw_object_end(&l->w);
    jw_close(&l->w);
    call_reply(rq, reply, buf_span(&l->text));
    buf_free(&l->text);
}
