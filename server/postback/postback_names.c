/* The names of fields: what stands for which field, what was meant for one, and what nobody here knows. */
#include "common/base/ascii.h"
#include "common/base/utf8.h"
#include "server/postback/postback_private.h"

static const struct {
    const char *name;
    enum field field;
} aliases[] = {
    {"clickid", FIELD_CLICK_ID}, {"cid", FIELD_CLICK_ID},        {"subid", FIELD_CLICK_ID},
    {"cnv_id", FIELD_CLICK_ID},  {"transaction_id", FIELD_TXID}, {"order_id", FIELD_TXID},
};
enum { ALIASES = sizeof aliases / sizeof *aliases };

/* Folded: lower case, letters and digits alone. */
static const struct {
    const char *name;
    enum field field;
} meant[] = {
    {"mail", FIELD_EMAIL},
    {"emailaddress", FIELD_EMAIL},
    {"mailaddress", FIELD_EMAIL},
    {"telephone", FIELD_PHONE},
    {"tel", FIELD_PHONE},
    {"phonenumber", FIELD_PHONE},
    {"mobile", FIELD_PHONE},
    {"mobilephone", FIELD_PHONE},
    {"telephonenumber", FIELD_PHONE},
    {"fname", FIELD_FIRST_NAME},
    {"forename", FIELD_FIRST_NAME},
    {"givenname", FIELD_FIRST_NAME},
    {"lname", FIELD_LAST_NAME},
    {"surname", FIELD_LAST_NAME},
    {"familyname", FIELD_LAST_NAME},
    {"countrycode", FIELD_COUNTRY},
    {"currencycode", FIELD_CURRENCY},
    {"revenue", FIELD_AMOUNT},
    {"saleamount", FIELD_AMOUNT},
    {"txnid", FIELD_TXID},
    {"trxid", FIELD_TXID},
    {"ordernumber", FIELD_TXID},
    {"transaction", FIELD_TXID},
};
/* Words of their own, however near they are. */
static const char *const ordinary[] = {"county", "contact"};

enum { FOLDED_MAX = 24, NEAR_MIN = 5 };

const char *postback_field_name(enum field f)
{
    static const char *const names[] = {
#define X(symbol, name, most, kind, whose) name,
        FIELD_TABLE(X)
#undef X
    };
    return names[f];
}

bool postback_field_find(struct span name, enum field *out)
{
    for (size_t i = 0; i < ALIASES; i++)
        if (span_is(name, aliases[i].name)) {
            *out = aliases[i].field;
            return true;
        }
    for (int i = 0; i < FIELDS; i++)
        if (span_is(name, postback_field_name((enum field)i))) {
            *out = (enum field)i;
            return true;
        }
    return false;
}

bool postback_field_known(struct span name)
{
    enum field f;
    return span_starts(name, "f_") || postback_field_find(name, &f);
}

/* ---- close misses ---- */

/* False when it is too long to be near anything. */
static bool fold(struct span name, char out[FOLDED_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < name.len; i++)
        if (ascii_is_alnum(name.ptr[i])) {
            if (n == FOLDED_MAX)
                return false;
            out[n++] = ascii_to_lower(name.ptr[i]);
        }
    out[n] = '\0';
    return n > 0;
}

/* One letter more, less or another, or two turned round; the first letter stands, and no digit is what differs. */
static bool near(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b), same = 0;
    if (la + 1 < lb || lb + 1 < la || lb < NEAR_MIN)
        return false;
    while (a[same] && a[same] == b[same])
        same++;
    if (same == 0 || ascii_is_digit(a[same]) || ascii_is_digit(b[same]))
        return false;
    const char *ra = a + same, *rb = b + same;
    if (la > lb)
        return strcmp(ra + 1, rb) == 0;
    if (la < lb)
        return strcmp(ra, rb + 1) == 0;
    if (*ra == '\0')
        return true;
    return strcmp(ra + 1, rb + 1) == 0 || (ra[1] && ra[0] == rb[1] && ra[1] == rb[0] && strcmp(ra + 2, rb + 2) == 0);
}

static bool is_near(const char *folded, const char *name)
{
    char other[FOLDED_MAX + 1];
    return fold(span_str(name), other) && (strcmp(folded, other) == 0 || near(folded, other));
}

static bool find_meant(struct span name, enum field *out)
{
    char folded[FOLDED_MAX + 1];
    if (!fold(name, folded))
        return false;
    for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++)
        if (strcmp(folded, ordinary[i]) == 0)
            return false;
    for (size_t i = 0; i < sizeof meant / sizeof *meant; i++)
        if (strcmp(folded, meant[i].name) == 0) {
            *out = meant[i].field;
            return true;
        }
    for (int i = 0; i < FIELDS; i++)
        if (is_near(folded, postback_field_name((enum field)i))) {
            *out = (enum field)i;
            return true;
        }
    for (size_t i = 0; i < ALIASES; i++)
        if (is_near(folded, aliases[i].name)) {
            *out = aliases[i].field;
            return true;
        }
    return false;
}

/* ---- names that nobody knows ---- */

void postback_ignore(struct postback *pb, struct span name)
{
    struct buf b;
    if (pb->n_ignored == IGNORED_NAMES)
        return;
    arena_buf(pb->rq->arena, &b, LIMIT_FIELD_NAME);
    utf8_repair(&b, name, LIMIT_FIELD_NAME);
    struct span kept = buf_span(&b);
    for (size_t i = 0; i < pb->n_ignored; i++)
        if (span_eq(pb->ignored[i], kept))
            return;
    pb->ignored[pb->n_ignored++] = kept;
}

static bool begins(struct span name, const char *front)
{
    return ascii_starts(name, front) && name.len > strlen(front);
}

bool postback_form_missed(struct span name)
{
    static const char *const fronts[] = {"f_", "f-", "f.", "f ", "f:", "f[", "fields[", "fields."};
    bool missed = false;
    for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++)
        missed |= begins(name, fronts[i]);
    return missed && !span_starts(name, "f_");
}

enum err postback_unknown(struct postback *pb, struct span name)
{
    static const char amp[] = "amp;";
    enum field f;
    bool escaped = span_starts(name, amp);
    struct span rest = escaped ? span_skip(name, sizeof amp - 1) : name;
    bool known = span_starts(rest, "f_") || postback_form_missed(rest) || postback_field_find(rest, &f);
    if (escaped && (known || find_meant(rest, &f)))
        return postback_refuse_field(pb, name, "the URL was escaped for HTML: write & in place of &amp;");
    if (postback_form_missed(rest))
        return postback_refuse_field(pb, name, "is no field: did you mean a form field? Their names begin with f_");
    if (!find_meant(rest, &f)) {
        postback_ignore(pb, name);
        return ERR_OK;
    }
    struct buf b;
    arena_buf(pb->rq->arena, &b, 128);
    buf_printf(&b, "is no field: did you mean %s? Further form fields have names that begin with f_",
               postback_field_name(f));
    buf_byte(&b, '\0');
    return postback_refuse_field(pb, name, b.ptr);
}
