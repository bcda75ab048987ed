#include "common/ledger/entry_fields.h"

#include <assert.h>

#include "common/base/bytes.h"

/* clang-format off */
#define AT(member) offsetof(struct entry, member)
#define COMMON_AT {"at", NAT64, AT(at_ms), .always = true}
#define COMMON_CLOCK {"clock_ms", NAT64, AT(clocked_ms)}
#define COMMON_KIND {"kind", KIND, AT(kind), .always = true}
#define SUB(kind, n) {"sub" #n, TEXT, AT(kind.sub[n - 1]), LIMIT_PARAM}

static const struct field click_fields[] = {
    COMMON_AT,
    {"class", CLASS, AT(click.class), .always = true},
    COMMON_CLOCK,
    {"clock_steps", NAT32, AT(click.clock_steps)},
    {"commit", B64_32, AT(click.commitment), .always = true},
    {"country", TEXT, AT(click.country), 2},
    {"device", DEVICE, AT(click.device)},
    COMMON_KIND,
    {"placement", NAT32, AT(click.placement), .always = true},
    SUB(click, 1), SUB(click, 2), SUB(click, 3), SUB(click, 4), SUB(click, 5),
    {"to", TEXT, AT(click.to), LIMIT_DEEP_LINK},
    {"to_refused", BOOL, AT(click.to_refused)},
    {"utm_campaign", TEXT, AT(click.utm[2]), LIMIT_PARAM},
    {"utm_content", TEXT, AT(click.utm[4]), LIMIT_PARAM},
    {"utm_medium", TEXT, AT(click.utm[1]), LIMIT_PARAM},
    {"utm_source", TEXT, AT(click.utm[0]), LIMIT_PARAM},
    {"utm_term", TEXT, AT(click.utm[3]), LIMIT_PARAM},
    {0},
};

static const struct field view_fields[] = {
    COMMON_AT,
    {"class", CLASS, AT(view.class), .always = true},
    {"click", INDEX, AT(view.click), .has = AT(view.has_click)},
    COMMON_CLOCK,
    {"commit", B64_32, AT(view.commitment), .always = true},
    COMMON_KIND,
    {"placement", NAT32, AT(view.placement)},
    {0},
};

static const struct field impression_fields[] = {
    COMMON_AT,
    {"class", CLASS, AT(view.class), .always = true},
    COMMON_CLOCK,
    {"commit", B64_32, AT(view.commitment), .always = true},
    COMMON_KIND,
    {"placement", NAT32, AT(view.placement), .always = true},
    {0},
};

static const struct field lead_fields[] = {
    COMMON_AT,
    {"bad", CONTACTS, AT(lead.bad)},
    {"claimed", BOOL, AT(lead.claimed)},
    {"click", INDEX, AT(lead.click), .has = AT(lead.has_click)},
    {"click_unrecorded", BOOL, AT(lead.click_unrecorded)},
    {"clicked_ms", NAT64, AT(lead.clicked_ms)},
    COMMON_CLOCK,
    {"clock_steps", NAT32, AT(lead.clock_steps)},
    {"clock_unsure", BOOL, AT(lead.clock_unsure)},
    {"commit", B64_32, AT(lead.commitment), .always = true},
    {"disposable", BOOL, AT(lead.disposable)},
    {"due_ms", NAT64, AT(lead.due_ms)},
    {"dup", DUP, AT(lead.dup_contract)},
    {"facts", FACTS, AT(lead.facts)},
    {"given", CONTACTS, AT(lead.given)},
    {"honeypot", BOOL, AT(lead.honeypot)},
    COMMON_KIND,
    {"missing_fields", NAT32, AT(lead.missing_fields)},
    {"other_touches", NAT32, AT(lead.other_touches)},
    {"party", TEXT, AT(lead.party), LIMIT_ID, .always = true},
    {"payout_micros", NAT64, AT(lead.payout_micros)},
    {"placement", NAT32, AT(lead.placement)},
    {"reason", REASON, AT(lead.reason)},
    {"request_sha256", HEX_32, AT(lead.request)},
    {"score", INDEX, AT(lead.score), .has = AT(lead.scored)},
    {"score_high", INDEX, AT(lead.score_high), .has = AT(lead.scored_high)},
    {"score_why", WHY, AT(lead.why)},
    {"share_from", NAT32, AT(lead.share_from)},
    {"share_to", NAT32, AT(lead.share_to)},
    {"status", STATUS, AT(lead.status), .always = true},
    SUB(lead, 1), SUB(lead, 2), SUB(lead, 3), SUB(lead, 4), SUB(lead, 5),
    {"terms", NAT64, AT(lead.terms), .always = true},
    {"test", BOOL, AT(lead.test)},
    {"tier", TIER, AT(lead.tier)},
    {"touches", TOUCHES, AT(lead.touches)},
    {"trust", TRUST, AT(lead.trust), .always = true},
    {"txid", TEXT, AT(lead.txid), LIMIT_TXID},
    {"utc_offset_s", OFFSET, AT(lead.utc_offset_s)},
    {"utm_source", TEXT, AT(lead.utm_source), LIMIT_PARAM},
    {0},
};

