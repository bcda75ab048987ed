#include "server/catalog/scopes.h"

#include "common/base/text.h"

static const struct scope_row {
    unsigned bit, roles;
    const char *word, *lets;
} rows[SCOPES] = {
#define X(symbol, word, roles, lets) {MAY_##symbol, roles, word, lets},
    SCOPE_TABLE(X)
#undef X
};

static unsigned bit_of(struct span word)
{
    for (size_t i = 0; i < SCOPES; i++)
        if (span_is(word, rows[i].word))
            return rows[i].bit;
    return 0;
}

enum err scopes_read(struct span text, unsigned *out)
{
    unsigned scopes = 0;
    while (text.len > 0) {
        struct span word = text_take(&text, ' ');
        unsigned bit = bit_of(word);
        if (bit == 0 && !span_empty(word))
            return ERR_INVALID;
        scopes |= bit;
    }
    *out = scopes;
    return ERR_OK;
}

void scopes_write(struct buf *out, unsigned scopes)
{
    size_t before = out->len;
    for (size_t i = 0; i < SCOPES; i++)
        if (scopes & rows[i].bit) {
            buf_str(out, out->len > before ? " " : "");
            buf_str(out, rows[i].word);
        }
}

unsigned scopes_of(enum role r)
{
    unsigned scopes = 0;
    for (size_t i = 0; i < SCOPES; i++)
        if (rows[i].roles & r)
            scopes |= rows[i].bit;
    return scopes;
}

enum err scopes_want(unsigned wanted, unsigned has, struct problem *p)
{
    for (size_t i = 0; i < SCOPES; i++)
        if (wanted & rows[i].bit & ~has)
            return problem(p, ERR_FORBIDDEN, "", "this API token may not %s: use one that has the scope \"%s\"",
                           rows[i].lets, rows[i].word);
    return ERR_OK;
}
