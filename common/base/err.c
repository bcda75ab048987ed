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

const char *err_word(enum err err)
{
    assert(err >= 0 && err < ERR_COUNT);
    return errors[err].word;
}

const char *err_title(enum err err)
{
    assert(err >= 0 && err < ERR_COUNT);
    return errors[err].title;
}

int err_status(enum err err)
{
    assert(err >= 0 && err < ERR_COUNT);
    return errors[err].status;
}