static const struct field disposition_fields[] = {
    {"amount_micros", NAT64, AT(disposition.amount_micros)},
    COMMON_AT,
    COMMON_CLOCK,
    {"currency", TEXT, AT(disposition.currency), LIMIT_ID},
    {"jws", TEXT, AT(disposition.jws), LIMIT_PARTY_JWS},
    COMMON_KIND,
    {"lead", NAT64, AT(disposition.lead), .always = true},
    {"party", TEXT, AT(disposition.party), LIMIT_ID},
    {"payable_micros", INT64, AT(disposition.payable_micros)},
    {"request_sha256", HEX_32, AT(disposition.request)},
    {"status", STATUS, AT(disposition.status), .always = true},
    {"terms", NAT64, AT(disposition.terms), .always = true},
    {"text", TEXT, AT(disposition.text), LIMIT_FIELD},
    {"trust", TRUST, AT(disposition.trust), .always = true},
    {"txid", TEXT, AT(disposition.txid), LIMIT_TXID},
    {0},
};

static const struct field terms_fields[] = {
    COMMON_AT,
    {"campaign", DOCUMENT, AT(terms.campaign), .always = true},
    COMMON_CLOCK,
    {"contract", DOCUMENT, AT(terms.contract), .always = true},
    {"effective_ms", NAT64, AT(terms.effective_ms)},
    COMMON_KIND,
    {"on_assent", BOOL, AT(terms.on_assent)},
    {"rules", NAT64, AT(terms.rules), .always = true},
    {"version", NAT64, AT(terms.version), .always = true},
    {0},
};

static const struct field party_fields[] = {
    COMMON_AT,
    {"by", TEXT, AT(party.by), LIMIT_ID, .always = true},
    COMMON_CLOCK,
    COMMON_KIND,
    {"legal", DOCUMENT, AT(party.legal), .always = true},
    {"other", BOOL, AT(party.other)},
    {"party", TEXT, AT(party.party), LIMIT_ID, .always = true},
    {0},
};

static const struct field key_fields[] = {
    COMMON_AT,
    COMMON_CLOCK,
    {"jws", TEXT, AT(key.jws), LIMIT_PARTY_JWS, .always = true},
    COMMON_KIND,
    {"party", TEXT, AT(key.party), LIMIT_ID, .always = true},
    {"previous_jws", TEXT, AT(key.previous_jws), LIMIT_PARTY_JWS},
    {"pub", B64_32, AT(key.pub), .always = true},
    {0},
};

static const struct field server_keys_fields[] = {
    COMMON_AT,
    COMMON_CLOCK,
    {"jws", TEXT, AT(server_keys.jws), LIMIT_PARTY_JWS, .always = true},
    COMMON_KIND,
    {"previous_jws", TEXT, AT(server_keys.previous_jws), LIMIT_PARTY_JWS},
    {"root", NAT64, AT(server_keys.root), .always = true},
    {0},
};

static const struct field statement_fields[] = {
    COMMON_AT,
    COMMON_CLOCK,
    {"from", NAT64, AT(statement.from), .always = true},
    {"id", TEXT, AT(statement.id), LIMIT_ID, .always = true},
    {"issued_ms", NAT64, AT(statement.issued_ms), .always = true},
    COMMON_KIND,
    {"number", NAT64, AT(statement.number), .always = true},
    {"sha256", HEX_32, AT(statement.sha256), .always = true},
    {"to", NAT64, AT(statement.to), .always = true},
    {"to_ms", NAT64, AT(statement.to_ms), .always = true},
    {"utc_offset_s", OFFSET, AT(statement.utc_offset_s)},
    {"vat_advertiser", NAT64, AT(statement.vat_advertiser)},
    {"vat_kind", TAX, AT(statement.vat_kind)},
    {"vat_ppm", NAT64, AT(statement.vat_ppm)},
    {"vat_publisher", NAT64, AT(statement.vat_publisher)},
    {0},
};

