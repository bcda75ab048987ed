/* Who changed what of control data, as far as the API tells it: what was made, with its time and maker. */
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/api/api.h"
#include "server/pages/pages.h"
#include "server/pages/pages_private.h"
#include "server/pages/rows.h"

enum { PARTIES = 200, MOST = 2000, SHOWN = 100 };

struct change {
    int64_t at_ms;
    enum word what;
    struct span by, of, id;
    const char *address; /* of what it is about, with its id; NULL: none */
};

struct changes {
    struct request *rq;
    struct screen s;
    json_t *parties, *contracts, *campaigns;
    json_t *of_parties; /* their tokens and invitations, which texts point into */
    struct change *change;
    size_t n, room;
};

static void add(struct changes *c, struct change one)
{
    if (c->n == c->room) {
        c->room = c->room > 0 ? 2 * c->room : 64;
        c->change = xrealloc(c->change, c->room * sizeof *c->change);
    }
    c->change[c->n++] = one;
}

static enum err add_made(struct changes *c, asked *of, const json_t *party, enum word what)
{
    json_t *answer = NULL;
    const json_t *one;
    size_t i;
    enum err err = ask(c->rq, of, ask_text(party, "id"), SPAN(""), &answer);
    if (err != ERR_OK)
        return err;
    json_array_foreach(json_object_get(answer, "data"), i, one)
        add(c, (struct change){ask_time(one, "created_at"), what, ask_text(one, "by"), ask_text(party, "name"),
                               ask_text(party, "id"), "/parties/"});
    json_array_append_new(c->of_parties, answer);
    return ERR_OK;
}

static enum err add_party(struct changes *c, const json_t *party)
{
    const struct span name = ask_text(party, "name"), id = ask_text(party, "id");
    add(c, (struct change){ask_time(party, "created_at"), WORD_CHANGE_PARTY, SPAN(""), name, id, "/parties/"});
    if (ask_time(party, "locked_at") != 0)
        add(c, (struct change){ask_time(party, "locked_at"), WORD_CHANGE_LOCK, ask_text(party, "locked_by"), name, id,
                               "/parties/"});
    enum err err = add_made(c, party_tokens_list, party, WORD_CHANGE_TOKEN);
    return err == ERR_OK ? add_made(c, invitations_list, party, WORD_CHANGE_INVITE) : err;
}

static int newer_first(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    return (x->at_ms < y->at_ms) - (x->at_ms > y->at_ms);
}

static enum err gather(struct changes *c)
{
    const json_t *one;
    size_t i;
    enum err err;
    c->of_parties = json_array();
    if ((err = ask_all(c->rq, parties_list, SPAN(""), "", MOST, &c->parties)) != ERR_OK ||
        (err = ask_all(c->rq, contracts_list, SPAN(""), "", MOST, &c->contracts)) != ERR_OK ||
        (err = ask_all(c->rq, campaigns_list, SPAN(""), "", MOST, &c->campaigns)) != ERR_OK)
        return err;
    size_t n = json_array_size(c->parties);
    for (i = n > PARTIES ? n - PARTIES : 0; i < n && err == ERR_OK; i++)
        err = add_party(c, json_array_get(c->parties, i));
    json_array_foreach(c->contracts, i, one)
        add(c, (struct change){ask_time(one, "created_at"), WORD_CHANGE_CONTRACT, SPAN(""), ask_text(one, "id"),
                               ask_text(one, "id"), "/contracts/"});
    json_array_foreach(c->campaigns, i, one)
        add(c, (struct change){ask_time(one, "created_at"), WORD_CHANGE_CAMPAIGN, SPAN(""), ask_text(one, "name"),
                               ask_text(one, "id"), NULL});
    if (c->n > 0)
        qsort(c->change, c->n, sizeof *c->change, newer_first);
    return err;
}

static void write_change(struct changes *c, const struct change *one)
{
    const struct party *by = catalog_party(c->rq->catalog, one->by);
    struct page *g = &c->s.g;
    page_put(g, "<li class=\"done\"><b>{}</b> ", P_WORD(one->what));
    if (one->address != NULL)
        page_put(g, "<a href=\"{}{}\">{}</a>", P_HTML(one->address), P_QUERY(one->id), P_NAME(one->of));
    else
        page_put(g, "{}", P_NAME(one->of));
    if (by != NULL)
        page_put(g, " · {}", P_SAY(WORD_CHANGE_BY, P_NAME(by->name)));
    page_put(g, "<br><span class=\"at\">{}</span></li>\n", P_TIME(one->at_ms));
}

static enum err changes_read(struct request *rq, struct reply *reply)
{
    struct changes c = {.rq = rq};
    enum err err = screen_read(&c.s, rq, NULL, 0);
    if (err == ERR_OK && rq->caller->role != ROLE_OPERATOR)
        err = problem(&rq->problem, ERR_FORBIDDEN, "", "this page is not for your role");
    if (err == ERR_OK)
        err = screen_zone(&c.s, screen_first_zone(rq));
    if (err == ERR_OK)
        err = gather(&c);
    if (err == ERR_OK) {
        screen_open(&c.s, WORD_AUDIT_LOG, "/system", "narrow");
        page_put(&c.s.g,
                 "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div></div>\n<section class=\"card\">\n<ol "
                 "class=\"tl\">\n",
                 P_WORD(WORD_AUDIT_LOG), P_WORD(WORD_AUDIT_LOG_WHAT));
        for (size_t i = 0; i < c.n && i < SHOWN; i++)
            write_change(&c, &c.change[i]);
        page_html(&c.s.g, "</ol>\n</section>\n");
        err = screen_reply(&c.s, reply, 200);
    }
    free(c.change);
    json_decref(c.parties);
    json_decref(c.contracts);
    json_decref(c.campaigns);
    json_decref(c.of_parties);
    return err;
}

enum err changes_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, changes_read);
}
