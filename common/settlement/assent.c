#include "common/settlement/assent.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/base/when.h"

void version_notice_tell(struct buf *out, int64_t ms)
{
    if (ms >= MS_PER_DAY)
        buf_printf(out, ", %" PRId64 " days after its entry", (int64_t)(ms / MS_PER_DAY));
    else
        buf_printf(out, ", %" PRId64 " minutes after its entry", (int64_t)(ms / (60 * MS_PER_S)));
}

void version_when_tell(struct buf *out, uint64_t index, const struct entry *e)
{
    int64_t binds_ms = e->terms.effective_ms ? e->terms.effective_ms : e->at_ms;
    buf_printf(out, "version %" PRId64 ", entry %" PRIu64 " of ", e->terms.version, index);
    time_rfc3339(out, e->at_ms);
    if (e->terms.on_assent)
        buf_str(out, ", binds once both parties have assented, unless it is given up before");
    if (e->terms.on_assent && e->terms.effective_ms) {
        buf_str(out, ", not before ");
        time_rfc3339(out, binds_ms);
    } else if (!e->terms.on_assent && e->terms.effective_ms) {
        buf_str(out, ", binds from ");
        time_rfc3339(out, binds_ms);
        version_notice_tell(out, binds_ms - e->at_ms);
    } else if (!e->terms.on_assent) {
        buf_str(out, ", binds from then on");
    }
}

unsigned assent_side(const struct terms *t, struct span party)
{
    return span_empty(party)               ? 0
           : span_eq(party, t->advertiser) ? SIDE_ADVERTISER
           : span_eq(party, t->publisher)  ? SIDE_PUBLISHER
                                           : 0;
}

void assent_payload(struct buf *out, const char *typ, struct span issuer, struct span party, struct span contract,
                    const struct assented *to, int64_t at_ms)
{
    char mem[2][2 * HASH_LEN + 1];
    struct buf at, hex;
    struct jw w;
    buf_fixed(&at, mem[0], sizeof mem[0]);
    buf_fixed(&hex, mem[1], sizeof mem[1]);
    time_rfc3339(&at, at_ms);
    buf_hex(&hex, to->leaf.b, HASH_LEN);
    jw_open(&w, out);
    jw_object(&w);
    if (to->adjustment > 0)
        jw_kint(&w, "adjustment", (int64_t)to->adjustment);
    jw_kstr(&w, "at", buf_span(&at));
    jw_kstr(&w, "contract", contract);
    jw_kstr(&w, "issuer", issuer);
    jw_kstr(&w, "leaf", buf_span(&hex));
    jw_kstr(&w, "party", party);
    jw_kstr(&w, "typ", span_str(typ));
    if (to->version > 0)
        jw_kint(&w, "version", to->version);
    jw_object_end(&w);
    jw_close(&w);
}

static enum err members_read(const json_t *obj, const char *typ, struct assent *a, struct problem *p)
{
    static const char *const of_terms[] = {"at", "contract", "issuer", "leaf", "party", "typ", "version", NULL};
    static const char *const of_adjustment[] = {"adjustment", "at", "contract", "issuer", "leaf", "party", "typ", NULL};
    struct span hex = SPAN("");
    size_t len = 0;
    int64_t adjustment = 0;
    bool adjusts = strcmp(typ, ASSENT_TYP) == 0 && json_object_get(obj, "adjustment") != NULL;
    enum err err = json_only(obj, "", adjusts ? of_adjustment : of_terms, p);
    if (err == ERR_OK)
        err = json_get_str(obj, "", "contract", LIMIT_ID, &a->contract, NULL, p);
    if (err == ERR_OK)
        err = json_get_str(obj, "", "leaf", 2 * HASH_LEN, &hex, NULL, p);
    if (err == ERR_OK)
        err = adjusts ? json_get_int(obj, "", "adjustment", 1, JSON_INT_MAX, &adjustment, NULL, p)
                      : json_get_int(obj, "", "version", 1, UINT32_MAX, &a->to.version, NULL, p);
    if (err == ERR_OK && (hex_decode(hex, a->to.leaf.b, HASH_LEN, &len) != ERR_OK || len != HASH_LEN))
        err = problem(p, ERR_INVALID, "leaf", "must be the lowercase hex leaf hash of the entry");
    a->to.adjustment = (uint64_t)adjustment;
    return err;
}

enum err assent_open(struct span jws, const uint8_t pub[ED25519_KEY_LEN], const char *typ, struct span party,
                     struct assent *out, struct problem *p)
{
    struct assent a = {.to = {0}};
    enum err err = party_jws_open(jws, pub, typ, party, &a.said, p);
    if (err == ERR_OK && (err = members_read(a.said.json, typ, &a, p)) != ERR_OK)
        assent_close(&a);
    if (err == ERR_OK)
        *out = a;
    return err;
}

void assent_close(struct assent *a)
{
    party_jws_close(&a->said);
}

enum err assent_fits(const struct assent *a, struct span contract, const struct assented *to, int64_t now_ms,
                     struct problem *p)
{
    bool adjusts = to->adjustment > 0;
    const char *what = adjusts ? "adjustment" : "version";
    long long number = adjusts ? (long long)to->adjustment : (long long)to->version;
    if (!span_eq(a->contract, contract))
        return problem(p, ERR_INVALID, "contract", "must be %.*s, whose %s this is", (int)contract.len, contract.ptr,
                       what);
    if (a->to.version != to->version || a->to.adjustment != to->adjustment)
        return problem(p, ERR_INVALID, what, "must be %lld, the one that this is about", number);
    if (memcmp(a->to.leaf.b, to->leaf.b, HASH_LEN) != 0)
        return problem(p, ERR_INVALID, "leaf", "is not the leaf hash of %s %lld", what, number);
    return party_jws_within(&a->said, to->at_ms, now_ms, p);
}