static const struct field response_fields[] = {
    COMMON_AT,
    COMMON_CLOCK,
    {"jws", TEXT, AT(response.jws), LIMIT_BODY, .always = true},
    COMMON_KIND,
    {"party", TEXT, AT(response.party), LIMIT_ID, .always = true},
    {"statement", TEXT, AT(response.statement), LIMIT_ID, .always = true},
    {0},
};

static const struct field gap_fields[] = {
    COMMON_AT,
    {"clicks", NAT64, AT(gap.clicks)},
    COMMON_CLOCK,
    {"from_ms", NAT64, AT(gap.from_ms), .always = true},
    {"impressions", NAT64, AT(gap.impressions)},
    COMMON_KIND,
    {"late_clicks", NAT64, AT(gap.late_clicks)},
    {"to_ms", NAT64, AT(gap.to_ms), .always = true},
    {"views", NAT64, AT(gap.views)},
    {0},
};

static const struct field credential_fields[] = {
    COMMON_AT,
    {"by", TEXT, AT(credential.by), LIMIT_ID, .always = true},
    COMMON_CLOCK,
    {"id", TEXT, AT(credential.id), LIMIT_ID, .always = true},
    COMMON_KIND,
    {"party", TEXT, AT(credential.party), LIMIT_ID, .always = true},
    {"retired", BOOL, AT(credential.retired)},
    {"since_ms", NAT64, AT(credential.since_ms), .always = true},
    {"what", CREDENTIAL, AT(credential.what), .always = true},
    {0},
};

static const struct field assent_fields[] = {
    {"adjustment", NAT64, AT(assent.adjustment)},
    COMMON_AT,
    COMMON_CLOCK,
    {"jws", TEXT, AT(assent.jws), LIMIT_PARTY_JWS, .always = true},
    COMMON_KIND,
    {"party", TEXT, AT(assent.party), LIMIT_ID, .always = true},
    {"payable_micros", INT64, AT(assent.payable_micros)},
    {"version", NAT64, AT(assent.version)},
    {0},
};

static const struct field withdrawal_fields[] = {
    COMMON_AT,
    {"by", TEXT, AT(withdrawal.by), LIMIT_ID, .always = true},
    COMMON_CLOCK,
    {"jws", TEXT, AT(withdrawal.jws), LIMIT_PARTY_JWS},
    COMMON_KIND,
    {"version", NAT64, AT(withdrawal.version), .always = true},
    {0},
};

static const struct field adjustment_fields[] = {
    COMMON_AT,
    {"by", TEXT, AT(adjustment.by), LIMIT_ID, .always = true},
    COMMON_CLOCK,
    COMMON_KIND,
    {"lead", NAT64, AT(adjustment.lead)},
    {"micros", INT64, AT(adjustment.micros), .always = true},
    {"on_assent", BOOL, AT(adjustment.on_assent)},
    {"reason", TEXT, AT(adjustment.reason), LIMIT_FIELD, .always = true},
    {"statement", TEXT, AT(adjustment.statement), LIMIT_ID},
    {0},
};

static const struct field clock_fields[] = {
    COMMON_AT,
    {"by", TEXT, AT(clock.by), LIMIT_ID},
    COMMON_CLOCK,
    {"confirmed_ms", NAT64, AT(clock.confirmed_ms)},
    {"from_ms", NAT64, AT(clock.from_ms)},
    COMMON_KIND,
    {"steps", NAT32, AT(clock.steps), .always = true},
    {"to_ms", NAT64, AT(clock.to_ms)},
    {"unsure", BOOL, AT(clock.unsure)},
    {0},
};

static const struct field erase_fields[] = {
    COMMON_AT,
    {"by", TEXT, AT(erase.by), LIMIT_ID, .always = true},
    COMMON_CLOCK,
    {"entries", ERASED, AT(erase.entries), .always = true},
    COMMON_KIND,
    {0},
};

static const struct field model_fields[] = {
    COMMON_AT,
    COMMON_CLOCK,
    {"from", PREFIXES, AT(model.from)},
    COMMON_KIND,
    {"labels", NAT64, AT(model.labels), .always = true},
    {"leads", NAT64, AT(model.leads), .always = true},
    {"origin", ORIGIN, AT(model.origin), .always = true},
    {"sha256", HEX_32, AT(model.sha256), .always = true},
    {"terms", NAT64, AT(model.terms), .always = true},
    {0},
};

