/* What happens, as it happens: the events of /v1/live on a terminal, or a line of JSON or CSV each. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/csv.h"
#include "common/base/id.h"
#include "common/base/json_read.h"
#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "server/cmd/command.h"
#include "server/cmd/download.h"
#include "server/cmd/shown.h"
#include "server/system/log.h"

enum { URL, TOKEN, CONTRACT, JSON, CSV, ARGS };
enum {
    LINE_MAX_LEN = 1 << 20, /* bytes of a line of a server that nobody trusts */
    SILENT_S = 60,          /* it says something each 15 s: after so long without a byte it is asked again */
    AGAIN_S = 2,            /* until the first of several times */
    AGAIN_MOST_S = 30,
    ID_MAX = 64
};

static const struct arg args[ARGS] = {
    [URL] = {.name = "URL", .required = true, .help = "public URL of the server"},
    [TOKEN] = {.name = "--token", .value = "T", .help = "API token; else the variable COUNTERSIGN_TOKEN"},
    [CONTRACT] = {.name = "--contract", .value = "ID", .help = "only this one; else all that the token may read"},
    [JSON] = {.name = "--json", .help = "one JSON object a line: event, id, data"},
    [CSV] = {.name = "--csv", .help = "comma-separated, for spreadsheets"},
};

struct tail {
    bool json, csv;
    bool headed;                           /* the columns' names are out */
    struct buf line, shown;                /* what came of a line; what is shown of an event */
    char event[ID_MAX + 1];                /* of the event that is coming */
    char id[ID_MAX + 1], last[ID_MAX + 1]; /* its own; of the last that came whole */
    json_t *data;
    bool heard; /* since it was asked last */
};

static volatile sig_atomic_t over;

static void on_signal(int number)
{
    (void)number;
    over = 1;
    download_interrupt();
}

/* ---- what is shown ---- */

static void add_counts(struct buf *line, const char *what, const json_t *counts)
{
    const char *word;
    const json_t *n;
    bool any = false;
    buf_printf(line, "%s %lld", what, (long long)json_integer_value(json_object_get(counts, "total")));
    json_object_foreach((json_t *)(uintptr_t)counts, word, n)
    {
        if (strcmp(word, "total") == 0)
            continue;
        buf_str(line, any ? ", " : " (");
        shown_add(line, word, 0, 16);
        buf_printf(line, " %lld", (long long)json_integer_value(n));
        any = true;
    }
    buf_str(line, any ? ")" : "");
}

static void add_lead(struct buf *line, const json_t *data, bool moves)
{
    shown_add(line, shown_text(data, "status"), 9, 16);
    buf_str(line, "  ");
    shown_money(line, data, moves ? "payable_micros" : "payout_micros", 12, moves);
    buf_str(line, "  ");
    shown_add(line, shown_text(data, "lead"), 47, 47);
    buf_str(line, "  ");
    shown_add(line, shown_text(data, "txid"), 0, 80);
    buf_str(line, "  ");
    shown_add(line, shown_text(data, "reason"), 0, 80);
    shown_add(line, shown_text(data, "note"), 0, 80);
}

static void add_statement(struct buf *line, const json_t *data)
{
    shown_add(line, shown_text(data, "id"), 13, 16);
    buf_printf(line, "  no. %lld, net ", (long long)json_integer_value(json_object_get(data, "number")));
    shown_money(line, data, "net_micros", 0, false);
}

static void add_refused(struct buf *line, const json_t *data)
{
    if (json_is_true(json_object_get(data, "missed"))) {
        buf_str(line, "many, not shown: GET /v1/refused from ");
        shown_time(line, shown_text(data, "from"));
        buf_str(line, " to ");
        shown_time(line, shown_text(data, "to"));
        return;
    }
    buf_printf(line, "%lld ", (long long)json_integer_value(json_object_get(data, "status")));
    shown_add(line, shown_text(data, "route"), 0, 64);
    buf_byte(line, ' ');
    shown_add(line, shown_text(data, "field"), 0, 96);
    buf_str(line, shown_text(data, "field")[0] != '\0' ? ": " : "");
    shown_add(line, shown_text(data, "reason"), 0, 300);
}

