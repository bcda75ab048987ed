/* A party's answer to a statement. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/settlement/statement.h"

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static MUST_CHECK enum err disputed_read(const json_t *obj, struct response *r, struct problem *p)
{
    const json_t *list = NULL, *v;
    size_t i;
    enum err err = json_get_array(obj, "", "disputed", LIMIT_DISPUTED, &list, NULL, p);
    if (err == ERR_OK && r->accept && json_array_size(list) > 0)
        return problem(p, ERR_INVALID, "disputed", "must be empty when the verdict is accept");
    json_array_foreach(list, i, v)
    {
        if (err == ERR_OK && (!json_is_integer(v) || json_integer_value(v) < 0))
            err = problem(p, ERR_INVALID, "disputed", "must list line items by their `index`, whole numbers");
        if (err == ERR_OK)
            r->disputed[r->n_disputed++] = (uint64_t)json_integer_value(v);
    }
    if (r->n_disputed > 1)
        qsort(r->disputed, r->n_disputed, sizeof r->disputed[0], by_number);
    for (i = 1; err == ERR_OK && i < r->n_disputed; i++)
        if (r->disputed[i] == r->disputed[i - 1])
            err = problem(p, ERR_INVALID, "disputed", "names line item %" PRIu64 " twice", r->disputed[i]);
    return err;
}

static MUST_CHECK enum err members_read(const json_t *obj, struct response *r, struct problem *p)
{
    static const char *const names[] = {"at",  "disputed", "issuer", "party", "reason", "statement_sha256",
                                        "typ", "verdict",  NULL};
    struct span hex = SPAN(""), verdict = SPAN(""), reason = SPAN("");
    size_t len = 0;
    enum err err = json_only(obj, "", names, p);
    if (err == ERR_OK)
        err = json_get_str(obj, "", "statement_sha256", 2 * HASH_LEN, &hex, NULL, p);
    if (err == ERR_OK)
        err = json_get_str(obj, "", "verdict", 16, &verdict, NULL, p);
    if (err == ERR_OK)
        err = json_get_str(obj, "", "reason", LIMIT_FIELD, &reason, NULL, p);
    if (err != ERR_OK)
        return err;
    if (ascii_has_control(reason))
        return problem(p, ERR_INVALID, "reason", "must not hold control characters");
    if (hex_decode(hex, r->statement_sha256.b, HASH_LEN, &len) != ERR_OK || len != HASH_LEN)
        return problem(p, ERR_INVALID, "statement_sha256",
                       "must be the lowercase hex SHA-256 of the statement's payload");
    r->accept = span_is(verdict, "accept");
    if (!r->accept && !span_is(verdict, "dispute"))
        return problem(p, ERR_INVALID, "verdict", "must be accept or dispute");
    err = disputed_read(obj, r, p);
    if (err == ERR_OK && !r->accept && r->n_disputed == 0 && span_empty(text_strip(reason)))
        err = problem(p, ERR_INVALID, "reason",
                      "must say why, or `disputed` must list line items: else nobody knows what is to be mended");
    return err;
}

enum err response_read(struct party_jws *said, struct response *out, struct problem *p)
{
    out->said = *said;
    out->n_disputed = 0;
    *said = (struct party_jws){0};
    enum err err = members_read(out->said.json, out, p);
    if (err != ERR_OK)
        response_close(out);
    return err;
}

void response_close(struct response *r)
{
    party_jws_close(&r->said);
}

enum err response_fits(const struct response *r, const struct hash *sha256, int64_t issued_ms, int64_t before_ms,
                       int64_t now_ms, struct problem *p)
{
    if (memcmp(r->statement_sha256.b, sha256->b, HASH_LEN) != 0)
        return problem(p, ERR_INVALID, "statement_sha256", "is not the hash of this statement's payload");
    if (before_ms > 0 && r->said.at_ms <= before_ms)
        return problem(p, ERR_INVALID, "at",
                       "must be later than that of this party's answer before, which it takes the place of");
    return party_jws_within(&r->said, issued_ms, now_ms, p);
}

enum err response_lines(const struct response *r, const struct view *v, uint32_t contract, uint64_t from, uint64_t to,
                        struct problem *p)
{
    for (size_t i = 0; i < r->n_disputed; i++) {
        uint8_t key[12];
        struct span row;
        row_index_key(key, contract, r->disputed[i]);
        enum err err = r->disputed[i] < from || r->disputed[i] >= to
                           ? ERR_NOT_FOUND
                           : v->get(v->ctx, ROW_MOVES, span_of(key, sizeof key), &row);
        if (err == ERR_NOT_FOUND)
            err = problem(p, ERR_INVALID, "disputed", "names %" PRIu64 ", which is no line item of this statement",
                          r->disputed[i]);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}