const struct field *const entry_fields[ENTRY_KINDS] = {
    [ENTRY_TERMS] = terms_fields,
    [ENTRY_CLICK] = click_fields,
    [ENTRY_VIEW] = view_fields,
    [ENTRY_LEAD] = lead_fields,
    [ENTRY_DISPOSITION] = disposition_fields,
    [ENTRY_KEY] = key_fields,
    [ENTRY_PARTY] = party_fields,
    [ENTRY_STATEMENT] = statement_fields,
    [ENTRY_RESPONSE] = response_fields,
    [ENTRY_GAP] = gap_fields,
    [ENTRY_IMPRESSION] = impression_fields,
    [ENTRY_SERVER_KEYS] = server_keys_fields,
    [ENTRY_CREDENTIAL] = credential_fields,
    [ENTRY_ASSENT] = assent_fields,
    [ENTRY_ADJUSTMENT] = adjustment_fields,
    [ENTRY_CLOCK] = clock_fields,
    [ENTRY_ERASE] = erase_fields,
    [ENTRY_WITHDRAWAL] = withdrawal_fields,
    [ENTRY_MODEL] = model_fields,
};

/* clang-format on */

static const char *const kind_words[ENTRY_KINDS] = {
#define X(symbol, number, word, meaning) [number] = word,
    ENTRY_KIND_TABLE(X)
#undef X
};

const char *const entry_sub_names[LIMIT_SUBS] = {"sub1", "sub2", "sub3", "sub4", "sub5"};
const char *const entry_utm_names[LIMIT_UTMS] = {"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"};
const char *const contact_names[CONTACT_FIELDS] = {"email", "phone", "first_name", "last_name"};

const char *entry_kind_word(enum entry_kind k)
{
    assert((unsigned)k < ENTRY_KINDS);
    return kind_words[k];
}

static bool is_view(const struct entry *e)
{
    return e->kind == ENTRY_VIEW || e->kind == ENTRY_IMPRESSION;
}

int64_t entry_clock(const struct entry *e)
{
    return e->clocked_ms != 0 ? e->clocked_ms : e->at_ms;
}

void entry_date(struct entry *e, int64_t clocked_ms, int64_t last_ms)
{
    e->at_ms = clocked_ms > last_ms ? clocked_ms : last_ms;
    e->clocked_ms = e->at_ms > clocked_ms ? clocked_ms : 0;
}

bool entry_follows(const struct entry *e, int64_t last_ms)
{
    return e->clocked_ms != 0 ? e->at_ms == last_ms : e->at_ms >= last_ms;
}

struct clicked clicked_of(const struct entry *click)
{
    const struct entry_click *c = &click->click;
    return (struct clicked){c->class, c->device, entry_clock(click), c->placement, c->clock_steps};
}

enum class entry_class(const struct entry *e) {
    return e->kind == ENTRY_CLICK ? e->click.class
           : is_view(e)           ? e->view.class
                                  : CLASS_OK;
}

enum device entry_device(const struct entry *e)
{
    return e->kind == ENTRY_CLICK ? e->click.device : DEVICE_NONE;
}

uint32_t entry_placement(const struct entry *e)
{
    return e->kind == ENTRY_CLICK  ? e->click.placement
           : is_view(e)            ? e->view.placement
           : e->kind == ENTRY_LEAD ? e->lead.placement
                                   : 0;
}

int64_t entry_payable_micros(const struct entry *e)
{
    switch (e->kind) {
    case ENTRY_LEAD:
        return e->lead.status == STATUS_APPROVED ? e->lead.payout_micros : 0;
    case ENTRY_DISPOSITION:
        return e->disposition.payable_micros;
    case ENTRY_ASSENT:
        return e->assent.payable_micros;
    case ENTRY_ADJUSTMENT:
        return e->adjustment.on_assent ? 0 : e->adjustment.micros;
    default:
        return 0;
    }
}

static const struct hash no_request;

bool entry_request_fits(const struct entry *e)
{
    bool lead = e->kind == ENTRY_LEAD;
    enum trust trust = lead ? e->lead.trust : e->disposition.trust;
    const struct hash *request = lead ? &e->lead.request : &e->disposition.request;
    bool sent = trust != TRUST_PIXEL && trust != TRUST_SYSTEM;
    return sent == (memcmp(request->b, no_request.b, HASH_LEN) != 0);
}

bool gap_covers(const struct entry_gap *g, int64_t second_ms)
{
    return g->from_ms < second_ms + 1000 && g->to_ms >= second_ms;
}

uint64_t gap_total(const struct entry_gap *g)
{
    const uint64_t counts[] = {g->clicks, g->views, g->impressions, g->late_clicks};
    uint64_t total = 0;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        total = counts[i] > JSON_INT_MAX - total ? JSON_INT_MAX : total + counts[i];
    return total;
}

