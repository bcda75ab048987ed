/* Who changed what of control data, newest first: the operator reads all, a party what it did and what was done to it.
 */
#include "common/base/bytes.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/commit/change_rows.h"

enum { LOOKED_AT = 5000 }; /* rows that one call reads, after which its page ends */

struct changes {
    struct request *rq;
    struct list list;
    const struct party *party; /* filters; NULL and CHANGES: none */
    enum change kind;
    uint8_t last[CHANGE_KEY_LEN];
};

static bool is_of(const struct party *p, const struct campaign *c)
{
    return c != NULL && c->advertiser == p->who;
}

/* Not all that it may read otherwise: what another party of its contracts did is that one's to see. */
static bool is_own(const struct changes *l, const struct change_row *row)
{
    const struct party *p = l->rq->caller;
    return p->role == ROLE_OPERATOR || row->by == p->number || span_is(row->party, p->id) ||
           (span_empty(row->contract) && is_of(p, catalog_campaign(l->rq->catalog, row->campaign)));
}

static bool is_wanted(const struct changes *l, const struct change_row *row)
{
    const struct catalog *c = l->rq->catalog;
    const struct party *p = l->party;
    if (!is_own(l, row) || (l->kind != CHANGES && row->kind != l->kind))
        return false;
    if (p == NULL || row->by == p->number || span_is(row->party, p->id) || is_of(p, catalog_campaign(c, row->campaign)))
        return true;
    const struct contract *k = catalog_contract(c, row->contract);
    return k != NULL && k->publisher == p->who;
}

static void text_member(struct jw *w, const char *name, struct span text)
{
    if (!span_empty(text))
        jw_kstr(w, name, text);
}

static enum err write_row(struct changes *l, const struct change_row *row)
{
    const struct party *by = row->by != 0 ? catalog_party_number(l->rq->catalog, row->by) : NULL;
    struct jw *w = &l->list.w;
    uint8_t maker[HASH_LEN];
    char token[LIMIT_ID + 1] = "";
    size_t len;
    if (!span_empty(row->maker)) {
        if (b64url_decode(row->maker, maker, sizeof maker, &len) != ERR_OK || len != sizeof maker)
            return ERR_CORRUPT;
        credential_id(maker, token);
    }
    jw_object(w);
    jw_ktime(w, "at", row->at_ms);
    text_member(w, "by", by != NULL ? span_str(by->id) : SPAN(""));
    text_member(w, "campaign", row->campaign);
    jw_kstr(w, "change", span_str(change_word(row->kind)));
    text_member(w, "contract", row->contract);
    text_member(w, "party", row->party);
    text_member(w, "subject", row->subject);
    text_member(w, "token", span_str(token));
    text_member(w, "was", row->was);
    text_member(w, "what", row->what);
    jw_object_end(w);
    return ERR_OK;
}

/* *full: it has no room for it. */
static enum err take(struct changes *l, struct span key, struct span value, bool *full)
{
    struct change_row row;
    json_t *json = NULL;
    enum err err = change_read(key, value, &json, &row);
    if (err != ERR_OK)
        return err;
    const bool wanted = is_wanted(l, &row);
    *full = wanted && !list_item(&l->list);
    if (wanted && !*full)
        err = write_row(l, &row);
    if (!*full) /* when it was and which of then it is, and nothing of what it says: it may be another's */
        memcpy(l->last, key.ptr, CHANGE_PLACE_LEN);
    json_decref(json);
    return err;
}

static enum err walk(struct changes *l, struct txn *t, struct span from)
{
    struct cursor *c;
    struct span key, value;
    size_t n = 0;
    bool full = false;
    enum err err = cursor_open(t, TABLE_CHANGES, &c);
    if (err != ERR_OK)
        return err;
    enum err step = cursor_seek(c, from, &key, &value);
    for (; step == ERR_OK && err == ERR_OK && !full; step = full ? step : cursor_next(c, &key, &value)) {
        if (n == LOOKED_AT) {
            l->list.more = true;
            break;
        }
        n++;
        err = take(l, key, value, &full);
    }
    cursor_close(c);
    return err == ERR_OK ? cursor_end(step) : err;
}

static enum err read_filters(struct changes *l, const struct param p[2])
{
    struct problem *problem_of = &l->rq->problem;
    if (p[0].given && change_parse(p[0].value, &l->kind) != ERR_OK)
        return problem(problem_of, ERR_MALFORMED, "change",
                       "is none of the kinds of changes, such as rename or token_end");
    return p[1].given ? call_party(l->rq, p[1].value, &l->party) : ERR_OK;
}

enum err changes_list(struct request *rq, struct reply *reply)
{
    struct changes l = {.rq = rq, .kind = CHANGES};
    struct param p[] = {{.name = "change"}, {.name = "party"}};
    uint8_t from[CHANGE_KEY_LEN] = {0};
    char last[2 * CHANGE_KEY_LEN];
    struct window window;
    struct buf b;
    struct txn *t;
    size_t len = 0;
    enum err err = window_read(rq, p, 2, &window);
    if (err == ERR_OK)
        err = read_filters(&l, p);
    if (err == ERR_OK && !span_empty(window.after) &&
        (hex_decode(window.after, from, sizeof from, &len) != ERR_OK || len != sizeof from))
        err = problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    if (err == ERR_OK)
        err = worker_reader(rq->worker, &t);
    if (err != ERR_OK)
        return err;
    list_open(&l.list, &window);
    memset(l.last, 0xff, sizeof l.last); /* behind the row of that place */
    err = walk(&l, t, span_of(from, sizeof from));
    if (err != ERR_OK) {
        list_abandon(&l.list);
        return err;
    }
    buf_fixed(&b, last, sizeof last);
    buf_hex(&b, l.last, sizeof l.last);
    list_reply(rq, reply, &l.list, buf_span(&b));
    return ERR_OK;
}
