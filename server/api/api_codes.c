#include "server/api/api.h"
#include "server/api/page.h"
#include "server/catalog/catalog_write.h"
#include "server/routes.h"
#include "server/worker/server.h"

/* The code itself is a function of contract and placement under the token key: nothing of it is stored. */
static void jw_code(struct jw *w, struct tokens *tokens, const char *public_url, const struct contract *k,
                    const struct code *c)
{
    char code[CODE_LEN];
    struct buf b;
    code_write(tokens, &(struct tracking_code){k->number, c->placement}, code);
    buf_heap(&b);
    jw_object(w);
    buf_printf(&b, "%s/c/%.*s", public_url, CODE_LEN, code);
    jw_kstr(w, "click_url", buf_span(&b));
    jw_kstr(w, "code", span_of(code, CODE_LEN));
    jw_kstr(w, "contract", span_str(k->id));
    jw_ktime(w, "created_at", c->created_ms);
    jw_kstr(w, "label", c->label);
    if (!span_empty(c->landing_url))
        jw_kstr(w, "landing_url", c->landing_url);
    buf_clear(&b);
    buf_printf(&b, "%s/p/%.*s.gif", public_url, CODE_LEN, code);
    jw_kstr(w, "pixel_url", buf_span(&b));
    buf_clear(&b);
    buf_printf(&b, "<script src=\"%s/t.js\" data-code=\"%.*s\" async></script>", public_url, CODE_LEN, code);
    jw_kstr(w, "tag", buf_span(&b));
    jw_object_end(w);
    buf_free(&b);
}

struct code_new {
    uint32_t contract;
    struct code code;
};

static enum err link_check(const struct contract *k, struct span url, struct problem *p)
{
    if (!span_empty(url) && !terms_allows_link(k->terms, url))
        return problem(p, ERR_INVALID, "landing_url",
                       "must be an http or https URL on a host of the campaign (landing_url or allowed_hosts)");
    return ERR_OK;
}

static enum err code_run(struct commit *cx, struct job *job, void *arg)
{
    struct code_new *new = arg;
    const struct contract *k = catalog_contract_number(cx->catalog, new->contract);
    struct answer a;
    new->code.placement = (uint32_t)k->n_codes + 1;
    new->code.created_ms = cx->now_ms;
    enum err err = link_check(k, new->code.landing_url, &job->problem); /* the campaign may have changed meanwhile */
    if (err != ERR_OK || (err = catalog_put_code(cx->txn, k->number, &new->code)) != ERR_OK)
        return err;
    cx->catalog_changed = true;
    answer_open(&a);
    jw_code(&a.w, cx->tokens, cx->instance->public_url, k, &new->code);
    answer_job(&a, job, 201);
    return ERR_OK;
}

enum err codes_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const char *const names[] = {"label", "landing_url", NULL};
    const struct contract *k;
    json_t *body;
    enum err err;
    if ((err = api_contract(rq, rq->param[0], &k)) != ERR_OK || (err = api_body(rq, names, &body)) != ERR_OK)
        return err;
    struct code_new *new = arena_alloc(rq->arena, sizeof *new);
    *new = (struct code_new){.contract = k->number};
    if ((err = api_text(rq, body, "label", LIMIT_LABEL, &new->code.label)) == ERR_OK &&
        json_object_get(body, "landing_url") != NULL &&
        (err = api_text(rq, body, "landing_url", LIMIT_URL, &new->code.landing_url)) == ERR_OK)
        err = link_check(k, new->code.landing_url, &rq->problem);
    json_decref(body);
    return err == ERR_OK ? control_submit(rq, code_run, new) : err;
}

/* The cursor is the code's text. */
static enum err placement_after(struct request *rq, const struct contract *k, struct span after, size_t *out)
{
    struct tracking_code c = {0};
    if (!span_empty(after) &&
        (code_read(rq->worker->tokens, after, &c) != ERR_OK || c.contract != k->number || c.placement > k->n_codes))
        return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the page before");
    *out = c.placement;
    return ERR_OK;
}

enum err codes_list(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    struct page page;
    struct list list;
    size_t i = 0;
    enum err err;
    if ((err = api_contract(rq, rq->param[0], &k)) != ERR_OK || (err = page_read(rq, NULL, 0, &page)) != ERR_OK ||
        (err = placement_after(rq, k, page.after, &i)) != ERR_OK)
        return err;
    list_open(&list, &page);
    for (; i < k->n_codes && list_item(&list); i++)
        jw_code(&list.w, rq->worker->tokens, rq->worker->shared->instance.public_url, k, &k->codes[i]);
    char last[CODE_LEN];
    code_write(rq->worker->tokens, &(struct tracking_code){k->number, (uint32_t)i}, last);
    list_reply(rq, reply, &list, span_of(last, CODE_LEN));
    return ERR_OK;
}
