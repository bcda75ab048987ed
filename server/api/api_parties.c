/* Parties and their countersigning keys. */
#include <stddef.h>

#include "common/base/text.h"
#include "common/ledger/jws.h"
#include "common/ledger/party_jws.h"
#include "common/settlement/legal.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/draw.h"
#include "server/api/last_operator.h"
#include "server/api/list.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/contract_write.h"
#include "server/commit/credentials.h"
#include "server/system/system.h"

static void jw_party(struct jw *w, const struct catalog *c, const struct party *p)
{
    jw_object(w);
    jw_ktime(w, "created_at", p->created_ms);
    jw_kstr(w, "id", span_str(p->id));
    if (p->has_key) {
        struct buf jwk;
        buf_heap(&jwk);
        jwk_write(&jwk, p->pub);
        jw_key(w, "key");
        jw_raw(w, buf_span(&jwk));
        buf_free(&jwk);
    }
    jw_key(w, "kids");
    jw_array(w);
    const struct secret_list secrets = catalog_secrets_of(c, p);
    for (size_t i = 0; i < secrets.n; i++)
        if (!secrets.s[i]->retired)
            jw_str(w, span_str(secrets.s[i]->kid));
    jw_array_end(w);
    jw_kstr(w, "kind", span_str(role_word(p->role)));
    if (!span_empty(p->legal)) {
        jw_key(w, "legal");
        jw_raw(w, p->legal);
    }
    if (p->locked_ms != 0) {
        jw_ktime(w, "locked_at", p->locked_ms);
        jw_kstr(w, "locked_by", span_str(catalog_party_number(c, p->locked_by)->id));
    }
    jw_kstr(w, "name", p->name);
    if (!span_empty(p->postback_cidrs)) {
        jw_key(w, "postback_key");
        jw_object(w);
        jw_cidrs(w, p->postback_cidrs);
        jw_object_end(w);
    }
    jw_object_end(w);
}

/* ---- POST /v1/parties ---- */

static enum err party_put(struct batch *cx, const struct record *r, const struct party *p)
{
    unsigned scopes;
    enum err err = scopes_read(r->party.scope, &scopes);
    if (err != ERR_OK)
        return err;
    struct secret secret = {.party = p, .by = r->party.by, .sealed = r->party.secret.sealed, .created_ms = cx->now_ms};
    struct api_token token = {.party = p, .by = r->party.by, .created_ms = cx->now_ms, .scopes = scopes};
    struct api_token invitation = {.party = p,
                                   .by = r->party.by,
                                   .created_ms = cx->now_ms,
                                   .expires_ms = r->party.invited_until_ms,
                                   .steps = cx->clock.steps,
                                   .scopes = token.scopes,
                                   .invitation = true};
    call_maker(r, token.maker);
    call_maker(r, invitation.maker);
    call_maker(r, secret.maker);
    memcpy(token.sha256, r->party.token.sha256, sizeof token.sha256);
    memcpy(invitation.sha256, r->party.invitation.sha256, sizeof invitation.sha256);
    memcpy(secret.kid, r->party.secret.kid, sizeof secret.kid);
    err = catalog_put_party(cx->txn, p);
    if (err == ERR_OK)
        err = catalog_put_secret(cx->txn, &secret);
    if (err == ERR_OK)
        err = catalog_put_token(cx->txn, &token);
    if (err == ERR_OK)
        err = catalog_put_token(cx->txn, &invitation);
    cx->catalog_changed = err == ERR_OK;
    return err;
}

static enum err party_answer(struct batch *cx, struct job *job, const struct party *p)
{
    const struct record *r = &job->record;
    struct answer a;
    answer_open(&a);
    jw_object(&a.w);
    jw_ktime(&a.w, "created_at", p->created_ms);
    jw_kstr(&a.w, "id", span_str(p->id));
    jw_ktime(&a.w, "invite_expires_at", r->party.invited_until_ms);
    enum err err = jw_drawn_invitation(&a.w, cx->instance, &r->party.invitation);
    jw_kstr(&a.w, "kid", span_str(r->party.secret.kid));
    jw_kstr(&a.w, "kind", span_str(role_word(p->role)));
    jw_kstr(&a.w, "name", p->name);
    if (err == ERR_OK)
        err = jw_drawn_secret(&a.w, cx->instance->keys, &r->party.secret);
    if (err == ERR_OK)
        err = jw_drawn_token(&a.w, "token", cx->instance->keys, &r->party.token);
    jw_object_end(&a.w);
    if (err == ERR_OK)
        answer_job(&a, job, 201);
    else
        answer_abandon(&a);
    return err;
}

