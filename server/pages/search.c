/* One field that finds a lead by its reference or number, by the click that led to it or the e-mail address of whom it
 * is about (for who is shown that, and as long as it stands), and statements, contracts and parties by their ids. */
#include "common/base/query.h"
#include "common/base/text.h"
#include "server/api/api.h"
#include "server/pages/pages.h"
#include "server/pages/rows.h"
#include "server/settlement/settlement.h"

enum { SHOWN = 50 };

struct search {
    struct request *rq;
    struct screen s;
    struct param q;
    struct span wanted;
    json_t *leads;       /* a list */
    const char *address; /* of what is found by its id; NULL: nothing is */
    enum word kind;
};

/* ERR_OK also where there is none such: *found says. */
static enum err try_one(struct search *f, asked *of, bool *found, json_t **out)
{
    json_t *answer = NULL;
    enum err err = ask(f->rq, of, f->wanted, SPAN(""), &answer);
    *found = err == ERR_OK;
    if (*found && out != NULL)
        *out = json_incref(answer);
    json_decref(answer);
    if (err != ERR_OK && err_status(err) < 500) {
        f->rq->problem = (struct problem){0};
        f->rq->seen = 0;
        err = ERR_OK;
    }
    return err;
}

/* What has an id of its own, by the letter that it begins with. */
static enum err by_id(struct search *f)
{
    static const struct {
        char letter;
        asked *of;
        const char *address;
        enum word kind;
    } kinds[] = {{'C', contracts_get, "/contracts/", WORD_CONTRACT},
                 {'P', parties_get, "/parties/", WORD_INVITE_PARTY},
                 {'S', responses_list, "/statements/", WORD_COL_STATEMENT}};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && err == ERR_OK && f->address == NULL; i++) {
        bool found;
        if (f->wanted.len > LIMIT_ID || f->wanted.ptr[0] != kinds[i].letter)
            continue;
        err = try_one(f, kinds[i].of, &found, NULL);
        f->address = err == ERR_OK && found ? kinds[i].address : NULL;
        f->kind = kinds[i].kind;
    }
    return err;
}

/* Leads by one of the filters that find them at once. What can be none of these is none. */
static enum err by_filter(struct search *f, const char *filter)
{
    json_t *answer = NULL, *one;
    struct buf query;
    size_t i;
    arena_buf(f->rq->arena, &query, 64 + 3 * f->wanted.len);
    buf_printf(&query, "limit=%d&%s=", SHOWN, filter);
    query_encode(&query, f->wanted);
    enum err err = ask(f->rq, leads_list_all, SPAN(""), buf_span(&query), &answer);
    json_array_foreach(json_object_get(answer, "data"), i, one) json_array_append(f->leads, one);
    json_decref(answer);
    if (err != ERR_OK && err_status(err) < 500) {
        f->rq->problem = (struct problem){0};
        err = ERR_OK;
    }
    return err;
}

static enum err by_filters(struct search *f)
{
    static const char *const filters[] = {"txid", "click_id", "email"};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof filters / sizeof *filters && err == ERR_OK && json_array_size(f->leads) == 0; i++)
        if (strcmp(filters[i], "email") != 0 || memchr(f->wanted.ptr, '@', f->wanted.len) != NULL)
            err = by_filter(f, filters[i]);
    return err;
}

static enum err gather(struct search *f)
{
    json_t *lead = NULL;
    bool found = false;
    f->leads = json_array();
    if (span_empty(f->wanted))
        return ERR_OK;
    enum err err = try_one(f, leads_get, &found, &lead);
    if (err == ERR_OK && found)
        json_array_append(f->leads, lead);
    json_decref(lead);
    if (err == ERR_OK && !found)
        err = by_filters(f);
    return err == ERR_OK ? by_id(f) : err;
}

static void write_found(struct search *f)
{
    struct page *g = &f->s.g;
    if (f->address != NULL)
        page_put(g, "<section class=\"card\"><p>{}: <a class=\"id\" href=\"{}{}\">{}</a></p></section>\n",
                 P_WORD(f->kind), P_HTML(f->address), P_QUERY(f->wanted), P_TEXT(f->wanted));
    if (json_array_size(f->leads) > 0) {
        page_html(g, "<section class=\"card\">\n");
        rows_leads(&f->s, f->leads);
        page_html(g, "</section>\n");
    }
    if (f->address == NULL && json_array_size(f->leads) == 0)
        page_put(
            g, "<div class=\"card empty\"><h2>{}</h2><p>{}</p></div>\n", P_WORD(WORD_SEARCH_NOTHING),
            P_WORD(memchr(f->wanted.ptr, '@', f->wanted.len) != NULL ? WORD_SEARCH_PERSON : WORD_SEARCH_NOTHING_WHAT));
}

static enum err search_read(struct request *rq, struct reply *reply)
{
    struct search f = {.rq = rq, .q = {.name = "q"}};
    enum err err = screen_read(&f.s, rq, &f.q, 1);
    if (err == ERR_OK)
        err = screen_zone(&f.s, screen_first_zone(rq));
    f.wanted = text_strip(f.q.value);
    if (err == ERR_OK)
        err = gather(&f);
    if (err == ERR_OK) {
        screen_open(&f.s, WORD_SEARCH, NULL, NULL);
        page_put(&f.s.g,
                 "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div></div>\n<form class=\"filters\" "
                 "action=\"/search\"><label>{}<input type=\"search\" name=\"q\" value=\"{}\"></label><button "
                 "class=\"b\">{}</button></form>\n",
                 P_WORD(WORD_SEARCH), P_WORD(WORD_SEARCH_WHAT), P_WORD(WORD_SEARCH_FIELD), P_TEXT(f.q.value),
                 P_WORD(WORD_SEARCH));
        if (!span_empty(f.wanted))
            write_found(&f);
        err = screen_reply(&f.s, reply, 200);
    }
    json_decref(f.leads);
    return err;
}

enum err search_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, search_read);
}
