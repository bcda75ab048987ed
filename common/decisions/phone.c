/* Telephone numbers: what was typed to digits, digits to a number of some country. By phone_table.h, which
 * scripts/phones makes of libphonenumber's metadata. */
#include "common/base/ascii.h"
#include "common/base/country.h"
#include "common/base/text.h"
#include "common/base/unicode.h"
#include "common/base/utf8.h"
#include "common/decisions/contact.h"
#include "common/decisions/phone_table.h"

enum {
    TYPED_MAX = 24,  /* digits that are read: a way abroad, a carrier, E.164 */
    NUMBER_MAX = 15, /* digits of E.164 */
    DIGITS_MIN = 7,  /* where no country is known */
    DIGITS_MAX = 20,
    TAIL_AFTER = 4, /* digits, before what follows can be an extension or a remark */
    LABEL_MAX = 16, /* letters in front: "tel:" */
    TRUNKS_MAX = 3  /* prefixes that stand one behind the other */
};

/* ---- the table ---- */

/* Where the pattern of a node stands after these digits. */
static unsigned walk(unsigned node, struct span digits)
{
    for (size_t i = 0; i < digits.len && node != PHONE_NOWHERE; i++)
        node = phone_next[10 * node + (unsigned)(digits.ptr[i] - '0')];
    return node;
}

static bool accepts(unsigned node, struct span digits)
{
    return walk(node, digits) >= PHONE_ACCEPTS;
}

/* The lengths of all beginnings that the pattern takes, a bit each. */
static uint32_t beginnings(unsigned node, struct span digits)
{
    uint32_t found = node >= PHONE_ACCEPTS;
    for (size_t i = 0; i < digits.len && node != PHONE_NOWHERE; i++) {
        node = phone_next[10 * node + (unsigned)(digits.ptr[i] - '0')];
        if (node >= PHONE_ACCEPTS)
            found |= 2u << i;
    }
    return found;
}

/* The greatest of the lengths, taken out of *lengths; -1 when there is none. */
static int longest(uint32_t *lengths)
{
    if (*lengths == 0)
        return -1;
    int n = 31 - __builtin_clz(*lengths);
    *lengths &= ~(1u << n);
    return n;
}