enum err party_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    struct party p = {.number = (uint32_t)cx->catalog->n_parties + 1,
                      .name = r->party.name,
                      .legal = r->party.legal,
                      .legal_by = r->party.by,
                      .created_ms = cx->now_ms};
    memcpy(p.id, r->party.id, sizeof p.id);
    enum err err = role_parse(r->party.role, &p.role);
    if (err == ERR_OK)
        err = call_taken(job, catalog_party(cx->catalog, span_str(p.id)));
    if (err == ERR_OK)
        err = call_taken(job, catalog_secret(cx->catalog, span_str(r->party.secret.kid)));
    if (err == ERR_OK)
        err = party_answer(cx, job, &p);
    return err == ERR_OK ? party_put(cx, r, &p) : err;
}

struct party_body {
    struct span kind, legal, name;
};

/* What was said before (may be empty) with what is said now merged into it, RFC 7396: as it is kept, in the arena. */
static enum err merge_legal(struct arena *arena, struct span before, struct span said, struct span *out,
                            struct problem *p)
{
    json_t *all = NULL, *change = NULL, *value;
    const char *name;
    struct buf text;
    enum err err = json_read(span_empty(before) ? SPAN("{}") : before, &all, p);
    if (err == ERR_OK)
        err = json_read(said, &change, p);
    if (err == ERR_OK)
        json_object_foreach(change, name, value) json_object_set(all, name, value);
    arena_buf(arena, &text, LEGAL_MAX);
    if (err == ERR_OK)
        err = legal_take(all, &text, p);
    if (err == ERR_OK && text.failed)
        err = problem(p, ERR_INVALID, "legal", "must be at most %d bytes", LEGAL_MAX);
    *out = buf_span(&text);
    json_decref(change);
    json_decref(all);
    return err == ERR_OK ? legal_check(*out, p) : err;
}

/* Stays empty where nothing was said. */
static enum err take_legal(struct request *rq, struct span *legal)
{
    return legal->ptr != NULL ? merge_legal(rq->arena, SPAN(""), *legal, legal, &rq->problem) : ERR_OK;
}

enum err parties_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member members[] = {
        {"kind", BODY_TEXT, offsetof(struct party_body, kind), LIMIT_LABEL, true},
        {"legal", BODY_JSON, offsetof(struct party_body, legal), 0, false},
        {"name", BODY_TEXT, offsetof(struct party_body, name), LIMIT_LABEL, true},
        {NULL},
    };
    struct party_body in = {{0}, {0}, {0}};
    enum role role;
    enum err err = body_read(rq, members, &in);
    if (err != ERR_OK)
        return err;
    if (role_parse(in.kind, &role) != ERR_OK)
        return problem(&rq->problem, ERR_INVALID, "kind", "must be advertiser, publisher, auditor or operator");
    if (role == ROLE_OPERATOR && (err = dispatch_scopes(rq, MAY_OPERATORS)) != ERR_OK)
        return err;
    if ((err = take_legal(rq, &in.legal)) != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_PARTY, NULL);
    job->record.party.legal = in.legal;
    struct record *r = &job->record;
    r->party.name = in.name;
    r->party.scope = call_scope(rq, role);
    r->party.role = in.kind;
    r->party.by = rq->caller->number;
    random_id('P', r->party.id);
    draw_secret(rq, &r->party.secret);
    draw_token(rq, &r->party.token);
    draw_invitation(rq, &r->party.invitation);
    r->party.invited_until_ms = invitation_until(rq->arrived_ms);
    return call_submit(rq, job);
}

/* ---- GET /v1/parties[/{id}] ---- */

