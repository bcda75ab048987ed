#include <stdio.h>

#include "common/base/ascii.h"
#include "common/base/country.h"
#include "common/base/json_write.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/decisions/contact.h"
#include "server/postback/postback_private.h"

static const struct {
    size_t most;
    enum field_kind kind;
    enum field_whose whose;
} fields[] = {
#define X(symbol, name, most, kind, whose) {most, FIELD_##kind, FIELD_##whose},
    FIELD_TABLE(X)
#undef X
};

enum field_kind postback_field_kind(enum field f)
{
    return fields[f].kind;
}

bool postback_is_words(struct span name)
{
    enum field f;
    return !postback_field_find(name, &f) || fields[f].kind == FIELD_CONTACT || fields[f].kind == FIELD_WORDS;
}

static bool is_word(char c)
{
    return ascii_is_alnum_or(c, "_-.");
}

enum err postback_refuse_field(struct postback *pb, struct span name, const char *what)
{
    char text[LIMIT_FIELD_NAME + 3];
    size_t n = name.len < sizeof text - 1 ? name.len : sizeof text - 1;
    for (size_t i = 0; i < n; i++)
        text[i] = is_word(name.ptr[i]) || name.ptr[i] == ';' ? name.ptr[i] : '?';
    text[n] = '\0';
    enum err err = problem(&pb->rq->problem, ERR_MALFORMED, text, "%s", what);
    return postback_field_known(name) ? err : problem_foreign(&pb->rq->problem, err);
}

static bool is_layout(char c)
{
    return c == '\t' || c == '\n' || c == '\r';
}

static bool has_control(struct span v)
{
    for (size_t i = 0; i < v.len; i++)
        if (ascii_is_control(v.ptr[i]) && !is_layout(v.ptr[i]))
            return true;
    return false;
}

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD: it stands for what could not be read, here or before */

/* Without control characters (C1 ones are U+0080 to U+009F), U+FFFD for what is no UTF-8: what a person wrote is never
 * a reason to lose a lead. */
static struct span cleaned(struct postback *pb, struct span v)
{
    struct buf b;
    uint32_t c;
    arena_buf(pb->rq->arena, &b, (sizeof REPLACEMENT - 1) * v.len);
    while (v.len) {
        struct span at = v;
        bool control = ascii_is_control(*v.ptr) && !is_layout(*v.ptr), good = !control && utf8_take(&v, &c);
        if (!good)
            v = span_skip(v, 1);
        if (good && (c < 0x80 || c >= 0xa0))
            buf_add(&b, at.ptr, at.len - v.len);
        else if (!good && !control)
            buf_str(&b, REPLACEMENT);
    }
    return buf_span(&b);
}

static bool holds_replacement(struct span v)
{
    return v.len > 0 && memmem(v.ptr, v.len, REPLACEMENT, sizeof REPLACEMENT - 1) != NULL;
}

/* As it counts: without blanks around it, in form C. */
static struct span as_counts(struct postback *pb, struct span v)
{
    struct buf b;
    v = text_strip(v);
    if (ascii_printable(v))
        return v;
    arena_buf(pb->rq->arena, &b, 3 * v.len); /* the most that form C takes of UTF-8 */
    text_nfc(&b, v);
    return buf_span(&b);
}

/* A value as it counts. */
static enum err take_value(struct postback *pb, struct span name, enum field_kind kind, size_t most, struct span *v)
{
    bool words = kind == FIELD_CONTACT || kind == FIELD_WORDS;
    if ((kind == FIELD_MACHINE || kind == FIELD_CONTACT) && text_has_macro(*v))
        return postback_refuse_field(pb, name,
                                     "holds a macro that was not replaced: check the postback URL at the sender");
    if (words)
        *v = cleaned(pb, *v);
    else if (has_control(*v))
        return postback_refuse_field(pb, name, "holds a control character");
    else if (!utf8_valid(*v) || holds_replacement(*v))
        return postback_refuse_field(pb, name, "is not UTF-8, or was not before somebody put U+FFFD in its place");
    if (holds_replacement(*v))
        postback_ignore(pb, name);
    if (kind != FIELD_EXACT)
        *v = as_counts(pb, *v);
    if (words)
        *v = utf8_cut(*v, most);
    if (v->len <= most)
        return ERR_OK;
    char text[64];
    snprintf(text, sizeof text, "is too long: at most %zu bytes", most);
    return postback_refuse_field(pb, name, text);
}

static enum err form_field(struct postback *pb, struct span name, struct span value)
{
    if (name.len - 2 > LIMIT_FIELD_NAME || name.len == 2)
        return postback_refuse_field(pb, name, "the name of a form field has 1 to 64 characters");
    for (size_t i = 0; i < name.len; i++)
        if (!is_word(name.ptr[i]))
            return postback_refuse_field(pb, name,
                                         "the name of a form field is made of letters, digits, '_', '-' and '.'");
    size_t at = 0;
    while (at < pb->n_form) {
        int order = span_order(pb->form[at].name, name);
        if (order == 0)
            return postback_refuse_field(pb, name, "given more than once");
        if (order > 0)
            break;
        at++;
    }
    if (span_empty(value))
        return ERR_OK;
    if (pb->n_form == FORM_READ) /* which of them the terms look at is not known yet */
        return postback_refuse_field(pb, name,
                                     "is one of more than 128 form fields: send those that the terms look at");
    memmove(&pb->form[at + 1], &pb->form[at], (pb->n_form - at) * sizeof pb->form[0]);
    pb->form[at] = (struct fact){name, value};
    pb->n_form++;
    return ERR_OK;
}

