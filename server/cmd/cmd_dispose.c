/* Dispositions that the advertiser's own key signs, of one lead or of a file: FORMATS.md "A countersigned disposition".
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/csv.h"
#include "common/base/json_read.h"
#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/decisions/countersigned.h"
#include "common/ledger/jws.h"
#include "server/cmd/command.h"
#include "server/cmd/own_party.h"
#include "server/cmd/party_file.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { URL, LEAD, STATUS, KEY, TOKEN, REASON, AMOUNT, CURRENCY, ROWS, ARGS };
enum { ANSWER_MAX = 1 << 20, SLACK_S = 60, REF_MAX = 60 };
enum { FILE_MAX = 4 << 20, COLUMNS_MAX = 64, ROWS_AT_ONCE = 100 };

static const struct arg args[ARGS] = {
    [URL] = {.name = "URL", .required = true, .help = "public URL of the server"},
    [LEAD] = {.name = "LEAD", .help = "the lead's reference, L...; or --file"},
    [STATUS] = {.name = "--status", .value = "S", .help = "approved, rejected, returned or converted"},
    [KEY] = {.name = "--key", .value = "FILE", .required = true, .help = "the advertiser's key, as `keygen` made it"},
    [TOKEN] = {.name = "--token",
               .value = "T",
               .help = "API token of the advertiser; else the variable COUNTERSIGN_TOKEN"},
    [REASON] = {.name = "--reason", .value = "TEXT", .help = "why, in words that the log keeps for good"},
    [AMOUNT] = {.name = "--amount", .value = "N", .help = "of a sale (converted): 12.50"},
    [CURRENCY] = {.name = "--currency", .value = "C", .help = "of the amount: the campaign's"},
    [ROWS] = {.name = "--file",
              .value = "FILE",
              .help = "many of them: CSV with columns lead, status, and perhaps reason, amount, currency"},
};

/* What is said of one lead; NULL: nothing. */
struct said {
    const char *lead, *status, *reason, *amount, *currency;
};

struct disposing {
    struct said said;
    char party[LIMIT_ID + 1], kid[JWK_KID_LEN + 1];
    struct span contract; /* the lead: where it stands */
    int64_t index;
    json_t *lead;
    int64_t amount_micros;
};

