#include <assert.h>

#include "common/decisions/reason.h"

#define WORD(symbol, word, meaning) word,

static const char *const reason_words[] = {REASON_TABLE(WORD)};
static const char *const status_words[] = {STATUS_TABLE(WORD)};
static const char *const class_words[] = {CLASS_TABLE(WORD)};
static const char *const trust_words[] = {TRUST_TABLE(WORD)};
static const char *const device_words[] = {DEVICE_TABLE(WORD)};
static const char *const credential_words[] = {CREDENTIAL_TABLE(WORD)};
static const char *const tax_words[] = {TAX_TABLE(WORD)};
static const char *const model_origin_words[] = {ORIGIN_TABLE(WORD)};

static int find(const char *const *words, int n, struct span word)
{
    for (int i = 0; i < n; i++) {
        if (span_is(word, words[i])) {
            return i;
        }
    }
    return -1;
}

/* clang-format off */
#define WORD_FUNCTIONS(name, COUNT)                                  \
    const char *name##_word(enum name v)                             \
    {                                                                \
        assert((unsigned)v < COUNT);                                 \
        return name##_words[v];                                      \
    }                                                                \
    enum err name##_parse(struct span word, enum name *out)          \
    {                                                                \
        int i = find(name##_words, COUNT, word);                     \
        if (i < 0) {                                                 \
            return ERR_INVALID;                                      \
        }                                                            \
        *out = (enum name)i;                                         \
        return ERR_OK;                                               \
    }
/* clang-format on */

WORD_FUNCTIONS(reason, REASON_COUNT)
WORD_FUNCTIONS(status, STATUS_COUNT)
WORD_FUNCTIONS(class, CLASS_COUNT)
WORD_FUNCTIONS(trust, TRUST_COUNT)
WORD_FUNCTIONS(device, DEVICE_COUNT)
WORD_FUNCTIONS(credential, CREDENTIAL_COUNT)
WORD_FUNCTIONS(tax, TAX_COUNT)
WORD_FUNCTIONS(model_origin, ORIGIN_COUNT)