static const struct phone_country *country_of(struct span name)
{
    char id[2];
    size_t low = 0, high = country_read(name, id) ? PHONE_COUNTRIES : 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(id, phone_countries[middle].id, 2);
        if (order == 0)
            return &phone_countries[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* The plan whose calling code the digits begin with: codes are prefix-free. */
static const struct phone_plan *plan_of(struct span digits)
{
    size_t low = 0, high = PHONE_PLANS;
    while (low < high) {
        size_t middle = (low + high) / 2;
        struct span code = span_str(phone_plans[middle].code);
        struct span front = span_of(digits.ptr, digits.len < code.len ? digits.len : code.len);
        int order = span_order(front, code);
        if (order == 0)
            return &phone_plans[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* ---- prefixes that are dialled inside a country ---- */

/* A number on its way: whoever works on one works on a copy. */
struct number {
    char digits[TYPED_MAX];
    size_t len;
};

static struct span span_of_number(const struct number *n)
{
    return span_of(n->digits, n->len);
}

static struct number number_of(struct span digits)
{
    struct number n = {.len = digits.len};
    memcpy(n.digits, digits.ptr, digits.len);
    return n;
}

/* What the rule makes of the digits: of several ways the one that drops most. */
static bool rule_applies(const struct phone_rule *r, struct span digits, struct number *out)
{
    uint32_t drops = beginnings(r->drop, digits);
    for (int drop; (drop = longest(&drops)) >= 0;) {
        struct span rest = span_skip(digits, (size_t)drop);
        uint32_t keeps = beginnings(r->keep, rest);
        for (int keep; (keep = longest(&keeps)) >= 0;) {
            struct span after = span_skip(rest, (size_t)keep);
            uint32_t behinds = beginnings(r->behind, after);
            int behind = longest(&behinds);
            size_t put = strlen(r->put);
            if (behind < 0 || (r->to_end && (size_t)behind != after.len))
                continue;
            after = span_skip(after, (size_t)behind);
            if (put + (size_t)keep + after.len > sizeof out->digits)
                continue;
            memcpy(out->digits, r->put, put);
            memcpy(out->digits + put, rest.ptr, (size_t)keep);
            memcpy(out->digits + put + keep, after.ptr, after.len);
            out->len = put + (size_t)keep + after.len;
            return true;
        }
    }
    return false;
}

/* A number can have as many digits, or has too many: then others may have to go. */
static bool long_enough(const struct phone_country *c, size_t digits)
{
    return c->lengths >> digits & 1 || c->lengths >> digits == 0;
}

static bool is_number(const struct phone_country *c, struct span digits)
{
    const struct phone_plan *plan = &phone_plans[c->plan];
    return accepts(c->number, digits) || accepts(phone_countries[plan->main].number, digits);
}

/* Takes one prefix off, by the first of the country's rules that leaves a number as good as it was. */
static bool take_prefix(const struct phone_country *c, struct number *n)
{
    struct number after;
    bool before = is_number(c, span_of_number(n));
    for (size_t i = 0; i < c->n_rules; i++) {
        if (!rule_applies(&phone_rules[c->rules + i], span_of_number(n), &after) ||
            span_eq(span_of_number(&after), span_of_number(n)))
            continue;
        if ((before && !is_number(c, span_of_number(&after))) || !long_enough(c, after.len))
            continue;
        *n = after;
        return true;
    }
    return false;
}

/* ---- digits to a number ---- */

struct reading {
    const struct phone_plan *plan; /* NULL: it could not be read */
    struct number number;
    bool dialled; /* a prefix of the country stood in front of it */
};

static struct reading read_as(const struct phone_plan *plan, struct number number, bool dialled)
{
    bool fits = strlen(plan->code) + number.len <= NUMBER_MAX;
    return (struct reading){fits ? plan : NULL, number, dialled};
}

static const struct reading unread = {.plan = NULL};

/* Digits from the calling code on. */
static struct reading read_abroad(struct span digits)
{
    const struct phone_plan *plan = plan_of(digits);
    if (plan == NULL)
        return unread;
    struct number n = number_of(span_skip(digits, strlen(plan->code)));
    for (int i = 0; i <= TRUNKS_MAX; i++) {
        if (accepts(plan->number, span_of_number(&n)))
            return read_as(plan, n, i > 0);
        if (plan->main < 0 || !take_prefix(&phone_countries[plan->main], &n))
            break;
    }
    return unread;
}

/* Behind a prefix that is dialled to get abroad: of several, the shortest that leads somewhere. */
static struct reading read_behind(unsigned prefix, struct span digits)
{
    uint32_t lengths = beginnings(prefix, digits);
    for (size_t n = 1; n < digits.len && lengths >> n; n++)
        if (lengths >> n & 1) {
            struct reading r = read_abroad(span_skip(digits, n));
            if (r.plan != NULL)
                return r;
        }
    return unread;
}

static struct reading read_zeros(struct span digits)
{
    return span_starts(digits, "00") ? read_abroad(span_skip(digits, 2)) : unread;
}

static struct reading read_inside(const struct phone_country *c, struct span digits)
{
    struct number n = number_of(digits);
    bool dialled = false;
    for (int i = 0; i < TRUNKS_MAX && take_prefix(c, &n); i++) {
        dialled = true;
        if (is_number(c, span_of_number(&n)))
            break;
    }
    return is_number(c, span_of_number(&n)) ? read_as(&phone_plans[c->plan], n, dialled) : unread;
}

static bool is_mobile(const struct reading *r)
{
    return r->plan != NULL && accepts(r->plan->mobile, span_of_number(&r->number));
}

/* As dialled in the country; or from its calling code on, the plus being lost. Where digits read both ways, people who
 * leave out the prefix of their country's area codes are fewer than programs that lose a plus before a mobile number.
 */
static struct reading read_in(const struct phone_country *c, struct span digits)
{
    struct reading zeros = read_zeros(digits), r = read_behind(c->abroad, digits);
    if (r.plan == NULL || zeros.plan == &phone_plans[c->plan]) /* nobody dials a carrier's way abroad to stay */
        r = zeros;
    if (r.plan != NULL)
        return r;
    struct reading inside = read_inside(c, digits), lost = unread;
    if (span_starts(digits, phone_plans[c->plan].code))
        lost = read_abroad(digits);
    bool as_lost = lost.plan != NULL && !inside.dialled && is_mobile(&lost) && !is_mobile(&inside);
    return inside.plan == NULL || as_lost ? lost : inside;
}

/* ---- what was typed ---- */

struct typed {
    char digits[TYPED_MAX];
    size_t n;
    size_t first;  /* digits before a mark that may part two numbers; n when there is none */
    size_t braced; /* digits before "(0)", which only stands behind a calling code; 0 when there is none */
    bool plus;
};

enum { PROLONGED_SOUND = 0x30fc }; /* a letter to Unicode, and typed for a dash */

static bool is_plus(uint32_t c)
{
    return c == '+' || c == 0xff0b || c == 0xfe62 || c == 0x2795 || c == 0x207a;
}

/* A spreadsheet's number: "612345616.0". */
static struct span without_fraction(struct span s)
{
    bool fraction = s.len > 2 && memcmp(s.ptr + s.len - 2, ".0", 2) == 0;
    struct span whole = span_of(s.ptr, fraction ? s.len - 2 : 0);
    return fraction && ascii_all_digits(span_skip(whole, span_starts(whole, "+"))) ? whole : s;
}

/* And one that has lost digits: "3.36123E+10". */
static bool is_exponent(struct span s)
{
    size_t at = 0;
    while (at < s.len && (ascii_is_digit(s.ptr[at]) || s.ptr[at] == '.' || s.ptr[at] == ','))
        at++;
    if (at == 0 || at == s.len || ascii_to_lower(s.ptr[at]) != 'e')
        return false;
    s = span_skip(s, at + 1);
    if (!span_empty(s) && (s.ptr[0] == '+' || s.ptr[0] == '-'))
        s = span_skip(s, 1);
    return !span_empty(s) && ascii_all_digits(s);
}

/* One character that is no digit. False for the end of the number; *bad when it is none. */
static bool read_mark(struct typed *t, uint32_t c, size_t *letters, bool *bad)
{
    if ((c == 'x' || c == 'X') && t->n > 0 && t->n < TAIL_AFTER)
        return true; /* "0xx11": whichever carrier one likes */
    if (unicode_letter(c) && c != PROLONGED_SOUND) {
        *bad = t->n == 0 ? ++*letters > LABEL_MAX || t->plus : t->n < TAIL_AFTER;
        return t->n == 0;
    }
    if (is_plus(c)) {
        *bad = t->n > 0 && t->n < TAIL_AFTER;
        t->plus = t->plus || t->n == 0;
        return t->n == 0;
    }
    if (t->n < TAIL_AFTER)
        return true;
    if ((c == ',' || c == '/') && t->first == 0)
        t->first = t->n;
    return c != '#' && c != ';';
}

static bool read_typed(struct span s, struct typed *t)
{
    struct span rest = without_fraction(s);
    size_t letters = 0, open = 0; /* digits before the last '(' */
    bool bad = false, one = false;
    uint32_t c;

    *t = (struct typed){.n = 0};
    if (is_exponent(s))
        return false;
    while (utf8_take(&rest, &c)) {
        int digit = unicode_digit(c);
        if (digit >= 0) {
            if (t->n == sizeof t->digits && t->first == 0)
                return false;
            if (t->n == sizeof t->digits) {
                t->n = t->first;
                break;
            }
            t->digits[t->n++] = (char)('0' + digit);
            continue;
        }
        one = t->n == open + 1 && t->digits[open] == '0';
        if ((c == ')' || c == 0xff09) && one && open > 0 && t->braced == 0)
            t->braced = open;
        open = c == '(' || c == 0xff08 ? t->n : TYPED_MAX;
        if (!read_mark(t, c, &letters, &bad))
            break;
    }
    if (t->first == 0)
        t->first = t->n;
    return !bad && t->n > 0 && utf8_valid(s);
}

/* "33 (0)6 ...": the zero is dialled inside the country, if there. In Italy it belongs to numbers of fixed lines. */
static struct reading read_braced(const struct typed *t, struct span digits)
{
    const struct phone_plan *plan = plan_of(digits);
    char bare[TYPED_MAX];
    if (plan == NULL || strlen(plan->code) != t->braced || t->braced >= digits.len)
        return unread;
    memcpy(bare, digits.ptr, t->braced);
    memcpy(bare + t->braced, digits.ptr + t->braced + 1, digits.len - t->braced - 1);
    struct reading without = read_abroad(span_of(bare, digits.len - 1)), with = read_abroad(digits);
    return with.plan == NULL || is_mobile(&without) ? without : with;
}

static struct reading read_number(const struct typed *t, struct span digits, const struct phone_country *c)
{
    struct reading r = t->braced > 0 ? read_braced(t, digits) : unread;
    if (r.plan == NULL)
        r = t->plus ? read_abroad(digits) : c != NULL ? read_in(c, digits) : read_zeros(digits);
    return r;
}

static struct span without_zeros(struct span digits)
{
    while (span_starts(digits, "0"))
        digits = span_skip(digits, 1);
    return digits;
}

enum phone contact_phone_key(struct span phone, struct span country, struct span fallback, struct buf *key)
{
    const struct phone_country *place = country_of(span_empty(text_strip(country)) ? fallback : country);
    struct typed t;
    if (!read_typed(text_strip(phone), &t))
        return PHONE_UNUSABLE;
    const size_t lengths[] = {t.n, t.first};
    for (size_t i = 0; i < 2; i++) {
        struct reading r = read_number(&t, span_of(t.digits, lengths[i]), place);
        if (r.plan != NULL) {
            buf_byte(key, '+');
            buf_str(key, r.plan->code);
            buf_span_add(key, span_of_number(&r.number));
            return PHONE_GOOD;
        }
    }
    struct span digits = without_zeros(span_of(t.digits, t.n));
    if (digits.len < DIGITS_MIN || digits.len > DIGITS_MAX)
        return PHONE_UNUSABLE;
    buf_span_add(key, digits);
    return PHONE_DIGITS;
}
