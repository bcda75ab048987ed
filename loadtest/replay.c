#include "loadtest/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "common/base/mem.h"
#include "common/base/query.h"
#include "common/base/text.h"
#include "loadtest/csv.h"
#include "loadtest/sender.h"

/* What of a row is told, and under which name. What is blank is left out. */
#define COLUMN_TABLE(X)                                                                                                \
    X(PROSPECT, "Prospect ID", "")                                                                                     \
    X(NUMBER, "Lead Number", "")                                                                                       \
    X(SOURCE, "Lead Source", "")                                                                                       \
    X(NO_EMAIL, "Do Not Email", "")                                                                                    \
    X(CONVERTED, "Converted", "")                                                                                      \
    X(COUNTRY, "Country", "f_country")                                                                                 \
    X(ORIGIN, "Lead Origin", "f_origin")                                                                               \
    X(VISITS, "TotalVisits", "f_visits")                                                                               \
    X(SECONDS, "Total Time Spent on Website", "f_seconds")                                                             \
    X(PAGES, "Page Views Per Visit", "f_pages")                                                                        \
    X(SPECIALIZATION, "Specialization", "f_specialization")                                                            \
    X(HEARD, "How did you hear about X Education", "f_heard")                                                          \
    X(OCCUPATION, "What is your current occupation", "f_occupation")                                                   \
    X(MATTERS, "What matters most to you in choosing a course", "f_matters")                                           \
    X(CITY, "City", "f_city")                                                                                          \
    X(FREE_COPY, "A free copy of Mastering The Interview", "f_free_copy")

enum {
#define X(symbol, column, name) COLUMN_##symbol,
    COLUMN_TABLE(X)
#undef X
        COLUMNS
};
static const struct {
    const char *column, *name;
} columns[COLUMNS] = {
#define X(symbol, column, name) {column, name},
    COLUMN_TABLE(X)
#undef X
};

/* The file's countries by their codes. What it has beside them ("unknown", "Asia/Pacific Region") is none. */
static const struct {
    const char *name, *code;
} countries[] = {
    {"Australia", "AU"},      {"Bahrain", "BH"},       {"Bangladesh", "BD"},
    {"Belgium", "BE"},        {"Canada", "CA"},        {"China", "CN"},
    {"Denmark", "DK"},        {"France", "FR"},        {"Germany", "DE"},
    {"Ghana", "GH"},          {"Hong Kong", "HK"},     {"India", "IN"},
    {"Indonesia", "ID"},      {"Italy", "IT"},         {"Kenya", "KE"},
    {"Kuwait", "KW"},         {"Liberia", "LR"},       {"Malaysia", "MY"},
    {"Netherlands", "NL"},    {"Nigeria", "NG"},       {"Oman", "OM"},
    {"Philippines", "PH"},    {"Qatar", "QA"},         {"Russia", "RU"},
    {"Saudi Arabia", "SA"},   {"Singapore", "SG"},     {"South Africa", "ZA"},
    {"Sri Lanka", "LK"},      {"Sweden", "SE"},        {"Switzerland", "CH"},
    {"Tanzania", "TZ"},       {"Uganda", "UG"},        {"United Arab Emirates", "AE"},
    {"United Kingdom", "GB"}, {"United States", "US"}, {"Vietnam", "VN"},
};

struct code {
    char code[CODE_LEN + 1];
    char *source; /* "*": of every source that no line names */
};

struct row {
    enum kind step; /* what is fired next, or on its way; KINDS: all is done */
    size_t code;
    int64_t ts_s;      /* of the step's postback: the same again is the same bytes; 0: not yet fired */
    enum status asked; /* by its disposition */
    char click_id[CLICK_ID_LEN + 1], lead[LEAD_REF_LEN + 1];
};

struct replay {
    struct span host;
    const char *user_agent;
    uint64_t salt;
    struct sender *sender;
    struct csv csv;
    size_t column[COLUMNS];
    struct code *codes;
    size_t n_codes;
    struct row *rows;
    size_t fresh;          /* the first row that has not begun */
    size_t *ready, *later; /* rows whose next step can be fired, or only after a while */
    size_t n_ready, n_later;
    struct replay_result *result;
};

/* ---- reading ---- */

static void read_codes(struct replay *r, const char *path)
{
    char line[256];
    FILE *f = fopen(path, "r");
    if (f == NULL)
        die("cannot read %s: %m", path);
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0')
            continue;
        if (strlen(line) < CODE_LEN + 2 || line[CODE_LEN] != ' ')
            die("%s: with --replay a line is a tracking code, a space and a source, or *: %s", path, line);
        r->codes = xrealloc(r->codes, (r->n_codes + 1) * sizeof *r->codes);
        struct code *c = &r->codes[r->n_codes++];
        line[CODE_LEN] = '\0';
        memcpy(c->code, line, CODE_LEN + 1);
        c->source = xstrdup(line + CODE_LEN + 1);
    }
    fclose(f);
}

