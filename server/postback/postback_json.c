/* Signed JSON: Standard Webhooks 1.0. A retry carries the same id and body under a new timestamp, so the timestamp is
 * no part of what makes two requests the same. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/http_words.h"
#include "common/base/json_read.h"
#include "common/base/json_rows.h"
#include "common/base/text.h"
#include "server/commit/nonces.h"
#include "server/postback/postback_private.h"

enum { WEBHOOK_ID_MAX = 256 };

/* Any of the space-separated "v1,<base64>" may hold (a sender that changes its secret signs with both). Writes SHA-256
 * of the signed text. */
static bool signature_holds(struct request *rq, const struct secret *s, uint8_t text_sha256[HASH_LEN])
{
    const struct span parts[] = {rq->webhook_id, SPAN("."), rq->webhook_timestamp, SPAN("."), rq->body};
    const size_t n = sizeof parts / sizeof parts[0];
    uint8_t mac[HASH_LEN], sig[HASH_LEN];
    struct hmac *h = hmac_new(s->key, s->len);
    hmac_sign(h, parts, n, mac);
    hmac_free(h);
    sha256v(parts, n, text_sha256);
    bool holds = false;
    for (struct span rest = rq->webhook_signature; rest.len;) {
        struct span one = text_take(&rest, ' ');
        size_t len;
        if (span_starts(one, "v1,") && b64_decode(span_skip(one, 3), sig, sizeof sig, &len) == ERR_OK &&
            len == HASH_LEN)
            holds = crypto_equal(mac, sig, HASH_LEN) || holds;
    }
    return holds;
}

/* Without '.', which would let one signature hold for two readings of id.timestamp.body. */
static bool id_ok(struct span id)
{
    return id.len > 0 && id.len <= WEBHOOK_ID_MAX && memchr(id.ptr, '.', id.len) == NULL;
}

/* Each under either of its names; under both it says the same. */
static enum err read_headers(struct request *rq)
{
    const struct {
        const char *name, *other;
        struct span *value, *same;
    } headers[] = {{"webhook-id", "svix-id", &rq->webhook_id, &rq->svix_id},
                   {"webhook-timestamp", "svix-timestamp", &rq->webhook_timestamp, &rq->svix_timestamp},
                   {"webhook-signature", "svix-signature", &rq->webhook_signature, &rq->svix_signature}};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct span *value = headers[i].value, other = *headers[i].same;
        if (!span_empty(*value) && !span_empty(other) && !span_eq(*value, other))
            return problem(&rq->problem, ERR_MALFORMED, headers[i].other, "differs from %s: send one of the two",
                           headers[i].name);
        if (span_empty(*value))
            *value = other;
        if (span_empty(*value))
            return problem(&rq->problem, ERR_MALFORMED, headers[i].name, "is missing: see Standard Webhooks");
    }
    return ERR_OK;
}

enum err postback_json_prove(struct postback *pb)
{
    struct request *rq = pb->rq;
    int64_t ts_s;
    const char *why;
    const struct secret *s = postback_secret(rq, rq->param[0], &why);
    enum err err = read_headers(rq);
    if (err != ERR_OK)
        return err;
    if (s == NULL)
        return postback_refuse(rq, why);
    if (!id_ok(rq->webhook_id))
        return postback_refuse(rq, "webhook-id is longer than 256 bytes, or has a dot");
    if (parse_i64(rq->webhook_timestamp, &ts_s) != ERR_OK)
        return postback_refuse(rq, "webhook-timestamp is not Unix time in seconds");
    if (!signature_holds(rq, s, pb->request.b))
        return postback_refuse(rq, "the signature does not hold");
    const struct span same[] = {SPAN("webhook\n"), rq->webhook_id, SPAN("."), rq->body};
    sha256v(same, sizeof same / sizeof same[0], pb->nonce.request_sha256);
    if (!postback_in_window(rq, ts_s))
        return postback_late(pb, s, "webhook-timestamp is more than 300 s off");
    postback_prove(pb, s->party, TRUST_SIGNED, pb->nonce.request_sha256);
    postback_nonce(pb, rq->webhook_id, ts_s, NONCE_WEBHOOK_KEEP_S);
    pb->nonce.webhook = true;
    return ERR_OK;
}

/* An amount's text, rounded to millionths: below 2^33 what it lost as a double is less than half of one. */
static enum err real_amount(struct postback *pb, double v, struct span *out)
{
    struct buf b;
    const double most = 0x1p33;
    if (v >= most || v <= -most)
        return problem(&pb->rq->problem, ERR_MALFORMED, "amount",
                       "must be below 2^33 as a number: send a larger one as a text");
    arena_buf(pb->rq->arena, &b, 32);
    buf_printf(&b, "%.6f", v);
    while (b.ptr[b.len - 1] == '0')
        b.len--;
    b.len -= b.ptr[b.len - 1] == '.';
    *out = buf_span(&b);
    return ERR_OK;
}