static void show(struct tail *t)
{
    struct buf *line = &t->shown;
    const char *at = strcmp(t->event, "statement") == 0 ? "issued_at" : "at";
    shown_time(line, shown_text(t->data, at));
    buf_str(line, "  ");
    shown_add(line, t->event, 11, 16);
    buf_str(line, "  ");
    shown_add(line, shown_text(t->data, "contract"), 13, 16);
    buf_str(line, "  ");
    if (strcmp(t->event, "lead") == 0 || strcmp(t->event, "disposition") == 0) {
        add_lead(line, t->data, t->event[0] == 'd');
    } else if (strcmp(t->event, "statement") == 0) {
        add_statement(line, t->data);
    } else if (strcmp(t->event, "refused") == 0) {
        add_refused(line, t->data);
    } else if (strcmp(t->event, "counters") == 0) {
        add_counts(line, "clicks", json_object_get(t->data, "clicks"));
        add_counts(line, ", leads", json_object_get(t->data, "leads"));
    }
    shown_line(line);
}

static void show_json(const struct tail *t)
{
    json_t *all = json_pack("{s:s,s:s,s:O}", "event", t->event, "id", t->id, "data", t->data);
    char *text = json_dumps(all, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (text == NULL)
        mem_exhausted();
    printf("%s\n", text);
    free(text);
    json_decref(all);
}

/* Of a count its total. Events have one of a cell's members at most; a cell of which they have none is empty. */
static const struct {
    const char *column, *members[3];
} columns[] = {
    {"at", {"at", "issued_at", "from"}},
    {"contract", {"contract"}},
    {"index", {"index"}},
    {"lead", {"lead"}},
    {"txid", {"txid"}},
    {"status", {"status"}},
    {"reason", {"reason"}},
    {"note", {"note"}},
    {"amount", {"payout_micros", "payable_micros", "net_micros"}},
    {"currency", {"currency"}},
    {"statement", {"id"}},
    {"number", {"number"}},
    {"clicks", {"clicks"}},
    {"leads", {"leads"}},
    {"request_id", {"request_id"}},
    {"route", {"route"}},
    {"field", {"field"}},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static void add_cell(struct buf *line, const json_t *data, size_t i)
{
    enum { CELL_CAP = 48 };
    const json_t *v = NULL;
    const char *member = "";
    char mem[CELL_CAP];
    struct buf cell;
    buf_fixed(&cell, mem, sizeof mem);
    for (size_t n = 0; v == NULL && n < 3 && columns[i].members[n] != NULL; n++)
        v = json_object_get(data, member = columns[i].members[n]);
    v = json_is_object(v) ? json_object_get(v, "total") : v;
    if (json_is_integer(v) && strstr(member, "_micros") != NULL)
        micros_add(&cell, json_integer_value(v), span_str(shown_text(data, "currency")));
    else if (json_is_integer(v))
        buf_i64(&cell, json_integer_value(v));
    csv_cell(line, json_is_string(v) ? span_of(json_string_value(v), json_string_length(v)) : buf_span(&cell), ',');
}

static void show_csv(struct tail *t)
{
    struct buf *line = &t->shown;
    if (!t->headed) {
        buf_str(line, CSV_BOM "event");
        for (size_t i = 0; i < COLUMNS; i++)
            buf_printf(line, ",%s", columns[i].column);
        buf_str(line, "\r\n");
        t->headed = true;
    }
    csv_cell(line, span_str(t->event), ',');
    for (size_t i = 0; i < COLUMNS; i++)
        add_cell(line, t->data, i);
    line->len--; /* the last comma */
    buf_str(line, "\r\n");
    fwrite(line->ptr, 1, line->len, stdout);
    buf_clear(line);
}

/* ---- the stream (HTML standard, section 9.2.6) ---- */

static void event_ends(struct tail *t)
{
    if (t->data != NULL && t->json)
        show_json(t);
    else if (t->data != NULL && t->csv)
        show_csv(t);
    else if (t->data != NULL)
        show(t);
    if (t->data != NULL)
        fflush(stdout);
    memcpy(t->last, t->id, sizeof t->last);
    json_decref(t->data);
    t->data = NULL;
    t->event[0] = '\0';
}

static const char *keep_word(char out[ID_MAX + 1], struct span value)
{
    if (value.len > ID_MAX)
        return "an event has a longer name or id than any of this server's";
    memcpy(out, value.ptr, value.len);
    out[value.len] = '\0';
    return NULL;
}

static const char *take_line(struct tail *t, struct span line)
{
    struct span name, value = line;
    if (span_empty(line)) {
        event_ends(t);
        return NULL;
    }
    if (line.ptr[0] == ':' || !text_cut(&value, ':', &name))
        return NULL;
    value = value.len > 0 && value.ptr[0] == ' ' ? span_skip(value, 1) : value;
    if (span_is(name, "id"))
        return keep_word(t->id, value);
    if (span_is(name, "event"))
        return keep_word(t->event, value);
    if (span_is(name, "data") && (t->data != NULL || json_read(value, &t->data, NULL) != ERR_OK))
        return "an event is no JSON of this server's";
    return NULL;
}

static const char *take(void *ctx, struct span bytes)
{
    struct tail *t = ctx;
    const char *wrong = NULL;
    t->heard = true;
    while (bytes.len > 0 && wrong == NULL) {
        const char *end = memchr(bytes.ptr, '\n', bytes.len);
        size_t n = end != NULL ? (size_t)(end - bytes.ptr) : bytes.len;
        buf_add(&t->line, bytes.ptr, n);
        bytes = span_skip(bytes, end != NULL ? n + 1 : n);
        if (t->line.len > LINE_MAX_LEN)
            return "a line of it does not end";
        if (end == NULL)
            break;
        wrong = take_line(t, buf_span(&t->line));
        buf_clear(&t->line);
    }
    return wrong;
}

/* What came of an event that was cut off is nothing. */
static void begin(struct tail *t)
{
    buf_clear(&t->line);
    json_decref(t->data);
    t->data = NULL;
    t->event[0] = '\0';
    memcpy(t->id, t->last, sizeof t->id);
    t->heard = false;
}

static void follow(struct tail *t, struct download *d, const char *path)
{
    unsigned wait_s = AGAIN_S;
    while (!over) {
        struct refused_offer why = {0};
        begin(t);
        download_resume(d, t->last, SILENT_S);
        enum sent sent = download_try(d, path, UINT64_MAX, take, t, &why);
        if (sent == SENT_REFUSED)
            decline("%s%s answered %ld%s%s: %s", download_url(d), path, why.status, why.said[0] != '\0' ? ", " : "",
                    why.said, why.text);
        if (sent == SENT_LOST && !over)
            complain("%s%s: %s: again in a while", download_url(d), path, why.text);
        wait_s = t->heard ? AGAIN_S : wait_s < AGAIN_MOST_S / 2 ? 2 * wait_s : AGAIN_MOST_S;
        if (!over)
            sleep(wait_s);
    }
}

static int tail(const char *const given[])
{
    const char *token = given[TOKEN] != NULL ? given[TOKEN] : getenv("COUNTERSIGN_TOKEN");
    const struct sigaction act = {.sa_handler = on_signal};
    struct tail t = {.json = given[JSON] != NULL, .csv = given[CSV] != NULL};
    char path[64] = "v1/live";
    if (token == NULL || !*token)
        decline("whose events? Give --token T or set COUNTERSIGN_TOKEN");
    if (t.json && t.csv)
        decline("--json and --csv: which of them?");
    if (given[CONTRACT] != NULL && !id_is_plain(span_str(given[CONTRACT])))
        decline("--contract \"%.60s\" is not a contract id", given[CONTRACT]);
    if (given[CONTRACT] != NULL)
        snprintf(path, sizeof path, "v1/live?contract=%s", given[CONTRACT]);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    struct download *d =
        download_open(given[URL], token, (struct download_limits){.slack_s = UINT32_MAX, .bytes = UINT64_MAX});
    buf_heap(&t.line);
    buf_heap(&t.shown);
    follow(&t, d, path);
    json_decref(t.data);
    buf_free(&t.line);
    buf_free(&t.shown);
    download_close(d);
    return STATUS_DONE;
}

const struct command cmd_tail = {
    .name = "tail",
    .summary = "show leads, dispositions, statements and refusals as they come",
    .help =
        "Shows what is committed of the contracts that the token may read, a line an event, until ctrl-C (status 0).\n"
        "Where the connection ends it is made again, and nothing is left out or shown twice. What a contract has of\n"
        "clicks and leads today comes at most once a second. Times are UTC.",
    .args = args,
    .n_args = ARGS,
    .run = tail,
};