static const char *keep(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

/* What the server lists; the caller frees x->lead. False: it is no lead. */
static bool take_lead(struct disposing *x, json_t *json)
{
    x->lead = json;
    x->contract = SPAN("");
    x->index = 0;
    return json_get_str(json, "", "contract", LIMIT_ID, &x->contract, NULL, NULL) == ERR_OK &&
           json_get_int(json, "", "index", 1, JSON_INT_MAX, &x->index, NULL, NULL) == ERR_OK &&
           !span_empty(x->contract) && x->index > 0;
}

/* False: there is none. */
static bool read_lead(struct disposing *x, struct download *d)
{
    char path[96];
    struct buf body;
    json_t *json = NULL;
    buf_heap(&body);
    snprintf(path, sizeof path, "v1/leads/%.60s", x->said.lead);
    bool there = download_get_unless(d, 404, path, ANSWER_MAX, keep, &body);
    if (there && (json_read(buf_span(&body), &json, NULL) != ERR_OK || !take_lead(x, json)))
        die("%s%s answered what no lead is", download_url(d), path);
    buf_free(&body);
    return there;
}

static void kstr(struct jw *w, const char *name, const char *text)
{
    if (text != NULL)
        jw_kstr(w, name, span_str(text));
}

static void payload(const struct disposing *x, struct span issuer, struct buf *out)
{
    char at[40];
    struct buf b;
    struct jw w;
    buf_fixed(&b, at, sizeof at);
    time_rfc3339(&b, clock_ms());
    jw_open(&w, out);
    jw_object(&w);
    if (x->amount_micros != 0)
        jw_kint(&w, "amount_micros", x->amount_micros);
    jw_kstr(&w, "at", buf_span(&b));
    jw_kstr(&w, "contract", x->contract);
    kstr(&w, "currency", x->said.currency);
    jw_kstr(&w, "issuer", issuer);
    jw_kint(&w, "lead", x->index);
    jw_kstr(&w, "party", span_str(x->party));
    kstr(&w, "reason", x->said.reason);
    kstr(&w, "status", x->said.status);
    jw_kstr(&w, "typ", SPAN(DISPOSITION_TYP));
    jw_object_end(&w);
    jw_close(&w);
}

static void write_body(struct jw *w, const struct disposing *x, struct signer *key, struct span issuer, bool names_lead)
{
    struct buf said, jws;
    buf_heap(&said);
    buf_heap(&jws);
    payload(x, issuer, &said);
    jws_compact(&jws, key, DISPOSITION_TYP, buf_span(&said));
    jw_object(w);
    kstr(w, "amount", x->said.amount);
    kstr(w, "currency", x->said.currency);
    jw_kstr(w, "jws", buf_span(&jws));
    if (names_lead)
        kstr(w, "lead", x->said.lead);
    kstr(w, "reason", x->said.reason);
    kstr(w, "status", x->said.status);
    jw_object_end(w);
    buf_free(&jws);
    buf_free(&said);
}

static struct span issuer_of(const struct download *d)
{
    const char *url = download_url(d);
    return span_of(url, strlen(url) - 1);
}

static void send(const struct disposing *x, struct download *d, struct signer *key)
{
    char path[128];
    struct buf body, back;
    struct jw w;
    json_t *json = NULL;
    struct span status = SPAN(""), ref = SPAN("");
    int64_t index = 0;
    const char *url = download_url(d);
    buf_heap(&body);
    buf_heap(&back);
    jw_open(&w, &body);
    write_body(&w, x, key, issuer_of(d), false);
    jw_close(&w);
    snprintf(path, sizeof path, "v1/leads/%.60s/dispositions", x->said.lead);
    download_send(d, "POST", path, buf_span(&body), ANSWER_MAX, keep, &back);
    if (json_read(buf_span(&back), &json, NULL) != ERR_OK ||
        json_get_str(json, "", "status", 40, &status, NULL, NULL) != ERR_OK ||
        json_get_str(json, "", "lead", REF_MAX, &ref, NULL, NULL) != ERR_OK ||
        json_get_int(json, "", "index", 1, JSON_INT_MAX, &index, NULL, NULL) != ERR_OK ||
        !span_is(status, x->said.status) || !span_is(ref, x->said.lead) || index == 0)
        decline("%s%s answered what no server does that took it, or took something else: whether it was taken is not "
                "known. Run it again: the log tells",
                url, path);
    printf("%s: %s, entry %lld of %.*s, signed by key %s and taken by the server; the next pull shows it in the log\n",
           x->said.lead, x->said.status, (long long)index, (int)x->contract.len, x->contract.ptr, x->kid);
    json_decref(json);
    buf_free(&back);
    buf_free(&body);
}

/* ---- of a file ---- */

enum column { C_LEAD, C_STATUS, C_REASON, C_AMOUNT, C_CURRENCY, COLUMNS };
static const char *const columns[COLUMNS] = {"lead", "status", "reason", "amount", "currency"};

struct sheet {
    struct disposing *x;
    struct download *d;
    struct signer *key;
    size_t place[COLUMNS]; /* which field of a record; COLUMNS_MAX: none */
    struct buf body;       /* rows under way: what is sent, */
    struct jw w;
    size_t n, sent; /* rows, and those of them that are sent */
    struct pending {
        size_t row;   /* of the file */
        char why[80]; /* it is not sent; "": it is */
        char lead[REF_MAX + 1];
        int64_t entry; /* the last that the lead had, and then that of the answer */
    } at[ROWS_AT_ONCE];
    size_t taken, was, refused;
};

static void read_heading(struct sheet *s, const struct span *field, size_t n)
{
    char mem[64];
    for (size_t c = 0; c < COLUMNS; c++)
        s->place[c] = COLUMNS_MAX;
    for (size_t i = 0; i < n; i++) {
        struct buf text;
        size_t c = 0;
        buf_fixed(&text, mem, sizeof mem);
        struct span name = field[i].len < sizeof mem ? text_strip(csv_field(field[i], &text)) : SPAN("");
        while (c < COLUMNS && !ascii_eq(name, span_str(columns[c])))
            c++;
        if (!utf8_valid(field[i]))
            decline("the first line is not UTF-8: save the file as UTF-8");
        if (c == COLUMNS)
            decline("the column \"%.*s\" is not known here: lead, status, reason, amount and currency are",
                    (int)(name.len < 40 ? name.len : 40), name.ptr);
        if (s->place[c] != COLUMNS_MAX)
            decline("the column \"%s\" is there twice", columns[c]);
        s->place[c] = i;
    }
    if (s->place[C_STATUS] == COLUMNS_MAX || s->place[C_LEAD] == COLUMNS_MAX)
        decline("the first line names the columns: lead and status, and perhaps reason, amount, currency");
}

/* A copy that ends with 00; NULL of what is empty or not there. The caller frees it. */
static char *value_of(const struct sheet *s, enum column c, const struct span *field, size_t n)
{
    struct buf mem;
    if (s->place[c] >= n)
        return NULL;
    struct span raw = field[s->place[c]];
    char *room = xcalloc(raw.len + 1, 1), *value = NULL;
    buf_fixed(&mem, room, raw.len + 1);
    struct span text = text_strip(csv_field(raw, &mem));
    if (text.len > 0) {
        value = xcalloc(text.len + 1, 1);
        memcpy(value, text.ptr, text.len);
    }
    free(room);
    return value;
}

static void refuse_row(struct sheet *s, size_t row, const char *why)
{
    struct buf shown;
    buf_heap(&shown);
    utf8_show(&shown, span_str(why), 600);
    printf("row %zu: refused, %.*s\n", row, (int)shown.len, shown.ptr);
    buf_free(&shown);
    s->refused++;
}

/* NULL, or why it cannot be signed. */
static const char *check_row(struct sheet *s, char ref[REF_MAX + 1])
{
    struct said *said = &s->x->said;
    s->x->amount_micros = 0;
    if (said->status == NULL)
        return "it has no status";
    if (strlen(said->status) > 15 || !ascii_all_alnum_or(span_str(said->status), "_"))
        return "its status is none such as approved";
    if ((said->amount != NULL) != (said->currency != NULL))
        return "amount and currency belong together";
    if (said->amount != NULL && money_parse(span_str(said->amount), &s->x->amount_micros) != ERR_OK)
        return "its amount is none such as 12.50";
    if (said->lead == NULL || strlen(said->lead) > REF_MAX || !ascii_all_alnum_or(span_str(said->lead), "-_"))
        return "it names no lead";
    snprintf(ref, REF_MAX + 1, "%s", said->lead);
    said->lead = ref;
    return read_lead(s->x, s->d) ? NULL : "there is no such lead";
}

/* The entry that is answered was there before, or came of a row in front. */
static bool was_so(const struct sheet *s, const struct pending *x, int64_t index)
{
    bool was = x->entry == index;
    for (const struct pending *p = s->at; p < x; p++)
        was |= p->entry == index;
    return was;
}

static void tell_answer(struct sheet *s, struct pending *x, const json_t *a)
{
    struct span detail = SPAN("");
    int64_t index = 0, code = 0;
    char why[760];
    bool reads = json_get_int(a, "", "status", 0, 599, &code, NULL, NULL) == ERR_OK &&
                 json_get_str(a, "", "detail", 600, &detail, NULL, NULL) == ERR_OK &&
                 json_get_int(a, "", "index", 1, JSON_INT_MAX, &index, NULL, NULL) == ERR_OK;
    if (reads && code == 200 && index > 0) {
        const bool was = was_so(s, x, index);
        printf("row %zu: %s %s, entry %lld\n", x->row, x->lead, was ? "was so already" : "taken", (long long)index);
        s->was += was;
        s->taken += !was;
        x->entry = index;
        return;
    }
    snprintf(why, sizeof why, "%s (%lld): %.*s", x->lead, (long long)code, (int)detail.len, detail.ptr);
    refuse_row(s, x->row, why);
}

/* What became of those that were sent; NULL where none was. */
static json_t *send_rows(struct sheet *s)
{
    struct buf back;
    json_t *json = NULL;
    if (s->sent == 0)
        return NULL;
    buf_heap(&back);
    jw_array_end(&s->w);
    jw_close(&s->w);
    download_send(s->d, "POST", "v1/dispositions", buf_span(&s->body), 4 * ANSWER_MAX, keep, &back);
    const json_t *data = json_read(buf_span(&back), &json, NULL) == ERR_OK ? json_object_get(json, "data") : NULL;
    if (json_array_size(data) != s->sent)
        decline("%sv1/dispositions answered what no server does that took these rows: whether they were taken is not "
                "known. Run it again: the log tells",
                download_url(s->d));
    buf_free(&back);
    buf_clear(&s->body);
    return json;
}

/* Each is answered, in the order of the file; the call is 200 whatever became of them. */
static void flush_rows(struct sheet *s)
{
    json_t *json = send_rows(s);
    const json_t *data = json_object_get(json, "data");
    for (size_t i = 0, k = 0; i < s->n; i++) {
        if (s->at[i].why[0] != '\0')
            refuse_row(s, s->at[i].row, s->at[i].why);
        else
            tell_answer(s, &s->at[i], json_array_get(data, k++));
    }
    fflush(stdout);
    json_decref(json);
    s->n = s->sent = 0;
}

static bool all_utf8(const struct span *field, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!utf8_valid(field[i]))
            return false;
    return true;
}

