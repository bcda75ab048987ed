#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "server/cmd/settle_private.h"
#include "server/system/system.h"

enum { LINES_MOST = 100, GROUPS_AT_ONCE = 64 };

/* A party that owes answers to statements of one contract. */
struct silent {
    json_t *first, *last; /* of them, in the order of their numbers */
    size_t n;
    bool publisher;
};

struct silents {
    struct silent *of;
    size_t n, room;
};

static const char *contract_of(const struct silent *x)
{
    return settle_text(x->first, "contract");
}

/* Lists go by contract: it is one of the last two, or new. */
static struct silent *silent_of(struct silents *all, const json_t *statement, bool publisher)
{
    for (size_t i = all->n; i > 0 && i + 2 > all->n; i--) {
        struct silent *x = &all->of[i - 1];
        if (x->publisher == publisher && strcmp(contract_of(x), settle_text(statement, "contract")) == 0)
            return x;
    }
    if (all->n == all->room) {
        all->room += GROUPS_AT_ONCE;
        all->of = xrealloc(all->of, all->room * sizeof *all->of);
    }
    all->of[all->n] = (struct silent){.first = json_incref((json_t *)(uintptr_t)statement), .publisher = publisher};
    return &all->of[all->n++];
}

static bool take_statement(void *ctx, const json_t *statement)
{
    const struct settling *s = ctx;
    const json_t *a;
    size_t i;
    if (json_object_get(s->made, settle_text(statement, "id")) != NULL)
        return true;
    json_array_foreach(json_object_get(statement, "answers"), i, a)
    {
        if (strcmp(settle_text(a, "verdict"), "none") != 0)
            continue;
        struct silent *x = silent_of(s->silents, statement, strcmp(settle_text(a, "role"), "publisher") == 0);
        json_decref(x->last);
        x->last = json_incref((json_t *)(uintptr_t)statement);
        x->n++;
    }
    return true;
}

/* Times of lists are all in UTC, and of one length. */
static int older_first(const void *a, const void *b)
{
    const struct silent *x = a, *y = b;
    int order = strcmp(settle_text(x->first, "issued_at"), settle_text(y->first, "issued_at"));
    return order != 0 ? order : strcmp(contract_of(x), contract_of(y));
}

static const char *name_of(const struct settling *s, const struct silent *x)
{
    const json_t *row;
    size_t i;
    json_array_foreach(s->rows, i, row)
    {
        if (strcmp(settle_text(row, "contract"), contract_of(x)) == 0)
            return settle_text(row, x->publisher ? "publisher_name" : "advertiser_name");
    }
    return "";
}

/* ", for 31 days": since the first was issued, by this machine's clock. */
static void add_age(struct buf *line, const json_t *first)
{
    int64_t at_ms;
    if (time_parse(span_str(settle_text(first, "issued_at")), &at_ms) != ERR_OK || at_ms > clock_ms())
        return;
    int64_t days = (clock_ms() - at_ms) / MS_PER_DAY;
    buf_printf(line, ", for %" PRId64 " day%s", days, days == 1 ? "" : "s");
}

static void add_day(struct buf *line, const json_t *statement)
{
    enum { DAY = 10 };
    const char *at = settle_text(statement, "issued_at");
    utf8_show(line, span_of(at, strnlen(at, DAY)), DAY);
}

static void show(struct settling *s, const struct silent *x)
{
    const char *role = x->publisher ? "publisher" : "advertiser";
    struct buf line;
    buf_heap(&line);
    buf_str(&line, "unanswered ");
    settle_add_shown(&line, contract_of(x));
    buf_str(&line, "  ");
    settle_add_shown(&line, settle_text(x->first, "id"));
    buf_str(&line, " ");
    if (x->n == 1) {
        settle_add_statement(&line, x->first, x->first);
    } else {
        buf_printf(&line, "no. %" PRId64 " to ", settle_number(x->first, "number"));
        settle_add_shown(&line, settle_text(x->last, "id"));
        buf_printf(&line, " no. %" PRId64 ", %zu statements, issued ", settle_number(x->last, "number"), x->n);
        add_day(&line, x->first);
        buf_str(&line, " to ");
        add_day(&line, x->last);
    }
    buf_printf(&line, ": the %s ", role);
    settle_add_shown(&line, name_of(s, x));
    buf_str(&line, " has not answered");
    add_age(&line, x->first);
    settle_line(s, &line);
    buf_free(&line);
}

void settle_unanswered(struct settling *s, const char *query)
{
    struct silents all = {.n = 0};
    char wanted[128];
    snprintf(wanted, sizeof wanted, "%s&verdict=none", query);
    s->silents = &all;
    settle_each(s, "statements", wanted, take_statement);
    if (all.n > 0)
        qsort(all.of, all.n, sizeof *all.of, older_first);
    for (size_t i = 0; i < all.n; i++) {
        if (i < LINES_MOST)
            show(s, &all.of[i]);
        json_decref(all.of[i].first);
        json_decref(all.of[i].last);
    }
    if (all.n > LINES_MOST)
        printf("unanswered by %zu more, for shorter: GET /v1/statements?verdict=none, or --contract ID\n",
               all.n - LINES_MOST);
    if (all.n == 0)
        printf("everybody has answered all statements of before\n");
    s->silents = NULL;
    free(all.of);
}
