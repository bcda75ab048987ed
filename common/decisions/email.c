/* E-mail addresses: one key a mailbox, however its address was typed. */
#include "common/base/ascii.h"
#include "common/base/idn.h"
#include "common/base/text.h"
#include "common/base/unicode.h"
#include "common/base/utf8.h"
#include "common/decisions/contact.h"

enum { LOCAL_MAX = 64, DOMAIN_MAX = 253, LABEL_MAX = 63, TYPED_MAX = 4 * (LOCAL_MAX + 1 + DOMAIN_MAX) };

/* ---- well formed ---- */

/* RFC 5321 Dot-string. What has to be quoted and letters outside ASCII are legal there or in RFC 6531, and typing
 * errors here.
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

enum err contact_domain_key(struct span domain, struct buf *key)
{
    char mem[4 * DOMAIN_MAX];
    struct buf host;
    buf_fixed(&host, mem, sizeof mem);
    if (!idn_host(domain, &host) || host.failed || !domain_well_formed(buf_span(&host)))
        return ERR_INVALID;
    buf_span_add(key, buf_span(&host));
    return ERR_OK;
}

/* ---- who takes which addresses for the same mailbox ---- */

/* What follows a plus is the owner's own note at all of them. */
struct provider {
    const char *domain;  /* "name.*": .com and the domains of countries, name.fr, name.co.uk, name.com.br */
    const char *mailbox; /* the domain that stands for all; NULL: each is its own */
    const char *passed;  /* characters of the local part that do not count */
    const char *dashes;  /* characters that count as '-' */
    bool below;          /* anything@anna.fastmail.com is anna's */
};

static const struct provider providers[] = {
    {"gmail.com", "gmail.com", ".", "", false},
    {"googlemail.com", "gmail.com", ".", "", false},
    {"outlook.*", NULL, "", "", false},
    {"hotmail.*", NULL, "", "", false},
    {"live.*", NULL, "", "", false},
    {"msn.*", NULL, "", "", false},
    {"windowslive.com", NULL, "", "", false},
    {"icloud.com", "icloud.com", "", "", false},
    {"me.com", "icloud.com", "", "", false},
    {"mac.com", "icloud.com", "", "", false},
    {"proton.me", "proton.me", "._-", "", false},
    {"protonmail.com", "proton.me", "._-", "", false},
    {"protonmail.ch", "proton.me", "._-", "", false},
    {"pm.me", "proton.me", "._-", "", false},
    {"yandex.*", "yandex.ru", "", ".", false},
    {"ya.ru", "yandex.ru", "", ".", false},
    {"narod.ru", "yandex.ru", "", ".", false},
    {"fastmail.*", NULL, "", "", true},
    {"fastmail.net", NULL, "", "", true},
    {"fastmail.org", NULL, "", "", true},
    {"zoho.*", NULL, "", "", false},
    {"zohomail.*", NULL, "", "", false},
    {"hey.com", NULL, "", "", false},
    {"gmx.*", NULL, "", "", false},
    {"gmx.net", NULL, "", "", false},
    {"gmx.org", NULL, "", "", false},
    {"yahoo.*", NULL, "", "", false},
    {"aol.com", NULL, "", "", false},
    {"posteo.*", NULL, "", "", false},
    {"mailbox.org", NULL, "", "", false},
};

/* "com", "fr", "co.uk" or "com.br". */
static bool is_country_domain(struct span s)
{
    if (span_is(s, "com"))
        return true;
    s = span_skip(s, span_starts(s, "co.") ? 3 : span_starts(s, "com.") ? 4 : 0);
    return s.len == 2 && ascii_is_lower(s.ptr[0]) && ascii_is_lower(s.ptr[1]);
}

static bool is_domain_of(const struct provider *p, struct span domain)
{
    size_t n = strlen(p->domain);
    if (p->domain[n - 1] != '*')
        return span_is(domain, p->domain);
    return domain.len > n - 1 && memcmp(domain.ptr, p->domain, n - 1) == 0 &&
           is_country_domain(span_skip(domain, n - 1));
}

/* The provider of the domain, or of the one above it: then *user is the label between. */
static const struct provider *provider_of(struct span domain, struct span *user)
{
    struct span above = domain, label = SPAN("");
    bool deeper = text_cut(&above, '.', &label);
    *user = SPAN("");
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
        if (is_domain_of(&providers[i], domain))
            return &providers[i];
        if (deeper && providers[i].below && is_domain_of(&providers[i], above)) {
            *user = label;
            return &providers[i];
        }
    }
    return NULL;
}

/* The local part as its provider counts it. */
static size_t local_key(const struct provider *p, struct span local, char out[LOCAL_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < local.len && !(p != NULL && local.ptr[i] == '+'); i++) {
        char c = ascii_to_lower(local.ptr[i]);
        if (p != NULL && strchr(p->passed, c) != NULL)
            continue;
        out[n++] = p != NULL && strchr(p->dashes, c) != NULL ? '-' : c;
    }
    return n;
}

