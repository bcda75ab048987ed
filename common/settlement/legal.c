#include "common/settlement/legal.h"

#include <stdio.h>

#include "common/base/ascii.h"
#include "common/base/country.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/settlement/vat.h"

enum holds { TEXT, LINES, COUNTRY, EMAIL, VAT_ID, REPRESENTATIVES_ID, FLAG };
static const struct {
    const char *name;
    size_t max;
    enum holds holds;
} members[] = {{"address", 500, LINES},
               {"cash_accounting", 0, FLAG},
               {"country", 40, COUNTRY},
               {"email", 254, EMAIL},
               {"exemption", 200, TEXT},
               {"name", 200, TEXT},
               {"representative_address", 500, LINES},
               {"representative_name", 200, TEXT},
               {"representative_vat_id", 40, REPRESENTATIVES_ID},
               {"vat_id", 40, VAT_ID}}; /* by name */
enum { MEMBERS = sizeof members / sizeof *members };
static const char *const names[] = {"address",
                                    "cash_accounting",
                                    "country",
                                    "email",
                                    "exemption",
                                    "name",
                                    "representative_address",
                                    "representative_name",
                                    "representative_vat_id",
                                    "vat_id",
                                    NULL};

static enum err wrong(struct problem *p, const char *member, const char *what)
{
    char field[40];
    snprintf(field, sizeof field, "legal.%s", member);
    return problem(p, ERR_INVALID, field, "%s", what);
}

/* An address has lines. */
static bool plain(struct span s, bool lines)
{
    for (size_t i = 0; i < s.len; i++)
        if (((unsigned char)s.ptr[i] < 0x20 && !(lines && s.ptr[i] == '\n')) || s.ptr[i] == 0x7f)
            return false;
    return true;
}

/* No line is empty, which would set what follows apart, and few lines: what comes behind them is not the address. */
static bool few_lines(struct span s)
{
    size_t n = 0;
    while (s.len > 0) {
        if (++n > LEGAL_LINES || span_empty(text_strip(text_take(&s, '\n'))))
            return false;
    }
    return true;
}

/* Greece's begin with EL, whatever its code. */
static bool take_vat_id(struct span s, bool of_greece, char *out, size_t cap, size_t *len)
{
    *len = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = ascii_to_upper(s.ptr[i]);
        if (c == ' ' || c == '.' || c == '-')
            continue;
        if ((!ascii_is_upper(c) && !ascii_is_digit(c)) || *len == cap)
            return false;
        out[(*len)++] = c;
    }
    if (of_greece && out[0] == 'G' && out[1] == 'R')
        out[0] = 'E', out[1] = 'L';
    return *len >= 4;
}

static bool is_greek(const json_t *said)
{
    const json_t *v = json_object_get(said, "country");
    char code[COUNTRY_LEN];
    return json_is_string(v) && country_read(span_of(json_string_value(v), json_string_length(v)), code) &&
           memcmp(code, "GR", COUNTRY_LEN) == 0;
}

/* What it is written as, in `mem` where that is another text. */
static enum err take_text(const json_t *said, size_t i, struct span *s, char mem[20], struct problem *p)
{
    bool id = members[i].holds == VAT_ID || members[i].holds == REPRESENTATIVES_ID;
    size_t len;
    if (s->len > members[i].max || !plain(*s, members[i].holds == LINES))
        return wrong(p, members[i].name,
                     members[i].holds == LINES ? "must be at most 500 bytes, without control characters but newlines"
                                               : "is too long, or has control characters");
    if (s->len == 0)
        return ERR_OK;
    if (members[i].holds == LINES && !few_lines(*s))
        return wrong(p, members[i].name, "must have at most 6 lines, none of them empty");
    if (members[i].holds == COUNTRY) {
        if (!country_read(*s, mem))
            return wrong(p, members[i].name, COUNTRY_MUST);
        *s = span_of(mem, COUNTRY_LEN);
    } else if (id) {
        if (!take_vat_id(*s, members[i].holds == VAT_ID && is_greek(said), mem, 20, &len))
            return wrong(p, members[i].name, "must be 4 to 20 letters and digits such as FR48999000102");
        *s = span_of(mem, len);
    } else if (members[i].holds == EMAIL && memchr(s->ptr, '@', s->len) == NULL) {
        return wrong(p, members[i].name, "must be an address with an @");
    }
    return ERR_OK;
}

static enum err take_member(struct jw *w, const json_t *said, size_t i, struct problem *p)
{
    const json_t *v = json_object_get(said, members[i].name);
    char mem[20];
    if (v == NULL || json_is_null(v))
        return ERR_OK;
    if (members[i].holds == FLAG) {
        if (!json_is_boolean(v))
            return wrong(p, members[i].name, "must be true or false");
        if (json_is_true(v))
            jw_kbool(w, members[i].name, true);
        return ERR_OK;
    }
    if (!json_is_string(v))
        return wrong(p, members[i].name, "must be a text");
    struct span s = text_strip(span_of(json_string_value(v), json_string_length(v)));
    enum err err = take_text(said, i, &s, mem, p);
    if (err == ERR_OK && s.len > 0)
        jw_kstr(w, members[i].name, s);
    return err;
}

