#include "common/decisions/countersigned.h"

static enum err equal(const json_t *obj, const char *member, size_t most, struct span told, struct problem *p)
{
    struct span said = SPAN("");
    bool found = false;
    enum err err = json_get_str(obj, "", member, most, &said, &found, p);
    if (err == ERR_OK && !span_eq(said, told))
        err = problem(p, ERR_INVALID, member,
                      "is \"%.*s\" in the signed text, and \"%.*s\" beside it: sign what you send",
                      (int)(said.len < 80 ? said.len : 80), said.ptr, (int)(told.len < 80 ? told.len : 80), told.ptr);
    return err;
}

static enum err members(const json_t *obj, const struct disposition_report *r, struct countersigned *out,
                        struct problem *p)
{
    static const char *const names[] = {"amount_micros", "at",     "contract", "currency", "issuer", "lead",
                                        "party",         "reason", "status",   "txid",     "typ",    NULL};
    int64_t amount = 0, lead = -1;
    bool found = false;
    enum err err = json_only(obj, "", names, p);
    if (err == ERR_OK)
        err = equal(obj, "status", 16, span_str(status_word(r->status)), p);
    if (err == ERR_OK)
        err = equal(obj, "reason", LIMIT_FIELD, r->text, p);
    if (err == ERR_OK)
        err = equal(obj, "txid", LIMIT_TXID, r->txid, p);
    if (err == ERR_OK)
        err = equal(obj, "currency", LIMIT_ID, r->currency, p);
    if (err == ERR_OK)
        err = json_get_int(obj, "", "amount_micros", 0, JSON_INT_MAX, &amount, &found, p);
    if (err == ERR_OK && amount != r->amount_micros)
        err = problem(p, ERR_INVALID, "amount_micros", "is another amount than the one beside it: sign what you send");
    if (err == ERR_OK)
        err = json_get_str(obj, "", "contract", LIMIT_ID, &out->contract, NULL, p);
    if (err == ERR_OK)
        err = json_get_int(obj, "", "lead", 0, JSON_INT_MAX, &lead, &found, p);
    if (err == ERR_OK && lead < 0)
        err = problem(p, ERR_INVALID, "lead", "is missing: the lead's index in its contract's log");
    out->lead = (uint64_t)lead;
    return err;
}

enum err countersigned_open(const struct disposition_report *r, const uint8_t pub[ED25519_KEY_LEN],
                            struct countersigned *out, struct problem *p)
{
    struct countersigned c = {.lead = 0};
    enum err err = party_jws_open(r->jws, pub, DISPOSITION_TYP, r->party, &c.said, p);
    if (err == ERR_OK && (err = members(c.said.json, r, &c, p)) != ERR_OK)
        countersigned_close(&c);
    if (err == ERR_OK)
        *out = c;
    return err;
}

void countersigned_close(struct countersigned *c)
{
    party_jws_close(&c->said);
}

bool countersigned_about(const struct countersigned *c, struct span contract, uint64_t lead, bool part)
{
    return (span_eq(c->contract, contract) && c->lead == lead) || (part && !span_eq(c->contract, contract));
}
