/* The parties' own keys, as the log tells them: shown by who holds them, each signed by the one before. */
#include <inttypes.h>

#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/ledger/party_jws.h"
#include "common/settlement/verify_parts.h"

enum { NO_PARTY = PARTIES_CAP };

static size_t find(const struct audit *a, struct span party)
{
    size_t i = 0;
    while (i < a->n_party_keys && !span_is(party, a->party_key[i].party))
        i++;
    return i;
}

const uint8_t *audit_party_key(const struct audit *a, struct span party)
{
    size_t i = find(a, party);
    return i < a->n_party_keys ? a->party_key[i].pub : NULL;
}

/* One key belongs to one party: else one could answer for the other. */
static bool is_anothers(const struct audit *a, const struct entry_key *k)
{
    for (size_t i = 0; i < a->n_party_keys; i++)
        if (!span_is(k->party, a->party_key[i].party) && memcmp(a->party_key[i].pub, k->pub, ED25519_KEY_LEN) == 0)
            return true;
    return audit_servers_key(a, k->pub);
}

/* Who holds the key showed it, for this party and this server; so did who held the one before, if there is one. */
static bool is_shown(struct audit *a, uint64_t index, const struct entry *e, const uint8_t *previous, int64_t *said_ms)
{
    const struct entry_key *k = &e->key;
    struct finding *f = &a->finding[CHECK_ENTRIES];
    uint8_t pub[ED25519_KEY_LEN];
    struct party_jws said;
    struct problem why = {0};
    enum err err = party_key_open(k->jws, k->previous_jws, previous, k->party, pub, &said, &why);
    if (err == ERR_OK) {
        if (memcmp(pub, k->pub, ED25519_KEY_LEN) != 0)
            err = problem(&why, ERR_INVALID, "jwk", "is another key than the entry's");
        else if (!audit_issuer_fits(a, said.issuer))
            err = problem(&why, ERR_INVALID, "issuer", "is another one than the log's");
        else if (previous != NULL && said.at_ms <= *said_ms)
            err = problem(&why, ERR_INVALID, "at", "is not later than that of the key before");
        else
            err = party_jws_within(&said, said.at_ms, entry_clock(e), &why);
        *said_ms = said.at_ms;
        party_jws_close(&said);
    }
    if (err != ERR_OK)
        finds_failure(f, "entry %" PRIu64 " gives party %.*s a key that it did not show: %.40s %.120s", index,
                      (int)k->party.len, k->party.ptr, why.field, why.detail);
    return err == ERR_OK;
}

void verify_party_key(struct audit *a, uint64_t index, const struct entry *e)
{
    const struct entry_key *k = &e->key;
    size_t i = find(a, k->party);
    bool first = i == a->n_party_keys;
    int64_t said_ms = first || i == NO_PARTY ? 0 : a->party_key[i].said_ms;
    if (!ed25519_key_ok(k->pub)) {
        audit_stop(a, CHECK_ENTRIES, index, "gives a party a key that is none: anybody could sign with it, or nobody");
        return;
    }
    if (is_anothers(a, k)) {
        audit_stop(a, CHECK_ENTRIES, index, "gives a party the key of another");
        return;
    }
    if (i == NO_PARTY || k->party.len > LIMIT_ID) {
        audit_stop(a, CHECK_ENTRIES, index, "gives a key to a party too many");
        return;
    }
    if (!is_shown(a, index, e, first ? NULL : a->party_key[i].pub, &said_ms)) {
        a->stopped = true;
        return;
    }
    if (first) {
        a->n_party_keys++;
        memcpy(a->party_key[i].party, k->party.ptr, k->party.len);
        a->party_key[i].party[k->party.len] = '\0';
    } else {
        a->party_key[i].changes++;
        a->party_key[i].changed_at = index;
    }
    a->party_key[i].said_ms = said_ms;
    memcpy(a->party_key[i].pub, k->pub, ED25519_KEY_LEN);
}

void verify_legal(struct audit *a, uint64_t index, const struct entry *e)
{
    const struct entry_party *p = &e->party;
    const char *role = span_is(p->party, a->advertiser) ? "advertiser" : "publisher";
    struct buf *text = tale_add(&a->tale, TOPIC_LEGAL);
    struct jw *w = &a->tale.w;
    buf_printf(text, "legal data of the %s %.*s, entry %" PRIu64 " of ", role, (int)p->party.len, p->party.ptr, index);
    time_rfc3339(text, e->at_ms);
    if (span_eq(p->by, p->party))
        buf_str(text, ", given with a token of its own: ");
    else
        buf_printf(text, ", given by the operator %.*s in its name: ", (int)p->by.len, p->by.ptr);
    utf8_show(text, p->legal, TOLD_WORDS);
    key_time(w, "at", e->at_ms);
    jw_kstr(w, "by", p->by);
    jw_kint(w, "entry", (int64_t)index);
    jw_kstr(w, "legal", p->legal);
    jw_kstr(w, "party", p->party);
    jw_kstr(w, "role", span_str(role));
    tale_end(&a->tale);
}