static void take_row(struct sheet *s, size_t row, const struct span *field, size_t n)
{
    struct pending x = {.row = row};
    char *value[COLUMNS];
    for (size_t c = 0; c < COLUMNS; c++)
        value[c] = value_of(s, (enum column)c, field, n);
    s->x->said = (struct said){value[C_LEAD], value[C_STATUS], value[C_REASON], value[C_AMOUNT], value[C_CURRENCY]};
    s->x->lead = NULL;
    const char *why =
        all_utf8(field, n) ? check_row(s, x.lead) : "it is not UTF-8: save the file as UTF-8, and run it again";
    snprintf(x.why, sizeof x.why, "%s", why != NULL ? why : "");
    if (why == NULL) {
        if (json_get_int(s->x->lead, "", "updated_index", 1, JSON_INT_MAX, &x.entry, NULL, NULL) != ERR_OK)
            x.entry = 0;
        if (s->sent++ == 0) {
            jw_open(&s->w, &s->body);
            jw_array(&s->w);
        }
        write_body(&s->w, s->x, s->key, issuer_of(s->d), true);
    }
    s->at[s->n++] = x;
    json_decref(s->x->lead);
    for (size_t c = 0; c < COLUMNS; c++)
        free(value[c]);
    if (s->n == ROWS_AT_ONCE)
        flush_rows(s);
}

