/* The leads of the contracts that a party may read, or of one: as a table, as CSV, or as the server has them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/id.h"
#include "common/base/mem.h"
#include "server/api/lead_csv.h"
#include "server/cmd/command.h"
#include "server/cmd/listing.h"
#include "server/cmd/shown.h"
#include "server/system/log.h"

enum { URL, TOKEN, CONTRACT, STATUS, JSON, CSV, ARGS };
enum {
    SLACK_S = 60,
    PAGE_MAX = 4 << 20,         /* bytes of a page: a lead has at most some 64 KiB */
    PAGES_OF_CONTRACT = 1000000 /* of leads */
};

static const struct arg args[ARGS] = {
    [URL] = {.name = "URL", .required = true, .help = "public URL of the server"},
    [TOKEN] = {.name = "--token", .value = "T", .help = "API token; else the variable COUNTERSIGN_TOKEN"},
    [CONTRACT] = {.name = "--contract", .value = "ID", .help = "only of this one; else of all that the token may read"},
    [STATUS] = {.name = "--status",
                .value = "WORD",
                .help = "only those that are pending, held, approved, rejected, duplicate, returned or converted"},
    [JSON] = {.name = "--json", .help = "one JSON object a line, as the server has them"},
    [CSV] = {.name = "--csv", .help = "comma-separated, for spreadsheets"},
};

struct leads {
    const char *const *given;
    struct download *d;
    char **contracts;
    size_t n_contracts;
    struct buf line;
};

