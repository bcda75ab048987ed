#include "common/ledger/party_jws.h"

#include <stdio.h>

#include "common/base/limits.h"
#include "common/ledger/jws.h"

static enum err at_read(const json_t *obj, int64_t *ms, struct problem *p)
{
    struct span at = SPAN("");
    enum err err = json_get_str(obj, "", "at", 64, &at, NULL, p);
    if (err == ERR_OK && time_parse(at, ms) != ERR_OK)
        err = problem(p, ERR_INVALID, "at", "must be an RFC 3339 time, such as 2026-11-22T01:50:31Z");
    return err;
}

static enum err typ_read(const json_t *obj, const char *typ, struct problem *p)
{
    struct span said = SPAN("");
    bool found = false, may_lack = strcmp(typ, PARTY_KEY_TYP) == 0;
    enum err err = json_get_str(obj, "", "typ", 64, &said, &found, p);
    if (err == ERR_OK && (found || !may_lack) && !span_is(said, typ))
        err = problem(p, ERR_INVALID, "typ", "must be \"%s\"", typ);
    return err;
}

static enum err members_read(const json_t *obj, const char *typ, struct span party, struct party_jws *out,
                             struct problem *p)
{
    struct span who = SPAN("");
    enum err err = typ_read(obj, typ, p);
    if (err == ERR_OK)
        err = json_get_str(obj, "", "issuer", LIMIT_URL, &out->issuer, NULL, p);
    if (err == ERR_OK && span_empty(out->issuer))
        err = problem(p, ERR_INVALID, "issuer", "must be the public URL of the server that this is said to");
    if (err == ERR_OK)
        err = json_get_str(obj, "", "party", LIMIT_ID, &who, NULL, p);
    if (err == ERR_OK && !span_eq(who, party))
        err = problem(p, ERR_INVALID, "party", "must be %.*s, the party that signs", (int)party.len, party.ptr);
    if (err == ERR_OK)
        err = at_read(obj, &out->at_ms, p);
    return err;
}

enum err party_jws_payload(struct span payload, const char *typ, struct span party, struct party_jws *out,
                           struct problem *p)
{
    struct party_jws j = {0};
    enum err err = json_read(payload, &j.json, p);
    if (err == ERR_OK)
        err = members_read(j.json, typ, party, &j, p);
    if (err == ERR_OK)
        *out = j;
    else
        party_jws_close(&j);
    return err;
}

enum err party_jws_open(struct span jws, const uint8_t pub[ED25519_KEY_LEN], const char *typ, struct span party,
                        struct party_jws *out, struct problem *p)
{
    struct buf payload;
    buf_heap(&payload);
    enum err err = jws_compact_open(jws, pub, typ, &payload, p);
    if (err == ERR_OK)
        err = party_jws_payload(buf_span(&payload), typ, party, out, p);
    buf_free(&payload);
    return err;
}

enum err party_jws_read(struct span jws, const char *typ, struct span party, struct party_jws *out, struct problem *p)
{
    struct buf payload;
    buf_heap(&payload);
    enum err err = jws_compact_payload(jws, &payload);
    err = err == ERR_OK ? party_jws_payload(buf_span(&payload), typ, party, out, p)
                        : problem(p, err, "", "must be a compact JWS: header.payload.signature");
    buf_free(&payload);
    return err;
}

void party_jws_close(struct party_jws *j)
{
    json_decref(j->json);
    *j = (struct party_jws){0};
}

enum err party_jws_to(const struct party_jws *j, struct span issuer, struct problem *p)
{
    if (span_eq(j->issuer, issuer))
        return ERR_OK;
    return problem(p, ERR_INVALID, "issuer", "must be %.*s, the public URL of this server", (int)issuer.len,
                   issuer.ptr);
}

enum err party_jws_within(const struct party_jws *j, int64_t from_ms, int64_t to_ms, struct problem *p)
{
    const int64_t slack_ms = PARTY_CLOCK_S * MS_PER_S;
    if (j->at_ms < from_ms - slack_ms)
        return problem(p, ERR_INVALID, "at", "is too early: say when it was signed, and look at your clock");
    if (j->at_ms > to_ms + slack_ms)
        return problem(p, ERR_INVALID, "at", "is in the future: say when it was signed, and look at your clock");
    return ERR_OK;
}

/* ---- a party's key ---- */

static enum err jwk_member(const json_t *obj, uint8_t pub[ED25519_KEY_LEN], struct problem *p)
{
    const json_t *jwk = NULL;
    struct buf text;
    struct jw w;
    enum err err = json_get_object(obj, "", "jwk", &jwk, NULL, p);
    if (err == ERR_OK && jwk == NULL)
        err = problem(p, ERR_INVALID, "jwk", "is required: the public key, as a JWK");
    if (err != ERR_OK)
        return err;
    buf_heap(&text);
    jw_open(&w, &text);
    jw_value(&w, jwk);
    jw_close(&w);
    struct problem why = {0};
    err = jwk_read(buf_span(&text), pub, &why);
    if (err != ERR_OK) {
        char path[sizeof why.field];
        snprintf(path, sizeof path, why.field[0] ? "jwk.%.80s" : "jwk", why.field);
        err = problem(p, err, path, "%s", why.detail);
    }
    buf_free(&text);
    return err;
}

static enum err holds_too(struct span jws, struct span previous_jws, const uint8_t *previous, struct problem *p)
{
    struct buf one, other;
    if (span_empty(previous_jws))
        return problem(p, ERR_INVALID, "previous_jws",
                       "is required: this party has a key, so sign the same payload by that one as well");
    buf_heap(&one);
    buf_heap(&other);
    enum err err = jws_compact_open(previous_jws, previous, PARTY_KEY_TYP, &other, p);
    if (err != ERR_OK)
        err = problem(p, err, "previous_jws", "is not signed by the key that this party has now");
    else if (jws_compact_payload(jws, &one) != ERR_OK || !span_eq(buf_span(&one), buf_span(&other)))
        err = problem(p, ERR_INVALID, "previous_jws", "must hold the same payload as the JWS by the new key");
    buf_free(&one);
    buf_free(&other);
    return err;
}

enum err party_key_open(struct span jws, struct span previous_jws, const uint8_t *previous, struct span party,
                        uint8_t pub[ED25519_KEY_LEN], struct party_jws *out, struct problem *p)
{
    static const char *const names[] = {"at", "issuer", "jwk", "party", "typ", NULL};
    uint8_t key[ED25519_KEY_LEN];
    struct party_jws j = {0};
    struct buf payload;
    buf_heap(&payload);
    enum err err = party_jws_read(jws, PARTY_KEY_TYP, party, &j, p);
    if (err == ERR_OK)
        err = json_only(j.json, "", names, p);
    if (err == ERR_OK)
        err = jwk_member(j.json, key, p);
    if (err == ERR_OK)
        err = jws_compact_open(jws, key, PARTY_KEY_TYP, &payload, p);
    if (err == ERR_OK && previous == NULL && !span_empty(previous_jws))
        err = problem(p, ERR_INVALID, "previous_jws", "is too much: this party has no key yet");
    if (err == ERR_OK && previous != NULL)
        err = holds_too(jws, previous_jws, previous, p);
    if (err == ERR_OK) {
        memcpy(pub, key, sizeof key);
        *out = j;
    } else {
        party_jws_close(&j);
    }
    buf_free(&payload);
    return err;
}
