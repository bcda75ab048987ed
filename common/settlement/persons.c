#include "common/settlement/persons.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/crypto/crypto.h"

static const char *const kinds[] = {"email address", "phone number"};

static void add(struct persons *p, unsigned kind, const struct contact_pair *pair)
{
    if (p->n[kind] == p->room[kind]) {
        p->room[kind] = p->room[kind] ? 2 * p->room[kind] : 64;
        p->pair[kind] = xrealloc(p->pair[kind], p->room[kind] * sizeof *pair);
    }
    p->pair[kind][p->n[kind]++] = *pair;
}

void persons_add(struct persons *p, unsigned kind, struct span key, const uint8_t token[TOKEN_LEN],
                 const char *contract, uint64_t index)
{
    struct contact_pair pair = {.index = index, .contract = contract};
    uint8_t hash[HASH_LEN];
    sha256(key.ptr, key.len, hash);
    memcpy(pair.key, hash, TOKEN_LEN);
    memcpy(pair.token, token, TOKEN_LEN);
    add(p, kind, &pair);
}

void persons_add_all(struct persons *to, const struct persons *from, const char *contract)
{
    for (unsigned kind = 0; kind < 2; kind++)
        for (size_t i = 0; i < from->n[kind]; i++) {
            struct contact_pair pair = from->pair[kind][i];
            pair.contract = contract;
            add(to, kind, &pair);
        }
}

static int by_key(const void *a, const void *b)
{
    const struct contact_pair *x = a, *y = b;
    int order = memcmp(x->key, y->key, TOKEN_LEN);
    return order != 0 ? order : memcmp(x->token, y->token, TOKEN_LEN);
}

static int by_token(const void *a, const void *b)
{
    const struct contact_pair *x = a, *y = b;
    int order = memcmp(x->token, y->token, TOKEN_LEN);
    return order != 0 ? order : memcmp(x->key, y->key, TOKEN_LEN);
}

static void judge(const struct persons *p, unsigned kind, struct finding *f)
{
    for (size_t i = 1; i < p->n[kind]; i++) {
        const struct contact_pair *x = &p->pair[kind][i - 1], *y = &p->pair[kind][i];
        bool same_key = memcmp(x->key, y->key, TOKEN_LEN) == 0, same_token = memcmp(x->token, y->token, TOKEN_LEN) == 0;
        if (same_key != same_token)
            finds_failure(f, "lead %" PRIu64 " of %s and lead %" PRIu64 " of %s have %s %s, and %s", x->index,
                          x->contract, y->index, y->contract, same_key ? "one" : "another", kinds[kind],
                          same_key ? "different tokens: they were not compared" : "one token: they are not one person");
    }
}

void persons_judge(struct persons *p, struct finding *f)
{
    for (unsigned kind = 0; kind < 2; kind++) {
        if (p->n[kind] == 0)
            continue;
        qsort(p->pair[kind], p->n[kind], sizeof *p->pair[kind], by_key);
        judge(p, kind, f);
        qsort(p->pair[kind], p->n[kind], sizeof *p->pair[kind], by_token);
        judge(p, kind, f);
    }
}

void persons_free(struct persons *p)
{
    free(p->pair[0]);
    free(p->pair[1]);
    *p = (struct persons){.n = {0, 0}};
}
