#include "server/outgoing/letter.h"

#include <assert.h>
#include <string.h>

#include "common/base/json_write.h"
#include "common/base/money.h"
#include "common/base/when.h"
#include "common/tokens/tokens.h"
#include "server/commit/outbox.h"

void letter_open(struct letter *l)
{
    *l = (struct letter){.n = 0};
    buf_heap(&l->body);
    buf_heap(&l->text);
}

void letter_close(struct letter *l)
{
    buf_free(&l->body);
    buf_free(&l->text);
}

/* ---- values ---- */

/* Values are copied behind each other; text was given all its room before, so that none moves. */
static struct span keep(struct letter *l, struct span s)
{
    assert(l->text.cap - l->text.len >= s.len);
    size_t at = l->text.len;
    buf_span_add(&l->text, s);
    return span_of(l->text.ptr + at, s.len);
}

static void macro(struct letter *l, const char *name, struct span value)
{
    assert(l->n < LETTER_MACROS);
    l->macro[l->n++] = (struct delivery_macro){name, keep(l, value)};
}

static void named_macro(struct letter *l, struct span name, struct span value)
{
    struct span kept = keep(l, name);
    keep(l, span_of("", 1));
    macro(l, kept.ptr, value);
}

static void jw_time(struct jw *w, const char *name, int64_t ms)
{
    char mem[40];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    time_rfc3339(&text, ms);
    jw_kstr(w, name, buf_span(&text));
}

static void time_macro(struct letter *l, const char *name, int64_t ms)
{
    char mem[40];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    time_rfc3339(&text, ms);
    macro(l, name, buf_span(&text));
}

static struct span decimal_text(char mem[32], int64_t micros, struct span currency)
{
    struct buf b;
    buf_fixed(&b, mem, 32);
    micros_add(&b, micros, currency);
    return buf_span(&b);
}

/* ---- a lead, and what became of one ---- */

struct story {
    const struct letter_desk *desk;
    const struct contract *k;
    struct envelope env; /* of the lead */
    struct entry lead;
    uint64_t index;              /* of the lead */
    struct entry click;          /* where there is one */
    struct span sub[LIMIT_SUBS]; /* of the click, where that has none the lead's own */
    enum status status;
    struct span reason;
    int64_t payout_micros;
};

static bool click_id_of(const struct story *s, char out[CLICK_ID_LEN])
{
    const struct entry_lead *l = &s->lead.lead;
    const struct pointer p = {
        .contract = s->k->number, .index = l->click, .at_s = (uint32_t)(l->clicked_ms / MS_PER_S)};
    if (!l->has_click || l->click_unrecorded)
        return false;
    click_id_write(s->desk->tokens, &p, out);
    return true;
}

static void lead_ref_of(const struct story *s, char out[LEAD_REF_LEN])
{
    lead_ref_write(s->desk->tokens, &(struct pointer){.contract = s->k->number, .index = s->index}, out);
}

static void macros_of(struct letter *l, const struct story *s, enum delivery_event event, int64_t at_ms)
{
    char id[CLICK_ID_LEN], ref[LEAD_REF_LEN], payout[32], seconds[24];
    struct buf at;
    bool clicked = click_id_of(s, id);
    lead_ref_of(s, ref);
    buf_fixed(&at, seconds, sizeof seconds);
    buf_i64(&at, at_ms / MS_PER_S);
    macro(l, "click_id", clicked ? span_of(id, sizeof id) : SPAN(""));
    macro(l, "txid", s->lead.lead.txid);
    macro(l, "status", span_str(status_word(s->status)));
    macro(l, "payout", decimal_text(payout, s->payout_micros, contract_currency(s->k)));
    macro(l, "currency", contract_currency(s->k));
    macro(l, "event", span_str(delivery_event_word(event)));
    for (int i = 0; i < LIMIT_SUBS; i++)
        macro(l, entry_sub_names[i], s->sub[i]);
    macro(l, "lead_id", span_of(ref, sizeof ref));
    macro(l, "reason", s->reason);
    macro(l, "timestamp", buf_span(&at));
    time_macro(l, "at", at_ms);
    macro(l, "campaign", span_str(s->k->campaign->id));
    macro(l, "contract", span_str(s->k->id));
    macro(l, "lead", span_of(ref, sizeof ref));
    for (size_t i = 0; i < s->lead.lead.n_facts; i++)
        named_macro(l, s->lead.lead.facts[i].name, s->lead.lead.facts[i].value);
}