static int dispose_file(struct disposing *x, struct download *d, struct signer *key, const char *path)
{
    static struct sheet s;
    struct span field[COLUMNS_MAX];
    struct buf text;
    struct csv csv;
    const char *what = "";
    size_t n, row = 0;
    enum err err;
    s.x = x, s.d = d, s.key = key;
    buf_heap(&text);
    buf_heap(&s.body);
    if (file_read(path, FILE_MAX, &text) != ERR_OK)
        decline("cannot read %s, or it has more than %d bytes", path, FILE_MAX);
    csv_open(&csv, buf_span(&text));
    struct span first = csv.rest, line = text_take(&first, '\n');
    if (memchr(line.ptr, ',', line.len) == NULL && memchr(line.ptr, ';', line.len) != NULL)
        csv.mark = ';'; /* as spreadsheets write where a comma parts decimals */
    if (csv_next(&csv, field, COLUMNS_MAX, &n, &what) != ERR_OK)
        decline("%s has no first line of columns", path);
    read_heading(&s, field, n);
    while ((err = csv_next(&csv, field, COLUMNS_MAX, &n, &what)) == ERR_OK)
        take_row(&s, ++row, field, n);
    flush_rows(&s);
    printf("%zu taken, %zu were so already, %zu refused, signed by key %s; the next pull shows them in the log\n",
           s.taken, s.was, s.refused, x->kid);
    if (err != ERR_NOT_FOUND)
        decline("line %zu of %s does not read: %s. The rows before it were sent", csv.line, path, what);
    buf_free(&s.body);
    buf_free(&text);
    return s.refused > 0 ? STATUS_FAILED : STATUS_DONE;
}

