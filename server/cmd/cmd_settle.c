/* The month's end: a statement for each contract that has something to settle, and who has not answered those of
 * before. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/id.h"
#include "common/base/money.h"
#include "common/base/utf8.h"
#include "common/settlement/corrections.h"
#include "common/settlement/statement_text.h"
#include "server/cmd/command.h"
#include "server/cmd/listing.h"
#include "server/cmd/settle_private.h"
#include "server/system/log.h"

enum { URL, TOKEN, UNTIL, CONTRACT, PREVIEW, ARGS };
enum {
    ANSWER_MAX = 65536,
    SLACK_S = 300,    /* of a page: a contract of a million leads is folded for it */
    AGAIN_S = 90,     /* how long an answer is asked for again: a server that starts anew has it by then */
    FIRST_S = 3,      /* the same of one that never answered: it may be another's URL */
    PARTS_MAX = 1000, /* statements of one contract in one run: more than one where one cannot say all */
    SHOWN = 60,       /* bytes of a name */
    WARNINGS_SHOWN = 20,
    WARNING_SHOWN = 800 /* bytes of one */
};

static const struct arg args[ARGS] = {
    [URL] = {.name = "URL", .required = true, .help = "public URL of the server"},
    [TOKEN] = {.name = "--token",
               .value = "T",
               .help = "the operator's API token; else the variable COUNTERSIGN_TOKEN"},
    [UNTIL] = {.name = "--until",
               .value = "WHEN",
               .help = "where the periods end: a month (2026-11), a day (2026-11-30) or a time that is past, by the "
                       "clocks of each campaign; else now"},
    [CONTRACT] = {.name = "--contract", .value = "ID", .help = "only this one; else all"},
    [PREVIEW] = {.name = "--preview", .help = "issue nothing: show what each statement would come to"},
};

/* ---- what a server says ---- */

const char *settle_text(const json_t *v, const char *name)
{
    const char *s = json_string_value(json_object_get(v, name));
    return s != NULL ? s : "";
}

int64_t settle_number(const json_t *v, const char *name)
{
    return json_integer_value(json_object_get(v, name));
}

