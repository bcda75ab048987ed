/* The daily look: GET /v1/reports as a table of aligned columns, as JSON, or as the server's CSV. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/csv.h"
#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/base/query.h"
#include "common/base/utf8.h"
#include "server/cmd/command.h"
#include "server/cmd/download.h"
#include "server/system/log.h"

enum { URL, TOKEN, GROUP, FROM, TO, TIMEZONE, CONTRACT, CAMPAIGN, PUBLISHER, VALUES, MODEL, FILTER, JSON, CSV, ARGS };
enum { ANSWER_MAX = 256 << 20, SLACK_S = 120, COLUMNS = 24, CELL_MAX = 48 };

static const struct arg args[ARGS] = {
    [URL] = {.name = "URL", .required = true, .help = "public URL of the server"},
    [TOKEN] = {.name = "--token",
               .value = "T",
               .help = "API token of a party or auditor; else the variable COUNTERSIGN_TOKEN"},
    [GROUP] = {.name = "--group",
               .value = "LIST",
               .help = "hour, day, week or month; campaign contract publisher class status reason; and one of code "
                       "sub1-5 utm_* channel country device score; with commas between",
               .def = "day"},
    [FROM] = {.name = "--from", .value = "TIME", .help = "first day (2026-11-01), or a time"},
    [TO] = {.name = "--to", .value = "TIME", .help = "last day, or the time behind the last"},
    [TIMEZONE] = {.name = "--timezone", .value = "ZONE", .help = "of days and hours, in place of the contract's"},
    [CONTRACT] = {.name = "--contract", .value = "ID", .help = "of this contract alone"},
    [CAMPAIGN] = {.name = "--campaign", .value = "ID", .help = "of this campaign alone"},
    [PUBLISHER] = {.name = "--publisher", .value = "ID", .help = "of this publisher alone"},
    [VALUES] = {.name = "--values", .value = "N", .help = "rows of so many values, the largest; else 1000"},
    [MODEL] = {.name = "--model",
               .value = "MODEL",
               .help = "leads as last, first, linear, time-decay, position, shapley or markov credits them"},
    [FILTER] = {.name = "--where",
                .value = "FILTER",
                .help = "of one value alone: NAME=VALUE, as sub1=news or status=approved"},
    [JSON] = {.name = "--json", .help = "the server's JSON"},
    [CSV] = {.name = "--csv", .help = "the server's CSV, for spreadsheets"},
};

/* ---- what is asked ---- */

static void add(struct buf *path, const char *name, const char *value)
{
    if (value == NULL)
        return;
    buf_printf(path, "%s%s=", path->ptr[path->len - 1] == '?' ? "" : "&", name);
    query_encode(path, span_str(value));
}

