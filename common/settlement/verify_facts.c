/* What an audit tells beside its checks: what the log holds, who decided, what each statement says and what its parties
 * said of it, and what was not shown. */
#include <inttypes.h>

#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/settlement/statement_text.h"
#include "common/settlement/verify_parts.h"

static void key_count(struct jw *w, const char *key, uint64_t n)
{
    jw_kint(w, key, (int64_t)n);
}

/* ---- the log ---- */

static void tell_log(struct audit *a)
{
    const uint64_t n = a->stopped ? a->at : a->at + 1; /* that could be followed */
    if (n == 0 || !a->fold.last_ms)
        return;
    struct buf *text = tale_add(&a->tale, TOPIC_LOG);
    struct jw *w = &a->tale.w;
    uint64_t open = n - a->fold.period.from;
    buf_printf(text, "contract %s of campaign %s, between advertiser %s and ", a->contract, a->campaign, a->advertiser);
    buf_printf(text, a->publisher[0] ? "publisher %s" : "nobody else: it is the campaign's own", a->publisher);
    buf_printf(text, "; entries 0 to %" PRIu64 ", the first of ", n - 1);
    time_rfc3339(text, a->first_ms);
    buf_str(text, ", the last of ");
    time_rfc3339(text, a->fold.last_ms);
    buf_printf(text, "; %" PRIu64 " of them in no statement yet", open);
    jw_kstr(w, "advertiser", span_str(a->advertiser));
    jw_kstr(w, "campaign", span_str(a->campaign));
    jw_kstr(w, "contract", span_str(a->contract));
    jw_kstr(w, "currency", span_str(a->currency));
    jw_key(w, "entries");
    jw_object(w);
    static const struct {
        const char *word;
        enum entry_kind kind;
    } counted[] = {{"clicks", ENTRY_CLICK},
                   {"clock", ENTRY_CLOCK},
                   {"credentials", ENTRY_CREDENTIAL},
                   {"dispositions", ENTRY_DISPOSITION},
                   {"gaps", ENTRY_GAP},
                   {"impressions", ENTRY_IMPRESSION},
                   {"keys", ENTRY_KEY},
                   {"leads", ENTRY_LEAD},
                   {"responses", ENTRY_RESPONSE},
                   {"server_keys", ENTRY_SERVER_KEYS},
                   {"statements", ENTRY_STATEMENT},
                   {"terms", ENTRY_TERMS}};
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++)
        key_count(w, counted[i].word, a->kinds[counted[i].kind]);
    key_count(w, "total", n);
    key_count(w, "views", a->kinds[ENTRY_VIEW]);
    jw_object_end(w);
    key_time(w, "first_at", a->first_ms);
    key_time(w, "last_at", a->fold.last_ms);
    jw_kstr(w, "publisher", span_str(a->publisher));
    key_count(w, "unsettled", open);
    tale_end(&a->tale);
}

/* ---- what was not recorded ---- */

static void tell_gaps(struct audit *a)
{
    const struct entry_gap *g = &a->gaps;
    uint64_t n = a->kinds[ENTRY_GAP];
    if (n == 0)
        return;
    struct buf *text = tale_add(&a->tale, TOPIC_GAP);
    struct jw *w = &a->tale.w;
    buf_printf(text,
               "%" PRIu64 " gap entr%s: %" PRIu64 " clicks, %" PRIu64 " views and %" PRIu64
               " impressions were answered and not recorded; %" PRIu64
               " clicks that are recorded left with ids that say they are not: by the operator's word alone",
               n, n == 1 ? "y" : "ies", g->clicks, g->views, g->impressions, g->late_clicks);
    key_count(w, "clicks", g->clicks);
    key_count(w, "entries", n);
    key_count(w, "impressions", g->impressions);
    key_count(w, "late_clicks", g->late_clicks);
    key_count(w, "views", g->views);
    tale_end(&a->tale);
}

/* ---- who decided ---- */

