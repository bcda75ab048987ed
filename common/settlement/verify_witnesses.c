/* What witnesses say of the root log, and how far into the contract's log that reaches. log/witnessed is looked at
 * whenever it is there; whose cosignatures count, the reader's policy says. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/when.h"
#include "common/ledger/policy.h"
#include "common/ledger/witness.h"
#include "common/settlement/verify_parts.h"

#define ROOT_WITNESSED "log/witnessed"

/* A head that the walk over its log compares. */
static void must_have_been(struct audit *a, enum log log, const struct checkpoint *c)
{
    const struct known_head head = {.size = c->size, .root = c->root, .check = CHECK_WITNESSES};
    verify_known_add(&a->known[log], &head);
}

/* Into *out; false: it is not there, or cannot be read, which is noted. */
static bool read_if_there(struct audit *a, const char *path, size_t most, struct buf *out)
{
    buf_clear(out);
    enum err err = a->mirror->read(a->mirror->ctx, path, 0, most + 1, out);
    if (err == ERR_NOT_FOUND)
        return false;
    if (err != ERR_OK)
        audit_unread(&a->finding[CHECK_WITNESSES], path, err);
    else if (out->len > most)
        finds_failure(&a->finding[CHECK_WITNESSES], "%s is longer than the %zu bytes that it can have", path, most);
    return err == ERR_OK && out->len <= most;
}

static bool open_root(struct audit *a)
{
    struct witnessed *w = &a->witnessed;
    const struct key_set *k = &a->keys;
    const struct note_key *keys = k->log + k->n_contract;
    if (!read_if_there(a, ROOT_WITNESSED, LIMIT_WITNESSED, &w->note))
        return false;
    if (k->n_root == 0) {
        finds_doubt(&a->finding[CHECK_WITNESSES], "there is no key to open " ROOT_WITNESSED " with");
        return false;
    }
    if (checkpoint_open(buf_span(&w->note), keys, k->n_root, &w->root) != ERR_OK ||
        !span_eq(w->root.origin, keys[0].name) || note_split(buf_span(&w->note), &w->text, &w->lines) != ERR_OK) {
        finds_failure(&a->finding[CHECK_WITNESSES], ROOT_WITNESSED " is not signed by the root log's key");
        return false;
    }
    return true;
}

static void open_contract(struct audit *a)
{
    struct witnessed *w = &a->witnessed;
    char path[PATH_CAP];
    struct checkpoint c;
    struct buf note;
    buf_heap(&note);
    snprintf(path, sizeof path, "log/%s/witnessed", a->contract);
    if (read_if_there(a, path, LIMIT_NOTE, &note) &&
        verify_note(a, CHECK_WITNESSES, path, buf_span(&note), false, &c)) {
        w->has_head = true;
        w->size = c.size;
        sha256(note.ptr, note.len, w->leaf.b);
        must_have_been(a, LOG_CONTRACT, &c);
    }
    buf_free(&note);
}

void verify_witnessed_open(struct audit *a)
{
    struct witnessed *w = &a->witnessed;
    w->has_root = open_root(a);
    if (w->has_root)
        must_have_been(a, LOG_ROOT, &w->root);
    open_contract(a);
}

void verify_witnessed_leaf(struct audit *a, uint64_t index, struct span leaf)
{
    struct witnessed *w = &a->witnessed;
    if (w->has_head && index + 1 < w->root.size && span_eq(leaf, span_of(w->leaf.b, HASH_LEN)))
        w->is_held = true;
}

/* Who of the policy has cosigned; false: one of them did otherwise than it says. */
static bool look_at_cosignatures(struct audit *a, const struct policy *p, uint32_t *have)
{
    struct witnessed *w = &a->witnessed;
    w->oldest_s = UINT64_MAX;
    for (size_t i = 0; i < p->n_witnesses; i++) {
        uint64_t time_s;
        enum err err = cosignature_find(w->lines, w->text, &p->witness[i].key, &time_s, NULL);
        if (err == ERR_NOT_FOUND)
            continue;
        if (err != ERR_OK) {
            struct span name = p->witness[i].name;
            finds_failure(&a->finding[CHECK_WITNESSES],
                          "the cosignature of witness %.*s in " ROOT_WITNESSED " does not hold",
                          name.len < 60 ? (int)name.len : 60, name.ptr);
            return false;
        }
        *have |= UINT32_C(1) << i;
        w->n_cosigned++;
        if (time_s < w->oldest_s)
            w->oldest_s = time_s;
    }
    return true;
}

