#include "server/api/last_operator.h"

static bool may_make_others(const struct api_token *t)
{
    return t->party->role == ROLE_OPERATOR && t->scopes & MAY_OPERATORS;
}

static bool goes(const struct going *g, const struct token_list *all, size_t i)
{
    return all->t[i] == g->token || (g->locked != NULL && all->t[i]->party->number == g->locked->number) ||
           (g->with_it != NULL && g->with_it->is[i]);
}

enum err operator_left(const struct batch *cx, const struct going *g, bool *left)
{
    const struct token_list all = catalog_tokens(cx->catalog);
    *left = false;
    for (size_t i = 0; i < all.n && !*left; i++) {
        bool may = may_make_others(all.t[i]) && !goes(g, &all, i);
        enum err err = may ? api_token_opens(cx->catalog, all.t[i], cx->now_ms, NULL) : ERR_UNAUTHORIZED;
        if (err == ERR_CORRUPT)
            return err;
        *left = err == ERR_OK;
    }
    return ERR_OK;
}

enum err operator_stays(const struct batch *cx, const struct going *g, const struct api_token *made,
                        struct problem *why)
{
    bool before, after;
    if (made != NULL && may_make_others(made) && made->party->locked_ms == 0)
        return ERR_OK;
    enum err err = operator_left(cx, g, &after);
    if (err == ERR_OK && !after)
        err = operator_left(cx, &(struct going){NULL}, &before);
    if (err != ERR_OK || after || !before)
        return err;
    return problem(why, ERR_CONFLICT, made != NULL ? "scope" : "",
                   "this is the last API token of scope operators that opens anything, so nobody could make another: "
                   "make one with that scope first, or in its place (replaces)");
}
