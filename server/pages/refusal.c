#include "server/pages/refusal.h"

#include "common/pages/part.h"

enum { HOLES = 3 };

/* As the API writes them, {} for what it fills in: of the fields that forms have, from what is met often. In the order
 * in which they are tried: one that takes more stands behind those that say more. */
static const struct known {
    const char *english;
    enum word word;
} known[] = {
    {"is required: a text of 1 to {} bytes, not only blanks", WORD_NO_TEXT},
    {"is required: a text of 1 to {} bytes", WORD_NO_TEXT},
    {"must be a text of 1 to {} bytes, not only blanks", WORD_NO_TEXT},
    {"must be a text of at most {} bytes", WORD_NO_LONG_TEXT},
    {"must be at most {} bytes", WORD_NO_LONG_TEXT},
    {"must not hold control characters", WORD_NO_CONTROL},
    {"must be an e-mail address in ASCII, without quotes", WORD_NO_EMAIL},
    {"must be an e-mail address such as name@example.com", WORD_NO_EMAIL},
    {"must be an IANA time zone, such as Europe/Paris", WORD_NO_ZONE},
    {"must be an IANA time zone such as Europe/Paris", WORD_NO_ZONE},
    {"must be a day, such as {}", WORD_NO_DAY},
    {"must be a day such as {}", WORD_NO_DAY},
    {"must be a day or time such as {} or {}", WORD_NO_TIME},
    {"must be a time of RFC 3339, such as {}", WORD_NO_TIME_ONE},
    {"must be an RFC 3339 time such as {}", WORD_NO_TIME_ONE},
    {"must be later than now", WORD_NO_PAST},
    {"must be a whole number in digits, such as {}", WORD_NO_WHOLE},
    {"must be a whole number, written without fraction and exponent", WORD_NO_FRACTION},
    {"must be a whole number from {} to {}", WORD_NO_RANGE},
    {"may be two amounts: write a point before the decimals, and nothing between thousands", WORD_NO_TWO_AMOUNTS},
    {"must be an amount such as {}, with at most {} decimals", WORD_NO_AMOUNT},
    {"must not be 0", WORD_NO_ZERO},
    {"must not be null", WORD_NO_VALUE},
    {"must be a JSON value: look at its quotes, commas and brackets", WORD_NO_JSON},
    {"must be https: http is for addresses that the operator allows (webhook_allow)", WORD_NO_HTTPS},
    {"this server sends no webhooks, its operator says", WORD_NO_HOOKS},
    {"this server sends no e-mail: its operator has to set smtp_url", WORD_NO_MAIL},
    {"must name one at least", WORD_NO_CHOICE},
    {"choose one lead at least, by the box at its line", WORD_NO_LEAD_CHOSEN},
    {"must be the id of a party of kind {}", WORD_NO_PARTY},
    {"must be the id of a campaign", WORD_NO_CAMPAIGN},
    {"must be an address, or a block such as {}", WORD_NO_BLOCK},
    {"is no lead of this contract", WORD_NO_LEAD_HERE},
    {"is no statement of this contract", WORD_NO_STATEMENT_HERE},
    {"is the key of another: make one of your own", WORD_NO_KEY_OF_OTHER},
    {"a backup or a check is being made: wait for its end", WORD_NO_SECOND_COPY},
    {"a form has at most {} fields", WORD_NO_FIELDS},
    {"is no form of this page: open it anew, and send it again", WORD_NO_FORM},
    {"is more than {} days ahead: look at the year, and give an earlier time", WORD_NO_FAR},
};

/* What stands in the holes. */
static bool fits(const char *pattern, struct span text, struct span hole[HOLES], size_t *n)
{
    for (*n = 0; *pattern != '\0'; pattern++) {
        if (strncmp(pattern, "{}", 2) != 0) {
            if (text.len == 0 || *text.ptr != *pattern)
                return false;
            text = span_skip(text, 1);
            continue;
        }
        const char *rest = pattern + 2;
        const size_t literal = strcspn(rest, "{");
        size_t taken = 0;
        while (taken <= text.len &&
               (literal == 0 ? taken < text.len
                             : text.len - taken < literal || memcmp(text.ptr + taken, rest, literal) != 0))
            taken++;
        if (*n == HOLES || taken > text.len)
            return false;
        hole[(*n)++] = span_of(text.ptr, taken);
        text = span_skip(text, taken);
        pattern++;
    }
    return text.len == 0;
}

void refusal_detail(struct page *g, struct span detail)
{
    struct span hole[HOLES] = {{0}};
    size_t n;
    for (size_t i = 0; i < sizeof known / sizeof *known && g->language != LANGUAGE_EN; i++)
        if (fits(known[i].english, detail, hole, &n)) {
            const struct part part[HOLES] = {P_TEXT(hole[0]), P_TEXT(hole[1]), P_TEXT(hole[2])};
            page_put(g, "{}", part_say(known[i].word, part, n));
            return;
        }
    page_put(g, "<span lang=\"en\">{}</span>", P_TEXT(detail));
}

void refusal_said(struct page *g, struct span field, struct span detail)
{
    if (!span_empty(field))
        page_put(g, "<code>{}</code> ", P_TEXT(field));
    refusal_detail(g, detail);
}
