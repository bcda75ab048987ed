/* For test_reconcile.py: reads JSON lines, one a case: rows (hex) and a log, prints for each what comes of holding one
 * against the other, {"error":{"field","detail"}}, or with "csv" the items as {"csv":"..."}. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/reconcile/reconcile.h"

static struct span text_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return v != NULL ? span_of(json_string_value(v), json_string_length(v)) : SPAN("");
}

static int64_t number_of(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static enum err open_key(const json_t *all, struct span key, uint64_t *index)
{
    char name[512] = "";
    if (key.len >= sizeof name)
        return ERR_NOT_FOUND;
    memcpy(name, key.ptr, key.len);
    const json_t *v = json_object_get(all, name);
    if (v == NULL)
        return ERR_NOT_FOUND;
    *index = (uint64_t)json_integer_value(v);
    return ERR_OK;
}

static enum err open_lead(void *ctx, struct span reference, uint64_t *index)
{
    return open_key(json_object_get(ctx, "references"), reference, index);
}

/* "u1": 7 is an id that left as unrecorded. */
static enum err open_click(void *ctx, struct span id, struct pointer *click)
{
    *click = (struct pointer){.flags = span_starts(id, "u") ? CLICK_UNRECORDED : 0};
    return open_key(json_object_get(ctx, "click_ids"), id, &click->index);
}

static enum err became(void *ctx, uint64_t index, struct lead_row *out)
{
    size_t i;
    json_t *lead;
    json_array_foreach(json_object_get(ctx, "leads"), i, lead)
    {
        if ((uint64_t)number_of(lead, "index") != index)
            continue;
        const int64_t sale = number_of(lead, "sale");
        *out = (struct lead_row){.payout_micros = number_of(lead, "micros") - sale, .sale_micros = sale};
        return status_parse(text_of(lead, "status"), &out->status);
    }
    return ERR_NOT_FOUND;
}

static void tell_leads(struct reconcile *r, const json_t *c)
{
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(c, "leads"), i, v)
    {
        struct entry_lead l = {
            .party = text_of(v, "party"),
            .txid = text_of(v, "txid"),
            .utc_offset_s = number_of(v, "offset_s"),
            .test = json_is_true(json_object_get(v, "test")),
            .has_click = json_object_get(v, "click") != NULL,
            .click = (uint64_t)number_of(v, "click"),
            .click_unrecorded = json_is_true(json_object_get(v, "click_unrecorded")),
            .dup_contract = text_of(v, "dup_contract"),
            .dup_index = (uint64_t)number_of(v, "dup_index"),
        };
        struct span came = text_of(v, "came");
        enum err err = reason_parse(text_of(v, "reason"), &l.reason);
        if (err == ERR_OK)
            err = status_parse(came.len > 0 ? came : text_of(v, "status"), &l.status);
        if (err == ERR_OK)
            err = reconcile_lead(r, (uint64_t)number_of(v, "index"), number_of(v, "at_ms"), &l);
        assert(err == ERR_OK);
    }
}

static void tell_others(struct reconcile *r, const json_t *c)
{
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(c, "clicks"), i, v)
    {
        enum class class;
        enum err err = class_parse(text_of(v, "class"), &class);
        assert(err == ERR_OK);
        reconcile_click(r, (uint64_t)number_of(v, "index"), class);
    }
    if (json_object_get(c, "refusals") == NULL)
        return;
    reconcile_refusals(r);
    json_array_foreach(json_object_get(c, "refusals"), i, v)
        reconcile_refusal(r, number_of(v, "at_ms"), text_of(v, "request_id"), text_of(v, "reason"));
}

static void say(const struct buf *out)
{
    fwrite(out->ptr, 1, out->len, stdout);
    putchar('\n');
}

static void say_problem(const struct problem *p)
{
    struct jw w;
    struct buf out;
    buf_heap(&out);
    jw_open(&w, &out);
    jw_object(&w);
    jw_key(&w, "error");
    jw_object(&w);
    jw_kstr(&w, "detail", span_str(p->detail));
    jw_kstr(&w, "field", span_str(p->field));
    jw_object_end(&w);
    jw_object_end(&w);
    jw_close(&w);
    say(&out);
    buf_free(&out);
}

static void say_answer(struct reconcile *r, const json_t *c)
{
    struct reconcile_head head = {.contract = SPAN("C0000000000TEST")};
    struct buf out, csv;
    struct jw w;
    buf_heap(&out);
    buf_heap(&csv);
    if (json_object_get(c, "csv") != NULL) {
        bool cut = json_object_get(c, "most") != NULL;
        reconcile_csv(r, cut ? (uint64_t)number_of(c, "most") : UINT64_MAX, &csv, NULL, NULL);
        jw_open(&w, &out);
        jw_object(&w);
        jw_kstr(&w, "csv", buf_span(&csv));
        jw_object_end(&w);
        jw_close(&w);
    } else {
        reconcile_json(r, &head, &out);
    }
    say(&out);
    buf_free(&out);
    buf_free(&csv);
}

static struct bound bound_of(const json_t *c, const char *key)
{
    struct bound b = {0};
    if (json_object_get(c, key) != NULL) {
        enum err err = bound_read(text_of(c, key), &b);
        assert(err == ERR_OK);
    }
    return b;
}

static void add_hex(struct buf *out, struct span hex)
{
    size_t len = 0;
    enum err err = hex_decode(hex, buf_room(out, hex.len / 2 + 1), hex.len / 2 + 1, &len);
    assert(err == ERR_OK);
    out->len += len;
}

/* The rows are `rows`, then as many `times` the text `again`, then `behind`. */
static void run(json_t *c)
{
    struct problem p = {0};
    struct reconcile *r = NULL;
    struct buf rows;
    buf_heap(&rows);
    buf_byte(&rows, 0); /* it holds some memory */
    buf_clear(&rows);
    add_hex(&rows, text_of(c, "rows"));
    for (int64_t i = 0; i < number_of(c, "times"); i++)
        buf_span_add(&rows, text_of(c, "again"));
    buf_span_add(&rows, text_of(c, "behind"));
    enum err err;
    struct reconcile_asked asked = {
        .rows = buf_span(&rows),
        .map = text_of(c, "map"),
        .dates = (enum date_order)number_of(c, "dates"),
        .decimal = (enum decimal_mark)number_of(c, "decimal"),
        .from = bound_of(c, "from"),
        .to = bound_of(c, "to"),
        .currency = text_of(c, "currency"),
        .party = text_of(c, "party"),
        .open_lead = json_object_get(c, "references") != NULL ? open_lead : NULL,
        .open_click = json_object_get(c, "click_ids") != NULL ? open_click : NULL,
        .ctx = c,
    };
    if (asked.currency.len == 0)
        asked.currency = SPAN("EUR");
    err = reconcile_open(&r, &asked, &p);
    if (err == ERR_OK) {
        tell_leads(r, c);
        tell_others(r, c);
        err = reconcile_match(r, became, c);
        assert(err == ERR_OK);
        err = reconcile_end(r, number_of(c, "last_ms"), &p);
    }
    if (err == ERR_OK)
        say_answer(r, c);
    else
        say_problem(&p);
    reconcile_close(r);
    buf_free(&rows);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    json_use_mem();
    for (ssize_t n; (n = getline(&line, &room, stdin)) > 0;) {
        json_t *c = NULL;
        enum err err = json_read(span_of(line, (size_t)n), &c, NULL);
        assert(err == ERR_OK);
        run(c);
        json_decref(c);
    }
    free(line);
    return 0;
}
