#include "common/decisions/contact.h"

#include <assert.h>

#include <idn2.h>

#include "common/base/ascii.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/decisions/calling_codes.h"

enum { LOCAL_MAX = 64, DOMAIN_MAX = 253, LABEL_MAX = 63, PHONE_MIN = 7, PHONE_MAX = 15 };

/* RFC 5321 Dot-string. Quoted strings and letters outside ASCII are legal there or in RFC 6531, and typing errors here.
 */
static bool local_well_formed(struct span local)
{
    if (local.len == 0 || local.len > LOCAL_MAX || local.ptr[0] == '.' || local.ptr[local.len - 1] == '.')
        return false;
    for (size_t i = 0; i < local.len; i++) {
        char c = local.ptr[i];
        if (c == '.' && local.ptr[i - 1] == '.')
            return false;
        if (!ascii_is_alnum_or(c, ".!#$%&'*+-/=?^_`{|}~"))
            return false;
    }
    return true;
}

/* Letters, digits and hyphens; at least two labels; the last one not all digits. */
static bool domain_well_formed(struct span domain)
{
    size_t start = 0, labels = 0;
    bool digits = true;
    if (domain.len > DOMAIN_MAX)
        return false;
    for (size_t i = 0; i <= domain.len; i++) {
        if (i < domain.len && domain.ptr[i] != '.') {
            if (!ascii_is_alnum_or(domain.ptr[i], "-"))
                return false;
            digits = digits && ascii_is_digit(domain.ptr[i]);
            continue;
        }
        size_t len = i - start;
        if (len == 0 || len > LABEL_MAX || domain.ptr[start] == '-' || domain.ptr[i - 1] == '-')
            return false;
        labels++;
        start = i + 1;
        if (i < domain.len)
            digits = true;
    }
    return labels >= 2 && !digits;
}

/* Lowercase A-labels into out. */
static bool domain_key(struct span domain, struct buf *out)
{
    char text[DOMAIN_MAX + 1], *ascii = NULL;
    bool plain = true, good = false;

    if (domain.len == 0 || domain.len > DOMAIN_MAX || !utf8_valid(domain))
        return false;
    for (size_t i = 0; i < domain.len; i++) {
        text[i] = ascii_to_lower(domain.ptr[i]);
        plain = plain && (unsigned char)text[i] < 0x80;
    }
    text[domain.len] = '\0';
    int rc = plain ? IDN2_OK : idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc == IDN2_MALLOC)
        mem_exhausted();
    if (rc != IDN2_OK)
        goto done;
    struct span key = span_str(plain ? text : ascii);
    good = domain_well_formed(key);
    if (good)
        buf_span_add(out, key);
done:
    idn2_free(ascii);
    return good;
}

static bool is_one_of(struct span s, const char *const *list)
{
    while (*list != NULL && !span_is(s, *list))
        list++;
    return *list != NULL;
}

enum err contact_email_key(struct span email, struct buf *key)
{
    static const char *const gmail[] = {"gmail.com", "googlemail.com", NULL};
    /* what follows a plus in the local part is the owner's own note here */
    static const char *const plus_tags[] = {
        "outlook.com",  "hotmail.com",   "live.com",   "msn.com",    "hotmail.fr", "hotmail.de",     "hotmail.it",
        "hotmail.es",   "hotmail.co.uk", "outlook.fr", "outlook.de", "outlook.it", "outlook.es",     "live.fr",
        "live.co.uk",   "icloud.com",    "me.com",     "mac.com",    "proton.me",  "protonmail.com", "pm.me",
        "fastmail.com", "fastmail.fm",   "yandex.com", "yandex.ru",  NULL};
    char local[LOCAL_MAX], domain_mem[DOMAIN_MAX];
    struct buf domain;
    size_t n = 0;

    email = text_trim(email, TYPED_BLANKS);
    const char *at = email.len ? memrchr(email.ptr, '@', email.len) : NULL;
    if (at == NULL)
        return ERR_INVALID;
    struct span before = span_of(email.ptr, (size_t)(at - email.ptr));
    buf_fixed(&domain, domain_mem, sizeof domain_mem);
    if (!local_well_formed(before) || !domain_key(span_of(at + 1, email.len - before.len - 1), &domain))
        return ERR_INVALID;

    bool google = is_one_of(buf_span(&domain), gmail), tags = google || is_one_of(buf_span(&domain), plus_tags);
    for (size_t i = 0; i < before.len && !(tags && before.ptr[i] == '+'); i++)
        if (!(google && before.ptr[i] == '.'))
            local[n++] = ascii_to_lower(before.ptr[i]);
    if (!local_well_formed(span_of(local, n))) /* a.+tag: no mailbox is called a. */
        return ERR_INVALID;
    buf_add(key, local, n);
    buf_byte(key, '@');
    buf_span_add(key, google ? SPAN("gmail.com") : buf_span(&domain));
    return ERR_OK;
}

