/* What is shown of a statement before it is answered: its money, who is named on it and its terms, each with what
 * changed since the one before. By what the two say themselves: facts that are very many are not all told. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/settlement/statement_text.h"
#include "server/cmd/days.h"
#include "server/cmd/sign_private.h"
#include "server/system/log.h"

void sign_payload(const struct signing *s, const char *id, int64_t to, struct buf *out)
{
    char path[NAME_CAP];
    struct buf text;
    json_t *jws = NULL;
    struct span payload = SPAN("");
    size_t most = LIMIT_STATEMENT + (size_t)to * LIMIT_ADJUSTMENT, len;
    buf_heap(&text);
    snprintf(path, sizeof path, "v1/statements/%s.jws", id);
    sign_read_file(s, path, most, &text);
    if (json_read(buf_span(&text), &jws, NULL) != ERR_OK ||
        json_get_str(jws, "", "payload", text.len, &payload, NULL, NULL) != ERR_OK ||
        b64url_decode(payload, buf_room(out, payload.len + 4), payload.len + 4, &len) != ERR_OK)
        decline("%s/%s does not read", s->dir, path);
    out->len = len;
    json_decref(jws);
    buf_free(&text);
}

static json_t *payload_read(const struct signing *s, const char *id, int64_t to)
{
    struct buf payload;
    json_t *json = NULL;
    buf_heap(&payload);
    sign_payload(s, id, to, &payload);
    if (json_read(buf_span(&payload), &json, NULL) != ERR_OK)
        decline("statement %s of %s does not read", id, s->dir);
    buf_free(&payload);
    return json;
}

/* ---- whose it is ---- */

static void add_member(struct buf *out, const json_t *legal, const char *name, const char *mark)
{
    const char *value = sign_text(legal, name);
    if (value[0] == '\0')
        return;
    buf_printf(out, "%s%s", out->len > 0 ? ", " : "", mark);
    for (struct span rest = span_str(value), line; rest.len > 0;) {
        line = text_take(&rest, '\n');
        utf8_show(out, line, line.len * 3);
        buf_str(out, rest.len > 0 ? ", " : "");
    }
}

static void legal_text(const json_t *payload, const char *role, struct buf *out)
{
    const json_t *party = json_object_get(payload, role), *legal = json_object_get(party, "legal");
    buf_clear(out);
    add_member(out, legal, "name", "");
    add_member(out, legal, "address", "");
    add_member(out, legal, "country", "");
    add_member(out, legal, "vat_id", "VAT ");
    add_member(out, legal, "exemption", "charges no VAT: ");
    add_member(out, legal, "representative_name", "tax representative ");
    add_member(out, legal, "representative_address", "");
    add_member(out, legal, "representative_vat_id", "VAT ");
    if (json_is_true(json_object_get(legal, "cash_accounting")))
        buf_str(out, ", cash accounting");
    if (out->len == 0)
        buf_printf(out, "%s, of whom nobody said who it is by law", sign_text(party, "id"));
}

/* The last fact that tells these data of it; NULL: among very many not all are told. */
static const json_t *fact_of_legal(const struct signing *s, const json_t *party, const char *role)
{
    const json_t *f, *found = NULL;
    size_t at = 0;
    while ((f = sign_fact(s, "legal", &at)) != NULL) {
        const json_t *data = json_object_get(f, "data");
        json_t *legal = NULL;
        if (strcmp(sign_text(data, "role"), role) == 0 &&
            json_read(span_str(sign_text(data, "legal")), &legal, NULL) == ERR_OK &&
            json_equal(legal, json_object_get(party, "legal")))
            found = f;
        json_decref(legal);
    }
    return found;
}

/* The operator can say who a party is: the other one then sees a name that the party itself never told. */
static void show_giver(const struct signing *s, const json_t *payload, const char *role)
{
    const json_t *party = json_object_get(payload, role), *f = fact_of_legal(s, party, role);
    const json_t *data = json_object_get(f, "data");
    if (json_object_size(json_object_get(party, "legal")) == 0)
        return;
    if (f == NULL)
        printf("%-11s by whom that was given is not told here, among changes too many to be told one by one\n", "");
    else if (strcmp(sign_text(data, "by"), sign_text(party, "id")) != 0)
        printf("%-11s given by the operator %s in its name, entry %" PRId64 " of %s\n", "", sign_text(data, "by"),
               sign_number(data, "entry"), sign_text(data, "at"));
}

static void show_party(const struct signing *s, const json_t *now, const json_t *before, const char *role)
{
    struct buf text, was;
    buf_heap(&text);
    buf_heap(&was);
    legal_text(now, role, &text);
    legal_text(before, role, &was);
    printf("%-11s %.*s\n", role, (int)text.len, text.ptr);
    if (before != NULL && !span_eq(buf_span(&text), buf_span(&was)))
        printf("%-11s CHANGED since the statement before, which named %.*s\n", "", (int)was.len, was.ptr);
    show_giver(s, now, role);
    buf_free(&text);
    buf_free(&was);
}

/* ---- when ---- */

static void show_period(const json_t *now)
{
    const json_t *period = json_object_get(now, "period");
    const char *zone = sign_text(now, "timezone");
    struct zones *zones = zones_new(ZONES_FOLDER);
    struct buf text;
    buf_heap(&text);
    days_add_period(zones, &text, sign_text(period, "from_at"), sign_text(period, "to_at"), zone);
    if (sign_number(now, "to_pay_minor") != 0) {
        buf_str(&text, ", due on ");
        days_add(zones, &text, sign_text(now, "due_at"), zone);
    }
    printf("period      %.*s\n", (int)text.len, text.ptr);
    buf_free(&text);
    zones_free(zones);
}