static const char *keep(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

/* Asks until an answer comes: a server that starts anew has it by then. key NULL: a GET. */
static enum sent until_answered(struct settling *s, const char *path, const char *key, const char *body, uint64_t most,
                                struct buf *answer, struct refused_offer *why)
{
    enum sent sent = SENT_LOST;
    const unsigned again_s = s->answered ? AGAIN_S : FIRST_S;
    for (unsigned waited_s = 0, wait_s = 1; sent == SENT_LOST && waited_s <= again_s; waited_s += wait_s, wait_s *= 2) {
        if (waited_s > 0)
            sleep(wait_s / 2);
        buf_clear(answer);
        sent = key != NULL ? download_offer(s->d, path, key, span_str(body), most, keep, answer, why)
                           : download_try(s->d, path, most, keep, answer, why);
    }
    s->answered |= sent != SENT_LOST;
    return sent;
}

static void get(void *ctx, const char *path, struct buf *answer)
{
    struct settling *s = ctx;
    struct refused_offer why;
    enum sent sent = until_answered(s, path, NULL, NULL, LISTING_PAGE_MAX, answer, &why);
    progress_hide(&s->progress);
    if (sent == SENT_REFUSED) {
        buf_clear(answer);
        download_get(s->d, path, LISTING_PAGE_MAX, keep, answer); /* it says why it is refused */
    }
    const char *said = sent == SENT_LOST && why.said != NULL && why.said[0] != '\0' ? why.said : why.text;
    if (sent == SENT_LOST && why.status != 0)
        decline("%s%s answered %ld: %s. What is settled is settled: run the same command again", download_url(s->d),
                path, why.status, said);
    if (sent == SENT_LOST)
        decline("%s%s: %s. What is settled is settled: run the same command again", download_url(s->d), path, said);
}

void settle_each(struct settling *s, const char *list, const char *query, bool (*take)(void *ctx, const json_t *row))
{
    listing_walk(&(struct listing){.from = s->d, .list = list, .query = query, .get = get, .take = take, .ctx = s});
}

/* ---- lines ---- */

void settle_add_shown(struct buf *line, const char *text)
{
    utf8_show(line, span_str(text), SHOWN);
}

/* "refused   C6EDAYPS4KSMQ  Home insurance, Comparateur Nord: " */
static void row_begin(struct buf *line, const char *word, const json_t *row)
{
    buf_clear(line);
    buf_printf(line, "%-9s ", word);
    settle_add_shown(line, settle_text(row, "contract"));
    buf_str(line, "  ");
    settle_add_shown(line, settle_text(row, "campaign_name"));
    buf_str(line, ", ");
    settle_add_shown(line, settle_text(row, "publisher_name"));
    buf_str(line, ": ");
}

void settle_line(struct settling *s, const struct buf *line)
{
    progress_hide(&s->progress);
    printf("%.*s\n", (int)line->len, line->ptr);
    fflush(stdout);
}

static int exponent_of(const json_t *row)
{
    int exponent = currency_exponent(span_str(settle_text(row, "currency")));
    return exponent < 0 ? 0 : exponent;
}

static void add_money(struct buf *line, const json_t *row, int64_t amount, int decimals)
{
    decimal_add(line, amount, decimals, exponent_of(row));
    buf_byte(line, ' ');
    settle_add_shown(line, settle_text(row, "currency"));
}

/* Who pays is named, so what is paid has no sign. */
static int64_t signed_by(int64_t to_pay, int64_t v)
{
    return to_pay >= 0 ? v : v == INT64_MIN ? INT64_MAX : -v;
}

static struct due due_of(const json_t *statement)
{
    int64_t to_pay = settle_number(statement, "to_pay_minor");
    return (struct due){signed_by(to_pay, settle_number(statement, "payable_minor")),
                        signed_by(to_pay, settle_number(statement, "vat_minor")), signed_by(to_pay, to_pay)};
}

void settle_add_statement(const struct settling *s, struct buf *line, const json_t *row, const json_t *statement)
{
    const char *by = settle_text(statement, "payable_by");
    const struct due due = due_of(statement);
    buf_printf(line, "no. %" PRId64 ", ", settle_number(statement, "number"));
    days_add_period(s->zones, line, settle_text(statement, "from_at"), settle_text(statement, "to_at"),
                    settle_text(row, "timezone"));
    buf_str(line, ", payable ");
    money_due_add(line, due.payable, due.vat, due.to_pay, span_str(settle_text(row, "currency")));
    if (by[0] != '\0') {
        buf_str(line, " by the ");
        settle_add_shown(line, by);
    }
    if (settle_number(statement, "carried_micros") != 0) {
        buf_str(line, ", carried over to the next ");
        add_money(line, row, -settle_number(statement, "carried_micros"), 6); /* the line adds up */
        buf_str(line, settle_number(statement, "carried_micros") < 0 ? " that the publisher owes" : "");
    }
}

static void add_up(int64_t *sum, int64_t more)
{
    if (__builtin_add_overflow(*sum, more, sum))
        *sum = INT64_MAX;
}

static void add_sum(struct settling *s, const json_t *row, const json_t *statement)
{
    const char *currency = settle_text(row, "currency"), *by = settle_text(statement, "payable_by");
    const struct due due = due_of(statement);
    size_t i = 0, side = strcmp(by, "publisher") == 0;
    while (i < s->n_sums && strcmp(s->sums[i].currency, currency) != 0)
        i++;
    if (strlen(currency) != 3 || i == SETTLE_CURRENCIES || by[0] == '\0')
        return;
    if (i == s->n_sums)
        memcpy(s->sums[s->n_sums++].currency, currency, 4);
    struct due *owed = &s->sums[i].owed[side];
    add_up(&owed->payable, due.payable);
    add_up(&owed->vat, due.vat);
    add_up(&owed->to_pay, due.to_pay);
}

/* Who has not answered is told at the end; what a statement would lack matters where there is one. */
static bool is_told(const json_t *row, const char *warning)
{
    bool about_it = strcmp(warning, "no_key") == 0 || strcmp(warning, "no_legal_data") == 0;
    return strcmp(warning, "unanswered") != 0 && !(about_it && json_object_get(row, "draft") == NULL);
}

/* Those that block, or the others, in one line. */
static void show_warnings(struct settling *s, const json_t *row, bool blocking)
{
    struct buf line;
    const json_t *w;
    size_t i, n = 0;
    buf_heap(&line);
    json_array_foreach(json_object_get(row, "warnings"), i, w)
    {
        if (json_is_true(json_object_get(w, "blocks")) != blocking || !is_told(row, settle_text(w, "warning")) ||
            n++ >= WARNINGS_SHOWN)
            continue;
        buf_str(&line, n > 1 ? "; " : blocking ? "          because " : "          but ");
        utf8_show(&line, span_str(settle_text(w, "text")), WARNING_SHOWN);
    }
    if (n > WARNINGS_SHOWN)
        buf_printf(&line, "; and %zu more", n - WARNINGS_SHOWN);
    if (n > 0)
        settle_line(s, &line);
    buf_free(&line);
}

/* ---- one contract ---- */

/* What is to be paid is told once more beside its parts. */
static void check_sum(struct settling *s, const json_t *statement)
{
    int64_t both;
    if (__builtin_add_overflow(settle_number(statement, "payable_minor"), settle_number(statement, "vat_minor"),
                               &both) ||
        both != settle_number(statement, "to_pay_minor"))
        decline("%s says of statement no. %" PRId64 " payable_minor %" PRId64 ", vat_minor %" PRId64
                " and to_pay_minor %" PRId64 ", which is not their sum: pay nothing by it, and `verify` a mirror. What "
                "is settled is settled",
                download_url(s->d), settle_number(statement, "number"), settle_number(statement, "payable_minor"),
                settle_number(statement, "vat_minor"), settle_number(statement, "to_pay_minor"));
}

static void add_count(struct buf *line, int64_t n, const char *what)
{
    buf_printf(line, ", %" PRId64 " %s%s", n, what, n == 1 ? "" : "s");
}

static struct corrected corrected_of(const json_t *draft, const char *what)
{
    const json_t *c = json_object_get(json_object_get(draft, "corrects"), what);
    int64_t n = settle_number(c, "n");
    return (struct corrected){n > 0 ? (uint64_t)n : 0, settle_number(c, "micros")};
}

/* What the net is made of, and what comes to it of the statement before. */
static void add_sums(struct buf *line, const json_t *row, const json_t *draft)
{
    const struct correction_sums sums = {.adjusted = corrected_of(draft, "adjusted"),
                                         .returned = corrected_of(draft, "returned"),
                                         .reinstated = corrected_of(draft, "reinstated")};
    const char *currency = settle_text(row, "currency");
    if (settle_number(draft, "brought_micros") != 0) {
        buf_str(line, ", carried over from the one before ");
        add_money(line, row, settle_number(draft, "brought_micros"), 6);
        buf_str(line, settle_number(draft, "brought_micros") < 0 ? " that the publisher owes" : "");
    }
    buf_str(line, ", net ");
    add_money(line, row, settle_number(draft, "net_micros"), 6);
    if (correction_sums_any(&sums) && currency_exponent(span_str(currency)) >= 0) {
        buf_str(line, " with ");
        correction_sums_tell(line, &sums, span_str(currency));
    }
}

static void show_open(struct settling *s, const json_t *row)
{
    const json_t *draft = json_object_get(row, "draft"), *waiting = json_object_get(draft, "waiting");
    int64_t waits = settle_number(waiting, "pending") + settle_number(waiting, "held");
    struct buf line;
    buf_heap(&line);
    check_sum(s, draft);
    row_begin(&line, "open", row);
    settle_add_statement(s, &line, row, draft);
    add_sums(&line, row, draft);
    add_count(&line, settle_number(draft, "clicks"), "click");
    add_count(&line, settle_number(draft, "leads"), "lead");
    if (waits > 0) {
        buf_printf(&line, ", %" PRId64 " wait%s for ", waits, waits == 1 ? "s" : "");
        add_money(&line, row, settle_number(waiting, "micros"), 6);
    }
    settle_line(s, &line);
    buf_free(&line);
    add_sum(s, row, draft);
    s->n_contracts++;
}

/* why NULL: by what its row warns of. */
static void show_refused(struct settling *s, const json_t *row, const struct refused_offer *why)
{
    struct buf line;
    buf_heap(&line);
    row_begin(&line, "refused", row);
    if (why == NULL) {
        buf_str(&line, "no statement can be issued");
    } else {
        buf_printf(&line, "%ld, ", why->status);
        utf8_show(&line, span_str(why->said[0] != '\0' ? why->said : why->text), 400);
    }
    settle_line(s, &line);
    if (why == NULL)
        show_warnings(s, row, true);
    s->n_refused++;
    buf_free(&line);
}

static void show_issued(struct settling *s, const json_t *row, const json_t *statement)
{
    struct buf line;
    buf_heap(&line);
    row_begin(&line, "settled", row);
    settle_add_shown(&line, settle_text(statement, "id"));
    buf_str(&line, " ");
    settle_add_statement(s, &line, row, statement);
    settle_line(s, &line);
    buf_free(&line);
    add_sum(s, row, statement);
    s->n_issued++;
}

static void show_lost(struct settling *s, const json_t *row, const struct refused_offer *why)
{
    struct buf line;
    buf_heap(&line);
    row_begin(&line, "unknown", row);
    buf_printf(&line, "%s: whether it was settled is not known", why->text);
    settle_line(s, &line);
    buf_free(&line);
    s->lost = true;
}

/* The period's beginning is in the key: whoever asks for the same statement again, this run, the next one or another
 * operator's, gets the one that was issued. */
static enum sent offer(struct settling *s, const char *contract, int64_t from, struct buf *answer,
                       struct refused_offer *why)
{
    const char *until = s->given[UNTIL];
    char path[64], key[128], body[64] = "{}";
    snprintf(path, sizeof path, "v1/contracts/%s/statements", contract);
    snprintf(key, sizeof key, "settle-%s-%" PRId64 "-%s", contract, from, until != NULL ? until : "");
    if (until != NULL)
        snprintf(body, sizeof body, "{\"until\":\"%s\"}", until);
    return until_answered(s, path, key, body, ANSWER_MAX, answer, why);
}

static void add_until(const char *until, char *query, size_t cap);

static bool keep_row(void *ctx, const json_t *row)
{
    struct settling *s = ctx;
    json_decref(s->again);
    s->again = json_incref((json_t *)row);
    return true;
}

/* What stands in the way of the next statement of a contract, and what there is to say of it: it is another one. NULL:
 * it is not listed any more. */
static const json_t *look_again(struct settling *s, const char *contract)
{
    char query[160];
    snprintf(query, sizeof query, "&contract=%s", contract);
    add_until(s->given[UNTIL], query, sizeof query);
    json_decref(s->again);
    s->again = NULL;
    settle_each(s, "settlements", query, keep_row);
    return s->again;
}

/* One statement, or as many as it takes to say all, each with what there is to say of it. */
static void settle_one(struct settling *s, const json_t *first)
{
    const json_t *row = first;
    const char *contract = settle_text(first, "contract");
    int64_t from = settle_number(json_object_get(row, "draft"), "from");
    struct refused_offer why;
    struct buf answer;
    bool more = true;
    buf_heap(&answer);
    for (int i = 0; more && i < PARTS_MAX; i++) {
        json_t *statement = NULL;
        enum sent sent = offer(s, contract, from, &answer, &why);
        progress_hide(&s->progress);
        more = false;
        if (sent == SENT_REFUSED && (why.status == 401 || why.status == 403))
            decline("%s answered %ld: %s. What is settled is settled: run the same command again", download_url(s->d),
                    why.status, why.text);
        if (sent == SENT_REFUSED) {
            show_refused(s, row, &why);
        } else if (sent == SENT_LOST) {
            show_lost(s, row, &why);
        } else if (json_read(buf_span(&answer), &statement, NULL) != ERR_OK ||
                   settle_text(statement, "id")[0] == '\0') {
            die("%s answered what is no statement", download_url(s->d));
        } else {
            check_sum(s, statement);
            show_issued(s, row, statement);
            from = settle_number(statement, "to");
            more = json_is_true(json_object_get(statement, "more"));
            s->n_contracts += !more;
        }
        show_warnings(s, row, false);
        if (more && (row = look_again(s, contract)) == NULL)
            row = first;
        json_decref(statement);
    }
    buf_free(&answer);
}

static void show_done(struct settling *s, const json_t *row, bool closed)
{
    const json_t *last = json_object_get(row, "last");
    struct buf line;
    buf_heap(&line);
    row_begin(&line, closed ? "closed" : "nothing", row);
    if (closed) {
        settle_add_shown(&line, settle_text(last, "id"));
        buf_printf(&line, " no. %" PRId64 " ended on ", settle_number(last, "number"));
        days_add_end(s->zones, &line, settle_text(last, "to_at"), settle_text(row, "timezone"));
        buf_str(&line, ", not before that");
    } else {
        buf_str(&line, "nothing to settle");
    }
    settle_line(s, &line);
    buf_free(&line);
    show_warnings(s, row, true);
    s->n_nothing += !closed;
    s->n_closed += closed;
}

static void settle_row(struct settling *s, const json_t *row)
{
    const char *state = settle_text(row, "state");
    if (!id_is_plain(span_str(settle_text(row, "contract"))))
        die("%s names a contract that is none", download_url(s->d));
    if (strcmp(state, "open") == 0 && s->given[PREVIEW] != NULL) {
        show_open(s, row);
    } else if (strcmp(state, "open") == 0) {
        settle_one(s, row);
        return;
    } else if (strcmp(state, "nothing") == 0 || strcmp(state, "closed") == 0) {
        show_done(s, row, strcmp(state, "closed") == 0);
    } else {
        show_refused(s, row, NULL);
    }
    show_warnings(s, row, false);
}

/* ---- the end ---- */

static void show_sums(const struct settling *s)
{
    static const char *const roles[2] = {"advertisers", "publishers"};
    struct buf line;
    buf_heap(&line);
    buf_printf(&line, "\n%zu contract%s %s, %zu closed before, %zu with nothing to settle, %zu refused", s->n_contracts,
               s->n_contracts == 1 ? "" : "s", s->given[PREVIEW] != NULL ? "to settle" : "settled", s->n_closed,
               s->n_nothing, s->n_refused);
    for (size_t i = 0; i < s->n_sums; i++)
        for (size_t side = 0; side < 2; side++) {
            const struct span currency = span_str(s->sums[i].currency);
            const struct due *owed = &s->sums[i].owed[side];
            if ((owed->payable == 0 && owed->to_pay == 0) || currency_exponent(currency) < 0)
                continue;
            buf_str(&line, "; ");
            money_due_add(&line, owed->payable, owed->vat, owed->to_pay, currency);
            buf_printf(&line, " owed by %s", roles[side]);
        }
    printf("%.*s\n", (int)line.len, line.ptr);
    buf_free(&line);
}

static bool take_row(void *ctx, const json_t *row)
{
    struct settling *s = ctx;
    settle_silents_name(s->silents, row);
    progress_tell(&s->progress, s->n_looked, s->n_all);
    settle_row(s, row);
    if (!s->lost)
        progress_tell(&s->progress, ++s->n_looked, s->n_all);
    else
        decline("no answer comes any more, and the contracts behind this one were not looked at. What is settled is "
                "settled: run the same command again");
    return true;
}

/* A campaign's own contract has no publisher, and is not settled. */
static bool count_row(void *ctx, const json_t *row)
{
    struct settling *s = ctx;
    s->n_all += settle_text(row, "publisher")[0] != '\0';
    return true;
}

/* How many contracts there are matters to whoever watches alone. */
static void watch(struct settling *s)
{
    progress_open(&s->progress, "contracts");
    if (s->progress.seen && s->given[CONTRACT] == NULL)
        settle_each(s, "contracts", "", count_row);
}

/* As it is written in a query; in JSON it needs no more. */
static void add_until(const char *until, char *query, size_t cap)
{
    enum { LONGEST = 40 };
    size_t len = strlen(query);
    if (until == NULL)
        return;
    if (until[0] == '\0' || strlen(until) > LONGEST || strspn(until, "0123456789-:.+TZtz") != strlen(until))
        decline("--until \"%.60s\" is no month (2026-11), day (2026-11-30) or time (2026-11-30T23:00:00Z)", until);
    len += (size_t)snprintf(query + len, cap - len, "&until=");
    for (; *until != '\0'; until++)
        len += (size_t)(*until == '+' ? snprintf(query + len, cap - len, "%%2B")
                                      : snprintf(query + len, cap - len, "%c", *until));
}

static int settle(const char *const given[])
{
    struct settling s = {.given = given};
    const char *token = given[TOKEN] != NULL ? given[TOKEN] : getenv("COUNTERSIGN_TOKEN");
    char query[128] = "", all[256];
    if (token == NULL || !*token)
        decline("whose statements? Give the operator's --token T or set COUNTERSIGN_TOKEN");
    if (given[CONTRACT] != NULL && !id_is_plain(span_str(given[CONTRACT])))
        decline("--contract \"%.60s\" is not a contract id", given[CONTRACT]);
    if (given[CONTRACT] != NULL)
        snprintf(query, sizeof query, "&contract=%s", given[CONTRACT]);
    s.d = download_open(given[URL], token, (struct download_limits){.slack_s = SLACK_S, .bytes = UINT64_MAX});
    snprintf(all, sizeof all, "%s", query);
    add_until(given[UNTIL], all, sizeof all);
    s.zones = zones_new(ZONES_FOLDER);
    s.silents = settle_silents_open(&s, query);
    watch(&s);
    settle_each(&s, "settlements", all, take_row);
    show_sums(&s);
    settle_silents_show(&s);
    if (s.n_issued > 0)
        printf("%zu statement%s of this run wait%s for both parties' answers\n", s.n_issued, s.n_issued == 1 ? "" : "s",
               s.n_issued == 1 ? "s" : "");
    printf(
        "All of this is the server's word: nothing was recomputed here. `pull` a contract's mirror and `verify` it, or "
        "let `sign` do both, before anything is paid\n");
    download_close(s.d);
    zones_free(s.zones);
    json_decref(s.again);
    free(s.silents);
    return s.n_refused > 0 ? STATUS_FAILED : STATUS_DONE;
}

const struct command cmd_settle = {
    .name = "settle",
    .summary = "issue the statements of all contracts: the month's end",
    .help =
        "Issues a statement for each contract that has something to settle, one line each; what is refused is a line\n"
        "with its reason (exit 1). With --preview it issues nothing and shows what each would come to, with warnings.\n"
        "It ends with who has not answered statements of before, and since when. Killed or cut off (exit 2), run it\n"
        "again: what is settled is not settled twice. On a terminal it says how many contracts are done, of how many.",
    .args = args,
    .n_args = ARGS,
    .run = settle,
};
