/* One table of fields for each kind; writing and reading walk it. */
#include "common/commit/record.h"

#include <assert.h>
#include <stddef.h>

#include "common/base/bytes.h"

enum { RECORD_FORMAT = 1 };

enum type { BOOL, BITS, ENUM, U32, U64, I64, BYTES, ID, TEXT, TOUCHES, FACTS, REFUSALS, PLACES, USES, RESULTS, GONE };

/* As FORMATS.md says them; of BYTES with how many. */
static const char *const type_words[] = {
    [BOOL] = "bool",         [BITS] = "u8",       [ENUM] = "u8",   [U32] = "be32",         [U64] = "be64",
    [I64] = "be64",          [ID] = "id",         [TEXT] = "text", [TOUCHES] = "pointers", [FACTS] = "pairs",
    [REFUSALS] = "refusals", [PLACES] = "places", [USES] = "uses", [RESULTS] = "results",  [GONE] = "keys",
};

struct field {
    const char *name;
    enum type type;
    size_t offset;
    unsigned most; /* BYTES: how many; ENUM: values below it; BITS: the bits there are */
};

#define F(name, type, member)                                                                                          \
    {                                                                                                                  \
        name, type, offsetof(struct record, member), 0                                                                 \
    }
#define FN(name, type, member, most)                                                                                   \
    {                                                                                                                  \
        name, type, offsetof(struct record, member), most                                                              \
    }
#define RAW(name, member) FN(name, BYTES, member, sizeof((struct record *)0)->member)

#define SEALED(at) F("day", U32, at.sealed.day), F("sealed", TEXT, at.sealed.bytes)
#define NONCE(at)                                                                                                      \
    F("nonce_used", BOOL, at.nonce.used), RAW("nonce_key", at.nonce.key),                                              \
        RAW("nonce_request_sha256", at.nonce.request_sha256), F("nonce_keep_s", I64, at.nonce.keep_s),                 \
        F("nonce_webhook", BOOL, at.nonce.webhook)
#define SUBS(at)                                                                                                       \
    F("sub1", TEXT, at[0]), F("sub2", TEXT, at[1]), F("sub3", TEXT, at[2]), F("sub4", TEXT, at[3]),                    \
        F("sub5", TEXT, at[4])
_Static_assert(LIMIT_SUBS == 5 && LIMIT_UTMS == 5, "each is a field");
#define SECRET(at) F("kid", ID, at.kid), F("sealed_secret", TEXT, at.sealed)
#define TOKEN(at) RAW("token_sha256", at.sha256), F("sealed_token", TEXT, at.sealed)