enum err legal_take(const json_t *said, struct buf *out, struct problem *p)
{
    struct jw w;
    enum err err = json_is_object(said) ? json_only(said, "legal", names, p)
                                        : problem(p, ERR_INVALID, "legal", "must be an object, perhaps {}");
    jw_open(&w, out);
    jw_object(&w);
    for (size_t i = 0; i < MEMBERS && err == ERR_OK; i++)
        err = take_member(&w, said, i, p);
    jw_object_end(&w);
    jw_close(&w);
    return err;
}

static bool is_letter(char c)
{
    return ascii_is_upper(ascii_to_upper(c));
}

/* "VAT FR99999999999", or the id alone. */
static bool tells_vat(struct span line)
{
    static const char *const words[] = {"VAT", "TVA"};
    bool digit = false, word = false;
    for (size_t i = 0; i < line.len; i++) {
        digit |= ascii_is_digit(line.ptr[i]);
        for (size_t k = 0; k < 2 && i + 3 <= line.len; k++)
            word |= ascii_to_upper(line.ptr[i]) == words[k][0] && ascii_to_upper(line.ptr[i + 1]) == words[k][1] &&
                    ascii_to_upper(line.ptr[i + 2]) == words[k][2] && (i == 0 || !is_letter(line.ptr[i - 1])) &&
                    (i + 3 == line.len || !is_letter(line.ptr[i + 3]));
    }
    return (digit && word) || vat_reads_as_id(line);
}

static enum err address_check(const json_t *json, const char *name, struct problem *p)
{
    struct span address = SPAN("");
    enum err err = json_get_str(json, "legal", name, LEGAL_MAX, &address, NULL, p);
    while (err == ERR_OK && address.len > 0)
        if (tells_vat(text_take(&address, '\n')))
            err = wrong(p, name, "has a line that reads as a VAT id: say it in vat_id");
    return err;
}

enum err legal_check(struct span text, struct problem *p)
{
    json_t *json = NULL;
    struct span country = SPAN(""), id = SPAN("");
    enum err err = json_read(text, &json, p);
    if (err == ERR_OK)
        err = json_get_str(json, "legal", "country", COUNTRY_LEN, &country, NULL, p);
    if (err == ERR_OK)
        err = json_get_str(json, "legal", "vat_id", LEGAL_MAX, &id, NULL, p);
    if (err == ERR_OK && id.len > 0)
        err = vat_id_check(country, id, p);
    if (err == ERR_OK)
        err = address_check(json, "address", p);
    if (err == ERR_OK)
        err = address_check(json, "representative_address", p);
    json_decref(json);
    return err;
}

bool legal_is(struct span text)
{
    json_t *json = NULL;
    struct buf again;
    if (text.len > LEGAL_MAX || json_read_canonical(text, &json, NULL) != ERR_OK)
        return false;
    buf_heap(&again);
    bool same = legal_take(json, &again, NULL) == ERR_OK && span_eq(buf_span(&again), text);
    buf_free(&again);
    json_decref(json);
    return same;
}

/* ---- VAT ---- */

enum tax tax_of(struct span customer, struct span supplier, bool *self_billing)
{
    json_t *json[2] = {NULL, NULL};
    struct span country[2] = {SPAN(""), SPAN("")};
    bool taxable[2] = {false, false}, eu[2];
    const struct span text[2] = {customer, supplier};
    enum tax kind = TAX_NONE;
    for (int i = 0; i < 2; i++) {
        if (!span_empty(text[i]) && json_read(text[i], &json[i], NULL) != ERR_OK)
            json[i] = NULL;
        const json_t *c = json_object_get(json[i], "country");
        country[i] = vat_area(span_of(json_string_value(c), json_string_length(c)));
        taxable[i] = json_object_get(json[i], "vat_id") != NULL;
        eu[i] = vat_in_eu(country[i]);
    }
    bool told = country[0].len > 0 && country[1].len > 0, same = span_eq(country[0], country[1]);
    if (told && same && eu[1] && taxable[1])
        kind = TAX_DOMESTIC;
    else if (told && !same && eu[0] && taxable[0] && (!eu[1] || taxable[1]))
        kind = TAX_REVERSE_CHARGE;
    else if (told && !eu[0] && eu[1] && taxable[1])
        kind = TAX_OUTSIDE;
    if (self_billing != NULL)
        *self_billing = json[0] != NULL && taxable[1];
    json_decref(json[0]);
    json_decref(json[1]);
    return kind;
}

enum err trade_at(const struct view *v, uint32_t contract, const struct span parties[2], uint64_t to, struct trade *out)
{
    struct trade t = {.kind = TAX_NONE};
    struct buf text[2];
    buf_heap(&text[0]);
    buf_heap(&text[1]);
    enum err err = traders_at(v, contract, parties, to, t.as);
    for (size_t i = 0; i < 2 && err == ERR_OK; i++)
        err = trader_text(v, contract, t.as[i], &text[i]);
    t.kind = tax_of(buf_span(&text[0]), buf_span(&text[1]), &t.self_billing);
    buf_free(&text[0]);
    buf_free(&text[1]);
    if (err == ERR_OK)
        *out = t;
    return err;
}
