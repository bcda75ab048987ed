#include "common/settlement/vat.h"

#include "common/base/ascii.h"
#include "common/base/buf.h"
#include "common/base/country.h"
#include "common/base/text.h"

/* 9 is a digit, A a letter, X either; all else is itself. */
static const struct {
    const char *country;
    bool eu;
    const char *forms;
} countries[] = {
    {"AT", true, "ATU99999999"},
    {"BE", true, "BE0999999999|BE1999999999"},
    {"BG", true, "BG999999999|BG9999999999"},
    {"CY", true, "CY99999999A"},
    {"CZ", true, "CZ99999999|CZ999999999|CZ9999999999"},
    {"DE", true, "DE999999999"},
    {"DK", true, "DK99999999"},
    {"EE", true, "EE999999999"},
    {"ES", true, "ESA9999999X|ESX9999999A"},
    {"FI", true, "FI99999999"},
    {"FR", true, "FRXX999999999"},
    {"GB", false, "GB999999999|GB999999999999|GBGD999|GBHA999|XI999999999|XI999999999999|XIGD999|XIHA999"},
    {"GR", true, "EL999999999"},
    {"HR", true, "HR99999999999"},
    {"HU", true, "HU99999999"},
    {"IE", true, "IE9X99999A|IE9999999AA"},
    {"IT", true, "IT99999999999"},
    {"LT", true, "LT999999999|LT999999999999"},
    {"LU", true, "LU99999999"},
    {"LV", true, "LV99999999999"},
    {"MT", true, "MT99999999"},
    {"NL", true, "NLXXXXXXXXXBXX"},
    {"PL", true, "PL9999999999"},
    {"PT", true, "PT999999999"},
    {"RO", true, "RO99|RO999|RO9999|RO99999|RO999999|RO9999999|RO99999999|RO999999999|RO9999999999"},
    {"SE", true, "SE999999999999"},
    {"SI", true, "SI99999999"},
    {"SK", true, "SK9999999999"},
};
enum { COUNTRIES = sizeof countries / sizeof *countries };

struct span vat_area(struct span country)
{
    static const char *const counted[][2] = {{"IM", "GB"}, {"MC", "FR"}};
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        if (span_is(country, counted[i][0]))
            return span_str(counted[i][1]);
    return country;
}

static size_t row_of(struct span country)
{
    const struct span area = vat_area(country);
    size_t i = 0;
    while (i < COUNTRIES && !span_is(area, countries[i].country))
        i++;
    return i;
}

bool vat_in_eu(struct span country)
{
    size_t i = row_of(country);
    return i < COUNTRIES && countries[i].eu;
}

static bool fits(struct span form, struct span id)
{
    if (form.len != id.len)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        bool digit = ascii_is_digit(id.ptr[i]), letter = ascii_is_upper(id.ptr[i]), prefix = i < COUNTRY_LEN;
        if (prefix || (form.ptr[i] != '9' && form.ptr[i] != 'A' && form.ptr[i] != 'X')
                ? id.ptr[i] != form.ptr[i]
                : !(digit && form.ptr[i] != 'A') && !(letter && form.ptr[i] != '9'))
            return false;
    }
    return true;
}

bool vat_reads_as_id(struct span text)
{
    enum { LONGEST = 16 };
    char mem[LONGEST];
    struct span id = {mem, 0};
    for (size_t i = 0; i < text.len; i++) {
        char c = ascii_to_upper(text.ptr[i]);
        if (!ascii_is_upper(c) && !ascii_is_digit(c))
            continue;
        if (id.len == LONGEST)
            return false;
        mem[id.len++] = c;
    }
    for (size_t i = 0; i < COUNTRIES; i++)
        for (struct span rest = span_str(countries[i].forms); rest.len > 0;) {
            struct span form = text_take(&rest, '|');
            if (id.len > 2 * COUNTRY_LEN && fits(form, id))
                return true;
        }
    return false;
}

enum err vat_id_check(struct span country, struct span id, struct problem *p)
{
    size_t row = row_of(country);
    char mem[160];
    struct buf said;
    if (row == COUNTRIES)
        return ERR_OK;
    buf_fixed(&said, mem, sizeof mem);
    for (struct span rest = span_str(countries[row].forms); rest.len > 0;) {
        struct span form = text_take(&rest, '|');
        if (fits(form, id))
            return ERR_OK;
        buf_str(&said, said.len > 0 ? " or " : "");
        buf_span_add(&said, form);
    }
    return problem(p, ERR_INVALID, "legal.vat_id", "of a party in %.*s is %.*s (9: a digit, A: a letter, X: either)",
                   (int)country.len, country.ptr, (int)said.len, said.ptr);
}