enum { KIND, NAME, ORDER, PARAMS };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* ASCII letters without regard to case. */
static bool contains(struct span text, struct span part)
{
    for (size_t i = 0; i + part.len <= text.len; i++) {
        size_t n = 0;
        while (n < part.len && lower(text.ptr[i + n]) == lower(part.ptr[n]))
            n++;
        if (n == part.len)
            return true;
    }
    return false;
}

static bool is_listed(const struct request *rq, const struct party *p, const struct param q[PARAMS])
{
    return (caller_is(rq, ROLE_OPERATOR) || p->number == rq->caller->number) &&
           (!q[KIND].given || span_is(q[KIND].value, role_word(p->role))) &&
           (!q[NAME].given || contains(p->name, q[NAME].value) || span_is(q[NAME].value, p->id));
}

static enum err read_list(struct request *rq, struct param q[PARAMS], struct window *window, bool *newest)
{
    enum role kind;
    enum err err = window_read(rq, q, PARAMS, window);
    if (err == ERR_OK && q[KIND].given && role_parse(q[KIND].value, &kind) != ERR_OK)
        err = problem(&rq->problem, ERR_MALFORMED, "kind", "must be advertiser, publisher, auditor or operator");
    return err == ERR_OK ? list_order(rq, &q[ORDER], newest) : err;
}

enum err parties_list(struct request *rq, struct reply *reply)
{
    struct param q[PARAMS] = {{.name = "kind"}, {.name = "name"}, {.name = "order"}};
    struct window window;
    struct list list;
    const struct party *last = NULL;
    bool newest;
    enum err err = read_list(rq, q, &window, &newest);
    if (err != ERR_OK)
        return err;
    if (!span_empty(window.after)) {
        if ((err = call_party(rq, window.after, &last)) != ERR_OK)
            return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    }
    list_open(&list, &window);
    const uint32_t all = (uint32_t)rq->catalog->n_parties;
    uint32_t done = last == NULL ? 0 : newest ? all - last->number + 1 : last->number;
    for (; done < all; done++) {
        const struct party *p = catalog_party_number(rq->catalog, newest ? all - done : done + 1);
        if (!is_listed(rq, p, q))
            continue;
        if (!list_item(&list))
            break;
        jw_party(&list.w, rq->catalog, p);
        last = p;
    }
    list_reply(rq, reply, &list, span_str(last != NULL ? last->id : ""));
    return ERR_OK;
}

enum err parties_get(struct request *rq, struct reply *reply)
{
    const struct party *p;
    struct answer a;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = call_party(rq, rq->param[0], &p)) != ERR_OK)
        return err;
    answer_open(&a);
    jw_party(&a.w, rq->catalog, p);
    answer_reply(&a, rq, reply);
    return ERR_OK;
}

/* ---- PUT /v1/parties/{id}/key ---- */

/* The contracts that it is a side of, as far as one batch is for all of them. */
static struct contract_list few_contracts(const struct batch *cx, const struct party *p)
{
    struct contract_list sides = catalog_reads(cx->catalog, p);
    bool several;
    if (sides.n > SLICE_LOGS || catalog_takes(cx->catalog, p, &several) == NULL)
        sides.n = 0;
    return sides;
}

/* Whether every log of the party can take what it says, or, of many, the chore has room for it: what follows writes. */
static enum err logs_ready(struct batch *cx, const struct job *job, const struct party *p, struct unfinished *later,
                           struct problem *why)
{
    const struct contract_list few = few_contracts(cx, p);
    bool several;
    *later = (struct unfinished){.n = 0};
    if (few.n == 0 && catalog_takes(cx->catalog, p, &several) != NULL)
        return go_on_begin(cx, job, 0, later, why);
    enum err err = go_on_none(cx, job->record.kind, p->number, why);
    for (size_t i = 0; i < few.n && err == ERR_OK; i++)
        err = contract_ready(cx, catalog_listed(cx->catalog, &few, i));
    return err;
}

/* The party's row, and an entry in the log of each of its contracts: all in one transaction where they are few. */
static enum err key_write(struct batch *cx, struct job *job, const struct party *p, const struct unfinished *later)
{
    const struct contract_list few = few_contracts(cx, p);
    enum err err = catalog_put_party(cx->txn, p);
    cx->catalog_changed = err == ERR_OK;
    for (size_t i = 0; i < few.n && err == ERR_OK; i++)
        err = contract_append_key(cx, catalog_listed(cx->catalog, &few, i), p, job->record.key.previous_jws);
    if (err == ERR_OK && later->n > 0)
        err = go_on_later(cx, job, later);
    return err == ERR_OK || err == ERR_FULL ? err : ERR_IO; /* some of it may stand in the batch */
}