/* ---- with which VAT ---- */

/* A sum below 0 is the publisher's debt, whatever sign the line above gives it. */
static void show_owed(const struct statement *st, int64_t micros, const char *what)
{
    char mem[40];
    struct buf amount;
    buf_fixed(&amount, mem, sizeof mem);
    if (micros >= 0)
        return;
    decimal_add(&amount, -micros, 6, (int)st->exponent);
    printf("owed        %.*s %.*s by the publisher%s\n", (int)amount.len, amount.ptr, (int)st->currency.len,
           st->currency.ptr, what);
}

static void show_vat(const struct signing *s, const char *id, int64_t to, const json_t *before)
{
    const char *was = sign_text(json_object_get(before, "tax"), "kind");
    struct statement st;
    struct buf payload, parts;
    buf_heap(&payload);
    buf_heap(&parts);
    sign_payload(s, id, to, &payload);
    if (statement_read(buf_span(&payload), &st) != ERR_OK)
        decline("statement %s of %s does not read", id, s->dir);
    show_owed(&st, statement_brought(&st), " from the statement before, which is set off here");
    show_owed(&st, st.carried_micros, ", which is carried over, and the next statement sets it off");
    statement_vat_tell(&parts, &st);
    if (parts.len > 0)
        printf("vat         %.*s\n", (int)parts.len, parts.ptr);
    for (size_t i = 0; i < st.n_rows; i++) {
        buf_clear(&parts);
        statement_despite_tell(&parts, &st, &st.rows[i]);
        if (parts.len > 0)
            printf("vat         BUT %.*s\n", (int)parts.len, parts.ptr);
    }
    buf_clear(&parts);
    statement_untold_tell(&parts, &st);
    if (parts.len > 0)
        printf("vat         BUT %.*s\n", (int)parts.len, parts.ptr);
    buf_clear(&parts);
    statement_carried_tell(&parts, &st);
    if (parts.len > 0)
        printf("vat         carried over, with its VAT: %.*s\n", (int)parts.len, parts.ptr);
    if (before != NULL && strcmp(was, tax_word(st.tax)) != 0)
        printf("vat         CHANGED since the statement before: by what the parties said of themselves then what is "
               "new is under %s, and was under %s\n",
               tax_word(st.tax), was);
    statement_close(&st);
    buf_free(&parts);
    buf_free(&payload);
}

/* ---- by which terms ---- */

static void show_terms(const struct signing *s, const json_t *now, const json_t *before, int64_t to)
{
    int64_t binds = sign_number(now, "terms"), bound = sign_number(before, "terms");
    const json_t *f, *named = NULL;
    size_t at = 0;
    bool changed = false;
    while ((f = sign_fact(s, "terms", &at)) != NULL) {
        int64_t entry = sign_number(json_object_get(f, "data"), "entry");
        named = entry == binds ? f : named;
        if (entry <= bound || (entry > binds && entry >= to))
            continue;
        printf("terms       %s\n", sign_text(f, "sentence"));
        changed = true;
    }
    if (binds == bound && !changed && named != NULL)
        printf("terms       unchanged since the statement before: %s\n", sign_text(named, "sentence"));
    if (named == NULL)
        printf("terms       those of entry %" PRId64
               ", among versions too many to be told one by one: look at them by GET /v1/contracts/%s/terms\n",
               binds, s->contract);
}

/* ---- all of it ---- */

/* Adjustments and credentials that came in [from, to). Those that are told of in one line may have, unless the ones
 * around them say otherwise. */
static void show_new(const struct signing *s, const char *topic, int64_t from, int64_t to)
{
    const json_t *f, *untold = NULL;
    size_t at = 0;
    int64_t last = -1;
    while ((f = sign_fact(s, topic, &at)) != NULL) {
        const json_t *data = json_object_get(f, "data");
        int64_t entry = sign_number(data, "entry");
        if (json_object_get(data, "untold") != NULL) {
            untold = last < to ? f : NULL;
            continue;
        }
        if (untold != NULL && entry > from)
            printf("%-11s %s\n", topic, sign_text(untold, "sentence"));
        if (entry >= from && entry < to)
            printf("%-11s %s\n", topic, sign_text(f, "sentence"));
        untold = NULL;
        last = entry;
    }
}

void sign_show(const struct signing *s, const json_t *statement)
{
    const json_t *data = json_object_get(statement, "data"), *f;
    int64_t from = sign_number(data, "from"), to = sign_number(data, "to"), number = sign_number(data, "number");
    char id[LIMIT_ID + 1];
    json_t *now = payload_read(s, sign_text(data, "id"), to), *before = NULL;
    size_t at = 0;
    if (number > 1) {
        statement_id(span_str(s->contract), (uint64_t)number - 1, id);
        before = payload_read(s, id, from);
    }
    printf("\nstatement   %s\n", sign_text(statement, "sentence"));
    show_period(now);
    show_party(s, now, before, "advertiser");
    show_party(s, now, before, "publisher");
    show_vat(s, sign_text(data, "id"), to, before);
    sign_show_corrected(s, sign_text(data, "id"), number);
    show_terms(s, now, before, to);
    show_new(s, "credential", from, to);
    show_new(s, "adjustment", from, to);
    while ((f = sign_fact(s, "decided", &at)) != NULL)
        printf("decided     %s (in the whole log)\n", sign_text(f, "sentence"));
    json_decref(now);
    json_decref(before);
}
