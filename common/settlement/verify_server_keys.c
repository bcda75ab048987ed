/* The server's own keys: what each entry of theirs makes of them, and whether all that is signed was signed by those
 * that were valid where it stands. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/ledger/jws.h"
#include "common/settlement/verify_parts.h"

/* The first keys are those that no entry adds: the oldest that are published. */
void verify_signers_open(struct audit *a)
{
    const struct key_set *k = &a->keys;
    struct signers *s = &a->signers;
    if (k->n_statement == 0 || k->n_root == 0 || k->n_contract == 0)
        return;
    s->of[0] = (struct key_state){.keys.n_log = 1};
    memcpy(s->of[0].keys.log[0], k->log[k->n_contract - 1].pub, ED25519_KEY_LEN);
    memcpy(s->of[0].keys.statement, k->statement[k->n_statement - 1], ED25519_KEY_LEN);
    s->n = 1;
}

/* A bit for each published key of that log that signs its checkpoints in this state. */
static uint64_t signing(const struct audit *a, enum log log, const struct server_keys *s)
{
    const struct key_set *k = &a->keys;
    size_t from = log == LOG_ROOT ? k->n_contract : 0, n = log == LOG_ROOT ? k->n_root : k->n_contract;
    uint64_t by = 0;
    for (size_t i = 0; i < n; i++)
        by |= (uint64_t)server_keys_has(s, k->log[from + i].pub) << i;
    return by;
}

static size_t n_bits(uint64_t bits)
{
    size_t n = 0;
    for (; bits; bits &= bits - 1)
        n++;
    return n;
}

static size_t statement_key(const struct audit *a, const uint8_t pub[ED25519_KEY_LEN])
{
    size_t i = 0;
    while (i < a->keys.n_statement && memcmp(a->keys.statement[i], pub, ED25519_KEY_LEN) != 0)
        i++;
    return i;
}

static bool is_published(const struct audit *a, const struct server_keys *s)
{
    return n_bits(signing(a, LOG_CONTRACT, s)) == s->n_log && n_bits(signing(a, LOG_ROOT, s)) == s->n_log &&
           statement_key(a, s->statement) < a->keys.n_statement;
}

/* Whether a key that begins to sign had its time before. */
static bool comes_back(const struct signers *s, const struct server_keys *next)
{
    const struct server_keys *now = &s->of[s->n - 1].keys;
    for (size_t i = 0; i < s->n; i++) {
        const struct server_keys *old = &s->of[i].keys;
        if (!server_keys_has(now, next->log[0]) && server_keys_has(old, next->log[0]))
            return true;
        if (memcmp(now->statement, next->statement, ED25519_KEY_LEN) != 0 &&
            memcmp(old->statement, next->statement, ED25519_KEY_LEN) == 0)
            return true;
    }
    return false;
}

void verify_server_keys(struct audit *a, uint64_t index, const struct entry *e)
{
    const struct entry_server_keys *k = &e->server_keys;
    struct finding *f = &a->finding[CHECK_KEYS];
    struct signers *s = &a->signers;
    struct key_state next = {.from = index, .root = k->root};
    struct span issuer;
    struct buf payload;
    if (e->kind != ENTRY_SERVER_KEYS || s->n == 0) /* 0: no keys were read, which is told */
        return;
    buf_heap(&payload);
    enum err err = server_keys_open(k->jws, k->previous_jws, &s->of[s->n - 1].keys, &payload, &next.keys, &issuer);
    if (err == ERR_INVALID)
        finds_failure(f, "entry %" PRIu64 " gives the server keys that do not follow those before it", index);
    else if (err != ERR_OK)
        finds_failure(f,
                      "entry %" PRIu64 " gives the server keys that the key before them did not sign, or they "
                      "themselves",
                      index);
    else if (!audit_issuer_fits(a, issuer))
        finds_failure(f, "entry %" PRIu64 " gives keys to another server", index);
    else if (!is_published(a, &next.keys))
        finds_failure(f, "entry %" PRIu64 " gives the server a key that is not published", index);
    else if (comes_back(s, &next.keys))
        finds_failure(f, "entry %" PRIu64 " brings back a key that was retired", index);
    else if (s->n == KEY_STATES || (s->n > 1 && k->root <= s->of[s->n - 1].root))
        finds_failure(f, "entry %" PRIu64 " is one change of keys too many, or not in the root log's order", index);
    else {
        sha256(k->jws.ptr, k->jws.len, next.leaf.b);
        s->of[s->n++] = next;
    }
    buf_free(&payload);
}

void verify_signers_leaf(struct audit *a, uint64_t index, struct span leaf)
{
    struct signers *s = &a->signers;
    for (size_t i = 1; i < s->n; i++)
        if (s->of[i].root == index && span_eq(leaf, span_of(s->of[i].leaf.b, HASH_LEN))) {
            s->of[i].in_root = true;
            return;
        }
    if (!s->others)
        s->other = index;
    s->others = true;
}

/* ---- what they signed ---- */