/* ---- the command ---- */

static void check_asked(const char *const given[], struct disposing *x)
{
    bool one = given[LEAD] != NULL;
    if (one == (given[ROWS] != NULL) || one != (given[STATUS] != NULL))
        decline("say what: a LEAD with --status, or --file FILE with many");
    if (!one && (given[REASON] != NULL || given[AMOUNT] != NULL || given[CURRENCY] != NULL))
        decline("--reason, --amount and --currency are about one LEAD: of --file they are columns");
    if (given[AMOUNT] != NULL && money_parse(span_str(given[AMOUNT]), &x->amount_micros) != ERR_OK)
        decline("--amount \"%.40s\" is no amount such as 12.50", given[AMOUNT]);
    if ((given[AMOUNT] != NULL) != (given[CURRENCY] != NULL))
        decline("--amount and --currency belong together");
}

static int dispose_one(struct disposing *x, struct download *d, struct signer *key)
{
    if (!read_lead(x, d))
        die("%sv1/leads/%.60s: there is no such lead, or not for this token", download_url(d), x->said.lead);
    send(x, d, key);
    json_decref(x->lead);
    return STATUS_DONE;
}

static int dispose(const char *const given[])
{
    const char *token = given[TOKEN] != NULL ? given[TOKEN] : getenv("COUNTERSIGN_TOKEN");
    struct disposing x = {.said = {.lead = given[LEAD],
                                   .status = given[STATUS],
                                   .reason = given[REASON],
                                   .amount = given[AMOUNT],
                                   .currency = given[CURRENCY]}};
    char own[JWK_KID_LEN + 1];
    if (token == NULL || !*token)
        decline("whose word is it? Give --token T or set COUNTERSIGN_TOKEN");
    check_asked(given, &x);
    struct signer *key = party_file_read(given[KEY]);
    struct download *d =
        download_open(given[URL], token, (struct download_limits){.slack_s = SLACK_S, .bytes = UINT64_MAX});
    jwk_kid(signer_public(key), own);
    own[JWK_KID_LEN] = '\0';
    own_party(d, x.party, x.kid);
    if (strcmp(own, x.kid) != 0)
        decline("%s signs by %s: give the file of that key by --key, or put this one on record by `enrol`", x.party,
                x.kid[0] != '\0' ? x.kid : "no key so far");
    int status = given[ROWS] != NULL ? dispose_file(&x, d, key, given[ROWS]) : dispose_one(&x, d, key);
    download_close(d);
    signer_free(key);
    return status;
}

const struct command cmd_dispose = {
    .name = "dispose",
    .summary = "decide on leads, signed by the advertiser's own key",
    .help = "Says that a lead is approved, rejected, returned or converted, and signs it: the log tells it as\n"
            "countersigned, and campaigns with \"dispositions\":\"countersigned\" take nothing less. The same again is "
            "the\nsame: nothing is decided twice. With --file many are: each row is signed, sent and answered with a "
            "line\n(exit 1 where one was refused).",
    .args = args,
    .n_args = ARGS,
    .run = dispose,
};