/* ---- as typed ---- */

static bool is_quote(uint32_t c)
{
    static const uint32_t marks[] = {'"', '\'', '`', 0xb4, 0x2018, 0x2019, 0x201c, 0x201d};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (marks[i] == c)
            return true;
    return false;
}

static struct span unmarked(struct span s)
{
    struct span rest = s;
    uint32_t c;
    while (utf8_take(&rest, &c) && is_quote(c))
        s = rest;
    rest = s;
    while (utf8_take_last(&rest, &c) && is_quote(c))
        s = rest;
    return text_strip(s);
}

/* Marks within marks too, with blanks between. */
static struct span unquoted(struct span s)
{
    size_t before;
    do {
        before = s.len;
        s = unmarked(s);
    } while (s.len < before);
    return s;
}

/* Without "mailto:", "Anna <...>", quotation marks around it and what draws nothing; other blanks as spaces, fullwidth
 * forms as ASCII. */
static bool read_typed(struct span s, struct buf *out)
{
    struct span front;
    bool at = false;
    s = text_strip(s);
    if (s.len && s.ptr[s.len - 1] == '>' && text_cut(&s, '<', &front))
        s.len--;
    s = unquoted(text_strip(s));
    if (ascii_starts(s, "mailto:")) {
        s = span_skip(s, 7);
        s = unquoted(text_cut(&s, '?', &front) ? front : s);
    }
    if (!utf8_valid(s))
        return false;
    for (uint32_t c = 0; front = s, utf8_take(&s, &c);) {
        bool joins = at && (c == 0x200c || c == 0x200d); /* parts of names in some scripts */
        c = c > 0xff00 && c <= 0xff5e ? c - 0xff00 + ' ' : c;
        at = at || c == '@';
        if (unicode_unseen(c) && !joins)
            continue;
        if (c < 0x80 || (unicode_blank(c) && !joins))
            buf_byte(out, unicode_blank(c) ? ' ' : (uint8_t)c);
        else
            buf_add(out, front.ptr, front.len - s.len);
    }
    return !out->failed;
}

/* "anna"@x.example is anna's mailbox (RFC 5321, 4.1.2): what has to be quoted is taken for a typing error. */
#define AROUND_PART " \""

/* A form that forgot to escape a plus sends a space. */
static bool mend_plus(struct span local, char out[LOCAL_MAX])
{
    size_t spaces = 0;
    for (size_t i = 0; i < local.len; i++) {
        spaces += local.ptr[i] == ' ';
        out[i] = local.ptr[i] == ' ' ? '+' : local.ptr[i];
    }
    return spaces <= 1;
}

enum err contact_email_key(struct span email, struct buf *key)
{
    char typed_mem[TYPED_MAX], mended[LOCAL_MAX], counted[LOCAL_MAX], domain_mem[DOMAIN_MAX];
    struct buf typed, domain;
    struct span user;

    buf_fixed(&typed, typed_mem, sizeof typed_mem);
    buf_fixed(&domain, domain_mem, sizeof domain_mem);
    if (!read_typed(email, &typed))
        return ERR_INVALID;
    struct span text = unquoted(buf_span(&typed)); /* marks may have stood behind what is not seen */
    const char *at = text.len ? memrchr(text.ptr, '@', text.len) : NULL;
    if (at == NULL)
        return ERR_INVALID;
    struct span local = text_trim(span_of(text.ptr, (size_t)(at - text.ptr)), AROUND_PART);
    struct span host = text_trim(span_of(at + 1, text.len - (size_t)(at - text.ptr) - 1), AROUND_PART);
    while (host.len && strchr(AROUND_PART ".,;", host.ptr[host.len - 1]) != NULL)
        host.len--;
    if (local.len > LOCAL_MAX || !mend_plus(local, mended) || !local_well_formed(span_of(mended, local.len)) ||
        contact_domain_key(host, &domain) != ERR_OK)
        return ERR_INVALID;

    const struct provider *p = provider_of(buf_span(&domain), &user);
    struct span home = buf_span(&domain), box = span_of(mended, local.len);
    if (!span_empty(user)) {
        home = span_skip(home, user.len + 1);
        box = user;
    }
    struct span name = span_of(counted, local_key(p, box, counted));
    if (!local_well_formed(name) || is_quote((uint8_t)*name.ptr)) /* a.+tag: no mailbox is called a. */
        return ERR_INVALID;
    buf_span_add(key, name);
    buf_byte(key, '@');
    buf_span_add(key, p != NULL && p->mailbox != NULL ? span_str(p->mailbox) : home);
    return ERR_OK;
}