/* One line of counts by status; nothing if there are none. */
static void tell_decided(struct audit *a, const char *by, const char *party, const char *words,
                         const uint64_t n[STATUS_COUNT])
{
    const char *separator = ": ";
    uint64_t total = 0;
    for (int s = 0; s < STATUS_COUNT; s++)
        total += n[s];
    if (total == 0)
        return;
    struct buf *text = tale_add(&a->tale, TOPIC_DECIDED);
    struct jw *w = &a->tale.w;
    buf_str(text, words);
    if (party[0])
        buf_printf(text, " %s", party);
    jw_kstr(w, "by", span_str(by));
    jw_key(w, "leads");
    jw_object(w);
    static const enum status ascending[STATUS_COUNT] = {STATUS_APPROVED, STATUS_CONVERTED, STATUS_DUPLICATE,
                                                        STATUS_HELD,     STATUS_PENDING,   STATUS_REJECTED,
                                                        STATUS_RETURNED};
    for (int s = 0; s < STATUS_COUNT; s++)
        if (n[ascending[s]]) {
            buf_printf(text, "%s%" PRIu64 " %s", separator, n[ascending[s]], status_word(ascending[s]));
            separator = ", ";
            key_count(w, status_word(ascending[s]), n[ascending[s]]);
        }
    jw_object_end(w);
    if (party[0])
        jw_kstr(w, "party", span_str(party));
    tale_end(&a->tale);
}

static void tell_deciders(struct audit *a)
{
    tell_decided(a, "rules", "", "the rules, as leads came", a->received);
    tell_decided(a, "system", "", "the server, as the time for review ran out", a->said[SAYER_SYSTEM]);
    tell_decided(a, "countersigned", a->advertiser, "countersigned by the own key of advertiser",
                 a->said[SAYER_COUNTERSIGNED]);
    tell_decided(a, "advertiser", a->advertiser, "reported as the advertiser's word, by secret or token, of",
                 a->said[SAYER_ADVERTISER]);
    for (size_t i = 0; i < a->n_operators; i++)
        tell_decided(a, "operator", a->operator[i].party, "the operator, not the advertiser:", a->operator[i].said);
}

/* ---- statements ---- */

static void money(struct buf *out, int64_t value, int decimals, int least, const char *currency)
{
    decimal_add(out, value, decimals, least);
    buf_printf(out, " %s", currency);
}

/* An entry index, a lead reference, or an object that names its index. */
static void tell_disputed(struct buf *text, struct jw *w, const json_t *list)
{
    size_t i;
    json_t *v;
    uint64_t more = 0;
    const char *separator = "; disputed: ";
    jw_key(w, "disputed");
    jw_array(w);
    json_array_foreach((json_t *)list, i, v)
    {
        const json_t *named = json_is_object(v) ? json_object_get(v, "index") : v;
        bool number = json_is_integer(named);
        if (number)
            jw_int(w, json_integer_value(named));
        else
            jw_str(w, span_of(json_string_value(named), json_string_length(named)));
        if (text->len > TOLD_WORDS) {
            more++;
            continue;
        }
        buf_str(text, separator);
        if (number)
            buf_printf(text, "entry %" PRId64, (int64_t)json_integer_value(named));
        else
            buf_add(text, json_string_value(named), json_string_length(named));
        separator = ", ";
    }
    jw_array_end(w);
    if (more)
        buf_printf(text, " and %" PRIu64 " more", more);
}

void verify_reason(struct buf *text, struct span said)
{
    bool blank = span_empty(text_strip(said));
    buf_str(text, blank ? "no reason given" : "saying: ");
    if (!blank)
        utf8_show(text, said, 200);
}

static void tell_answer(struct audit *a, struct buf *text, const struct said *s, bool disputes, int side)
{
    const char *party = side ? a->publisher : a->advertiser, *role = side ? "publisher" : "advertiser";
    const char *payload = s->answer[side].payload;
    struct jw *w = &a->tale.w;
    json_t *json = NULL;
    if (!party[0])
        return;
    if (payload != NULL && json_read(span_str(payload), &json, NULL) != ERR_OK)
        json = NULL;
    buf_printf(text, "; the %s %s", role,
               payload == NULL ? "has not answered"
               : disputes      ? "DISPUTES it"
                               : "accepts it");
    if (payload != NULL)
        buf_printf(text, " (entry %" PRIu64 ")", s->answer[side].index);
    jw_object(w);
    if (payload != NULL && disputes)
        tell_disputed(text, w, json_object_get(json, "disputed"));
    if (payload != NULL)
        key_count(w, "entry", s->answer[side].index);
    jw_kstr(w, "party", span_str(party));
    const json_t *reason = json_object_get(json, "reason");
    struct span said = span_of(json_string_value(reason), json_string_length(reason));
    if (said.len > 0)
        jw_kstr(w, "reason", said);
    if ((said.len > 0 || (payload != NULL && disputes)) && text->len < TOLD_WORDS) {
        buf_str(text, ", ");
        verify_reason(text, said);
    }
    jw_kstr(w, "role", span_str(role));
    jw_kstr(w, "verdict", payload == NULL ? SPAN("none") : disputes ? SPAN("dispute") : SPAN("accept"));
    jw_object_end(w);
    json_decref(json);
}