static void look_at_quorum(struct audit *a)
{
    struct witnessed *w = &a->witnessed;
    struct finding *f = &a->finding[CHECK_WITNESSES];
    struct problem why = {.field = ""};
    struct policy p;
    struct checkpoint c;
    uint32_t have = 0;
    if (policy_read(a->asked->witnesses, &p, &why) != ERR_OK) {
        finds_doubt(f, "the policy does not read: %s%s%s", why.field, why.field[0] ? ": " : "", why.detail);
        return;
    }
    w->n_witnesses = p.n_witnesses;
    if (!w->has_root) {
        finds_doubt(f, ROOT_WITNESSED " is missing: when this was pulled, the server had no head that its witnesses "
                                      "cosigned, or showed none");
        return;
    }
    if (p.n_logs > 0 && checkpoint_open(buf_span(&w->note), p.log, p.n_logs, &c) != ERR_OK)
        finds_failure(f, ROOT_WITNESSED " is not signed by a log of the policy");
    if (look_at_cosignatures(a, &p, &have) && !policy_met(&p, have))
        finds_failure(f, "%" PRIu64 " of the policy's %zu witnesses cosigned " ROOT_WITNESSED ": that is no quorum",
                      w->n_cosigned, p.n_witnesses);
}

void verify_witnesses(struct audit *a, bool complete)
{
    struct witnessed *w = &a->witnessed;
    struct finding *f = &a->finding[CHECK_WITNESSES];
    if (a->asked->witnesses.ptr != NULL)
        look_at_quorum(a);
    if (!w->has_root && w->has_head)
        finds_doubt(f, "log/%s/witnessed is there without " ROOT_WITNESSED ", which is missing", a->contract);
    else if (w->has_root && !complete)
        finds_doubt(f, "the root log could not be read to its end");
    else if (w->has_root && w->has_head && !w->is_held)
        finds_failure(f, "log/%s/witnessed is no head that the witnessed root log holds", a->contract);
    else if (w->has_root && !w->has_head)
        finds_doubt(f,
                    ROOT_WITNESSED " is there without log/%s/witnessed, which is missing: it does not show which "
                                   "entries of this contract were witnessed",
                    a->contract);
}

bool verify_witnessed_any(const struct audit *a)
{
    return a->asked->witnesses.ptr != NULL || a->witnessed.has_root || a->witnessed.has_head ||
           finding_verdict(&a->finding[CHECK_WITNESSES]) != HOLDS;
}

void verify_witnesses_sentence(const struct audit *a, struct buf *out)
{
    const struct witnessed *w = &a->witnessed;
    uint64_t n = w->has_head ? w->size : 0;
    buf_printf(out, "the first %" PRIu64 " of %" PRIu64 " entries stand in a head of the root log", n, a->head.size);
    if (a->asked->witnesses.ptr == NULL) {
        buf_str(out, " that the server calls witnessed: whose cosignatures count is yours to say, by --witnesses");
        return;
    }
    buf_printf(out, " that %" PRIu64 " of %zu witnesses cosigned", w->n_cosigned, w->n_witnesses);
    if (w->n_cosigned > 0) {
        int64_t at_ms = w->oldest_s < (uint64_t)INT32_MAX * 4 ? (int64_t)w->oldest_s * MS_PER_S : 0;
        buf_str(out, ", the first at ");
        time_rfc3339(out, at_ms);
        if (a->asked->now_ms > at_ms) {
            buf_str(out, ", ");
            verify_age(out, a->asked->now_ms - at_ms);
            buf_str(out, " ago");
        }
    }
    if (n < a->head.size)
        buf_str(out, "; what came after it no witness has seen yet");
}