void verify_signers_note(struct audit *a, const struct signed_note *note)
{
    struct signers *s = &a->signers;
    if (s->n_notes == s->room) {
        s->room = 2 * s->room + 16;
        s->note = xrealloc(s->note, s->room * sizeof *s->note);
    }
    s->note[s->n_notes++] = *note;
}

bool verify_signers_now(const struct audit *a, uint64_t by)
{
    const struct signers *s = &a->signers;
    return s->n == 0 || by == signing(a, LOG_CONTRACT, &s->of[s->n - 1].keys);
}

static void judge_note(struct audit *a, const struct signed_note *n)
{
    const struct signers *s = &a->signers;
    size_t i = s->n - 1;
    while (i > 0 && (n->log == LOG_ROOT ? s->of[i].root : s->of[i].from) >= n->size)
        i--;
    if (n->size == 0 || n->by == signing(a, n->log, &s->of[i].keys))
        return;
    if (!s->walked)
        finds_doubt(&a->finding[n->check], "which keys sign %.120s is not known: not all entries could be looked at",
                    n->path);
    else
        finds_failure(&a->finding[n->check],
                      "%.120s is not signed by just the keys that sign a tree of %" PRIu64
                      " entries: see which are valid from where; a key that was retired, or is not added yet, counts "
                      "for nothing",
                      n->path, n->size);
}

void verify_signers_end(struct audit *a, bool complete)
{
    const struct signers *s = &a->signers;
    for (size_t i = 0; i < s->n_notes && s->n > 0; i++)
        judge_note(a, &s->note[i]);
    for (size_t i = 1; i < s->n; i++)
        if (!complete)
            finds_doubt(&a->finding[CHECK_KEYS], "the root log could not be read to its end");
        else if (!s->of[i].in_root)
            finds_failure(&a->finding[CHECK_KEYS],
                          "entry %" PRIu64 " gives the server keys of which the root log says nothing at %" PRIu64,
                          s->of[i].from, s->of[i].root);
    if (s->n > 0 && s->walked && s->others)
        finds_failure(&a->finding[CHECK_KEYS],
                      "the root log has at leaf %" PRIu64 " a change of the server's keys that this log does not have: "
                      "the operator hides it, or it came behind the end of this mirror: pull again",
                      s->other);
}

void verify_signers_free(struct audit *a)
{
    free(a->signers.note);
}

bool audit_signs_statements(const struct audit *a, size_t key)
{
    const struct signers *s = &a->signers;
    return s->n == 0 || memcmp(s->of[s->n - 1].keys.statement, a->keys.statement[key], ED25519_KEY_LEN) == 0;
}

/* Of a statement key: the states that it signs in, [*from, *to); none of them: equal. */
static void statement_states(const struct audit *a, size_t key, size_t *from, size_t *to)
{
    const struct signers *s = &a->signers;
    *from = *to = s->n;
    for (size_t i = s->n; i-- > 0;)
        if (memcmp(s->of[i].keys.statement, a->keys.statement[key], ED25519_KEY_LEN) == 0) {
            *to = *from == s->n ? i + 1 : *to;
            *from = i;
        }
}

/* The state that says so of keys that sign before `to` for the last time; s->n where none does. */
static size_t stolen_in(const struct signers *s, size_t to)
{
    while (to < s->n && !s->of[to].keys.compromised)
        to++;
    return to;
}

bool audit_answers_for(const struct audit *a, size_t key, uint64_t index, bool *stolen)
{
    const struct signers *s = &a->signers;
    size_t from, to;
    statement_states(a, key, &from, &to);
    *stolen = from < s->n && stolen_in(s, to) < s->n;
    return s->n == 0 || (from < s->n && (to == s->n || index < s->of[to].from));
}

/* ---- what is told ---- */

static void tell_range(const struct signers *s, size_t from, size_t to, struct buf *out)
{
    if (s->n < 2)
        return;
    if (from == s->n) {
        buf_str(out, " (which no entry adds: it counts for nothing)");
        return;
    }
    size_t stolen = stolen_in(s, to);
    buf_printf(out, " (valid from entry %" PRIu64 "%s", s->of[from].from, to == s->n ? " on" : "");
    if (to < s->n && stolen != to)
        buf_printf(out, ", retired at entry %" PRIu64, s->of[to].from);
    if (stolen < s->n)
        buf_printf(out, ", reported stolen at entry %" PRIu64, s->of[stolen].from);
    buf_byte(out, ')');
}

void verify_signers_statement_range(const struct audit *a, size_t key, struct buf *out)
{
    size_t from, to;
    statement_states(a, key, &from, &to);
    tell_range(&a->signers, from, to, out);
}

void verify_signers_log_range(const struct audit *a, const uint8_t pub[ED25519_KEY_LEN], struct buf *out)
{
    const struct signers *s = &a->signers;
    size_t from = s->n, to = s->n;
    for (size_t i = s->n; i-- > 0;)
        if (server_keys_has(&s->of[i].keys, pub)) {
            to = from == s->n ? i + 1 : to;
            from = i;
        }
    tell_range(s, from, to, out);
}
