/* Which statements there are and what this party has said in the log so far. Of very many facts `verify` tells the
 * first and the last alone: what stands in between is looked up, for what is not told is not what is not there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/money.h"
#include "common/ledger/entry.h"
#include "server/cmd/command.h"
#include "server/cmd/sign_private.h"
#include "server/system/log.h"

/* ---- its words ---- */

static const char *word_of(char out[SIGN_WORD_LEN], const char *what, uint64_t number)
{
    snprintf(out, SIGN_WORD_LEN, "%s %" PRIu64, what, number);
    return out;
}

bool sign_said(const struct signing *s, const char *what, uint64_t number)
{
    char word[SIGN_WORD_LEN];
    return json_object_get(s->said, word_of(word, what, number)) != NULL;
}

static void keep_word(struct signing *s, uint64_t index, const char *what, uint64_t number)
{
    char word[SIGN_WORD_LEN];
    json_object_set_new(s->said, word_of(word, what, number), json_integer((json_int_t)index));
}

/* The last one counts. */
static void keep_answer(struct signing *s, uint64_t index, const struct entry_response *r)
{
    struct buf payload;
    json_t *json = NULL, *answer = json_object();
    char id[LIMIT_ID + 1];
    buf_heap(&payload);
    if (jws_compact_payload(r->jws, &payload) != ERR_OK || json_read(buf_span(&payload), &json, NULL) != ERR_OK)
        decline("entry %" PRIu64 " of contract %s does not read", index, s->contract);
    json_object_set_new(answer, "entry", json_integer((json_int_t)index));
    json_object_set_new(answer, "verdict", json_string(sign_text(json, "verdict")));
    snprintf(id, sizeof id, "%.*s", (int)r->statement.len, r->statement.ptr);
    json_object_set_new(s->said, id, answer);
    json_decref(json);
    buf_free(&payload);
}

static void take_entry(struct signing *s, uint64_t index, const struct entry *e)
{
    if (e->kind == ENTRY_RESPONSE && span_is(e->response.party, s->party))
        keep_answer(s, index, &e->response);
    else if (e->kind == ENTRY_ASSENT && span_is(e->assent.party, s->party) && e->assent.adjustment > 0)
        keep_word(s, index, "adjustment", e->assent.adjustment);
    else if (e->kind == ENTRY_ASSENT && span_is(e->assent.party, s->party))
        keep_word(s, index, "version", (uint64_t)e->assent.version);
    else if (e->kind == ENTRY_WITHDRAWAL && span_is(e->withdrawal.by, s->party))
        keep_word(s, index, "withdrawal", (uint64_t)e->withdrawal.version);
}

static bool is_word(struct span bytes)
{
    return memmem(bytes.ptr, bytes.len, "\"kind\":\"response\"", 17) != NULL ||
           memmem(bytes.ptr, bytes.len, "\"kind\":\"assent\"", 15) != NULL ||
           memmem(bytes.ptr, bytes.len, "\"kind\":\"withdrawal\"", 19) != NULL;
}

static void take_bundle(void *ctx, uint64_t first, struct span bundle)
{
    struct span bytes;
    enum err err;
    for (uint64_t index = first; bundle_next(&bundle, &bytes, &err); index++) {
        struct entry e;
        if (!is_word(bytes))
            continue;
        if (entry_read(bytes, &e, NULL) != ERR_OK)
            decline("entry %" PRIu64 " does not read", index);
        take_entry(ctx, index, &e);
        entry_close(&e);
    }
}

void sign_find_said(struct signing *s)
{
    const json_t *f;
    size_t at = 0;
    s->said = json_object();
    s->made = json_array();
    s->n_statements = 0;
    sign_bundles(s, take_bundle, s);
    while ((f = sign_fact(s, "statement", &at)) != NULL) { /* the last one is always told */
        int64_t number = sign_number(json_object_get(f, "data"), "number");
        s->n_statements = number > (int64_t)s->n_statements ? (uint64_t)number : s->n_statements;
    }
}

void sign_forget_said(struct signing *s)
{
    json_decref(s->said);
    json_decref(s->made);
}

/* ---- statements ---- */

void sign_read_statement(const struct signing *s, const char *id, struct statement *st)
{
    struct buf payload;
    buf_heap(&payload);
    sign_payload(s, id, (int64_t)s->size, &payload);
    if (statement_read(buf_span(&payload), st) != ERR_OK)
        decline("statement %s of %s does not read", id, s->dir);
    buf_free(&payload);
}

static void tell_money(struct buf *text, const struct statement *st)
{
    bool by_publisher = st->to_pay_minor < 0;
    int64_t sign = by_publisher ? -1 : 1;
    buf_str(text, "payable ");
    money_due_add(text, sign * st->payable_minor, sign * st->vat_minor, sign * st->to_pay_minor, st->currency);
    if (st->to_pay_minor != 0)
        buf_printf(text, " by the %s", by_publisher ? "publisher" : "advertiser");
    buf_str(text, ", net ");
    decimal_add(text, st->net_micros, 6, (int)st->exponent);
    buf_printf(text, " %.*s", (int)st->currency.len, st->currency.ptr);
}

/* In the place of its fact, from what it says itself. */
static const json_t *make(struct signing *s, const char *id, uint64_t number)
{
    struct statement st;
    struct buf text;
    json_t *fact = json_object(), *data = json_object();
    buf_heap(&text);
    sign_read_statement(s, id, &st);
    buf_printf(&text, "number %" PRIu64 ", %s, ", number, id);
    tell_money(&text, &st);
    buf_str(&text, "; it holds, and is one of very many, of which `verify` tells the first and the last: what was "
                   "answered and corrected since is not shown here");
    json_object_set_new(data, "from", json_integer((json_int_t)st.from));
    json_object_set_new(data, "id", json_string(id));
    json_object_set_new(data, "number", json_integer((json_int_t)number));
    json_object_set_new(data, "to", json_integer((json_int_t)st.to));
    json_object_set_new(fact, "data", data);
    json_object_set_new(fact, "sentence", json_stringn((const char *)text.ptr, text.len));
    json_array_append_new(s->made, fact);
    statement_close(&st);
    buf_free(&text);
    return fact;
}

const json_t *sign_statement(struct signing *s, uint64_t number)
{
    char id[LIMIT_ID + 1];
    const json_t *f;
    size_t at = 0;
    statement_id(span_str(s->contract), number, id);
    while ((f = sign_fact(s, "statement", &at)) != NULL)
        if (strcmp(sign_text(json_object_get(f, "data"), "id"), id) == 0)
            return f;
    return make(s, id, number);
}