static const struct field click_fields[] = {
    F("contract", U32, track.contract),
    F("placement", U32, track.entry.click.placement),
    FN("class", ENUM, track.entry.click.class, CLASS_COUNT),
    RAW("commit", track.entry.click.commitment.b),
    SUBS(track.entry.click.sub),
    F("utm_source", TEXT, track.entry.click.utm[0]),
    F("utm_medium", TEXT, track.entry.click.utm[1]),
    F("utm_campaign", TEXT, track.entry.click.utm[2]),
    F("utm_term", TEXT, track.entry.click.utm[3]),
    F("utm_content", TEXT, track.entry.click.utm[4]),
    F("to", TEXT, track.entry.click.to),
    F("to_refused", BOOL, track.entry.click.to_refused),
    FN("device", ENUM, track.entry.click.device, DEVICE_COUNT),
    F("country", TEXT, track.entry.click.country),
    SEALED(track),
};
static const struct field view_fields[] = {
    F("contract", U32, track.contract),
    F("placement", U32, track.entry.view.placement),
    FN("class", ENUM, track.entry.view.class, CLASS_COUNT),
    RAW("commit", track.entry.view.commitment.b),
    F("has_click_claim", BOOL, track.has_click_claim),
    F("click_claim", U64, track.click_claim),
    SEALED(track),
};
static const struct field impression_fields[] = {
    F("contract", U32, track.contract),
    F("placement", U32, track.entry.view.placement),
    FN("class", ENUM, track.entry.view.class, CLASS_COUNT),
    RAW("commit", track.entry.view.commitment.b),
    SEALED(track),
};
static const struct field lead_fields[] = {
    F("fallback_contract", U32, lead.fallback_contract),
    F("party", TEXT, lead.report.party),
    FN("trust", ENUM, lead.report.trust, TRUST_COUNT),
    F("txid", TEXT, lead.report.txid),
    FN("given", BITS, lead.report.given, (1 << CONTACT_FIELDS) - 1),
    FN("bad", BITS, lead.report.bad, (1 << CONTACT_FIELDS) - 1),
    F("test", BOOL, lead.report.test),
    F("honeypot", BOOL, lead.report.honeypot),
    F("disposable", BOOL, lead.report.disposable),
    F("claimed", BOOL, lead.report.claimed),
    F("touches", TOUCHES, lead.report),
    F("facts", FACTS, lead.report),
    SUBS(lead.report.sub),
    F("utc_offset_s", I64, lead.report.utc_offset_s),
    F("has_email", BOOL, lead.report.has_email),
    F("has_phone", BOOL, lead.report.has_phone),
    RAW("email", lead.report.email),
    RAW("phone", lead.report.phone),
    RAW("facts_sha256", lead.report.facts_sha256),
    RAW("commit", lead.report.commitment.b),
    RAW("request_sha256", lead.report.request.b),
    RAW("salt", lead.salt),
    RAW("contact_sha256", lead.contact.b),
    RAW("network_sha256", lead.network.b),
    SEALED(lead),
    NONCE(lead),
};
static const struct field disposition_fields[] = {
    F("party", U32, disposition.party),
    F("party_id", TEXT, disposition.report.party),
    FN("trust", ENUM, disposition.report.trust, TRUST_COUNT),
    F("txid", TEXT, disposition.report.txid),
    F("text", TEXT, disposition.report.text),
    F("currency", TEXT, disposition.report.currency),
    FN("status", ENUM, disposition.report.status, STATUS_COUNT),
    F("amount_micros", I64, disposition.report.amount_micros),
    F("by_lead", BOOL, disposition.by_lead),
    F("by_click", BOOL, disposition.by_click),
    F("pointer_contract", U32, disposition.pointer.contract),
    F("pointer_index", U64, disposition.pointer.index),
    F("contract", U32, disposition.contract),
    F("campaign", U32, disposition.campaign),
    RAW("request_sha256", disposition.report.request.b),
    F("jws", TEXT, disposition.report.jws),
    F("signed_ms", I64, disposition.report.signed_ms),
    RAW("signer", disposition.signer),
    NONCE(disposition),
};
static const struct field party_fields[] = {
    F("name", TEXT, party.name),
    F("role", TEXT, party.role),
    F("id", ID, party.id),
    F("by", U32, party.by),
    SECRET(party.secret),
    TOKEN(party.token),
    F("legal", TEXT, party.legal),
    RAW("invitation_sha256", party.invitation.sha256),
    F("sealed_invitation", TEXT, party.invitation.sealed),
    F("invited_until_ms", I64, party.invited_until_ms),
    F("scope", TEXT, party.scope),
};
static const struct field accept_fields[] = {RAW("invitation_sha256", accept.sha256), SECRET(accept.secret),
                                             TOKEN(accept.token), F("quota", U32, quota),
                                             F("quota_secrets", U32, accept.quota_secrets)};
static const struct field legal_fields[] = {F("party", U32, legal.party), F("by", U32, legal.by),
                                            F("name", TEXT, legal.name), F("legal", TEXT, legal.legal)};
static const struct field secret_fields[] = {F("party", U32, secret.party), F("by", U32, secret.by),
                                             F("replaces", TEXT, secret.replaces), SECRET(secret.draw),
                                             F("quota", U32, quota)};
static const struct field retire_fields[] = {F("party", U32, retire.party), F("by", U32, retire.by),
                                             F("kid", TEXT, retire.kid)};
static const struct field token_fields[] = {F("party", U32, token.party),
                                            F("by", U32, token.by),
                                            F("label", TEXT, token.label),
                                            F("expires_ms", I64, token.expires_ms),
                                            F("scope", TEXT, token.scope),
                                            F("replaces", TEXT, token.replaces),
                                            F("invitation", BOOL, token.invitation),
                                            TOKEN(token.draw),
                                            F("quota", U32, quota)};
static const struct field token_end_fields[] = {
    F("party", U32, token_end.party), F("by", U32, token_end.by), F("invitation", BOOL, token_end.invitation),
    F("id", TEXT, token_end.id), F("made_since_ms", I64, token_end.made_since_ms)};
static const struct field postback_key_fields[] = {F("party", U32, postback_key.party), F("by", U32, postback_key.by),
                                                   F("cidrs", TEXT, postback_key.cidrs), TOKEN(postback_key.draw)};