static const struct country {
    char id[3], code[4], trunk[3];
    uint8_t min, max;
} countries[] = {
#define X(id, code, trunk, min, max) {#id, #code, trunk, min, max},
    CALLING_CODE_TABLE(X)
#undef X
};
enum { COUNTRIES = sizeof countries / sizeof *countries };

static const struct country *country_by_id(struct span id)
{
    for (size_t i = 0; id.len == 2 && i < COUNTRIES; i++)
        if (ascii_to_lower(id.ptr[0]) == ascii_to_lower(countries[i].id[0]) &&
            ascii_to_lower(id.ptr[1]) == ascii_to_lower(countries[i].id[1]))
            return &countries[i];
    return NULL;
}

/* Calling codes are prefix-free: at most one fits. */
static const struct country *country_by_number(struct span digits)
{
    for (size_t i = 0; i < COUNTRIES; i++)
        if (span_starts(digits, countries[i].code))
            return &countries[i];
    return NULL;
}

/* A number as dialled inside the country, without its trunk prefix. */
static struct span without_trunk(const struct country *c, struct span digits)
{
    size_t n = strlen(c->trunk);
    if (n && c->trunk[0] != '0' &&
        span_starts(digits, "0")) /* such prefixes are being replaced by 0; no number starts with one */
        return span_skip(digits, 1);
    /* a number may start with 1 or 8 of its own: then it is short without it */
    if (n && span_starts(digits, c->trunk) && (c->trunk[0] == '0' || digits.len - n >= c->min))
        return span_skip(digits, n);
    return digits;
}

/* True when an unmarked number only makes sense as an international one whose + was lost: too long for the country, but
 * right behind its code. */
static bool lost_its_plus(const struct country *c, struct span digits)
{
    size_t n = strlen(c->code);
    return span_starts(digits, c->code) && digits.len > c->max && digits.len - n >= c->min && digits.len - n <= c->max;
}

/* The digits of a number as typed. False for what no number has in it. */
static bool read_digits(struct span phone, char *digits, size_t cap, size_t *n, bool *plus)
{
    *n = 0;
    *plus = false;
    for (size_t i = 0; i < phone.len; i++) {
        char c = phone.ptr[i];
        if (c == '+') {
            if (*plus || *n)
                return false;
            *plus = true;
        } else if (ascii_is_digit(c)) {
            if (*n == cap)
                return false;
            digits[(*n)++] = c;
        } else if (c == '\0' || strchr(" ()-./", c) == NULL) {
            return false;
        }
    }
    return true;
}

enum err contact_phone_key(struct span phone, struct span country, struct buf *key)
{
    char digits[PHONE_MAX + 4]; /* 00 and a trunk prefix come off */
    const struct country *c;
    size_t n;
    bool plus;

    if (!read_digits(text_trim(phone, TYPED_BLANKS), digits, sizeof digits, &n, &plus))
        return ERR_INVALID;
    struct span number = span_of(digits, n);
    if (!plus && span_starts(number, "00")) {
        plus = true;
        number = span_skip(number, 2);
    }
    if (!plus) {
        if ((c = country_by_id(country)) == NULL)
            return ERR_INVALID;
        struct span national = without_trunk(c, number);
        plus = national.len == number.len && lost_its_plus(c, number);
        if (!plus)
            number = national;
    } else {
        c = country_by_number(number);
    }

    struct span code = c != NULL ? span_str(c->code) : span_of(NULL, 0);
    if (plus)
        number = span_skip(number, code.len);
    /* +33 (0)6 ..., and no number starts with it */
    while (c != NULL && c->trunk[0] == '0' && span_starts(number, c->trunk))
        number = span_skip(number, strlen(c->trunk));
    size_t all = code.len + number.len;
    if (all < PHONE_MIN || all > PHONE_MAX || (c == NULL && (number.ptr[0] == '0')))
        return ERR_INVALID;
    buf_byte(key, '+');
    buf_span_add(key, code);
    buf_span_add(key, number);
    return ERR_OK;
}

void contact_token(struct hmac *pepper, const char *label, struct span key, uint8_t out[TOKEN_LEN])
{
    struct span parts[] = {span_str(label), SPAN("\n"), key};
    uint8_t mac[HASH_LEN];
    hmac_sign(pepper, parts, 3, mac);
    memcpy(out, mac, TOKEN_LEN);
}