/* The shortest text that reads as this number: 1.8, 30 for 30.0, 1e+20. */
static struct span real_text(struct postback *pb, double v)
{
    struct buf b;
    arena_buf(pb->rq->arena, &b, 32);
    for (int digits = 15; digits <= 17; digits++) {
        char text[32];
        snprintf(text, sizeof text, "%.*g", digits, v);
        buf_clear(&b);
        buf_str(&b, text);
        if (strtod(text, NULL) == v)
            break;
    }
    return buf_span(&b);
}

/* A fraction is some person's word there, or a number that went through a table. */
static bool takes_fraction(const char *name)
{
    enum field f;
    if (strncmp(name, "fields.", 7) == 0 || strncmp(name, "f_", 2) == 0)
        return true;
    return postback_field_find(span_str(name), &f) && postback_field_kind(f) != FIELD_MACHINE;
}

/* The text of a value in the query form. */
static enum err scalar(struct postback *pb, const char *name, const json_t *v, struct span *out)
{
    struct buf b;
    if (json_is_string(v)) {
        *out = arena_copy(pb->rq->arena, span_of(json_string_value(v), json_string_length(v)));
    } else if (json_is_integer(v)) {
        arena_buf(pb->rq->arena, &b, 24);
        buf_i64(&b, json_integer_value(v));
        *out = buf_span(&b);
    } else if (json_is_boolean(v)) {
        *out = json_is_true(v) ? SPAN("true") : SPAN("false");
    } else if (json_is_real(v) && strcmp(name, "amount") == 0) {
        return real_amount(pb, json_real_value(v), out);
    } else if (json_is_real(v) && takes_fraction(name)) {
        *out = real_text(pb, json_real_value(v));
    } else {
        return problem(&pb->rq->problem, ERR_MALFORMED, name, "must be a text, an integer or a boolean");
    }
    return ERR_OK;
}