static const char *keep(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

static void get(void *ctx, const char *path, struct buf *body)
{
    const struct leads *l = ctx;
    download_get(l->d, path, PAGE_MAX, keep, body);
}

/* ---- rows ---- */

static void print_csv(struct buf *text)
{
    fwrite(text->ptr, 1, text->len, stdout);
    buf_clear(text);
}

static void write_head(struct leads *l)
{
    if (l->given[CSV] != NULL) {
        lead_csv_head(&l->line);
        print_csv(&l->line);
    } else if (l->given[JSON] == NULL)
        printf("%-19s  %-9s  %5s  %16s  %-13s  %-47s  %-20s  %s\n", "TIME (UTC)", "STATUS", "SCORE", "PAYOUT",
               "CONTRACT", "LEAD", "TXID", "REASON");
}

/* A lead that was not scored has none. */
static void show_score(struct buf *line, const json_t *row)
{
    const json_t *score = json_object_get(row, "score");
    if (json_is_integer(score))
        buf_printf(line, "%5" JSON_INTEGER_FORMAT, json_integer_value(score));
    else
        buf_printf(line, "%5s", "");
}

/* What moved it, in words, behind why it was decided so. */
static void show_why(struct buf *line, const json_t *row, bool follows)
{
    enum { WHY_MAX = 240 };
    struct buf words;
    buf_heap(&words);
    lead_why(&words, json_object_get(row, "score_why"));
    if (words.len > 0) {
        buf_byte(&words, '\0');
        buf_str(line, follows ? "; " : "");
        shown_add(line, words.ptr, 0, WHY_MAX);
    }
    buf_free(&words);
}

static void show(struct buf *line, const json_t *row)
{
    enum { TXID = 20, REASON_MAX = 80, WORD_MAX = 16, ID = 13, REF = 47 };
    const char *reason = shown_text(row, "reason");
    const char *note = shown_text(row, "note");
    shown_time(line, shown_text(row, "at"));
    buf_str(line, "  ");
    shown_add(line, shown_text(row, "status"), 9, WORD_MAX);
    buf_str(line, "  ");
    show_score(line, row);
    buf_str(line, "  ");
    shown_money(line, row, "payout_micros", 12, false);
    buf_str(line, "  ");
    shown_add(line, shown_text(row, "contract"), ID, WORD_MAX);
    buf_str(line, "  ");
    shown_add(line, shown_text(row, "lead"), REF, REF);
    buf_str(line, "  ");
    shown_add(line, shown_text(row, "txid"), TXID, REASON_MAX);
    buf_str(line, "  ");
    shown_add(line, reason, 0, REASON_MAX);
    shown_add(line, note, 0, REASON_MAX);
    show_why(line, row, *reason != '\0' || *note != '\0');
    shown_line(line);
}

static void write_json(const json_t *row)
{
    char *text = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    if (text == NULL)
        mem_exhausted();
    printf("%s\n", text);
    free(text);
}

static bool take_lead(void *ctx, const json_t *row)
{
    struct leads *l = ctx;
    if (l->given[JSON] != NULL)
        write_json(row);
    else if (l->given[CSV] == NULL)
        show(&l->line, row);
    else {
        lead_csv(&l->line, row);
        print_csv(&l->line);
    }
    return true;
}

/* ---- lists ---- */

static void keep_contract(struct leads *l, const char *id)
{
    l->contracts = xrealloc(l->contracts, (l->n_contracts + 1) * sizeof *l->contracts);
    l->contracts[l->n_contracts++] = xstrdup(id);
}

static bool take_contract(void *ctx, const json_t *row)
{
    struct leads *l = ctx;
    const char *id = shown_text(row, "id");
    if (!id_is_plain(span_str(id)))
        die("%s lists a contract that is none", download_url(l->d));
    keep_contract(l, id);
    return true;
}

static void list_contract(struct leads *l, const char *id)
{
    char list[64], query[64] = "";
    snprintf(list, sizeof list, "contracts/%s/leads", id);
    if (l->given[STATUS] != NULL)
        snprintf(query, sizeof query, "&status=%s", l->given[STATUS]);
    listing_walk(&(struct listing){.from = l->d,
                                   .list = list,
                                   .query = query,
                                   .pages = PAGES_OF_CONTRACT,
                                   .get = get,
                                   .take = take_lead,
                                   .ctx = l});
}

static void check_given(const char *const given[])
{
    enum { WORD_MAX = 16 };
    const char *status = given[STATUS];
    if (given[CONTRACT] != NULL && !id_is_plain(span_str(given[CONTRACT])))
        decline("--contract \"%.60s\" is not a contract id", given[CONTRACT]);
    if (status != NULL && (strlen(status) == 0 || strlen(status) > WORD_MAX ||
                           strspn(status, "abcdefghijklmnopqrstuvwxyz") != strlen(status)))
        decline("--status \"%.60s\" is no status: write pending, held, approved, rejected, duplicate, returned or "
                "converted",
                status);
    if (given[JSON] != NULL && given[CSV] != NULL)
        decline("--json and --csv: which of them?");
}

static void list_contracts(struct leads *l)
{
    listing_walk(
        &(struct listing){.from = l->d, .list = "contracts", .query = "", .get = get, .take = take_contract, .ctx = l});
}

static int leads(const char *const given[])
{
    struct leads l = {.given = given};
    const char *token = given[TOKEN] != NULL ? given[TOKEN] : getenv("COUNTERSIGN_TOKEN");
    check_given(given);
    if (token == NULL || !*token)
        decline("whose leads? Give --token T or set COUNTERSIGN_TOKEN");
    l.d = download_open(given[URL], token, (struct download_limits){.slack_s = SLACK_S, .bytes = UINT64_MAX});
    buf_heap(&l.line);
    if (given[CONTRACT] != NULL)
        keep_contract(&l, given[CONTRACT]);
    else
        list_contracts(&l);
    write_head(&l);
    for (size_t i = 0; i < l.n_contracts; i++) {
        list_contract(&l, l.contracts[i]);
        free(l.contracts[i]);
    }
    free(l.contracts);
    buf_free(&l.line);
    download_close(l.d);
    return STATUS_DONE;
}

const struct command cmd_leads = {
    .name = "leads",
    .summary = "list leads: a table, CSV or JSON",
    .help =
        "Lists the leads of all contracts that the token may read, or of one, in the order in which they came within\n"
        "each, to the last. As CSV with contact fields where the token's party may see them (as the list of leads has\n"
        "them); a cell that a spreadsheet would run begins with an apostrophe.",
    .args = args,
    .n_args = ARGS,
    .run = leads,
};