static struct span cell(const struct replay *r, size_t row, size_t column)
{
    return csv_cell(&r->csv, row, r->column[column]);
}

static size_t code_of(const struct replay *r, struct span source)
{
    size_t any = r->n_codes;
    for (size_t i = 0; i < r->n_codes; i++) {
        if (span_is(source, r->codes[i].source))
            return i;
        if (strcmp(r->codes[i].source, "*") == 0)
            any = i;
    }
    if (any == r->n_codes)
        die("no line of --codes is for the source '%.*s', and none for *", (int)source.len, source.ptr);
    return any;
}

struct replay *replay_new(const struct settings *s, struct span host, uint64_t salt, struct replay_result *result)
{
    struct replay *r = xcalloc(1, sizeof *r);
    r->host = host;
    r->user_agent = s->user_agent;
    r->salt = salt;
    r->result = result;
    r->sender = sender_new(s, host);
    csv_open(&r->csv, s->replay);
    for (size_t i = 0; i < COLUMNS; i++)
        r->column[i] = csv_column(&r->csv, columns[i].column);
    read_codes(r, s->codes);
    r->rows = xcalloc(r->csv.rows + 1, sizeof *r->rows);
    r->ready = xcalloc(r->csv.rows + 1, sizeof *r->ready);
    r->later = xcalloc(r->csv.rows + 1, sizeof *r->later);
    for (size_t i = 0; i < r->csv.rows; i++) {
        r->rows[i].step = KIND_CLICK;
        r->rows[i].code = code_of(r, cell(r, i, COLUMN_SOURCE));
    }
    result->rows = result->unfinished = r->csv.rows;
    return r;
}

void replay_free(struct replay *r)
{
    if (r == NULL)
        return;
    sender_free(r->sender);
    csv_close(&r->csv);
    for (size_t i = 0; i < r->n_codes; i++)
        free(r->codes[i].source);
    free(r->codes);
    free(r->rows);
    free(r->ready);
    free(r->later);
    free(r);
}

/* ---- asking ---- */

static void add_field(struct buf *b, const char *name, struct span value)
{
    if (span_empty(value))
        return;
    buf_str(b, "&");
    buf_str(b, name);
    buf_str(b, "=");
    query_encode(b, value);
}

/* The file has no contacts: a mailbox and a number that are the row's alone stand for them, and who asked not to be
 * written to gave no address. */
static void add_contact(const struct replay *r, size_t row, struct buf *b)
{
    if (!span_is(cell(r, row, COLUMN_NO_EMAIL), "Yes")) {
        buf_str(b, "&email=");
        query_encode(b, cell(r, row, COLUMN_PROSPECT));
        buf_str(b, "%40example.com");
    }
    buf_str(b, "&phone=%2B9198");
    struct span number = cell(r, row, COLUMN_NUMBER);
    for (size_t n = number.len; n < 8; n++)
        buf_byte(b, '0');
    query_encode(b, number);
}

static void add_lead(const struct replay *r, size_t row, struct buf *b)
{
    buf_str(b, "/postback?click_id=");
    buf_str(b, r->rows[row].click_id);
    add_field(b, "txid", cell(r, row, COLUMN_NUMBER));
    add_contact(r, row, b);
    for (size_t i = 0; i < sizeof countries / sizeof *countries; i++)
        if (span_is(cell(r, row, COLUMN_COUNTRY), countries[i].name))
            add_field(b, "country", span_str(countries[i].code));
    for (size_t i = 0; i < COLUMNS; i++)
        if (columns[i].name[0] != '\0')
            add_field(b, columns[i].name, cell(r, row, i));
}

static void add_click(const struct replay *r, size_t row, struct buf *b)
{
    buf_str(b, "/c/");
    buf_str(b, r->codes[r->rows[row].code].code);
    buf_str(b, "?utm_campaign=replay");
    add_field(b, "sub1", cell(r, row, COLUMN_SOURCE));
    add_field(b, "sub2", cell(r, row, COLUMN_ORIGIN));
}

static void add_disposition(const struct replay *r, size_t row, struct buf *b)
{
    buf_str(b, "/postback?lead=");
    buf_str(b, r->rows[row].lead);
    add_field(b, "status", span_str(status_word(r->rows[row].asked)));
}

