#include "common/base/ascii.h"
#include "common/base/country.h"
#include "common/base/json_write.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "server/postback/postback_private.h"

static const struct {
    const char *name;
    size_t most;
} fields[] = {
#define X(symbol, name, most) {name, most},
    FIELD_TABLE(X)
#undef X
};

static const char *const click_id_aliases[] = {"clickid", "cid", "subid", "cnv_id"};

static bool find_field(struct span name, enum field *out)
{
    for (size_t i = 0; i < sizeof click_id_aliases / sizeof click_id_aliases[0]; i++)
        if (span_is(name, click_id_aliases[i])) {
            *out = FIELD_CLICK_ID;
            return true;
        }
    for (int i = 0; i < FIELDS; i++)
        if (span_is(name, fields[i].name)) {
            *out = (enum field)i;
            return true;
        }
    return false;
}

bool postback_field_known(struct span name)
{
    enum field f;
    return span_starts(name, "f_") || find_field(name, &f);
}

static bool is_word(char c)
{
    return ascii_is_alnum_or(c, "_-.");
}

/* "{click_id}": what a platform sends when it did not know the macro. */
static bool has_macro(struct span v)
{
    for (size_t i = 0; i < v.len; i++) {
        size_t n = i + 1;
        while (v.ptr[i] == '{' && n < v.len && is_word(v.ptr[n]))
            n++;
        if (n > i + 1 && n < v.len && v.ptr[n] == '}')
            return true;
    }
    return false;
}

static enum err refuse(struct postback *pb, struct span name, const char *what)
{
    char text[LIMIT_FIELD_NAME + 3];
    size_t n = name.len < sizeof text - 1 ? name.len : sizeof text - 1;
    for (size_t i = 0; i < n; i++)
        text[i] = is_word(name.ptr[i]) ? name.ptr[i] : '?';
    text[n] = '\0';
    return problem(&pb->rq->problem, ERR_MALFORMED, text, "%s", what);
}

static bool clean(struct span v)
{
    for (size_t i = 0; i < v.len; i++)
        if ((unsigned char)v.ptr[i] < ' ' && strchr("\t\n\r", v.ptr[i]) == NULL)
            return false;
    return utf8_valid(v);
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

static enum err form_field(struct postback *pb, struct span name, struct span value)
{
    if (name.len - 2 > LIMIT_FIELD_NAME || name.len == 2)
        return refuse(pb, name, "the name of a form field has 1 to 64 characters");
    for (size_t i = 0; i < name.len; i++)
        if (!is_word(name.ptr[i]))
            return refuse(pb, name, "the name of a form field is made of letters, digits, '_', '-' and '.'");
    if (value.len > LIMIT_FIELD)
        return refuse(pb, name, "too long");
    size_t at = 0;
    while (at < pb->n_form) {
        int order = span_order(pb->form[at].name, name);
        if (order == 0)
            return refuse(pb, name, "given more than once");
        if (order > 0)
            break;
        at++;
    }
    if (span_empty(value))
        return ERR_OK;
    if (pb->n_form == LIMIT_FIELDS)
        return refuse(pb, name, "more than 32 form fields");
    memmove(&pb->form[at + 1], &pb->form[at], (pb->n_form - at) * sizeof pb->form[0]);
    pb->form[at] = (struct fact){name, value};
    pb->n_form++;
    return ERR_OK;
}

static enum err read_test(struct postback *pb, struct span v)
{
    if (!span_is(v, "1") && !span_is(v, "true") && !span_is(v, "0") && !span_is(v, "false"))
        return refuse(pb, SPAN("test"), "must be 1 or 0");
    pb->test = v.ptr[0] == '1' || v.ptr[0] == 't';
    return ERR_OK;
}

static enum err read_country(struct postback *pb, struct span v)
{
    char *code = arena_alloc(pb->rq->arena, 2);
    if (!country_read(v, code))
        return refuse(pb, SPAN("country"), COUNTRY_MUST);
    pb->field[FIELD_COUNTRY] = span_of(code, 2);
    return ERR_OK;
}

enum err postback_field(struct postback *pb, struct span name, struct span value)
{
    enum field f = FIELDS;
    if (has_macro(value))
        return refuse(pb, name, "holds a macro that was not replaced: check the postback URL at the sender");
    bool form = span_starts(name, "f_");
    if (!form && !find_field(name, &f))
        return ERR_OK;
    if (!clean(value))
        return refuse(pb, name, "is not clean UTF-8 text");
    value = as_counts(pb, value);
    if (form)
        return form_field(pb, name, value);
    if (f == FIELD_CLICK_ID && pb->given & 1u << f && span_eq(pb->field[f], value))
        return ERR_OK; /* platforms send it under two of its names */
    if (pb->given & 1u << f)
        return refuse(pb, name,
                      f == FIELD_CLICK_ID
                          ? "given with two values: click_id, clickid, cid, subid and cnv_id are one field"
                          : "given more than once");
    pb->given |= 1u << f;
    if (value.len > fields[f].most)
        return refuse(pb, name, "too long");
    if (span_empty(value))
        return ERR_OK;
    pb->field[f] = value;
    return f == FIELD_TEST ? read_test(pb, value) : f == FIELD_COUNTRY ? read_country(pb, value) : ERR_OK;
}

void postback_facts_sha256(const struct postback *pb, uint8_t out[HASH_LEN])
{
    size_t room = 64, form = 0;
    for (int i = 0; i < FIELDS; i++)
        room += 2 * pb->field[i].len + strlen(fields[i].name) + 8;
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
        if (pb->field[i].ptr != NULL && i != FIELD_RETURN)
            jw_kstr(&w, fields[i].name, pb->field[i]);
    }
    jw_object_end(&w);
    jw_close(&w);
    sha256(b.ptr, b.len, out);
}