enum err party_key_log(struct batch *cx, const struct record *r, const struct contract *k)
{
    enum err err = contract_ready(cx, k);
    return err == ERR_OK
               ? contract_append_key(cx, k, catalog_party_number(cx->catalog, r->key.party), r->key.previous_jws)
               : err;
}

static bool anothers_key(const struct catalog *cat, uint32_t party, const uint8_t pub[ED25519_KEY_LEN])
{
    for (uint32_t n = 1; n <= cat->n_parties; n++) {
        const struct party *p = catalog_party_number(cat, n);
        if (p->number != party && p->has_key && memcmp(p->pub, pub, sizeof p->pub) == 0)
            return true;
    }
    return false;
}

static bool servers_key(const struct keys *k, const uint8_t pub[ED25519_KEY_LEN])
{
    uint8_t own[2 * KEYS_MAX][ED25519_KEY_LEN];
    size_t n = keys_statement_publics(k, own, KEYS_MAX), i = 0;
    n += keys_log_publics(k, own + n, KEYS_MAX);
    while (i < n && memcmp(own[i], pub, ED25519_KEY_LEN) != 0)
        i++;
    return i < n;
}

/* Whether the party shows a key that it may have, said to this server and now; `known`: it is the one it has. */
static enum err key_check(const struct instance *in, const struct party *p, struct span jws, struct span previous_jws,
                          int64_t now_ms, uint8_t pub[ED25519_KEY_LEN], bool *known, struct problem *why)
{
    struct party_jws said;
    enum err err = party_key_open(jws, SPAN(""), NULL, span_str(p->id), pub, &said, why);
    if (err != ERR_OK)
        return err;
    *known = p->has_key && memcmp(p->pub, pub, ED25519_KEY_LEN) == 0;
    if ((err = party_jws_to(&said, span_str(in->public_url), why)) == ERR_OK)
        err = party_jws_within(&said, now_ms, now_ms, why);
    party_jws_close(&said);
    if (err != ERR_OK || *known)
        return err;
    err = party_key_open(jws, previous_jws, p->has_key ? p->pub : NULL, span_str(p->id), pub, &said, why);
    if (err == ERR_OK)
        party_jws_close(&said);
    return err;
}

enum err party_key_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    struct party p = *catalog_party_number(cx->catalog, r->key.party);
    uint8_t pub[ED25519_KEY_LEN];
    bool known;
    struct unfinished later;
    struct answer a;
    enum err err =
        key_check(cx->instance, &p, r->key.jws, r->key.previous_jws, r->arrived_ms, pub, &known, &job->problem);
    if (err != ERR_OK)
        return err;
    if (anothers_key(cx->catalog, p.number, pub) || servers_key(cx->instance->keys, pub))
        return problem(&job->problem, ERR_CONFLICT, "jwk", "is the key of another: make one of your own");
    if (!known) {
        p.has_key = true;
        p.key_jws = r->key.jws;
        memcpy(p.pub, pub, sizeof p.pub);
    }
    err = logs_ready(cx, job, &p, &later, &job->problem);
    if (err != ERR_OK)
        return err;
    answer_open(&a);
    jw_party(&a.w, cx->catalog, &p);
    answer_job(&a, job, 200);
    return known ? ERR_OK : key_write(cx, job, &p, &later);
}

struct key_body {
    struct span jws, previous_jws;
};

/* The body is the compact JWS itself, or {"jws":"...","previous_jws":"..."}. */
static enum err key_body(struct request *rq, struct key_body *out)
{
    static const struct body_member members[] = {
        {"jws", BODY_TEXT, offsetof(struct key_body, jws), LIMIT_PARTY_JWS, true},
        {"previous_jws", BODY_TEXT, offsetof(struct key_body, previous_jws), LIMIT_PARTY_JWS, false},
        {NULL},
    };
    struct span text = text_trim(rq->body, TYPED_BLANKS);
    if (span_starts(text, "{"))
        return body_read(rq, members, out);
    if (span_empty(text) || text.len > LIMIT_PARTY_JWS)
        return problem(&rq->problem, ERR_MALFORMED, "", "the body must be a compact JWS of at most %d bytes",
                       LIMIT_PARTY_JWS);
    out->jws = text;
    return ERR_OK;
}