static const struct field key_fields[] = {F("party", U32, key.party), F("jws", TEXT, key.jws),
                                          F("previous_jws", TEXT, key.previous_jws)};
static const struct field server_keys_fields[] = {F("jws", TEXT, server_keys.jws),
                                                  F("previous_jws", TEXT, server_keys.previous_jws)};
static const struct field campaign_fields[] = {
    F("id", ID, campaign.id),
    F("direct_id", ID, campaign.direct_id),
    F("document", TEXT, campaign.document),
    F("direct_document", TEXT, campaign.direct_document),
    F("quota", U32, quota),
};
static const struct field contract_fields[] = {
    F("id", ID, contract.id),
    F("campaign", U32, contract.campaign),
    F("publisher", U32, contract.publisher),
    F("document", TEXT, contract.document),
    F("quota", U32, quota),
};
static const struct field change_fields[] = {F("number", U32, change.number), F("patch", TEXT, change.patch)};
static const struct field campaign_change_fields[] = {F("number", U32, change.number), F("patch", TEXT, change.patch),
                                                      F("made", U64, change.made)};
static const struct field grant_fields[] = {F("contract", U32, grant.contract), F("party", U32, grant.party),
                                            F("by", U32, grant.by), F("quota", U32, quota)};
static const struct field grant_end_fields[] = {F("contract", U32, grant_end.contract),
                                                F("party", U32, grant_end.party), F("by", U32, grant_end.by)};
static const struct field code_fields[] = {F("contract", U32, code.contract), F("by", U32, code.by),
                                           F("label", TEXT, code.label), F("landing_url", TEXT, code.landing_url),
                                           F("quota", U32, quota)};
static const struct field code_change_fields[] = {F("contract", U32, code_change.contract),
                                                  F("placement", U32, code_change.placement),
                                                  F("by", U32, code_change.by),
                                                  F("relabels", BOOL, code_change.relabels),
                                                  F("label", TEXT, code_change.label),
                                                  F("switches", BOOL, code_change.switches),
                                                  F("off", BOOL, code_change.off),
                                                  F("quota", U32, quota)};
static const struct field statement_fields[] = {
    F("contract", U32, statement.contract),
    F("number", U64, statement.number),
    F("from", U64, statement.from),
    F("to", U64, statement.to),
    F("at_cut", BOOL, statement.at_cut),
    F("to_ms", I64, statement.to_ms),
    F("issued_ms", I64, statement.issued_ms),
    F("utc_offset_s", I64, statement.utc_offset_s),
    F("terms", U64, statement.terms),
    FN("vat_kind", ENUM, statement.vat_kind, TAX_COUNT),
    F("vat_ppm", I64, statement.vat_ppm),
    F("vat_advertiser", U64, statement.vat_advertiser),
    F("vat_publisher", U64, statement.vat_publisher),
    RAW("legal_sha256", statement.legal_sha256),
    RAW("prev_sha256", statement.prev_sha256),
    RAW("closed", statement.closed),
    F("carried_micros", I64, statement.carried_micros),
    F("pending", U64, statement.pending),
    F("held", U64, statement.held),
    F("waiting_high", U64, statement.waiting_high),
    F("waiting_low", U64, statement.waiting_low),
    RAW("sha256", statement.sha256),
    F("jws", TEXT, statement.jws),
    F("lines", TEXT, statement.lines),
    F("answer", TEXT, statement.answer),
};
static const struct field seed_fields[] = {
    F("contract", U32, seed.contract), F("leads", U64, seed.leads), F("labels", U64, seed.labels),
    RAW("asked", seed.asked),          RAW("base", seed.base),      F("from", TEXT, seed.from),
    F("state", TEXT, seed.state),      F("row", TEXT, seed.row)};
static const struct field fresh_head_fields[] = {F("contract", U32, fresh_head.contract)};
static const struct field response_fields[] = {F("party", U32, response.party),
                                               F("statement", TEXT, response.statement), F("jws", TEXT, response.jws)};
static const struct field tell_fields[] = {F("steps", U32, tell.steps)};
static const struct field go_on_fields[] = {F("steps", U32, go_on.steps), F("after", U64, go_on.after)};
static const struct field assent_fields[] = {F("contract", U32, assent.contract), F("party", U32, assent.party),
                                             F("version", U32, assent.version), F("adjustment", U64, assent.adjustment),
                                             F("jws", TEXT, assent.jws)};