/* Who pays is named, so what is paid has no sign. */
static void tell_payable(const struct audit *a, struct buf *text, const struct said *s)
{
    int64_t sign = s->payable_minor + s->vat_minor < 0 && a->publisher[0] ? -1 : 1;
    money_due_add(text, sign * s->payable_minor, sign * s->vat_minor, sign * (s->payable_minor + s->vat_minor),
                  span_str(a->currency));
}

static void tell_carried(const struct audit *a, struct buf *text, int64_t micros, const char *how)
{
    if (micros == 0)
        return;
    buf_str(text, how);
    money(text, micros, 6, currency_exponent(span_str(a->currency)), a->currency);
}

static void tell_money(struct audit *a, struct buf *text, const struct said *s)
{
    if (s->to > s->from)
        buf_printf(text, "entries %" PRIu64 " to %" PRIu64 ", from ", s->from, s->to - 1);
    else
        buf_str(text, "no entries, from ");
    time_rfc3339(text, s->from_ms);
    buf_str(text, " to ");
    time_rfc3339(text, s->to_ms);
    buf_str(text, ": payable ");
    tell_payable(a, text, s);
    if (s->payable_minor + s->vat_minor != 0 && a->publisher[0]) {
        buf_printf(text, " by the %s, due ", s->payable_minor + s->vat_minor > 0 ? "advertiser" : "publisher");
        time_rfc3339(text, s->due_ms); /* noon of its zone, which may be another day in UTC */
    }
    buf_str(text, ", net ");
    money(text, s->net_micros, 6, (int)s->exponent, a->currency);
    if (correction_sums_any(&s->sums)) {
        buf_str(text, " (gross ");
        money(text, s->gross_micros, 6, (int)s->exponent, a->currency);
        buf_str(text, ", ");
        correction_sums_tell(text, &s->sums, span_str(a->currency));
        buf_str(text, ")");
    }
    tell_carried(a, text, s->brought_micros, ", carried over from the one before ");
    tell_carried(a, text, -s->carried_micros, ", carried over to the next "); /* so that all of it adds up */
}

/* What corrects it, on whichever statement that stands, and on none so far. */
static void tell_corrected(struct audit *a, struct buf *text, const struct closed *c)
{
    jw_key(&a->tale.w, "corrected");
    correction_sums_write(&a->tale.w, &c->since);
    if (!correction_sums_any(&c->since))
        return;
    buf_str(text, "; corrected since by ");
    correction_sums_tell(text, &c->since, span_str(a->currency));
}

static void tell_statement(struct audit *a, size_t i)
{
    const struct closed *c = &a->closed[i];
    const struct said *s = &a->statement[told_slot(i)];
    struct buf *text = tale_add(&a->tale, TOPIC_STATEMENT);
    struct jw *w = &a->tale.w;
    if (s->read)
        buf_printf(text, "number %" PRIu64 ", ", s->number);
    buf_printf(text, "%s, ", c->id);
    if (s->read)
        tell_money(a, text, s);
    else
        buf_str(text, "of which nothing could be read");
    jw_key(w, "answers");
    jw_array(w);
    for (int side = 0; side < 2; side++)
        tell_answer(a, text, s, c->disputed & 1 << side, side);
    jw_array_end(w);
    if (s->read) {
        jw_kint(w, "brought_micros", s->brought_micros);
        jw_kint(w, "carried_micros", s->carried_micros);
    }
    tell_corrected(a, text, c);
    if (s->read) {
        jw_key(w, "corrects");
        correction_sums_write(w, &s->sums);
        jw_kstr(w, "currency", span_str(a->currency));
        key_time(w, "due_at", s->due_ms);
        jw_kint(w, "exponent", s->exponent);
        key_count(w, "from", s->from);
        key_time(w, "from_at", s->from_ms);
        jw_kint(w, "gross_micros", s->gross_micros);
    }
    jw_kstr(w, "id", span_str(c->id));
    if (s->read) {
        jw_kint(w, "net_micros", s->net_micros);
        key_count(w, "number", s->number);
        jw_kint(w, "payable_minor", s->payable_minor);
        key_count(w, "to", s->to);
        key_time(w, "to_at", s->to_ms);
        jw_kint(w, "vat_minor", s->vat_minor);
    }
    tale_end(&a->tale);
}

