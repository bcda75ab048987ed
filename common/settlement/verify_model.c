/* What the log says that it has taught, and what is brought in: model entries, and the bytes that they name. */
#include <inttypes.h>
#include <stdio.h>

#include "common/settlement/verify_parts.h"

static void path_of(const struct audit *a, const struct hash *sha256_of, char out[PATH_CAP])
{
    struct buf b;
    buf_fixed(&b, out, PATH_CAP - 1);
    buf_printf(&b, "v1/contracts/%s/models/", a->contract);
    buf_hex(&b, sha256_of->b, HASH_LEN);
    out[b.len] = '\0';
}

enum err verify_state(struct audit *a, const struct hash *sha256_of, struct span *out)
{
    char path[PATH_CAP];
    struct hash is;
    path_of(a, sha256_of, path);
    if (!audit_read(a, CHECK_FILES, path, SCORE_STATE_MAX, &a->state))
        return ERR_IO;
    sha256(a->state.ptr, a->state.len, is.b);
    if (memcmp(is.b, sha256_of->b, HASH_LEN) != 0) {
        finds_failure(&a->finding[CHECK_FILES], "%.150s has another hash than its name says", path);
        return ERR_IO;
    }
    *out = buf_span(&a->state);
    return ERR_OK;
}

enum { MODEL_WORDS = 256 };
static void words_of(const struct entry *e, char out[MODEL_WORDS])
{
    const struct entry_model *m = &e->model;
    struct buf b;
    buf_fixed(&b, out, MODEL_WORDS - 1);
    if (e->kind != ENTRY_MODEL || m->origin != ORIGIN_FOLD) {
        buf_printf(&b, "another one, of kind %s", entry_kind_word(e->kind));
    } else {
        buf_printf(&b, "a model of %" PRIu64 " leads and %" PRIu64 " labels under terms %" PRIu64 ", at %" PRId64,
                   m->leads, m->labels, m->terms, e->at_ms);
        if (e->clocked_ms > 0)
            buf_printf(&b, " (%" PRId64 " by the clock)", e->clocked_ms);
        buf_str(&b, ", with hash ");
        buf_hex(&b, m->sha256.b, HASH_LEN);
    }
    out[b.len] = '\0';
}

static void tell_other(struct audit *a, uint64_t index, const struct entry *e, const struct entry *due)
{
    char stands[MODEL_WORDS], is[MODEL_WORDS];
    words_of(e, stands);
    words_of(due, is);
    finds_failure(&a->finding[CHECK_DECISIONS], "entry %" PRIu64 " is %s; the entries in front of it give %s", index,
                  stands, is);
}

void verify_model(struct audit *a, uint64_t index, const struct entry *e)
{
    struct problem why = {0};
    struct entry due;
    struct span bytes;
    bool seed = e->kind == ENTRY_MODEL && e->model.origin == ORIGIN_SEED;
    bool blind = a->fold.model == NULL || a->fold.model->blind;
    enum err err = ERR_OK;
    if (e->kind == ENTRY_MODEL) {
        char name[2 * HASH_LEN + 1];
        struct buf hex;
        buf_fixed(&hex, name, sizeof name);
        buf_hex(&hex, e->model.sha256.b, HASH_LEN);
        byte_map_put(a->states, buf_span(&hex), SPAN(""));
        a->seeds += seed;
        err = verify_state(a, &e->model.sha256, &bytes); /* which tells why not */
    }
    if (err == ERR_OK || (index != a->fold.begin && !seed))
        err = fold_model(&a->fold, index, e, &due, &why);
    a->began |= blind && a->fold.begin > 0 && a->fold.model != NULL && !a->fold.model->blind;
    if (audit_untold(a, CHECK_DECISIONS, index, err))
        return;
    if (err == ERR_NOT_FOUND)
        finds_failure(&a->finding[CHECK_DECISIONS],
                      "entry %" PRIu64 " says what was learnt of leads, and nothing is to say it there", index);
    else if (err == ERR_INVALID)
        finds_failure(&a->finding[CHECK_DECISIONS], "entry %" PRIu64 " %s, and not as it must: its %.40s %.200s", index,
                      seed ? "brings in a seed" : "says what was learnt", why.field, why.detail);
    else if (err != ERR_OK)
        tell_other(a, index, e, &due);
}

void verify_model_end(struct audit *a)
{
    if (a->fold.begin > 0 && !a->began)
        finds_doubt(&a->finding[CHECK_DECISIONS],
                    "entry %" PRIu64
                    " says not what was learnt of leads by then, so that no score was worked out again",
                    a->fold.begin);
}

void verify_model_hidden(const struct audit *a, struct buf *out)
{
    if (a->fold.begin > 0)
        buf_printf(out,
                   "scores before entry %" PRIu64 ", which were not worked out again: what was learnt by then is "
                   "that entry's word",
                   a->fold.begin);
    if (a->seeds > 0)
        buf_printf(out,
                   "%sthat %" PRIu64 " seed%s of the score %s what the campaign knew: the operator's word, unless "
                   "the mirrors of all its contracts are verified together",
                   a->fold.begin > 0 ? "; and " : "", a->seeds, plural(a->seeds), a->seeds == 1 ? "is" : "are");
}