static const struct field withdrawal_fields[] = {F("contract", U32, withdrawal.contract), F("by", U32, withdrawal.by),
                                                 F("version", U32, withdrawal.version), F("jws", TEXT, withdrawal.jws),
                                                 F("made", U64, withdrawal.made)};
static const struct field adjustment_fields[] = {
    F("contract", U32, adjustment.contract), F("by", U32, adjustment.by),
    F("micros", I64, adjustment.micros),     F("lead", U64, adjustment.lead),
    F("reason", TEXT, adjustment.reason),    F("statement", TEXT, adjustment.statement)};
static const struct field share_fields[] = {F("by", U32, share.by),
                                            F("contract", U32, share.contract),
                                            F("statement", TEXT, share.statement),
                                            F("id", ID, share.id),
                                            F("expires_ms", I64, share.expires_ms),
                                            F("texts", BOOL, share.texts),
                                            F("label", TEXT, share.label),
                                            F("quota", U32, quota)};
static const struct field erase_fields[] = {F("by", U32, erase.by), F("places", PLACES, erase.places)};
static const struct field lock_fields[] = {F("party", U32, lock.party), F("by", U32, lock.by), F("id", ID, lock.id),
                                           F("on", BOOL, lock.on)};
static const struct field used_fields[] = {F("uses", USES, used.uses)};
static const struct field webhook_fields[] = {F("party", U32, webhook.party),  F("by", U32, webhook.by),
                                              F("id", ID, webhook.id),         F("url", TEXT, webhook.url),
                                              F("macro", BOOL, webhook.macro), F("sealed", TEXT, webhook.sealed)};
static const struct field crm_fields[] = {
    F("campaign", U32, crm.campaign),  F("by", U32, crm.by),    F("id", ID, crm.id),
    F("document", TEXT, crm.document), F("url", TEXT, crm.url), F("wants_token", BOOL, crm.wants_token),
    F("sealed", TEXT, crm.sealed)};
static const struct field notices_fields[] = {F("party", U32, notices.party),
                                              F("by", U32, notices.by),
                                              F("sent", BOOL, notices.sent),
                                              F("email", TEXT, notices.email),
                                              FN("language", ENUM, notices.language, LANGUAGES),
                                              FN("kinds", BITS, notices.kinds, (1 << NOTICES) - 1),
                                              FN("kind", ENUM, notices.kind, NOTICES),
                                              F("day", I64, notices.day),
                                              RAW("digest", notices.digest)};
static const struct field deliver_fields[] = {F("contract", U32, deliver.contract), F("target", U32, deliver.target),
                                              F("by", U32, deliver.by), F("at_ms", I64, deliver.at_ms),
                                              F("index", U64, deliver.index)};
static const struct field attempted_fields[] = {F("results", RESULTS, attempted.results),
                                                F("gone", GONE, attempted.gone)};
static const struct field approve_fields[] = {F("steps", U32, approve.steps)};
static const struct field tidy_fields[] = {F("before_s", I64, tidy.before_s), F("rows", U32, tidy.rows)};
static const struct field gap_fields[] = {
    F("contract", U32, gap.contract),
    F("from_ms", I64, gap.gap.from_ms),
    F("to_ms", I64, gap.gap.to_ms),
    F("clicks", U64, gap.gap.clicks),
    F("views", U64, gap.gap.views),
    F("impressions", U64, gap.gap.impressions),
    F("late_clicks", U64, gap.gap.late_clicks),
};
static const struct field day_keys_fields[] = {F("day", U32, day_keys.day), RAW("wrapped", day_keys.wrapped[0]),
                                               RAW("wrapped_next", day_keys.wrapped[1])};
static const struct field publish_fields[] = {F("contract", U32, publish.contract), F("note", TEXT, publish.note)};
static const struct field probe_fields[] = {F("put", BOOL, probe.put)};
static const struct field refused_fields[] = {F("rows", REFUSALS, refused.rows), F("from", U32, refused.from),
                                              F("steps", U32, refused.steps)};

static const struct field clock_fields[] = {
    RAW("boot", clock.boot),
    F("boot_ms", I64, clock.boot_ms),
    F("ahead_ms", I64, clock.ahead_ms),
    F("should_ms", I64, clock.should_ms),
    F("stepped", BOOL, clock.stepped),
};
static const struct field clock_confirm_fields[] = {F("steps", U32, clock_confirm.steps),
                                                    F("by", U32, clock_confirm.by)};
