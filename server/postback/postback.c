#include "server/postback/postback_private.h"

#include <assert.h>

#include "common/base/bytes.h"
#include "common/base/http_words.h"
#include "common/base/id.h"
#include "common/base/query.h"
#include "common/base/text.h"
#include "common/base/when.h"

enum err postback_refuse(struct request *rq, const char *why)
{
    rq->why = why;
    return problem(&rq->problem, ERR_UNAUTHORIZED, "",
                   "the kid is not known, the signature or key does not hold, or the timestamp is more than %d s off",
                   POSTBACK_WINDOW_S);
}

const struct secret *postback_secret(struct request *rq, struct span kid, const char **why)
{
    const struct secret *s = span_empty(kid) ? NULL : catalog_secret(rq->catalog, kid);
    if (id_is_plain(kid)) {
        memcpy(rq->sender.kid, kid.ptr, kid.len);
        rq->sender.kid[kid.len] = '\0';
    }
    rq->sender.party = s != NULL ? s->party : NULL;
    *why = span_empty(kid) ? "there is no kid" : s == NULL ? "the kid is not known" : "the kid is retired";
    return s != NULL && !s->retired ? s : NULL;
}

void postback_prove(struct postback *pb, const struct party *party, enum trust trust, const uint8_t sha256[HASH_LEN])
{
    pb->party = pb->rq->sender.party = party;
    pb->trust = trust;
    pb->rq->sender.proven = true;
    pb->rq->sender.digest = load_be64(sha256);
}

enum err postback_late(struct postback *pb, const struct secret *s, const char *why)
{
    postback_prove(pb, s->party, TRUST_SIGNED, pb->nonce.request_sha256);
    pb->rq->sender.late = true;
    return postback_refuse(pb->rq, why);
}

void postback_sender(struct request *rq)
{
    static const char path[] = "/postback/";
    struct span kid = {0}, name, value, rest = rq->target, front;
    const char *why;
    struct query q;
    if (span_starts(rest, path)) {
        kid = span_skip(rest, sizeof path - 1);
        kid = text_cut(&kid, '?', &front) ? front : kid;
    } else if (text_cut(&rest, '?', &front)) {
        query_open(&q, rest);
        while (kid.ptr == NULL && query_next(&q, &name, &value))
            kid = span_is(name, "kid") ? value : kid;
    }
    if (postback_secret(rq, kid, &why) == NULL)
        return; /* noted all the same */
}

bool postback_in_window(struct request *rq, int64_t ts_s)
{
    int64_t now_s = rq->arrived_ms / MS_PER_S;
    return ts_s >= now_s - POSTBACK_WINDOW_S && ts_s <= now_s + POSTBACK_WINDOW_S;
}

void postback_nonce(struct postback *pb, struct span nonce, int64_t ts_s, int64_t keep_s)
{
    int64_t arrived_s = pb->rq->arrived_ms / MS_PER_S;
    uint8_t hash[HASH_LEN];
    sha256v((const struct span[]){span_str(pb->party->id), span_of("", 1), nonce}, 3, hash);
    memcpy(pb->nonce.key, hash, sizeof pb->nonce.key);
    pb->nonce.keep_s = (ts_s > arrived_s ? ts_s - arrived_s : 0) + keep_s;
    pb->nonce.used = true;
}

void postback_text(const struct request *rq, struct span target, struct span body, struct request_text *out)
{
    uint8_t sha[HASH_LEN];
    struct buf hex;
    sha256(body.ptr, body.len, sha);
    buf_fixed(&hex, out->body_sha256, sizeof out->body_sha256);
    buf_hex(&hex, sha, HASH_LEN);
    const struct span parts[REQUEST_TEXT_PARTS] = {SPAN("PBv1\n"), span_str(method_name(rq->method)),
                                                   SPAN("\n"),     span_str(rq->worker->server->instance.host),
                                                   SPAN("\n"),     target,
                                                   SPAN("\n"),     buf_span(&hex)};
    memcpy(out->part, parts, sizeof parts);
}

/* The token, which nobody guesses, keeps the digest from telling who is in the body. */
void postback_by_token(struct postback *pb, struct span body)
{
    struct request_text text;
    char mem[2 * HASH_LEN];
    struct buf hex;
    assert(pb->rq->token != NULL);
    buf_fixed(&hex, mem, sizeof mem);
    buf_hex(&hex, pb->rq->token->sha256, HASH_LEN);
    postback_text(pb->rq, pb->rq->target, body, &text);
    text.part[REQUEST_TEXT_PARTS] = SPAN("\n");
    text.part[REQUEST_TEXT_PARTS + 1] = buf_span(&hex);
    sha256v(text.part, REQUEST_TEXT_PARTS + REQUEST_TEXT_MORE, pb->request.b);
}

enum err postback_job(struct postback *pb, struct job **out)
{
    struct problem *p = &pb->rq->problem;
    struct span event = pb->field[FIELD_EVENT];
    bool sale = span_is(event, "sale");
    if (!span_empty(event) && !sale && !span_is(event, "lead"))
        return problem(p, ERR_MALFORMED, "event", "must be lead or sale");
    return sale || pb->field[FIELD_STATUS].ptr != NULL ? postback_disposition(pb, out) : postback_lead(pb, out);
}

enum err postback_submit(struct postback *pb)
{
    struct job *job;
    if (!(pb->party->role & (ROLE_ADVERTISER | ROLE_PUBLISHER)))
        return problem(&pb->rq->problem, ERR_FORBIDDEN, "", "advertisers and publishers send postbacks");
    enum err err = party_opens(pb->party, &pb->rq->problem);
    if (err == ERR_OK)
        err = party_may(pb->rq, pb->party, 1);
    if (err == ERR_OK)
        err = postback_job(pb, &job);
    if (err != ERR_OK)
        return err;
    postback_keep_answer(pb);
    return worker_submit(pb->rq, job);
}
