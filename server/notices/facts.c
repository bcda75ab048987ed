#include "server/notices/facts.h"

#include "common/base/bytes.h"
#include "common/base/money.h"
#include "common/base/when.h"
#include "common/reports/cells.h"
#include "server/commit/outbox.h"
#include "server/settlement/statements.h"

/* A line of a list, and what tells it from others. */
static void line(struct facts *f, enum notice_line what, const struct span *values, size_t n)
{
    buf_str(f->lines, "- ");
    notice_say(f->lines, f->language, what, values, n);
    buf_byte(f->lines, '\n');
}

static void mark(struct facts *f, struct span id, uint64_t n)
{
    buf_span_add(f->digest, id);
    buf_byte(f->digest, '\0');
    buf_be64(f->digest, n);
}

static struct span number_text(char mem[24], uint64_t n)
{
    struct buf b;
    buf_fixed(&b, mem, 24);
    buf_u64(&b, n);
    return buf_span(&b);
}

static struct span micros_text(char mem[32], int64_t micros, struct span currency)
{
    struct buf b;
    buf_fixed(&b, mem, 32);
    micros_add(&b, micros, currency);
    return buf_span(&b);
}

/* ---- statements ---- */

/* The last one of each log: who answered that looked at those before. */
static enum err statement_of(struct facts *f, const struct contract *k)
{
    struct head head;
    struct envelope env;
    struct entry e;
    struct span answered = SPAN("");
    char number[24];
    enum err err = head_read(f->txn, k->number, &head);
    if (err != ERR_OK || head.last.number == 0)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    if ((err = ledger_read(f->txn, k->number, head.last.to, &env)) != ERR_OK ||
        (err = entry_read(env.entry, &e, NULL)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    err = e.kind == ENTRY_STATEMENT ? statement_part(f->txn, e.statement.id, "answered", &answered) : ERR_CORRUPT;
    if ((err == ERR_OK || err == ERR_NOT_FOUND) && !answered_has(answered, span_str(f->party->id))) {
        struct buf url;
        buf_heap(&url);
        buf_printf(&url, "%s/v1/statements/%.*s", f->w->server->instance.public_url, (int)e.statement.id.len,
                   e.statement.id.ptr);
        const struct span values[] = {number_text(number, e.statement.number), span_str(k->id),
                                      k->versions.v[0].terms->name, buf_span(&url)};
        line(f, NOTICE_LINE_STATEMENT, values, 4);
        mark(f, e.statement.id, 0);
        buf_free(&url);
    }
    entry_close(&e);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- caps ---- */

/* Of a campaign or a contract, now. */
struct capped {
    enum cap_scope scope;
    uint32_t number;
    const char *id;
    const struct terms *terms;
    const struct caps *caps;
    struct cap_row day, month;
    int64_t local_day, local_month;
    int64_t least_micros; /* that a lead costs which is paid for */
};

static int64_t least_price(const struct terms *t, int64_t least_micros)
{
    for (size_t i = 0; t != NULL && i < t->n_tiers; i++)
        if (t->tiers[i].micros < least_micros)
            least_micros = t->tiers[i].micros;
    return least_micros;
}

/* The campaign's own contract pays nobody. */
static int64_t least_of(const struct facts *f, const struct contract *k, bool campaign)
{
    const struct contract_list all = catalog_contracts_of(f->catalog, k->campaign);
    int64_t least_micros = campaign ? INT64_MAX : least_price(contract_terms(k, f->now_ms), INT64_MAX);
    for (size_t i = 0; campaign && i < all.n; i++) {
        const struct contract *each = catalog_listed(f->catalog, &all, i);
        if (each->publisher != NULL)
            least_micros = least_price(contract_terms(each, f->now_ms), least_micros);
    }
    return least_micros < INT64_MAX ? least_micros : 0;
}

/* Or less is left than any lead costs: they are refused already. */
static bool is_spent(const struct capped *c)
{
    const int64_t budget = c->caps->budget_micros_month;
    return c->month.micros >= budget || c->month.micros + (wide_micros)c->least_micros > budget;
}

static enum err read_caps(struct facts *f, struct capped *c)
{
    int64_t offset_s;
    struct view v = store_view(f->txn);
    enum err err = zones_offset(f->w->zones, c->terms->timezone, f->now_ms, &offset_s);
    if (err == ERR_OK)
        err = row_cap(&v, c->scope, c->number, CAP_OF_DAY, f->now_ms, offset_s, &c->day);
    if (err == ERR_OK)
        err = row_cap(&v, c->scope, c->number, CAP_OF_MONTH, f->now_ms, offset_s, &c->month);
    c->local_day = err == ERR_OK ? time_local_day(f->now_ms, offset_s) : 0;
    c->local_month = err == ERR_OK ? time_local_month(f->now_ms, offset_s) : 0;
    return err == ERR_NOT_FOUND ? ERR_IO : err; /* its zone is there no more */
}

static void say_budget(struct facts *f, const struct capped *c)
{
    char used[32], of[32];
    int64_t budget = c->caps->budget_micros_month;
    if (!(c->caps->set & CAP_BUDGET) || is_spent(c) || c->month.micros * 5 < (wide_micros)budget * 4)
        return;
    const struct span values[] = {c->terms->name, span_str(c->id),
                                  micros_text(used, (int64_t)c->month.micros, c->terms->currency),
                                  micros_text(of, budget, c->terms->currency), c->terms->currency};
    line(f, NOTICE_LINE_BUDGET, values, 5);
    mark(f, span_str(c->id), (uint64_t)c->local_month);
}

static void say_cap(struct facts *f, const struct capped *c, unsigned cap, enum notice_line what, int64_t most,
                    bool reached, int64_t period)
{
    char text[32];
    struct buf b;
    if (!(c->caps->set & cap) || !reached)
        return;
    buf_fixed(&b, text, sizeof text);
    buf_i64(&b, most);
    struct span amount = cap == CAP_BUDGET ? micros_text(text, most, c->terms->currency) : buf_span(&b);
    const struct span values[] = {c->terms->name, span_str(c->id), amount, c->terms->currency};
    line(f, what, values, cap == CAP_BUDGET ? 4 : 3);
    mark(f, span_str(c->id), (uint64_t)period << 3 | cap);
}

static void say_caps(struct facts *f, const struct capped *c)
{
    const struct caps *of = c->caps;
    say_cap(f, c, CAP_DAY, NOTICE_LINE_CAP_DAY, of->day, (int64_t)c->day.leads >= of->day, c->local_day);
    say_cap(f, c, CAP_MONTH, NOTICE_LINE_CAP_MONTH, of->month, (int64_t)c->month.leads >= of->month, c->local_month);
    say_cap(f, c, CAP_BUDGET, NOTICE_LINE_CAP_BUDGET, of->budget_micros_month, is_spent(c), c->local_month);
}

/* The campaign's are its advertiser's alone, and told by its direct contract. */
static enum err caps_of(struct facts *f, const struct contract *k, void (*say)(struct facts *, const struct capped *))
{
    const struct terms *terms = contract_terms(k, f->now_ms);
    const bool own = k->publisher == NULL && k->campaign->advertiser == f->party->who;
    struct capped c = {.scope = own ? CAP_CAMPAIGN : CAP_CONTRACT,
                       .number = own ? k->campaign->number : k->number,
                       .id = own ? k->campaign->id : k->id,
                       .terms = terms};
    if (terms == NULL)
        return ERR_OK;
    c.caps = own ? &terms->campaign_caps : &terms->contract_caps;
    if (c.caps->set & CAP_BUDGET)
        c.least_micros = least_of(f, k, own);
    enum err err = c.caps->set != 0 ? read_caps(f, &c) : ERR_OK;
    if (err == ERR_OK && c.caps->set != 0)
        say(f, &c);
    return err;
}

static enum err budget_of(struct facts *f, const struct contract *k)
{
    return caps_of(f, k, say_budget);
}

static enum err cap_of(struct facts *f, const struct contract *k)
{
    return caps_of(f, k, say_caps);
}

/* ---- clicks without leads ---- */

static enum err count_today(struct facts *f, const struct contract *k, int64_t *clicks, int64_t *leads)
{
    uint8_t mem[ROLLUP_KEY_MAX];
    struct span row;
    struct counts c;
    struct count_what w;
    const struct cell_key key = {
        .contract = k->number, .dimension = DIMENSION_ALL, .day = (uint32_t)(f->now_ms / MS_PER_DAY), .named = true};
    enum err err = store_get(f->txn, TABLE_ROLLUPS, cell_key_write(mem, &key), &row);
    while (err == ERR_OK && (err = counts_read(&row, &c)) == ERR_OK) {
        if (!count_what(c.sum.number, &w))
            return ERR_CORRUPT;
        *clicks += w.kind == COUNT_CLICKS && w.class == CLASS_OK ? c.sum.n : 0;
        *leads += count_is_leads(w.kind) ? c.sum.n : 0;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err quiet_of(struct facts *f, const struct contract *k)
{
    int64_t clicks = 0, leads = 0;
    char number[24];
    enum err err = count_today(f, k, &clicks, &leads);
    if (err != ERR_OK || clicks < QUIET_CLICKS || leads > 0)
        return err;
    const struct span values[] = {k->versions.v[0].terms->name, span_str(k->id), number_text(number, (uint64_t)clicks)};
    line(f, NOTICE_LINE_QUIET, values, 3);
    mark(f, span_str(k->id), (uint64_t)(f->now_ms / MS_PER_DAY));
    return ERR_OK;
}

static enum err each_contract(struct facts *f, enum err (*what)(struct facts *, const struct contract *))
{
    const struct contract_list reads = catalog_reads(f->catalog, f->party);
    enum err err = ERR_OK;
    for (size_t i = 0; i < reads.n && err == ERR_OK; i++)
        err = what(f, catalog_listed(f->catalog, &reads, i));
    return err;
}

/* ---- refusals ---- */

static enum err count_refused(struct facts *f, enum standing standing, uint64_t *n)
{
    uint8_t room[REFUSAL_ROOM_LEN];
    struct cursor *c;
    struct span key, value;
    struct refusal row;
    int64_t today_ms = f->now_ms - f->now_ms % MS_PER_DAY;
    enum err err = cursor_open(f->txn, TABLE_REFUSED, &c), step;
    if (err != ERR_OK)
        return err;
    refusal_room_key(&(struct refusal_room){f->party->number, standing}, room);
    for (step = cursor_seek(c, span_of(room, sizeof room), &key, &value); step == ERR_OK && err == ERR_OK;
         step = cursor_next(c, &key, &value)) {
        if (key.len < sizeof room || memcmp(key.ptr, room, sizeof room) != 0 ||
            (err = refusal_read(key, value, &row)) != ERR_OK || row.at_ms < today_ms)
            break;
        *n += 1;
    }
    cursor_close(c);
    return err == ERR_OK ? cursor_end(step == ERR_OK ? ERR_NOT_FOUND : step) : err;
}

/* Of requests that are proved to be the party's own: what others send in its name is no matter of it. */
static enum err refused_of(struct facts *f)
{
    uint64_t n = 0;
    char number[24];
    enum err err = count_refused(f, STANDING_PROVEN, &n);
    if (err == ERR_OK)
        err = count_refused(f, STANDING_LATE, &n);
    if (err != ERR_OK || n < REFUSED_LEAST)
        return err;
    const struct span value = number_text(number, n);
    line(f, NOTICE_LINE_REFUSED, &value, 1);
    mark(f, SPAN("refused"), (uint64_t)(f->now_ms / MS_PER_DAY));
    return ERR_OK;
}

/* ---- deliveries ---- */

/* How often the first of those that wait was tried. */
static enum err tries_of(struct facts *f, uint32_t target, unsigned *tries)
{
    const struct delivery_place first = {.target = target};
    uint8_t from[OUTBOX_KEY_LEN];
    struct span key, value;
    struct cursor *c;
    enum { LOOK = 64 };
    enum err err = cursor_open(f->txn, TABLE_OUTBOX, &c), step;
    if (err != ERR_OK)
        return err;
    outbox_key(&first, 0, from);
    step = cursor_seek(c, span_of(from, sizeof from), &key, &value);
    for (int i = 0; i < LOOK && step == ERR_OK && err == ERR_OK; i++, step = cursor_next(c, &key, &value)) {
        struct delivery_place at;
        struct delivery d;
        int64_t due_ms;
        if ((err = outbox_key_read(key, &at, &due_ms)) != ERR_OK || at.target != target)
            break;
        err = delivery_get(f->txn, &at, &d);
        if (err == ERR_OK && d.tries > *tries)
            *tries = d.tries;
    }
    cursor_close(c);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err != ERR_OK ? err : cursor_end(step == ERR_OK ? ERR_NOT_FOUND : step);
}

static enum err target_of(struct facts *f, uint32_t target)
{
    struct aim aim;
    unsigned tries = 0;
    char number[24];
    if (!aim_at(f->catalog, target, &aim) || span_empty(aim.url))
        return ERR_OK;
    enum err err = aim.off_ms == 0 ? tries_of(f, target, &tries) : ERR_OK;
    const struct span values[] = {delivery_host(aim.url), number_text(number, tries)};
    if (aim.off_ms != 0) {
        line(f, NOTICE_LINE_OFF, values, 1);
        mark(f, span_str(aim.id), (uint64_t)aim.off_ms);
    } else if (err == ERR_OK && tries >= FAILING_TRIES) {
        line(f, NOTICE_LINE_FAILS, values, 2);
        mark(f, span_str(aim.id), (uint64_t)(f->now_ms / MS_PER_DAY));
    }
    return err;
}

static enum err crm_of(struct facts *f, const struct contract *k)
{
    bool own = k->publisher == NULL && k->campaign->advertiser == f->party->who;
    return own ? target_of(f, DELIVERY_CRM | k->campaign->number) : ERR_OK;
}

static enum err webhook_of(struct facts *f)
{
    enum err err = target_of(f, f->party->number);
    return err == ERR_OK ? each_contract(f, crm_of) : err;
}

enum err facts_find(struct facts *f, enum notice kind)
{
    switch (kind) {
    case NOTICE_STATEMENT:
        return each_contract(f, statement_of);
    case NOTICE_BUDGET:
        return each_contract(f, budget_of);
    case NOTICE_CAP:
        return each_contract(f, cap_of);
    case NOTICE_QUIET:
        return each_contract(f, quiet_of);
    case NOTICE_REFUSED:
        return refused_of(f);
    default:
        return webhook_of(f);
    }
}