static const struct field upkeep_fields[] = {F("check", BOOL, upkeep.check), F("by", U32, upkeep.by),
                                             F("runs", BOOL, upkeep.runs)};
static const struct field sweep_fields[] = {F("contract", U32, sweep.contract),
                                            F("root_signed", U64, sweep.root_signed)};

#define FIELDS(list)                                                                                                   \
    {                                                                                                                  \
        list, sizeof list / sizeof *list                                                                               \
    }
static const struct layout {
    const struct field *field;
    size_t n;
} layouts[RECORD_KINDS] = {
    [RECORD_CLICK] = FIELDS(click_fields),
    [RECORD_VIEW] = FIELDS(view_fields),
    [RECORD_LEAD] = FIELDS(lead_fields),
    [RECORD_DISPOSITION] = FIELDS(disposition_fields),
    [RECORD_DISPOSE] = FIELDS(disposition_fields),
    [RECORD_PARTY] = FIELDS(party_fields),
    [RECORD_SECRET] = FIELDS(secret_fields),
    [RECORD_RETIRE] = FIELDS(retire_fields),
    [RECORD_TOKEN] = FIELDS(token_fields),
    [RECORD_TOKEN_END] = FIELDS(token_end_fields),
    [RECORD_ACCEPT] = FIELDS(accept_fields),
    [RECORD_PARTY_KEY] = FIELDS(key_fields),
    [RECORD_CAMPAIGN] = FIELDS(campaign_fields),
    [RECORD_CAMPAIGN_CHANGE] = FIELDS(campaign_change_fields),
    [RECORD_CONTRACT] = FIELDS(contract_fields),
    [RECORD_CONTRACT_CHANGE] = FIELDS(change_fields),
    [RECORD_GRANT] = FIELDS(grant_fields),
    [RECORD_GRANT_END] = FIELDS(grant_end_fields),
    [RECORD_CODE] = FIELDS(code_fields),
    [RECORD_CODE_CHANGE] = FIELDS(code_change_fields),
    [RECORD_STATEMENT] = FIELDS(statement_fields),
    [RECORD_SEED] = FIELDS(seed_fields),
    [RECORD_FRESH_HEAD] = FIELDS(fresh_head_fields),
    [RECORD_RESPONSE] = FIELDS(response_fields),
    [RECORD_ASSENT] = FIELDS(assent_fields),
    [RECORD_ADJUSTMENT] = FIELDS(adjustment_fields),
    [RECORD_WITHDRAWAL] = FIELDS(withdrawal_fields),
    [RECORD_SHARE] = FIELDS(share_fields),
    [RECORD_LEGAL] = FIELDS(legal_fields),
    [RECORD_ERASE] = FIELDS(erase_fields),
    [RECORD_LOCK] = FIELDS(lock_fields),
    [RECORD_USED] = FIELDS(used_fields),
    [RECORD_WEBHOOK] = FIELDS(webhook_fields),
    [RECORD_DELIVER] = FIELDS(deliver_fields),
    [RECORD_CRM] = FIELDS(crm_fields),
    [RECORD_NOTICES] = FIELDS(notices_fields),
    [RECORD_ATTEMPTED] = FIELDS(attempted_fields),
    [RECORD_APPROVE] = FIELDS(approve_fields),
    [RECORD_TIDY] = FIELDS(tidy_fields),
    [RECORD_GAP] = FIELDS(gap_fields),
    [RECORD_DAY_KEYS] = FIELDS(day_keys_fields),
    [RECORD_PUBLISH] = FIELDS(publish_fields),
    [RECORD_PROBE] = FIELDS(probe_fields),
    [RECORD_REFUSED] = FIELDS(refused_fields),
    [RECORD_IMPRESSION] = FIELDS(impression_fields),
    [RECORD_POSTBACK_KEY] = FIELDS(postback_key_fields),
    [RECORD_CLOCK] = FIELDS(clock_fields),
    [RECORD_CLOCK_CONFIRM] = FIELDS(clock_confirm_fields),
    [RECORD_SWEEP] = FIELDS(sweep_fields),
    [RECORD_UPKEEP] = FIELDS(upkeep_fields),
    [RECORD_SERVER_KEYS] = FIELDS(server_keys_fields),
    [RECORD_TELL] = FIELDS(tell_fields),
    [RECORD_GO_ON] = FIELDS(go_on_fields),
};