static void tell_statements(struct audit *a)
{
    uint64_t accepted = 0, disputed = 0, n = a->n_closed;
    const bool two = a->publisher[0] != '\0';
    for (size_t i = 0; i < n; i++) {
        accepted += a->closed[i].answered == (two ? 3 : 1) && !a->closed[i].disputed;
        disputed += a->closed[i].disputed != 0;
        if (told_of(i, n + 1)) /* their sum is one fact more */
            tell_statement(a, i);
        else
            a->tale.n[TOPIC_STATEMENT]++;
    }
    struct buf *text = tale_add(&a->tale, TOPIC_STATEMENT);
    struct jw *w = &a->tale.w;
    uint64_t waiting = n - accepted - disputed;
    buf_printf(text,
               "of %" PRIu64 " statement%s %" PRIu64 " %s accepted by %s, %" PRIu64 " %s disputed, %" PRIu64
               " wait%s for an answer",
               n, plural(n), accepted, accepted == 1 ? "is" : "are", two ? "both parties" : "the advertiser", disputed,
               disputed == 1 ? "is" : "are", waiting, verb(waiting));
    key_count(w, "accepted", accepted);
    key_count(w, "disputed", disputed);
    key_count(w, "total", n);
    key_count(w, "waiting", waiting);
    tale_end(&a->tale);
}

/* ---- what was not shown ---- */

/* Each says what it knows of; nothing where it was shown. */
static void hide_receipts(const struct audit *a, struct buf *out)
{
    if (a->asked->receipts == NULL)
        buf_str(out,
                "that every lead which was answered stands in this log as it was answered: no receipts were given");
}

static void hide_clicks(const struct audit *a, struct buf *out)
{
    buf_str(out,
            a->asked->clicks == NULL
                ? "that every click stands in this log, and none that was not made: no click ids were given"
                : "that clicks are of the class, device and country that the log says: an id shows their index and "
                  "second alone");
}

static void hide_histories(const struct audit *a, struct buf *out)
{
    if (a->asked->against == NULL && a->asked->witnesses.ptr == NULL)
        buf_str(out, "that others are shown the same history: no other reader's mirror was compared, and no witnesses "
                     "were named");
}

static void hide_age(const struct audit *a, struct buf *out)
{
    if (!a->asked->not_older_ms && a->fold.last_ms) {
        buf_str(out, "that the log goes no further than its last entry, of ");
        time_rfc3339(out, a->fold.last_ms);
        buf_str(out, ": no age was asked for");
    }
}

static void hide_keys(const struct audit *a, struct buf *out)
{
    if (span_empty(a->asked->pins))
        buf_str(
            out,
            "whose the keys are: no pins were given; compare them with what operator and parties publish elsewhere");
}

static void hide_terms(const struct audit *a, struct buf *out)
{
    unsigned all = a->publisher[0] ? SIDE_BOTH : SIDE_ADVERTISER;
    uint64_t none = 0, one = 0;
    for (size_t i = 0; i < a->assents.len; i++) {
        unsigned sides = (unsigned char)a->assents.ptr[i];
        none += sides == 0;
        one += sides != 0 && sides != all;
    }
    if (none)
        buf_printf(out,
                   "that anybody but the operator agreed to %" PRIu64 " of the %zu version%s of the terms: no party "
                   "assented by its own key",
                   none, a->assents.len, plural(a->assents.len));
    if (one)
        buf_printf(out, "%s to %" PRIu64 " version%s one party alone assented", none ? ";" : "that both agreed:", one,
                   plural(one));
}

static void hide_reported(const struct audit *a, struct buf *out)
{
    uint64_t n = 0;
    for (int s = 0; s < STATUS_COUNT; s++)
        n += a->said[SAYER_ADVERTISER][s];
    if (n)
        buf_printf(out,
                   "that the advertiser itself sent the %" PRIu64 " disposition%s reported as its own: the operator "
                   "makes the secrets and tokens that such a report needs",
                   n, plural(n));
}

static void hide_credentials(const struct audit *a, struct buf *out)
{
    (void)a;
    buf_str(out,
            "that there are no more secrets, tokens and keys in a party's name than the log tells of: the operator "
            "could make one and leave its entry out");
}

static void hide_others(const struct audit *a, struct buf *out)
{
    if (a->foreign)
        buf_printf(out,
                   "what %" PRIu64 " decision%s rest%s on in other contracts of the campaign: it was taken at the "
                   "entries' word",
                   a->foreign, plural(a->foreign), verb(a->foreign));
}