static enum err form_fields(struct postback *pb, const json_t *object)
{
    const char *key;
    json_t *v;
    if (!json_is_object(object))
        return problem(&pb->rq->problem, ERR_MALFORMED, "fields", "must be an object");
    json_object_foreach((json_t *)object, key, v)
    {
        struct buf name;
        struct span value;
        if (json_is_null(v))
            continue;
        if (postback_form_missed(span_str(key)))
            return postback_unknown(pb, arena_copy(pb->rq->arena, span_str(key)));
        arena_buf(pb->rq->arena, &name, strlen(key) + 2);
        buf_str(&name, strncmp(key, "f_", 2) == 0 ? "" : "f_");
        buf_str(&name, key);
        char path[sizeof pb->rq->problem.field];
        snprintf(path, sizeof path, "fields.%.*s", LIMIT_FIELD_NAME, key);
        enum err err = problem_foreign(&pb->rq->problem, scalar(pb, path, v, &value));
        if (err == ERR_OK)
            err = postback_field(pb, buf_span(&name), value);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static enum err touch_list(struct postback *pb, const json_t *array)
{
    struct buf b;
    size_t i;
    json_t *v;
    arena_buf(pb->rq->arena, &b, LIMIT_BODY);
    json_array_foreach(array, i, v)
    {
        if (!json_is_string(v))
            return problem(&pb->rq->problem, ERR_MALFORMED, "touches",
                           "must be click ids, in a list or comma-separated");
        buf_str(&b, i ? "," : "");
        buf_add(&b, json_string_value(v), json_string_length(v));
    }
    return postback_field(pb, SPAN("touches"), buf_span(&b));
}

/* Of a CRM: what stands for nothing here may be anything. */
static enum err read_mapped(struct postback *pb, struct span name, const json_t *v)
{
    struct span value, ours = crm_column(pb->crm, text_strip(name));
    if (span_empty(ours)) {
        postback_ignore(pb, name);
        return ERR_OK;
    }
    if (json_is_object(v) || json_is_array(v))
        return postback_refuse_field(pb, name, "must be a text");
    enum err err = scalar(pb, span_is(ours, "amount") ? "amount" : "", v, &value);
    return err != ERR_OK ? postback_refuse_field(pb, name, "must be a text, or a number of an amount")
                         : postback_field(pb, name, value);
}

static enum err read_member(struct postback *pb, const char *key, const json_t *v)
{
    struct span value;
    if (json_is_null(v))
        return ERR_OK;
    if (pb->crm != NULL)
        return read_mapped(pb, arena_copy(pb->rq->arena, span_str(key)), v);
    if (strcmp(key, "fields") == 0)
        return form_fields(pb, v);
    if (strcmp(key, "touches") == 0 && json_is_array(v))
        return touch_list(pb, v);
    if (!postback_field_known(span_str(key)))
        return postback_unknown(pb, arena_copy(pb->rq->arena, span_str(key)));
    if (json_is_object(v) || json_is_array(v))
        return problem(&pb->rq->problem, ERR_MALFORMED, key, "must be a text");
    enum err err = scalar(pb, key, v, &value);
    return err != ERR_OK ? err : postback_field(pb, arena_copy(pb->rq->arena, span_str(key)), value);
}

static enum err read_members(struct postback *pb, const json_t *object)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)object, key, v)
    {
        enum err err = read_member(pb, key, v);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* What an envelope's type says of the fields in it. */
static const struct {
    const char *type, *name, *value; /* name NULL: nothing; value NULL: any, but one */
} types[] = {
    {"lead", NULL, NULL},
    {"lead.created", NULL, NULL},
    {"lead.submitted", NULL, NULL},
    {"lead.approved", "status", "approved"},
    {"lead.rejected", "status", "rejected"},
    {"lead.returned", "status", "returned"},
    {"lead.converted", "status", "converted"},
    {"disposition", "status", NULL},
    {"sale", "event", "sale"},
};
enum { TYPES = sizeof types / sizeof *types };

static enum err read_type(struct postback *pb, const json_t *type)
{
    const char *word = json_string_value(type);
    size_t i = 0;
    while (i < TYPES && (word == NULL || strcmp(types[i].type, word) != 0))
        i++;
    if (i == TYPES)
        return problem(&pb->rq->problem, ERR_MALFORMED, "type",
                       "of an envelope (an object `data`) must be lead, lead.created, lead.submitted, lead.approved, "
                       "lead.rejected, lead.returned, lead.converted, disposition or sale");
    struct span name = types[i].name != NULL ? span_str(types[i].name) : SPAN("");
    enum field f;
    if (span_empty(name) || !postback_field_find(name, &f))
        return ERR_OK;
    if (types[i].value == NULL)
        return pb->field[f].ptr != NULL || pb->field[FIELD_EVENT].ptr != NULL
                   ? ERR_OK
                   : problem(&pb->rq->problem, ERR_MALFORMED, types[i].name,
                             "is missing, though the envelope's type says that something became of a lead: approved, "
                             "rejected, returned or converted");
    if (pb->field[f].ptr != NULL && !span_is(pb->field[f], types[i].value))
        return problem(&pb->rq->problem, ERR_MALFORMED, types[i].name, "says otherwise than the envelope's type");
    pb->field[f] = span_str(types[i].value);
    return ERR_OK;
}

/* {type, timestamp, data}, as Standard Webhooks has it: what stands in `data` is the postback. */
static enum err open_envelope(struct postback *pb, const json_t *envelope)
{
    const char *key;
    json_t *v;
    enum err err = read_members(pb, json_object_get(envelope, "data"));
    if (err == ERR_OK)
        err = read_type(pb, json_object_get(envelope, "type"));
    if (err != ERR_OK)
        return err;
    json_object_foreach((json_t *)envelope, key, v)
    {
        if (strcmp(key, "type") == 0 || strcmp(key, "timestamp") == 0 || strcmp(key, "data") == 0)
            continue;
        struct span name = arena_copy(pb->rq->arena, span_str(key));
        if (postback_field_known(name) || strcmp(key, "fields") == 0)
            return postback_refuse_field(pb, name, "stands beside `data`: put it into the envelope");
        postback_ignore(pb, name);
    }
    return ERR_OK;
}

enum err postback_json_fields(struct postback *pb, struct span object)
{
    json_t *body;
    enum err err = json_read_any_number(json_text(object), &body, &pb->rq->problem);
    if (err != ERR_OK)
        return err;
    const json_t *data = json_object_get(body, "data");
    if (json_is_object(data))
        err = open_envelope(pb, body);
    else if (data != NULL && json_is_string(json_object_get(body, "type")))
        err = postback_refuse_field(pb, SPAN("data"), "must be an object: what the envelope holds");
    else
        err = read_members(pb, body);
    json_decref(body);
    return err;
}

enum err postback_json_body(struct postback *pb)
{
    struct request *rq = pb->rq;
    return media_type_is(rq->content_type, "application/json")
               ? postback_json_fields(pb, rq->body)
               : problem(&rq->problem, ERR_MEDIA_TYPE, "", "send application/json here");
}

enum err postback_json_handle(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct postback pb = {.rq = rq};
    enum err err = postback_json_prove(&pb);
    if (err == ERR_OK)
        err = postback_json_body(&pb);
    return err != ERR_OK ? err : postback_submit(&pb);
}