bool gap_fits(const struct entry_gap *g)
{
    int64_t wide_ms = g->to_ms - g->from_ms;
    return wide_ms >= 0 && wide_ms <= GAP_WIDE_MS && gap_total(g) <= (uint64_t)(wide_ms / 1000 + 1) * GAP_PER_S;
}

static void widen(struct entry_gap *g, int64_t second_ms)
{
    if (g->to_ms == 0 || second_ms < g->from_ms)
        g->from_ms = second_ms;
    if (second_ms + 999 > g->to_ms)
        g->to_ms = second_ms + 999;
}

bool gap_of_lead(const struct entry_lead *l, struct entry_gap *out)
{
    *out = (struct entry_gap){0};
    if (l->click_unrecorded)
        widen(out, l->clicked_ms);
    for (size_t i = 0; i < l->n_touches; i++)
        if (l->touches[i].click_unrecorded)
            widen(out, l->touches[i].clicked_ms);
    return out->to_ms != 0;
}

void credential_id(const uint8_t sha256[HASH_LEN], char id[LIMIT_ID + 1])
{
    struct buf b;
    buf_fixed(&b, id, CREDENTIAL_ID_LEN);
    buf_b64url(&b, sha256, CREDENTIAL_ID_LEN / 4 * 3);
    id[b.len] = '\0';
}

bool entry_why_read(struct span text, struct entry_why *out)
{
    if (text.len < 2 || text.len > WHY_LEN || (text.ptr[0] != '+' && text.ptr[0] != '-'))
        return false;
    *out = (struct entry_why){text.ptr[0] == '+', span_skip(text, 1)};
    return true;
}

/* The text is canonical, so each prefix is spelled in one way: {"contract":"C1","size":5}. */
#define PREFIX_FRONT "{\"contract\":\""
#define PREFIX_MIDDLE "\",\"size\":"

bool entry_prefix_next(struct span *from, struct entry_prefix *out)
{
    struct span rest = *from, number;
    const size_t front = sizeof PREFIX_FRONT, middle = sizeof PREFIX_MIDDLE - 1;
    if (rest.len < front + middle || memcmp(rest.ptr + 1, PREFIX_FRONT, front - 1) != 0)
        return false;
    rest = span_skip(rest, front);
    const char *end = memchr(rest.ptr, '"', rest.len);
    if (end == NULL || rest.len < (size_t)(end - rest.ptr) + middle || memcmp(end, PREFIX_MIDDLE, middle) != 0)
        return false;
    out->contract = span_of(rest.ptr, (size_t)(end - rest.ptr));
    rest = span_skip(rest, out->contract.len + middle);
    end = memchr(rest.ptr, '}', rest.len);
    number = span_of(rest.ptr, end != NULL ? (size_t)(end - rest.ptr) : 0);
    *from = end != NULL ? span_skip(rest, number.len + 1) : *from;
    return end != NULL && parse_u64(number, &out->size) == ERR_OK;
}

void entry_prefix_add(struct buf *list, const struct entry_prefix *p)
{
    if (list->len == 0)
        buf_byte(list, '[');
    else
        list->ptr[list->len - 1] = ',';
    buf_str(list, PREFIX_FRONT);
    buf_span_add(list, p->contract);
    buf_printf(list, PREFIX_MIDDLE "%llu}]", (unsigned long long)p->size);
}

static bool ascends(struct span a, struct span b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order < 0 || (order == 0 && a.len < b.len);
}

static bool prefixes_fit(struct span from)
{
    struct entry_prefix p, before = {SPAN(""), 0};
    size_t n = 0;
    bool fits = true;
    for (; fits && entry_prefix_next(&from, &p); n++) {
        fits =
            ascends(before.contract, p.contract) && p.size > 0 && p.size <= JSON_INT_MAX && p.contract.len <= LIMIT_ID;
        before = p;
    }
    return fits && n > 0 && n <= LIMIT_SEED_CONTRACTS && span_is(from, "]");
}

bool entry_model_fits(const struct entry_model *m)
{
    return m->origin == ORIGIN_SEED ? prefixes_fit(m->from) : span_empty(m->from);
}

bool entry_score_fits(const struct entry *e)
{
    const struct entry_lead *l = &e->lead;
    return e->kind != ENTRY_LEAD || (l->scored ? l->scored_high && l->score <= l->score_high && l->score_high <= 1000
                                               : !l->scored_high && l->n_why == 0);
}

const struct hash *entry_commitment(const struct entry *e)
{
    return e->kind == ENTRY_CLICK  ? &e->click.commitment
           : is_view(e)            ? &e->view.commitment
           : e->kind == ENTRY_LEAD ? &e->lead.commitment
                                   : NULL;
}