static void hide_persons(const struct audit *a, struct buf *out)
{
    if (a->unopened)
        buf_printf(out, "whether the %" PRIu64 " lead%s without an opening repeat others", a->unopened,
                   plural(a->unopened));
}

static void hide_tokens(const struct audit *a, struct buf *out)
{
    uint64_t n = a->kinds[ENTRY_LEAD] - a->contacts_open;
    if (n)
        buf_printf(out,
                   "that equal persons have equal tokens, and others others: the contact fields of %" PRIu64
                   " lead%s are not open to this copy",
                   n, plural(n));
}

static void hide_clock(const struct audit *a, struct buf *out)
{
    if (a->fold.clock_steps > 0)
        buf_printf(out,
                   "that the clock stepped %" PRIu32
                   " time%s, and so far: the operator writes steps, and its clock's word was taken for what crossed "
                   "them",
                   a->fold.clock_steps, plural(a->fold.clock_steps));
}

static void hide_placement(const struct audit *a, struct buf *out)
{
    if (a->kinds[ENTRY_LEAD] > 0)
        buf_str(out, "which email domains are disposable, which tracking code a click came by, and sub1 to sub5 of "
                     "clicks: they are the operator's word");
}

static void hide_impressions(const struct audit *a, struct buf *out)
{
    if (a->kinds[ENTRY_IMPRESSION] > 0)
        buf_str(out, "that impressions were made, and all that were stand in this log: nobody but the server keeps "
                     "anything of one");
}

static void hide_kept_back(const struct audit *a, struct buf *out)
{
    (void)a;
    buf_str(out, "that all stands in this log which a party signed: answers to statements, assents and what takes them "
                 "back have no receipt; whoever signed one finds it in its own next pull, or was kept from it");
}

static void hide_erased(const struct audit *a, struct buf *out)
{
    if (a->kinds[ENTRY_ERASE] > 0)
        buf_str(out, "that somebody asked for what was erased, who did, and that nothing of it is kept: erasures are "
                     "the operator's word, and what is closed by one nobody compares any more");
}

static void hide_withdrawn(const struct audit *a, struct buf *out)
{
    if (a->withdrawn_unsigned > 0)
        buf_printf(out, "who took back %" PRIu64 " version%s of the terms by no signature: that is the operator's word",
                   a->withdrawn_unsigned, plural(a->withdrawn_unsigned));
}

static void hide_closing(const struct audit *a, struct buf *out)
{
    if (a->settle.manual)
        buf_printf(out,
                   "that periods were closed when they should be: by terms whose settle is manual%s the operator "
                   "chooses when; and ",
                   a->settle.kept ? ", as some here," : "");
    buf_printf(out, "by which offset of the zone %sthe day is counted from which a statement is due",
               a->settle.kept ? "weeks and months end (a day before or after is not told), and " : "");
}

static void hide_people(const struct audit *a, struct buf *out)
{
    (void)a;
    buf_str(out, "that visitors and leads are real customers, and that decisions made by hand were right");
}

static void tell_hidden(struct audit *a)
{
    static const struct {
        const char *word;
        void (*say)(const struct audit *a, struct buf *out);
    } hidden[] = {{"receipts", hide_receipts},
                  {"clicks", hide_clicks},
                  {"histories", hide_histories},
                  {"age", hide_age},
                  {"keys", hide_keys},
                  {"terms", hide_terms},
                  {"withdrawn", hide_withdrawn},
                  {"scores", verify_model_hidden},
                  {"kept_back", hide_kept_back},
                  {"reported", hide_reported},
                  {"credentials", hide_credentials},
                  {"other_contracts", hide_others},
                  {"openings", hide_persons},
                  {"tokens", hide_tokens},
                  {"erased", hide_erased},
                  {"clock", hide_clock},
                  {"placement", hide_placement},
                  {"impressions", hide_impressions},
                  {"closing", hide_closing},
                  {"people", hide_people}};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        struct buf said;
        buf_heap(&said);
        hidden[i].say(a, &said);
        if (said.len > 0) {
            buf_span_add(tale_add(&a->tale, TOPIC_NOT_SHOWN), buf_span(&said));
            jw_kstr(&a->tale.w, "what", span_str(hidden[i].word));
            tale_end(&a->tale);
        }
        buf_free(&said);
    }
}

void verify_facts(struct audit *a)
{
    tell_log(a);
    verify_credentials_tell(a);
    tell_gaps(a);
    tell_deciders(a);
    verify_clock_tell(a);
    verify_erase_tell(a);
    if (a->n_closed)
        tell_statements(a);
    tell_hidden(a);
}