static const struct {
    const char *word;
    enum record_scope scope;
    unsigned flags;
} kinds[RECORD_KINDS] = {[RECORD_NONE] = {"", SCOPE_INSTANCE, 0},
#define X(symbol, number, word, scope, flags, what) [number] = {word, SCOPE_##scope, flags},
                         RECORD_TABLE(X)
#undef X
};

const char *record_word(enum record_kind k)
{
    assert(k < RECORD_KINDS);
    return kinds[k].word;
}

enum record_scope record_scope(enum record_kind k)
{
    assert(k < RECORD_KINDS);
    return kinds[k].scope;
}

unsigned record_flags(enum record_kind k)
{
    assert(k < RECORD_KINDS);
    return kinds[k].flags;
}

bool record_ends(const struct record *r)
{
    switch (r->kind) {
    case RECORD_TOKEN_END:
    case RECORD_RETIRE:
    case RECORD_GRANT_END:
        return true;
    case RECORD_LOCK:
        return r->lock.on;
    case RECORD_CODE_CHANGE:
        return r->code_change.switches && r->code_change.off;
    case RECORD_SHARE:
        return r->share.contract == 0;
    case RECORD_POSTBACK_KEY:
        return span_empty(r->postback_key.cidrs);
    default:
        return false;
    }
}

bool record_track(enum record_kind k, enum entry_kind *out)
{
    if (k != RECORD_CLICK && k != RECORD_VIEW && k != RECORD_IMPRESSION)
        return false;
    *out = k == RECORD_CLICK ? ENTRY_CLICK : k == RECORD_VIEW ? ENTRY_VIEW : ENTRY_IMPRESSION;
    return true;
}

_Static_assert(TALLY_LEN == 481, "said below");
bool record_field(enum record_kind k, size_t i, const char **name, const char **type)
{
    assert(k < RECORD_KINDS);
    if (i >= layouts[k].n)
        return false;
    const struct field *f = &layouts[k].field[i];
    *name = f->name;
    *type = f->type != BYTES             ? type_words[f->type]
            : f->most == NONCE_KEY_LEN   ? "raw 16"
            : f->most == HASH_LEN        ? "raw 32"
            : f->most == DAY_KEY_WRAPPED ? "raw 60"
            : f->most == TALLY_LEN       ? "raw 481"
                                         : NULL;
    assert(*type != NULL);
    return true;
}

/* ---- writing ---- */

static void put_text(struct buf *out, struct span s)
{
    buf_be32(out, (uint32_t)s.len);
    buf_span_add(out, s);
}

static void put_touches(struct buf *out, const struct lead_report *r)
{
    buf_byte(out, (uint8_t)r->n_touches);
    for (size_t i = 0; i < r->n_touches; i++) {
        const struct pointer *p = &r->touches[i];
        buf_be32(out, p->contract);
        buf_be64(out, p->index);
        buf_be32(out, p->at_s);
        buf_byte(out, p->flags);
    }
}

static void put_facts(struct buf *out, const struct lead_report *r)
{
    buf_byte(out, (uint8_t)r->n_facts);
    for (size_t i = 0; i < r->n_facts; i++) {
        put_text(out, r->facts[i].name);
        put_text(out, r->facts[i].value);
    }
}

static void put_field(struct buf *out, const struct field *f, const void *at)
{
    switch (f->type) {
    case BOOL:
        buf_byte(out, *(const bool *)at);
        break;
    case BITS:
    case ENUM: /* an enum of small values is an unsigned: _Static_assert below */
        buf_byte(out, (uint8_t) * (const unsigned *)at);
        break;
    case U32:
        buf_be32(out, *(const uint32_t *)at);
        break;
    case U64:
    case I64:
        buf_be64(out, *(const uint64_t *)at);
        break;
    case BYTES:
        buf_add(out, at, f->most);
        break;
    case ID:
        buf_byte(out, (uint8_t)strlen(at));
        buf_str(out, at);
        break;
    case TEXT:
    case REFUSALS:
    case PLACES:
    case USES:
    case RESULTS:
    case GONE:
        put_text(out, *(const struct span *)at);
        break;
    case TOUCHES:
        put_touches(out, at);
        break;
    case FACTS:
        put_facts(out, at);
        break;
    }
}
_Static_assert(sizeof(enum class) == sizeof(unsigned) && sizeof(enum trust) == sizeof(unsigned) &&
                   sizeof(enum status) == sizeof(unsigned) && sizeof(enum device) == sizeof(unsigned) &&
                   sizeof(enum tax) == sizeof(unsigned),
               "ENUM reads them as unsigned");

