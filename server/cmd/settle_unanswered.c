#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "server/cmd/settle_private.h"
#include "server/system/system.h"

enum {
    LINES_MOST = 100,
    OPEN = 2, /* lists go by contract: a row is of one of the last two, or of a new one */
    SILENTS_MOST = LINES_MOST + 1 + OPEN,
    TEXT_CAP = 64,
    SAID_CAP = 640
};

/* A statement, as far as it is told of. All texts are fit for a terminal. */
struct told {
    char id[TEXT_CAP], issued_at[TEXT_CAP], zone[TEXT_CAP];
    int64_t number;
};

/* A party that owes answers to statements of one contract. */
struct silent {
    char contract[TEXT_CAP], name[TEXT_CAP];
    struct told first, last; /* of them, in the order of their numbers */
    char said[SAID_CAP];     /* what the first comes to */
    size_t n;
    bool publisher;
};

struct silents {
    struct silent of[SILENTS_MOST];
    size_t n, dropped; /* dropped: they wait for shorter than LINES_MOST others */
};

static void take_text(char out[TEXT_CAP], const json_t *v, const char *name)
{
    struct buf b;
    buf_fixed(&b, out, TEXT_CAP - 1);
    utf8_show(&b, span_str(settle_text(v, name)), TEXT_CAP - 1);
    out[b.len] = '\0';
}

static void take_told(struct told *t, const json_t *statement)
{
    take_text(t->id, statement, "id");
    take_text(t->issued_at, statement, "issued_at");
    take_text(t->zone, statement, "timezone");
    t->number = settle_number(statement, "number");
}

/* Times of lists are all in UTC, and of one length. */
static int older_first(const void *a, const void *b)
{
    const struct silent *x = a, *y = b;
    int order = strcmp(x->first.issued_at, y->first.issued_at);
    return order != 0 ? order : strcmp(x->contract, y->contract);
}

static void drop_youngest(struct silents *all)
{
    size_t youngest = 0;
    for (size_t i = 1; i < all->n - OPEN; i++)
        if (older_first(&all->of[i], &all->of[youngest]) > 0)
            youngest = i;
    all->n--;
    all->dropped++;
    memmove(&all->of[youngest], &all->of[youngest + 1], (all->n - youngest) * sizeof *all->of);
}

static struct silent *silent_of(const struct settling *s, const json_t *statement, bool publisher)
{
    struct silents *all = s->silents;
    char contract[TEXT_CAP];
    struct buf said;
    take_text(contract, statement, "contract");
    for (size_t i = all->n; i > 0 && i + OPEN > all->n; i--) {
        struct silent *x = &all->of[i - 1];
        if (x->publisher == publisher && strcmp(x->contract, contract) == 0)
            return x;
    }
    if (all->n == SILENTS_MOST)
        drop_youngest(all);
    struct silent *x = &all->of[all->n++];
    *x = (struct silent){.publisher = publisher};
    memcpy(x->contract, contract, sizeof contract);
    take_told(&x->first, statement);
    buf_heap(&said);
    settle_add_statement(s, &said, statement, statement);
    const struct span cut = utf8_cut(buf_span(&said), SAID_CAP - 1);
    memcpy(x->said, cut.ptr, cut.len);
    buf_free(&said);
    return x;
}

static bool take_statement(void *ctx, const json_t *statement)
{
    const struct settling *s = ctx;
    const json_t *a;
    size_t i;
    json_array_foreach(json_object_get(statement, "answers"), i, a)
    {
        if (strcmp(settle_text(a, "verdict"), "none") != 0)
            continue;
        struct silent *x = silent_of(s, statement, strcmp(settle_text(a, "role"), "publisher") == 0);
        take_told(&x->last, statement);
        x->n++;
    }
    return true;
}

struct silents *settle_silents_open(struct settling *s, const char *query)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "%s&verdict=none", query);
    s->silents = xcalloc(1, sizeof *s->silents);
    settle_each(s, "statements", wanted, take_statement);
    return s->silents;
}

void settle_silents_name(struct silents *all, const json_t *row)
{
    for (size_t i = 0; i < all->n; i++) {
        struct silent *x = &all->of[i];
        if (strcmp(x->contract, settle_text(row, "contract")) == 0)
            take_text(x->name, row, x->publisher ? "publisher_name" : "advertiser_name");
    }
}

/* ", for 31 days": since the first was issued, by this machine's clock. */
static void add_age(struct buf *line, const struct told *first)
{
    int64_t at_ms;
    if (time_parse(span_str(first->issued_at), &at_ms) != ERR_OK || at_ms > clock_ms())
        return;
    int64_t days = (clock_ms() - at_ms) / MS_PER_DAY;
    buf_printf(line, ", for %" PRId64 " day%s", days, days == 1 ? "" : "s");
}

static void show(struct settling *s, const struct silent *x)
{
    struct buf line;
    buf_heap(&line);
    buf_printf(&line, "unanswered %s  %s ", x->contract, x->first.id);
    if (x->n == 1) {
        buf_str(&line, x->said);
    } else {
        buf_printf(&line, "no. %" PRId64 " to %s no. %" PRId64 ", %zu statements, issued ", x->first.number, x->last.id,
                   x->last.number, x->n);
        days_add(s->zones, &line, x->first.issued_at, x->first.zone);
        buf_str(&line, " to ");
        days_add(s->zones, &line, x->last.issued_at, x->last.zone);
    }
    buf_printf(&line, ": the %s %s has not answered", x->publisher ? "publisher" : "advertiser", x->name);
    add_age(&line, &x->first);
    settle_line(s, &line);
    buf_free(&line);
}

void settle_silents_show(struct settling *s)
{
    struct silents *all = s->silents;
    qsort(all->of, all->n, sizeof *all->of, older_first);
    const size_t shown = all->n < LINES_MOST ? all->n : LINES_MOST, more = all->n - shown + all->dropped;
    for (size_t i = 0; i < shown; i++)
        show(s, &all->of[i]);
    if (more > 0)
        printf("unanswered by %zu more, for shorter: GET /v1/statements?verdict=none, or --contract ID\n", more);
    if (all->n == 0)
        printf("everybody has answered all statements of before\n");
}