static void sign(const struct replay *r, size_t row, size_t start, struct buf *b)
{
    char nonce[64];
    snprintf(nonce, sizeof nonce, "%016llx-%zu-%d", (unsigned long long)r->salt, row, (int)r->rows[row].step);
    sender_sign(r->sender, b, start, r->rows[row].ts_s, span_str(nonce));
}

bool replay_next(struct replay *r, int64_t now_s, struct shot *shot, struct buf *b)
{
    static void (*const add[KINDS])(const struct replay *r, size_t row, struct buf *b) = {
        [KIND_CLICK] = add_click, [KIND_LEAD] = add_lead, [KIND_DISPOSITION] = add_disposition};
    if (r->n_ready == 0 && r->fresh == r->csv.rows)
        return false;
    size_t row = r->n_ready > 0 ? r->ready[--r->n_ready] : r->fresh++;
    enum kind step = r->rows[row].step;
    *shot = (struct shot){.kind = step, .row = row};
    if (r->rows[row].ts_s == 0)
        r->rows[row].ts_s = now_s;
    buf_str(b, "GET ");
    size_t start = b->len;
    add[step](r, row, b);
    if (step != KIND_CLICK)
        sign(r, row, start, b);
    buf_str(b, " HTTP/1.1\r\nHost: ");
    buf_span_add(b, r->host);
    buf_str(b, "\r\nUser-Agent: ");
    buf_str(b, r->user_agent);
    buf_str(b, "\r\n\r\n");
    return true;
}

/* ---- learning ---- */

static void go_on(struct replay *r, size_t row, enum kind step)
{
    r->rows[row].step = step;
    r->rows[row].ts_s = 0;
    if (step == KINDS)
        r->result->unfinished--;
    else
        r->ready[r->n_ready++] = row;
}

static bool read_answer(struct span body, enum status *status, enum reason *reason, int64_t *micros, char *lead)
{
    json_t *v = json_loadb(body.ptr, body.len, 0, NULL);
    const char *ref = json_string_value(json_object_get(v, "lead"));
    bool reads = ref != NULL && strlen(ref) == LEAD_REF_LEN &&
                 status_parse(span_str(json_string_value(json_object_get(v, "status"))), status) == ERR_OK &&
                 reason_parse(span_str(json_string_value(json_object_get(v, "reason"))), reason) == ERR_OK;
    *micros = json_integer_value(json_object_get(v, "payout_micros"));
    if (reads)
        memcpy(lead, ref, LEAD_REF_LEN);
    json_decref(v);
    return reads;
}

static void count(struct outcome *o, int64_t micros)
{
    o->n++;
    o->micros += micros;
}

/* The row's lead, or what became of it, is decided. */
static void decided(struct replay *r, const struct shot *shot, struct span body)
{
    struct row *row = &r->rows[shot->row];
    enum status status;
    enum reason reason;
    int64_t micros;
    if (!read_answer(body, &status, &reason, &micros, row->lead))
        die("row %zu of the leads: an answer that does not read: %.*s", shot->row + 1, (int)body.len, body.ptr);
    if (shot->kind == KIND_DISPOSITION) {
        count(&r->result->decided[row->asked][status], micros);
        go_on(r, shot->row, KINDS);
        return;
    }
    count(&r->result->lead[status][reason], micros);
    row->asked = span_is(cell(r, shot->row, COLUMN_CONVERTED), "1") ? STATUS_APPROVED : STATUS_REJECTED;
    go_on(r, shot->row, status == STATUS_PENDING || status == STATUS_HELD ? KIND_DISPOSITION : KINDS);
}

void replay_answered(struct replay *r, const struct shot *shot, const struct answer *a, struct span click_id)
{
    struct row *row = &r->rows[shot->row];
    if (a->status == 429 || a->status == 503) {
        replay_broken(r, shot);
    } else if (shot->kind == KIND_CLICK && click_id.len == CLICK_ID_LEN) {
        memcpy(row->click_id, click_id.ptr, CLICK_ID_LEN);
        go_on(r, shot->row, KIND_LEAD);
    } else if (shot->kind != KIND_CLICK && a->status == 200) {
        decided(r, shot, a->body);
    } else {
        die("row %zu of the leads: its %s was answered %d: %.*s", shot->row + 1, kind_words[shot->kind], a->status,
            (int)a->body.len, a->body.ptr);
    }
}

void replay_broken(struct replay *r, const struct shot *shot)
{
    r->later[r->n_later++] = shot->row;
}

void replay_retry(struct replay *r)
{
    while (r->n_later > 0)
        r->ready[r->n_ready++] = r->later[--r->n_later];
}

bool replay_done(const struct replay *r)
{
    return r->result->unfinished == 0;
}
