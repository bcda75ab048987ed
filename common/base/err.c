#include "common/base/err.h"

#include <assert.h>

static const struct {
    const char *word, *title;
    int status;
} errors[ERR_COUNT] = {
#define X(symbol, word, status, title) [ERR_##symbol] = {word, title, status},
    ERR_TABLE(X)
#undef X
};

const char *err_word(enum err e)
{
    assert(e >= 0 && e < ERR_COUNT);
    return errors[e].word;
}

const char *err_title(enum err e)
{
    assert(e >= 0 && e < ERR_COUNT);
    return errors[e].title;
}

int err_status(enum err e)
{
    assert(e >= 0 && e < ERR_COUNT);
    return errors[e].status;
}
