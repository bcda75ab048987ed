/* The versions of a contract's terms, as its log has them. */
#include <stdio.h>

#include "common/base/bytes.h"
#include "common/decisions/terms_diff.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/list.h"

struct shown {
    struct terms_row row;
    struct version version; /* compiled: terms are to be freed */
    struct hash leaf;       /* of its entry */
};

/* ERR_NOT_FOUND: the contract has no such version. */
static enum err version_read(struct txn *t, const struct contract *k, uint32_t number, struct shown *out)
{
    struct envelope env;
    struct view rows = store_view(t);
    enum err err = row_terms(&rows, k->number, number, &out->row);
    if (err == ERR_NOT_FOUND && number <= k->versions.made)
        err = ERR_CORRUPT; /* the control data knows it */
    if (err != ERR_OK)
        return err;
    if ((err = ledger_read(t, k->number, out->row.index, &env)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    merkle_leaf(env.entry, &out->leaf);
    out->version = (struct version){.number = number, .index = out->row.index};
    return ledger_version(t, k->number, &out->version);
}

static void difference_json(void *ctx, const struct difference *d)
{
    struct jw *w = ctx;
    struct buf text;
    buf_heap(&text);
    difference_text(d, &text);
    jw_object(w);
    if (d->has_after)
        jw_kstr(w, "after", d->after);
    if (d->has_before)
        jw_kstr(w, "before", d->before);
    jw_kstr(w, "path", d->path);
    jw_kstr(w, "text", buf_span(&text));
    jw_object_end(w);
    buf_free(&text);
}

static void jw_terms(struct jw *w, const char *name, const struct terms *t, int which)
{
    struct buf text;
    buf_heap(&text);
    terms_document(t, which, &text);
    jw_key(w, name);
    jw_raw(w, buf_span(&text));
    buf_free(&text);
}

/* "in_force", "waiting" for its time, "proposed" for assents, "withdrawn", or "over": it binds nothing any more. */
static struct span state_of(const struct contract *k, const struct shown *of, int64_t now_ms)
{
    int64_t number = of->version.number;
    const struct versions *vs = &k->versions;
    const struct version *bound = versions_at(vs, now_ms), *proposal = versions_proposal(vs);
    if (proposal != NULL && proposal->number == number)
        return SPAN("proposed");
    if (bound->number == number && versions_bind(vs, now_ms))
        return SPAN("in_force");
    for (const struct version *v = bound; v < vs->v + vs->n; v++)
        if (v->number == number)
            return SPAN("waiting");
    return terms_row_withdrawn(&of->row, UINT64_MAX) != NULL ? SPAN("withdrawn") : SPAN("over");
}

static void jw_assents(struct jw *w, const struct contract *k, const struct shown *v)
{
    const struct who *party[SIDES] = {k->campaign->advertiser, k->publisher};
    jw_key(w, "assents");
    jw_array(w);
    for (size_t i = 0; i < SIDES; i++) {
        if (v->row.assent[i].index == 0)
            continue;
        jw_object(w);
        jw_ktime(w, "at", v->row.assent[i].at_ms);
        jw_kint(w, "index", (int64_t)v->row.assent[i].index);
        jw_kstr(w, "party", span_str(party[i]->id));
        jw_object_end(w);
    }
    jw_array_end(w);
}

/* Who took it back: its parties each for itself, or who may change the terms, whose id its entry has. */
static void jw_withdrawals(struct jw *w, const struct contract *k, const struct shown *v)
{
    const struct who *party[SIDES + 1] = {k->campaign->advertiser, k->publisher};
    jw_key(w, "withdrawals");
    jw_array(w);
    for (size_t i = 0; i <= SIDES; i++) {
        if (v->row.withdrawal[i].index == 0)
            continue;
        jw_object(w);
        jw_ktime(w, "at", v->row.withdrawal[i].at_ms);
        jw_kint(w, "index", (int64_t)v->row.withdrawal[i].index);
        if (party[i] != NULL)
            jw_kstr(w, "party", span_str(party[i]->id));
        jw_object_end(w);
    }
    jw_array_end(w);
}

/* `before`: what it changes; without terms: nothing was in force. `whole`: with its documents. */
static void version_json(struct jw *w, const struct request *rq, const struct contract *k, const struct shown *v,
                         const struct shown *before, bool whole)
{
    struct span state = state_of(k, v, rq->arrived_ms);
    jw_object(w);
    jw_kbool(w, "asks_assent", v->row.on_assent);
    jw_assents(w, k, v);
    jw_ktime(w, "at", v->row.at_ms);
    if (whole) {
        jw_terms(w, "campaign", v->version.terms, 0);
        jw_terms(w, "contract", v->version.terms, 1);
    }
    jw_key(w, "differences");
    jw_array(w);
    if (before->version.terms != NULL)
        terms_differences(before->version.terms, v->version.terms, difference_json, w);
    jw_array_end(w);
    jw_ktime(w, "effective_at", v->row.effective_ms ? v->row.effective_ms : v->row.at_ms);
    jw_kbool(w, "in_force", span_is(state, "in_force"));
    jw_kint(w, "index", (int64_t)v->row.index);
    jw_khex(w, "leaf", v->leaf.b, HASH_LEN);
    jw_kint(w, "rules", v->row.rules);
    jw_kstr(w, "state", state);
    jw_kint(w, "version", v->version.number);
    jw_withdrawals(w, k, v);
    jw_object_end(w);
}

static enum err number_read(struct request *rq, struct span text, const char *field, enum err bad, uint32_t *out)
{
    uint64_t n = 0;
    if (parse_u64(text, &n) != ERR_OK || n < 1 || n > UINT32_MAX)
        return problem(&rq->problem, bad, field,
                       bad == ERR_NOT_FOUND ? "there is no such version" : "must be the `next` of the answer before");
    *out = (uint32_t)n;
    return ERR_OK;
}

/* A version, and the one that it changes. *vs: zeroed, or what an earlier one left. */
static enum err pair_read(struct txn *t, const struct contract *k, uint32_t number, struct versions *vs,
                          struct shown *now, struct shown *before)
{
    struct view rows = store_view(t);
    enum err err = version_read(t, k, number, now);
    if (err != ERR_OK || (err = row_versions_until(&rows, k->number, number, vs)) != ERR_OK)
        return err;
    const struct version *changed = versions_before(vs, now->row.at_ms, now->row.effective_ms);
    return changed != NULL ? version_read(t, k, (uint32_t)changed->number, before) : ERR_OK;
}

static void pair_free(struct shown *now, struct shown *before)
{
    terms_free(before->version.terms);
    terms_free(now->version.terms);
    now->version.terms = before->version.terms = NULL;
}

/* Writes the versions behind `number`. */
static enum err versions_write(struct txn *t, struct request *rq, const struct contract *k, struct list *list,
                               uint32_t *number)
{
    struct versions vs = {.n = 0};
    enum err err = ERR_OK;
    bool room = true;
    while (err == ERR_OK && room) {
        struct shown before = {.version = {.terms = NULL}}, now = {.version = {.terms = NULL}};
        err = pair_read(t, k, *number + 1, &vs, &now, &before);
        room = err == ERR_OK && list_item(list);
        if (room) {
            ++*number;
            version_json(&list->w, rq, k, &now, &before, false);
        }
        pair_free(&now, &before);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err terms_list(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    struct window window;
    struct list list;
    struct txn *t;
    uint32_t number = 0;
    char last[16];
    enum err err;
    if ((err = call_contract(rq, rq->param[0], &k)) != ERR_OK || (err = window_read(rq, NULL, 0, &window)) != ERR_OK)
        return err;
    if (!span_empty(window.after) && (err = number_read(rq, window.after, "after", ERR_MALFORMED, &number)) != ERR_OK)
        return err;
    if ((err = worker_reader(rq->worker, &t)) != ERR_OK)
        return err;
    list_open(&list, &window);
    if ((err = versions_write(t, rq, k, &list, &number)) != ERR_OK) {
        list_abandon(&list);
        return err;
    }
    snprintf(last, sizeof last, "%u", number);
    list_reply(rq, reply, &list, span_str(last));
    return ERR_OK;
}

enum err terms_get(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    struct shown before = {.version = {.terms = NULL}}, now = {.version = {.terms = NULL}};
    struct versions vs = {.n = 0};
    struct txn *t;
    uint32_t number = 0;
    struct answer a;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = call_contract(rq, rq->param[0], &k)) != ERR_OK ||
        (err = number_read(rq, rq->param[1], "", ERR_NOT_FOUND, &number)) != ERR_OK ||
        (err = worker_reader(rq->worker, &t)) != ERR_OK)
        return err;
    err = pair_read(t, k, number, &vs, &now, &before);
    if (err == ERR_OK) {
        answer_open(&a);
        version_json(&a.w, rq, k, &now, &before, true);
        answer_reply(&a, rq, reply);
    }
    pair_free(&now, &before);
    return err == ERR_NOT_FOUND ? problem(&rq->problem, err, "", "there is no such version") : err;
}