static void path_of(const char *const given[], struct buf *path)
{
    char name[32];
    const char *where = given[FILTER], *equals = where != NULL ? strchr(where, '=') : NULL;
    buf_str(path, "v1/reports?");
    add(path, "group", given[GROUP] != NULL ? given[GROUP] : "day");
    for (int i = FROM; i <= MODEL; i++)
        add(path, args[i].name + 2, given[i]);
    if (where != NULL && (equals == NULL || equals == where || (size_t)(equals - where) >= sizeof name))
        decline("--where \"%.60s\" is not NAME=VALUE, as sub1=news or status=approved", where);
    if (where != NULL) {
        snprintf(name, sizeof name, "%.*s", (int)(equals - where), where);
        if (strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") != strlen(name))
            decline("--where \"%.60s\" names nothing that reports know", where);
        add(path, name, equals + 1);
    }
    if (given[CSV] != NULL)
        add(path, "format", "csv");
}

static const char *keep(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

/* ---- the table ---- */

struct cell {
    char text[CELL_MAX];
    size_t width; /* in characters */
    bool right;
};
struct table {
    struct cell *cell;
    size_t rows, columns;
};

static struct cell *next_cell(struct table *t, size_t column)
{
    return &t->cell[t->rows * t->columns + column];
}

/* A stranger's text is shown without what would turn or hide what is around it, and cut. */
static void set_text(struct cell *c, const char *text)
{
    struct buf b;
    buf_fixed(&b, c->text, sizeof c->text - 1);
    utf8_show(&b, span_str(text), CELL_MAX - 4);
    c->text[b.len] = '\0';
    for (const char *p = c->text; *p != '\0'; p++)
        c->width += (*p & 0xc0) != 0x80;
}

static void set_number(struct cell *c, int64_t v, int decimals, int least)
{
    struct buf b;
    buf_fixed(&b, c->text, sizeof c->text - 1);
    decimal_add(&b, v, decimals, least);
    c->text[b.len] = '\0';
    c->width = b.len;
    c->right = true;
}

/* As it is, with its currency's decimals at least; of what was divided with no more than these. */
static void set_money(struct cell *c, int64_t v, struct span currency, bool divided)
{
    struct buf b;
    int exponent = currency_exponent(currency);
    if (divided && exponent >= 0)
        v -= v % micros_per_minor(exponent);
    buf_fixed(&b, c->text, sizeof c->text - 1);
    micros_add(&b, v, currency);
    c->text[b.len] = '\0';
    c->width = b.len;
    c->right = true;
}

static int64_t number(const json_t *v, const char *name)
{
    return json_integer_value(json_object_get(v, name));
}

enum kind { COUNT, LEADS, MONEY, COST, PERCENT };
static const struct column {
    const char *title, *object, *name;
    enum kind kind;
} columns[] = {
    {"clicks", "clicks", "total", COUNT},
    {"valid", "clicks", "ok", COUNT},
    {"leads", "leads", "total", LEADS},
    {"approved", "leads", "approved", LEADS},
    {"converted", "leads", "converted", LEADS},
    {"payout", NULL, "payout_micros", MONEY},
    {"per lead", NULL, "cost_per_lead_micros", COST},
    {"revenue", NULL, "revenue_micros", MONEY},
    {"leads/click", NULL, "conversion_ppm", PERCENT},
    {"ROI", NULL, "roi_ppm", PERCENT},
    {"mean score", NULL, "mean_score", COUNT},
};
enum { NUMBERS = sizeof columns / sizeof *columns };

/* What is left out, as there is nothing to divide by, stays blank. */
static void set_figures(struct table *t, const json_t *row, size_t at, const char *currency)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        const struct column *c = &columns[i];
        const json_t *credit = c->kind == LEADS ? json_object_get(row, "credit") : NULL, /* millionths, by a model */
            *of = credit != NULL      ? credit
                  : c->object != NULL ? json_object_get(row, c->object)
                                      : row;
        struct cell *cell = next_cell(t, at + i);
        cell->right = true;
        if (c->object == NULL && json_object_get(of, c->name) == NULL)
            continue;
        int64_t v = number(of, c->name);
        if (credit != NULL)
            set_number(cell, v / 10000, 2, 2);
        else if (c->kind == COUNT || c->kind == LEADS)
            set_number(cell, v, 0, 0);
        else if (c->kind == MONEY || c->kind == COST)
            set_money(cell, v, span_str(currency), c->kind == COST);
        else
            set_number(cell, v / 1000, 1, 1);
    }
}

static void set_row(struct table *t, const json_t *groups, const json_t *row, const char *first)
{
    size_t i, at = json_array_size(groups);
    const json_t *group;
    json_array_foreach(groups, i, group)
    {
        const char *text = json_string_value(json_object_get(json_object_get(row, "key"), json_string_value(group)));
        bool rest = text != NULL && *text == '\0' && json_is_true(json_object_get(row, "other"));
        set_text(next_cell(t, i), first != NULL ? (i == 0 ? first : "") : text == NULL ? "" : rest ? "(other)" : text);
    }
    const char *currency = json_string_value(json_object_get(row, "currency"));
    currency = currency != NULL ? currency : "";
    set_text(next_cell(t, at), currency);
    set_figures(t, row, at + 1, currency);
    t->rows++;
}

static void set_titles(struct table *t, const json_t *groups)
{
    size_t i, at = json_array_size(groups);
    const json_t *group;
    json_array_foreach(groups, i, group) set_text(next_cell(t, i), json_string_value(group));
    set_text(next_cell(t, at), "");
    for (i = 0; i < NUMBERS; i++) {
        set_text(next_cell(t, at + 1 + i), columns[i].title);
        next_cell(t, at + 1 + i)->right = true;
    }
    t->rows++;
}