static enum err read_test(struct postback *pb, struct span v)
{
    bool yes = span_is(v, "1") || span_is(v, "true");
    if (!yes && !span_is(v, "0") && !span_is(v, "false"))
        return postback_refuse_field(pb, SPAN("test"), "must be 1 or 0");
    pb->test = yes;
    pb->field[FIELD_TEST] = yes ? SPAN("1") : span_of(NULL, 0);
    return ERR_OK;
}

static enum err read_country(struct postback *pb, struct span v)
{
    char *code = arena_alloc(pb->rq->arena, 2);
    if (!country_read(v, code))
        return postback_refuse_field(pb, SPAN("country"), COUNTRY_MUST);
    pb->field[FIELD_COUNTRY] = span_of(code, 2);
    return ERR_OK;
}

/* A URL that did not escape the plus of a number sends a blank. */
static struct span with_its_plus(struct postback *pb, struct span v)
{
    struct buf number, key;
    if (v.len < 2 || v.ptr[0] != ' ' || !ascii_is_digit(v.ptr[1]) || v.len > LIMIT_FIELD)
        return v;
    arena_buf(pb->rq->arena, &number, v.len);
    arena_buf(pb->rq->arena, &key, v.len + 1);
    buf_byte(&number, '+');
    buf_span_add(&number, span_skip(v, 1));
    bool good = contact_phone_key(buf_span(&number), SPAN(""), SPAN(""), &key) == PHONE_GOOD;
    return good ? buf_span(&number) : v;
}

/* A CRM's own names and words; false: nothing that is asked for. */
static bool of_crm(struct postback *pb, struct span *name, struct span *value)
{
    struct span named = crm_column(pb->crm, text_strip(*name));
    if (span_empty(named))
        return false;
    *name = named;
    if (span_is(named, "status"))
        *value = crm_status(pb->crm, text_strip(*value));
    return true;
}

enum err postback_field(struct postback *pb, struct span name, struct span value)
{
    enum field f = FIELDS;
    if (pb->crm != NULL && !of_crm(pb, &name, &value)) {
        postback_ignore(pb, name);
        return ERR_OK;
    }
    bool form = span_starts(name, "f_");
    if (!form && !postback_field_find(name, &f))
        return postback_unknown(pb, name);
    if (f == FIELD_PHONE)
        value = with_its_plus(pb, value);
    enum err err = form ? take_value(pb, name, FIELD_WORDS, LIMIT_FIELD, &value)
                        : take_value(pb, name, fields[f].kind, fields[f].most, &value);
    if (err != ERR_OK)
        return err;
    if (form)
        return form_field(pb, name, value);
    if (f == FIELD_TXID && text_is_nothing(value))
        return postback_refuse_field(pb, name,
                                     "holds a program's word for nothing: send the order's own id, or leave it out");
    if (f == FIELD_CLICK_ID && text_is_nothing(value))
        return ERR_OK;
    bool has_aliases = f == FIELD_CLICK_ID || f == FIELD_TXID;
    if (span_empty(value) || (has_aliases && span_eq(pb->field[f], value)))
        return ERR_OK; /* platforms send it under two of its names */
    if (pb->field[f].ptr != NULL)
        return postback_refuse_field(pb, name,
                                     f == FIELD_CLICK_ID ? "given with two values: click_id, clickid, cid, subid and "
                                                           "cnv_id are one field"
                                     : f == FIELD_TXID   ? "given with two values: txid, transaction_id and order_id "
                                                           "are one field"
                                                         : "given more than once");
    pb->field[f] = value;
    return f == FIELD_TEST ? read_test(pb, value) : f == FIELD_COUNTRY ? read_country(pb, value) : ERR_OK;
}

void postback_only(struct postback *pb, enum field_whose whose)
{
    for (int f = 0; f < FIELDS; f++)
        if (pb->field[f].ptr != NULL && !(fields[f].whose & whose)) {
            postback_ignore(pb, span_str(postback_field_name((enum field)f)));
            pb->field[f] = span_of(NULL, 0);
        }
    if (whose & FIELD_NEW)
        return;
    for (size_t i = 0; i < pb->n_form; i++)
        postback_ignore(pb, pb->form[i].name);
    pb->n_form = 0;
}

static bool is_default(const struct postback *pb, int f)
{
    return f == FIELD_EVENT && span_is(pb->field[f], "lead");
}

void postback_facts(const struct postback *pb, const uint8_t pepper[32], uint8_t out[HASH_LEN])
{
    size_t room = 64, form = 0;
    for (int i = 0; i < FIELDS; i++)
        room += 2 * pb->field[i].len + strlen(postback_field_name((enum field)i)) + 8;
    for (size_t i = 0; i < pb->n_form; i++)
        room += 2 * pb->form[i].value.len + pb->form[i].name.len + 8;

    struct buf b;
    struct jw w;
    arena_buf(pb->rq->arena, &b, room);
    jw_open(&w, &b);
    jw_object(&w);
    for (int i = 0; i < FIELDS; i++) {
        for (; i > FIELD_EVENT && form < pb->n_form; form++) { /* "event" < "f_..." < "first_name" */
            jw_key_span(&w, pb->form[form].name);
            jw_str(&w, pb->form[form].value);
        }
        if (pb->field[i].ptr != NULL && i != FIELD_RETURN && !is_default(pb, i))
            jw_kstr(&w, postback_field_name((enum field)i), pb->field[i]);
    }
    jw_object_end(&w);
    jw_close(&w);
    struct hmac *h = hmac_new(pepper, 32);
    hmac_sign(h, (struct span[]){SPAN("facts\n"), buf_span(&b)}, 2, out);
    hmac_free(h);
}