enum err party_key_put(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    struct key_body in = {{0}, {0}};
    uint8_t pub[ED25519_KEY_LEN];
    bool known;
    enum err err = call_party(rq, rq->param[0], &p);
    if (err != ERR_OK)
        return err;
    if (p->number != rq->caller->number)
        return problem(&rq->problem, ERR_FORBIDDEN, "", "a countersigning key is set by the party itself");
    struct job *job = worker_job(rq, RECORD_PARTY_KEY, NULL);
    if ((err = key_body(rq, &in)) != ERR_OK ||
        (err = key_check(&rq->worker->server->instance, p, in.jws, in.previous_jws, rq->arrived_ms, pub, &known,
                         &rq->problem)) != ERR_OK)
        return err;
    job->record.key.party = p->number;
    job->record.key.jws = in.jws;
    job->record.key.previous_jws = in.previous_jws;
    return worker_submit(rq, job);
}

/* ---- PATCH /v1/parties/{id} ---- */

/* A party's name stands in no log, its legal data in all of its own. */
static enum err party_write(struct batch *cx, struct job *job, const struct party *p, const struct unfinished *later,
                            bool other_legal)
{
    const struct contract_list few = few_contracts(cx, p);
    enum err err = catalog_put_party(cx->txn, p);
    cx->catalog_changed = err == ERR_OK;
    for (size_t i = 0; other_legal && i < few.n && err == ERR_OK; i++)
        err = contract_append_legal(cx, catalog_listed(cx->catalog, &few, i), p);
    if (err == ERR_OK && later->n > 0)
        err = go_on_later(cx, job, later);
    return err == ERR_OK || err == ERR_FULL ? err : ERR_IO; /* some of it may stand in the batch */
}

enum err party_legal_log(struct batch *cx, const struct record *r, const struct contract *k)
{
    enum err err = contract_ready(cx, k);
    return err == ERR_OK ? contract_append_legal(cx, k, catalog_party_number(cx->catalog, r->legal.party)) : err;
}

enum err party_legal_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    struct party p = *catalog_party_number(cx->catalog, r->legal.party);
    struct span legal = p.legal;
    /* into what is there now: another change may have come since it was asked for */
    if (!span_empty(r->legal.legal) &&
        merge_legal(job->arena, p.legal, r->legal.legal, &legal, &job->problem) != ERR_OK)
        return ERR_INVALID;
    bool other_legal = !span_eq(p.legal, legal);
    bool same = !other_legal && (span_empty(r->legal.name) || span_eq(p.name, r->legal.name));
    struct unfinished later = {.n = 0};
    struct answer a;
    if (!span_empty(r->legal.name))
        p.name = r->legal.name;
    if (other_legal) {
        p.legal = legal;
        p.legal_by = r->legal.by;
    }
    enum err err = other_legal ? logs_ready(cx, job, &p, &later, &job->problem) : ERR_OK;
    if (err != ERR_OK)
        return err;
    answer_open(&a);
    jw_party(&a.w, cx->catalog, &p);
    answer_job(&a, job, 200);
    return same ? ERR_OK : party_write(cx, job, &p, &later, other_legal);
}

/* As it was sent, with its nulls, each of which takes a member away. */
static enum err legal_change(struct request *rq, struct span *out)
{
    json_t *body = NULL;
    enum err err = json_read(rq->body, &body, &rq->problem);
    const json_t *legal = json_object_get(body, "legal");
    if (err == ERR_OK && legal != NULL) {
        const size_t len = json_dumpb(legal, NULL, 0, JSON_COMPACT);
        char *text = arena_alloc(rq->arena, len);
        json_dumpb(legal, text, len, JSON_COMPACT);
        *out = span_of(text, len);
    }
    json_decref(body);
    return err;
}

