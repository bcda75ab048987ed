#include "common/pages/words.h"

#include <string.h>

#include "common/decisions/reason.h"
#include "common/decisions/terms.h"
#include "common/pages/country_table.h"
#include "common/reports/channel.h"

static const char *const texts[WORDS][LANGUAGES] = {
#define X(symbol, en, fr, zh) [WORD_##symbol] = {[LANGUAGE_EN] = en, [LANGUAGE_FR] = fr, [LANGUAGE_ZH] = zh},
    WORD_TABLE(X)
#undef X
};

const char *word_text(enum language language, enum word word)
{
    return texts[word][language];
}

static const enum word statuses[STATUS_COUNT] = {
    [STATUS_PENDING] = WORD_PENDING,     [STATUS_HELD] = WORD_HELD,           [STATUS_APPROVED] = WORD_APPROVED,
    [STATUS_REJECTED] = WORD_REJECTED,   [STATUS_DUPLICATE] = WORD_DUPLICATE, [STATUS_RETURNED] = WORD_RETURNED,
    [STATUS_CONVERTED] = WORD_CONVERTED,
};
static const enum word reasons[REASON_COUNT] = {
    [REASON_NONE] = WORDS,
    [REASON_NO_CLICK] = WORD_NO_CLICK,
    [REASON_UNKNOWN_CLICK] = WORD_UNKNOWN_CLICK,
    [REASON_OUTSIDE_WINDOW] = WORD_OUTSIDE_WINDOW,
    [REASON_MISSING_FIELD] = WORD_MISSING_FIELD,
    [REASON_BAD_EMAIL] = WORD_BAD_EMAIL,
    [REASON_BAD_PHONE] = WORD_BAD_PHONE,
    [REASON_OUTSIDE_PROFILE] = WORD_OUTSIDE_PROFILE,
    [REASON_TOO_FAST] = WORD_TOO_FAST,
    [REASON_HONEYPOT] = WORD_HONEYPOT,
    [REASON_BOT] = WORD_BOT,
    [REASON_DUPLICATE] = WORD_KNOWN_PERSON,
    [REASON_CAP_DAY] = WORD_CAP_DAY,
    [REASON_CAP_MONTH] = WORD_CAP_MONTH,
    [REASON_BUDGET] = WORD_BUDGET,
    [REASON_CONTRACT_ENDED] = WORD_CONTRACT_ENDED,
    [REASON_LOW_SCORE] = WORD_LOW_SCORE,
    [REASON_UNRECORDED] = WORD_UNRECORDED,
    [REASON_TEST] = WORD_TEST,
    [REASON_REVIEW] = WORD_REVIEW,
};
static const enum word sentences[REASON_COUNT] = {
    [REASON_NONE] = WORDS,
    [REASON_NO_CLICK] = WORD_WHY_NO_CLICK,
    [REASON_UNKNOWN_CLICK] = WORD_WHY_UNKNOWN_CLICK,
    [REASON_OUTSIDE_WINDOW] = WORD_WHY_OUTSIDE_WINDOW,
    [REASON_MISSING_FIELD] = WORD_WHY_MISSING_FIELD,
    [REASON_BAD_EMAIL] = WORD_WHY_BAD_EMAIL,
    [REASON_BAD_PHONE] = WORD_WHY_BAD_PHONE,
    [REASON_OUTSIDE_PROFILE] = WORD_WHY_OUTSIDE_PROFILE,
    [REASON_TOO_FAST] = WORD_WHY_TOO_FAST,
    [REASON_HONEYPOT] = WORD_WHY_HONEYPOT,
    [REASON_BOT] = WORD_WHY_BOT,
    [REASON_DUPLICATE] = WORD_WHY_DUPLICATE,
    [REASON_CAP_DAY] = WORD_WHY_CAP_DAY,
    [REASON_CAP_MONTH] = WORD_WHY_CAP_MONTH,
    [REASON_BUDGET] = WORD_WHY_BUDGET,
    [REASON_CONTRACT_ENDED] = WORD_WHY_CONTRACT_ENDED,
    [REASON_LOW_SCORE] = WORD_WHY_LOW_SCORE,
    [REASON_UNRECORDED] = WORD_WHY_UNRECORDED,
    [REASON_TEST] = WORD_WHY_TEST,
    [REASON_REVIEW] = WORD_WHY_REVIEW,
};

enum word word_of_status(struct span status)
{
    enum status s;
    return status_parse(status, &s) == ERR_OK ? statuses[s] : WORDS;
}

enum word word_of_reason(struct span reason)
{
    enum reason r;
    return reason_parse(reason, &r) == ERR_OK ? reasons[r] : WORDS;
}

enum word word_of_class(struct span class)
{
    static const enum word words[CLASS_COUNT] = {
#define X(symbol, word, meaning) [CLASS_##symbol] = WORD_CLASS_##symbol,
        CLASS_TABLE(X)
#undef X
    };
    enum class c;
    return class_parse(class, &c) == ERR_OK ? words[c] : WORDS;
}

enum word word_of_device(struct span device)
{
    static const enum word words[DEVICE_COUNT] = {[DEVICE_NONE] = WORDS,
                                                  [DEVICE_PHONE] = WORD_DEVICE_PHONE,
                                                  [DEVICE_TABLET] = WORD_DEVICE_TABLET,
                                                  [DEVICE_DESKTOP] = WORD_DEVICE_DESKTOP,
                                                  [DEVICE_APP] = WORD_DEVICE_APP};
    for (enum device d = 0; d < DEVICE_COUNT; d++)
        if (span_is(device, device_word(d)))
            return words[d];
    return WORDS;
}

enum word word_of_field(struct span field)
{
    static const struct {
        const char *name;
        enum word word;
    } fields[] = {
        {"country", WORD_FIELD_COUNTRY},       {"email", WORD_FIELD_EMAIL},         {"phone", WORD_FIELD_PHONE},
        {"first_name", WORD_FIELD_FIRST_NAME}, {"last_name", WORD_FIELD_LAST_NAME}, {"placement", WORD_FIELD_PLACEMENT},
        {"device", WORD_FIELD_DEVICE},         {"class", WORD_FIELD_CLASS},         {TIER_SCORE, WORD_FIELD_SCORE}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (span_is(field, fields[i].name))
            return fields[i].word;
    return WORDS;
}

enum word word_of_channel(struct span channel)
{
    static const enum word words[CHANNELS] = {
#define X(symbol, word) [CHANNEL_##symbol] = WORD_CHANNEL_##symbol,
        CHANNEL_TABLE(X)
#undef X
    };
    for (enum channel c = 0; c < CHANNELS; c++)
        if (span_is(channel, channel_word(c)))
            return words[c];
    return WORDS;
}

static const struct {
    char code[3];
    const char *name[LANGUAGES];
} countries[] = {
#define X(code, en, fr, zh) {#code, {[LANGUAGE_EN] = en, [LANGUAGE_FR] = fr, [LANGUAGE_ZH] = zh}},
    COUNTRY_TABLE(X)
#undef X
};

struct span country_word(enum language language, struct span code)
{
    for (size_t i = 0; i < sizeof countries / sizeof *countries; i++)
        if (span_is(code, countries[i].code))
            return span_str(countries[i].name[language]);
    return code;
}

enum word sentence_of_reason(struct span reason)
{
    enum reason r;
    return reason_parse(reason, &r) == ERR_OK ? sentences[r] : WORDS;
}