static struct span contact_text(const json_t *contact, const char *name)
{
    const json_t *v = json_object_get(contact, name);
    return json_is_string(v) ? span_of(json_string_value(v), json_string_length(v)) : SPAN("");
}

/* The fields of the person, and both names as one. */
static void contact_macros(struct letter *l, const json_t *contact)
{
    struct span first = contact_text(contact, "first_name"), last = contact_text(contact, "last_name");
    const char *name;
    json_t *value;
    struct buf whole;
    json_object_foreach((json_t *)contact, name, value) if (l->n < LETTER_MACROS - 1)
        named_macro(l, span_str(name), contact_text(contact, name));
    buf_heap(&whole);
    buf_span_add(&whole, first);
    buf_str(&whole, !span_empty(first) && !span_empty(last) ? " " : "");
    buf_span_add(&whole, last);
    macro(l, "name", buf_span(&whole));
    buf_free(&whole);
}

/* *out: the fields of the person; NULL once they were erased, or their key destroyed. */
static enum err jw_contact(struct jw *w, const struct story *s, json_t **out)
{
    struct buf plain;
    struct private_part priv;
    buf_heap(&plain);
    enum err err = sealer_read(s->desk->sealer, s->desk->txn, &s->env, &s->lead.lead.commitment, &plain, &priv);
    if (err == ERR_OK) {
        jw_key(w, "contact");
        jw_raw(w, priv.contact);
        err = json_read(priv.contact, out, NULL);
    }
    buf_free(&plain);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* `said`: the disposition that it is about; NULL: the lead itself. */
static enum err jw_story(struct jw *w, const struct story *s, const struct entry *said, uint64_t index,
                         json_t **contact)
{
    const struct entry_lead *l = &s->lead.lead;
    const struct entry_disposition *d = said != NULL ? &said->disposition : NULL;
    char id[CLICK_ID_LEN], ref[LEAD_REF_LEN];
    enum err err = ERR_OK;
    lead_ref_of(s, ref);
    jw_object(w);
    if (d != NULL && d->amount_micros != 0)
        jw_kint(w, "amount_micros", d->amount_micros);
    jw_time(w, "at", said != NULL ? said->at_ms : s->lead.at_ms);
    jw_kstr(w, "campaign", span_str(s->k->campaign->id));
    if (l->has_click)
        jw_time(w, "click_at", l->clicked_ms);
    if (click_id_of(s, id))
        jw_kstr(w, "click_id", span_of(id, sizeof id));
    if (contact != NULL)
        err = jw_contact(w, s, contact);
    jw_kstr(w, "contract", span_str(s->k->id));
    jw_kstr(w, "currency", contract_currency(s->k));
    if (d == NULL) {
        jw_key(w, "facts");
        entry_facts_write(w, l);
    }
    jw_kint(w, "index", (int64_t)index);
    jw_kstr(w, "lead", span_of(ref, sizeof ref));
    jw_kint(w, "payout_micros", s->payout_micros);
    jw_kstr(w, "reason", s->reason);
    if (l->share_to) {
        jw_kint(w, "share_from", l->share_from);
        jw_kint(w, "share_to", l->share_to);
    }
    jw_kstr(w, "status", span_str(status_word(s->status)));
    for (int i = 0; i < LIMIT_SUBS; i++)
        if (!span_empty(s->sub[i]))
            jw_kstr(w, entry_sub_names[i], s->sub[i]);
    if (l->test)
        jw_kbool(w, "test", true);
    if (!span_empty(l->txid))
        jw_kstr(w, "txid", l->txid);
    jw_object_end(w);
    return err;
}

static enum err entry_at(const struct letter_desk *d, uint32_t contract, uint64_t index, enum entry_kind kind,
                         struct envelope *env, struct entry *out)
{
    enum err err = ledger_read(d->txn, contract, index, env);
    if (err == ERR_OK)
        err = entry_read(env->entry, out, NULL);
    if (err == ERR_OK && out->kind != kind) {
        entry_close(out);
        err = ERR_CORRUPT;
    }
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err read_click(struct story *s)
{
    const struct entry_lead *l = &s->lead.lead;
    struct envelope env;
    bool has = l->has_click && !l->click_unrecorded;
    enum err err = has ? entry_at(s->desk, s->k->number, l->click, ENTRY_CLICK, &env, &s->click) : ERR_OK;
    for (int i = 0; i < LIMIT_SUBS && err == ERR_OK; i++)
        s->sub[i] = has && !span_empty(s->click.click.sub[i]) ? s->click.click.sub[i] : l->sub[i];
    return err;
}

static enum err write_story(struct letter *l, struct jw *w, struct story *s, const struct entry *said,
                            const struct delivery_place *at, bool contact)
{
    struct envelope env;
    s->index = said != NULL ? said->disposition.lead : at->index;
    enum err err = entry_at(s->desk, at->contract, s->index, ENTRY_LEAD, &env, &s->lead);
    if (err != ERR_OK)
        return err;
    const struct entry_lead *lead = &s->lead.lead;
    s->env = env;
    s->status = said != NULL ? said->disposition.status : lead->status;
    s->reason = said != NULL ? said->disposition.text : span_str(reason_word(lead->reason));
    int64_t more = said != NULL ? said->disposition.payable_micros : 0;
    s->payout_micros = !status_stands(s->status)              ? 0
                       : lead->payout_micros != 0 || more < 0 ? lead->payout_micros
                                                              : more;
    json_t *person = NULL;
    err = read_click(s);
    if (err == ERR_OK)
        err = jw_story(w, s, said, at->index, contact ? &person : NULL);
    (void)buf_room(&l->text, 3 * LIMIT_ENTRY + LIMIT_OPENING + 512);
    macros_of(l, s, said != NULL ? DELIVERY_DISPOSITION : DELIVERY_LEAD, at->at_ms);
    contact_macros(l, person);
    l->gone = contact && person == NULL;
    json_decref(person);
    entry_close(&s->click);
    entry_close(&s->lead);
    return err;
}

static enum err write_lead(struct letter *l, struct jw *w, struct story *s, const struct delivery_place *at,
                           enum delivery_event event, bool contact)
{
    struct envelope env;
    struct entry said;
    if (event == DELIVERY_LEAD)
        return write_story(l, w, s, NULL, at, contact);
    enum err err = entry_at(s->desk, at->contract, at->index, ENTRY_DISPOSITION, &env, &said);
    if (err != ERR_OK)
        return err;
    err = write_story(l, w, s, &said, at, false);
    entry_close(&said);
    return err;
}

/* ---- a statement, a test ---- */

static enum err write_statement(struct jw *w, const struct letter_desk *d, const struct contract *k,
                                const struct delivery_place *at)
{
    struct envelope env;
    struct entry e;
    enum err err = entry_at(d, at->contract, at->index, ENTRY_STATEMENT, &env, &e);
    if (err != ERR_OK)
        return err;
    const struct entry_statement *s = &e.statement;
    jw_object(w);
    jw_time(w, "at", e.at_ms);
    jw_kstr(w, "campaign", span_str(k->campaign->id));
    jw_kstr(w, "contract", span_str(k->id));
    jw_kstr(w, "currency", contract_currency(k));
    jw_kint(w, "index", (int64_t)at->index);
    jw_time(w, "issued_at", s->issued_ms);
    jw_kint(w, "number", (int64_t)s->number);
    jw_khex(w, "sha256", s->sha256.b, sizeof s->sha256.b);
    jw_kstr(w, "statement", s->id);
    jw_object_end(w);
    entry_close(&e);
    return ERR_OK;
}

static void write_test(struct letter *l, struct jw *w, struct span party, int64_t at_ms)
{
    /* the person of a CRM's test: names and numbers that are nobody's (RFC 2606; Ofcom's for drama) */
    static const struct delivery_macro nobody[] = {{"country", {"GB", 2}},
                                                   {"email", {"test@example.com", 16}},
                                                   {"first_name", {"Countersign", 11}},
                                                   {"last_name", {"Test", 4}},
                                                   {"name", {"Countersign Test", 16}},
                                                   {"phone", {"+447700900123", 13}},
                                                   {"status", {"pending", 7}},
                                                   {"txid", {"test", 4}}};
    char seconds[24];
    struct buf at;
    buf_fixed(&at, seconds, sizeof seconds);
    buf_i64(&at, at_ms / MS_PER_S);
    jw_object(w);
    jw_kstr(w, "party", party);
    jw_object_end(w);
    (void)buf_room(&l->text, 512);
    macro(l, "event", SPAN("test"));
    macro(l, "timestamp", buf_span(&at));
    time_macro(l, "at", at_ms);
    for (size_t i = 0; i < sizeof nobody / sizeof *nobody; i++)
        macro(l, nobody[i].name, nobody[i].value);
}

enum err letter_write(const struct letter_desk *d, const struct delivery_place *at, enum delivery_event event,
                      bool contact, struct letter *l)
{
    const struct contract *k = catalog_contract_number(d->catalog, at->contract);
    struct story s = {.desk = d, .k = k};
    struct jw w;
    enum err err = ERR_OK;
    struct aim aim;
    if ((event == DELIVERY_TEST) != (k == NULL) || !aim_at(d->catalog, at->target, &aim))
        return ERR_CORRUPT;
    buf_clear(&l->body);
    buf_clear(&l->text);
    l->n = 0;
    l->gone = false;
    jw_open(&w, &l->body);
    jw_object(&w);
    jw_key(&w, "data");
    if (event == DELIVERY_TEST)
        write_test(l, &w, span_str(aim.party->id), at->at_ms);
    else if (event == DELIVERY_STATEMENT)
        err = write_statement(&w, d, k, at);
    else
        err = write_lead(l, &w, &s, at, event, contact);
    if (err != ERR_OK)
        return err;
    jw_time(&w, "timestamp", at->at_ms);
    jw_kstr(&w, "type", span_str(delivery_event_word(event)));
    jw_object_end(&w);
    jw_close(&w);
    return ERR_OK;
}

/* ---- signatures ---- */

struct signer *webhook_signer(const struct keys *k)
{
    uint8_t seed[32];
    keys_subkey(k, "countersign/v1/webhook sign", seed);
    struct signer *s = signer_new(seed);
    crypto_wipe(seed, sizeof seed);
    return s;
}

void webhook_public(const struct keys *k, char out[WEBHOOK_PUBLIC_CAP])
{
    struct signer *s = webhook_signer(k);
    struct buf b;
    buf_fixed(&b, out, WEBHOOK_PUBLIC_CAP);
    buf_str(&b, "whpk_");
    buf_b64(&b, signer_public(s), ED25519_KEY_LEN);
    buf_byte(&b, '\0');
    signer_free(s);
}

void webhook_sign(struct signer *s, struct span secret, struct span id, int64_t at_s, struct span body, struct buf *out)
{
    uint8_t mac[HASH_LEN], sig[ED25519_SIG_LEN];
    struct buf text;
    buf_heap(&text);
    buf_span_add(&text, id);
    buf_byte(&text, '.');
    buf_i64(&text, at_s);
    buf_byte(&text, '.');
    buf_span_add(&text, body);
    struct span whole = buf_span(&text);
    struct hmac *h = hmac_new(secret.ptr, secret.len);
    hmac_sign(h, &whole, 1, mac);
    hmac_free(h);
    signer_sign(s, whole, sig);
    buf_str(out, "v1,");
    buf_b64(out, mac, sizeof mac);
    buf_str(out, " v1a,");
    buf_b64(out, sig, sizeof sig);
    buf_free(&text);
}