enum err parties_patch(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member members[] = {
        {"legal", BODY_JSON, offsetof(struct party_body, legal), 0, false},
        {"name", BODY_TEXT, offsetof(struct party_body, name), LIMIT_LABEL, false},
        {NULL},
    };
    struct party_body in = {{0}, {0}, {0}};
    const struct party *p;
    enum err err = call_party(rq, rq->param[0], &p);
    if (err != ERR_OK)
        return err;
    if (p->number != rq->caller->number && !caller_is(rq, ROLE_OPERATOR))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "legal data are said by the party itself, or the operator");
    if ((err = body_read(rq, members, &in)) != ERR_OK || (err = legal_change(rq, &in.legal)) != ERR_OK)
        return err;
    struct span merged;
    if (in.legal.ptr != NULL && (err = merge_legal(rq->arena, p->legal, in.legal, &merged, &rq->problem)) != ERR_OK)
        return err;
    if (in.legal.ptr == NULL && in.name.ptr == NULL)
        return problem(&rq->problem, ERR_MALFORMED, "", "say `legal`, `name`, or both");
    if (in.name.ptr != NULL && !caller_is(rq, ROLE_OPERATOR))
        return problem(&rq->problem, ERR_FORBIDDEN, "name", "is the operator's to change; say your own in `legal`");
    struct job *job = worker_job(rq, RECORD_LEGAL, NULL);
    job->record.legal.party = p->number;
    job->record.legal.by = rq->caller->number;
    job->record.legal.legal = in.legal;
    job->record.legal.name = in.name;
    return call_submit(rq, job);
}

/* ---- POST, DELETE /v1/parties/{id}/lock ---- */

enum err lock_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    struct party p = *catalog_party_number(cx->catalog, r->lock.party);
    bool same = r->lock.on == (p.locked_ms != 0), left = true;
    struct credential_told told = {&p, r->lock.by, CREDENTIAL_LOCK, .since_ms = cx->now_ms, .retired = !r->lock.on};
    struct answer a;
    enum err err = p.role == ROLE_OPERATOR && !same && r->lock.on
                       ? operator_left(cx, &(struct going){.locked = &p}, &left)
                       : ERR_OK;
    if (err == ERR_OK && !left)
        err = problem(&job->problem, ERR_CONFLICT, "",
                      "no other operator has a token of scope operators that opens anything, so nobody could unlock "
                      "this one: make another operator first, or end tokens");
    if (err != ERR_OK)
        return err;
    if (!same && r->lock.on) {
        p.locked_ms = cx->now_ms;
        p.locked_by = r->lock.by;
        memcpy(p.lock, r->lock.id, sizeof p.lock);
    }
    memcpy(told.id, p.lock, sizeof told.id);
    if (!r->lock.on)
        p.locked_ms = 0;
    answer_open(&a);
    jw_party(&a.w, cx->catalog, &p);
    answer_job(&a, job, 200);
    if (same)
        return ERR_OK;
    err = catalog_put_party(cx->txn, &p);
    cx->catalog_changed = err == ERR_OK;
    return err == ERR_OK ? credential_tell(cx->txn, cx->catalog, &told) : err;
}

static enum err lock_submit(struct request *rq, const struct party *p, bool on)
{
    struct job *job = worker_job(rq, RECORD_LOCK, NULL);
    job->record.lock.party = p->number;
    job->record.lock.by = rq->caller->number;
    job->record.lock.on = on;
    random_id('L', job->record.lock.id);
    return call_submit(rq, job);
}

/* Of an operator it wants its own scope, also of itself: it stops one who may be the honest one. */
static enum err may_lock(struct request *rq, const struct party *p)
{
    return p->role == ROLE_OPERATOR ? dispatch_scopes(rq, MAY_OPERATORS) : ERR_OK;
}

/* The party itself may, by whoever may end its credentials one by one anyway. */
enum err lock_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    enum err err = call_party_bare(rq, &p);
    if (err == ERR_OK)
        err = may_lock(rq, p);
    return err == ERR_OK ? lock_submit(rq, p, true) : err;
}

enum err lock_delete(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    enum err err = call_party_alone(rq, &p);
    if (err == ERR_OK)
        err = may_lock(rq, p);
    return err == ERR_OK ? lock_submit(rq, p, false) : err;
}