static void print_table(const struct table *t)
{
    size_t width[COLUMNS] = {0};
    for (size_t i = 0; i < t->rows * t->columns; i++)
        if (t->cell[i].width > width[i % t->columns])
            width[i % t->columns] = t->cell[i].width;
    for (size_t i = 0; i < t->rows * t->columns; i++) {
        const struct cell *c = &t->cell[i];
        size_t column = i % t->columns;
        int blank = (int)(width[column] - c->width);
        bool last = column + 1 == t->columns;
        printf("%*s%s%*s%s", c->right ? blank : 0, "", c->text, c->right || last ? 0 : blank, "", last ? "\n" : "  ");
    }
}

static void print_report(const struct download *d, const json_t *report)
{
    const json_t *groups = json_object_get(report, "groups"), *rows = json_object_get(report, "rows"),
                 *totals = json_object_get(report, "totals"), *row;
    struct table t = {.columns = json_array_size(groups) + 1 + NUMBERS};
    size_t i;
    bool named = true;
    json_array_foreach(groups, i, row) named &= json_is_string(row);
    if (!json_is_array(groups) || !json_is_array(rows) || !json_is_array(totals) || t.columns > COLUMNS || !named)
        die("%s answered no report", download_url(d));
    t.cell = xcalloc((json_array_size(rows) + json_array_size(totals) + 1) * t.columns, sizeof *t.cell);
    set_titles(&t, groups);
    json_array_foreach(rows, i, row) set_row(&t, groups, row, NULL);
    json_array_foreach(totals, i, row) set_row(&t, groups, row, "total");
    print_table(&t);
    if (number(report, "crowded_days") > 0)
        printf("on %" PRId64 " days of contracts there were more values than are counted apart: (other) has the rest\n",
               number(report, "crowded_days"));
    if (number(report, "without_touches") > 0)
        printf("of %" PRId64 " leads all clicks but their own are not known any more\n",
               number(report, "without_touches"));
    free(t.cell);
}

/* ---- the command ---- */

/* Nothing of a stranger that steers a terminal. */
static void print_csv(struct span text)
{
    struct buf line;
    if (span_starts(text, CSV_BOM)) {
        fputs(CSV_BOM, stdout);
        text = span_skip(text, sizeof CSV_BOM - 1);
    }
    while (!span_empty(text)) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.ptr) : text.len;
        buf_heap(&line);
        utf8_show(&line, span_of(text.ptr, len > 0 && text.ptr[len - 1] == '\r' ? len - 1 : len), SIZE_MAX);
        printf("%.*s\r\n", (int)line.len, line.ptr != NULL ? line.ptr : "");
        buf_free(&line);
        text = span_skip(text, end != NULL ? len + 1 : len);
    }
}

static int report(const char *const given[])
{
    const char *token = given[TOKEN] != NULL ? given[TOKEN] : getenv("COUNTERSIGN_TOKEN");
    struct buf path, answer;
    if (token == NULL || !*token)
        decline("whose contracts? Give --token T or set COUNTERSIGN_TOKEN");
    if (given[JSON] != NULL && given[CSV] != NULL)
        decline("--json or --csv, not both");
    buf_heap(&path);
    buf_heap(&answer);
    path_of(given, &path);
    buf_byte(&path, '\0');
    struct download *d =
        download_open(given[URL], token, (struct download_limits){.slack_s = SLACK_S, .bytes = ANSWER_MAX});
    download_get(d, path.ptr, ANSWER_MAX, keep, &answer);
    if (given[CSV] != NULL) {
        print_csv(buf_span(&answer));
    } else {
        json_t *v = json_loadb(answer.ptr, answer.len, JSON_REJECT_DUPLICATES, NULL);
        if (v == NULL)
            die("%s answered what is no JSON", download_url(d));
        if (given[JSON] != NULL) {
            json_dumpf(v, stdout, JSON_INDENT(1) | JSON_ENSURE_ASCII);
            putchar('\n');
        } else {
            print_report(d, v);
        }
        json_decref(v);
    }
    download_close(d);
    buf_free(&path);
    buf_free(&answer);
    return STATUS_DONE;
}

const struct command cmd_report = {
    .name = "report",
    .summary = "what contracts came to: clicks, leads, money, by day or otherwise",
    .help = "Shows what the contracts that the token's party may read came to, as a table; exact for the entries that\n"
            "the server had counted (--json says how many of each log). Amounts are cut to hundredths, ratios are per\n"
            "cent. docs/reports.md says what each figure means.",
    .args = args,
    .n_args = ARGS,
    .run = report,
};