void record_write(struct buf *out, const struct record *r)
{
    const struct layout *l = &layouts[r->kind];
    buf_byte(out, RECORD_FORMAT);
    buf_byte(out, (uint8_t)r->kind);
    buf_be16(out, r->partition);
    buf_be32(out, r->advertiser);
    buf_be64(out, (uint64_t)r->now_ms);
    buf_be64(out, (uint64_t)r->arrived_ms);
    buf_byte(out, r->bearer.used);
    if (r->bearer.used)
        buf_add(out, r->bearer.sha256, HASH_LEN);
    buf_byte(out, r->idempotency.used);
    if (r->idempotency.used) {
        buf_add(out, r->idempotency.row, IDEMPOTENCY_KEY_LEN);
        buf_add(out, r->idempotency.request_sha256, HASH_LEN);
        buf_add(out, r->idempotency.nonce, SEAL_NONCE_LEN);
    }
    for (size_t i = 0; i < l->n; i++)
        put_field(out, &l->field[i], (const char *)r + l->field[i].offset);
}

/* ---- reading ---- */

/* Takes bytes off the front; once it fails it gives zeros. */
struct reader {
    struct span rest;
    bool failed;
};

static struct span take(struct reader *r, size_t n)
{
    static const char zeros[8];
    if (r->rest.len < n)
        r->failed = true;
    if (r->failed)
        return span_of(zeros, n <= sizeof zeros ? n : 0);
    struct span taken = span_of(r->rest.ptr, n);
    r->rest = span_of(r->rest.ptr + n, r->rest.len - n);
    return taken;
}

static uint8_t take_u8(struct reader *r)
{
    return (uint8_t)take(r, 1).ptr[0];
}

static bool take_bool(struct reader *r)
{
    uint8_t b = take_u8(r);
    r->failed |= b > 1;
    return b == 1;
}

static uint32_t take_be32(struct reader *r)
{
    return load_be32(take(r, 4).ptr);
}

static uint64_t take_be64(struct reader *r)
{
    return load_be64(take(r, 8).ptr);
}

static void take_raw(struct reader *r, void *out, size_t n)
{
    struct span s = take(r, n);
    if (!r->failed)
        memcpy(out, s.ptr, n);
}

static struct span take_text(struct reader *r)
{
    return take(r, take_be32(r));
}

static void take_id(struct reader *r, char out[LIMIT_ID + 1])
{
    size_t n = take_u8(r);
    if (n > LIMIT_ID)
        r->failed = true;
    struct span s = take(r, n);
    if (!r->failed && memchr(s.ptr, '\0', s.len) != NULL)
        r->failed = true;
    if (!r->failed)
        memcpy(out, s.ptr, s.len);
}

static struct span take_refusals(struct reader *r)
{
    struct span all = take_text(r), rest = all;
    struct refusal one;
    while (!r->failed && rest.len > 0)
        r->failed = refusal_take(&rest, &one, NULL, NULL) != ERR_OK;
    return all;
}

static struct span take_places(struct reader *r)
{
    struct span all = take_text(r);
    r->failed |= all.len % RECORD_PLACE != 0 || all.len > RECORD_PLACES * RECORD_PLACE;
    for (size_t at = RECORD_PLACE; !r->failed && at < all.len; at += RECORD_PLACE)
        r->failed = memcmp(all.ptr + at - RECORD_PLACE, all.ptr + at, RECORD_PLACE) >= 0;
    return all;
}

static struct span take_uses(struct reader *r)
{
    struct span all = take_text(r);
    r->failed |= all.len % RECORD_USE != 0 || all.len > RECORD_USES * RECORD_USE;
    for (size_t at = 0; !r->failed && at < all.len; at += RECORD_USE)
        r->failed = load_be64((const uint8_t *)all.ptr + at + HASH_LEN) > INT64_MAX ||
                    (at > 0 && memcmp(all.ptr + at - RECORD_USE, all.ptr + at, HASH_LEN) >= 0);
    return all;
}

static struct span take_results(struct reader *r)
{
    struct span all = take_text(r), rest = all;
    struct delivery_result one;
    r->failed |= all.len > DELIVERY_RESULTS * DELIVERY_RESULT_LEN;
    while (!r->failed && rest.len > 0)
        r->failed = delivery_result_take(&rest, &one) != ERR_OK;
    return all;
}

static struct span take_gone(struct reader *r)
{
    struct span all = take_text(r);
    struct delivery_place p;
    r->failed |= all.len % DELIVERY_KEY_LEN != 0 || all.len > RECORD_GONE * DELIVERY_KEY_LEN;
    for (size_t at = 0; !r->failed && at < all.len; at += DELIVERY_KEY_LEN)
        r->failed = delivery_key_read(span_of(all.ptr + at, DELIVERY_KEY_LEN), &p) != ERR_OK;
    return all;
}

static void take_touches(struct reader *r, struct lead_report *out)
{
    size_t n = take_u8(r);
    r->failed |= n > LIMIT_TOUCHES;
    for (size_t i = 0; i < n && !r->failed; i++) {
        struct pointer *p = &out->touches[i];
        p->contract = take_be32(r);
        p->index = take_be64(r);
        p->at_s = take_be32(r);
        p->flags = take_u8(r);
    }
    out->n_touches = r->failed ? 0 : n;
}

static void take_facts(struct reader *r, struct lead_report *out)
{
    size_t n = take_u8(r);
    r->failed |= n > LIMIT_FIELDS;
    for (size_t i = 0; i < n && !r->failed; i++) {
        out->facts[i].name = take_text(r);
        out->facts[i].value = take_text(r);
    }
    out->n_facts = r->failed ? 0 : n;
}

static void take_field(struct reader *r, const struct field *f, void *at)
{
    switch (f->type) {
    case BOOL:
        *(bool *)at = take_bool(r);
        break;
    case BITS:
        *(unsigned *)at = take_u8(r);
        r->failed |= (*(unsigned *)at & ~f->most) != 0;
        break;
    case ENUM:
        *(unsigned *)at = take_u8(r);
        r->failed |= *(unsigned *)at >= f->most;
        break;
    case U32:
        *(uint32_t *)at = take_be32(r);
        break;
    case U64:
    case I64:
        *(uint64_t *)at = take_be64(r);
        break;
    case BYTES:
        take_raw(r, at, f->most);
        break;
    case ID:
        take_id(r, at);
        break;
    case TEXT:
        *(struct span *)at = take_text(r);
        break;
    case REFUSALS:
        *(struct span *)at = take_refusals(r);
        break;
    case PLACES:
        *(struct span *)at = take_places(r);
        break;
    case USES:
        *(struct span *)at = take_uses(r);
        break;
    case RESULTS:
        *(struct span *)at = take_results(r);
        break;
    case GONE:
        *(struct span *)at = take_gone(r);
        break;
    case TOUCHES:
        take_touches(r, at);
        break;
    case FACTS:
        take_facts(r, at);
        break;
    }
}

static void take_head(struct reader *r, struct record *out)
{
    r->failed |= take_u8(r) != RECORD_FORMAT;
    uint8_t kind = take_u8(r);
    r->failed |= kind == RECORD_NONE || kind >= RECORD_KINDS;
    out->kind = r->failed ? RECORD_NONE : (enum record_kind)kind;
    out->partition = load_be16(take(r, 2).ptr);
    out->advertiser = take_be32(r);
    out->now_ms = (int64_t)take_be64(r);
    out->arrived_ms = (int64_t)take_be64(r);
    out->bearer.used = take_bool(r);
    if (out->bearer.used)
        take_raw(r, out->bearer.sha256, HASH_LEN);
    out->idempotency.used = take_bool(r);
    if (out->idempotency.used) {
        take_raw(r, out->idempotency.row, IDEMPOTENCY_KEY_LEN);
        take_raw(r, out->idempotency.request_sha256, HASH_LEN);
        take_raw(r, out->idempotency.nonce, SEAL_NONCE_LEN);
    }
}

enum err record_read(struct span bytes, struct record *out)
{
    struct reader r = {.rest = bytes};
    memset(out, 0, sizeof *out);
    take_head(&r, out);
    if (record_track(out->kind, &out->track.entry.kind)) {
        out->track.entry.at_ms = out->arrived_ms;
    }
    const struct layout *l = &layouts[out->kind];
    for (size_t i = 0; i < l->n && !r.failed; i++)
        take_field(&r, &l->field[i], (char *)out + l->field[i].offset);
    return r.failed || r.rest.len != 0 ? ERR_CORRUPT : ERR_OK;
}

void record_keep(struct record_lead *l, const struct private_part *p)
{
    struct kept_part k;
    private_keep(p, &k);
    kept_commitment(&k, &l->report.commitment);
    memcpy(l->salt, k.salt, SALT_LEN);
    l->contact = k.contact;
    l->network = k.network;
}
