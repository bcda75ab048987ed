#include "common/ledger/witness.h"

#include "common/base/bytes.h"
#include "common/base/text.h"

enum { TIME_AT = NOTE_KEY_ID_LEN, SIG_AT = TIME_AT + 8, BLOB_LEN = SIG_AT + ED25519_SIG_LEN };

void witness_vkey(struct buf *out, const struct note_key *k)
{
    note_vkey_of(out, k, NOTE_COSIGNATURE);
}

enum err witness_vkey_parse(struct span text, struct note_key *out)
{
    return note_vkey_parse_of(text, NOTE_COSIGNATURE, out);
}

static void signed_text(struct buf *out, struct span text, uint64_t time_s)
{
    buf_heap(out);
    buf_str(out, "cosignature/v1\ntime ");
    buf_u64(out, time_s);
    buf_byte(out, '\n');
    buf_span_add(out, text);
}

void cosign(struct buf *out, struct span text, struct span name, struct signer *s, uint64_t time_s)
{
    struct note_key k = {.name = name};
    uint8_t blob[BLOB_LEN];
    struct buf msg;
    memcpy(k.pub, signer_public(s), ED25519_KEY_LEN);
    note_key_id(&k, NOTE_COSIGNATURE, blob);
    store_be64(blob + TIME_AT, time_s);
    signed_text(&msg, text, time_s);
    signer_sign(s, buf_span(&msg), blob + SIG_AT);
    buf_free(&msg);
    note_line(out, name, span_of(blob, sizeof blob));
}

static bool holds(struct span text, const struct note_key *k, const uint8_t *blob, uint64_t *time_s)
{
    struct buf msg;
    *time_s = load_be64(blob + TIME_AT);
    signed_text(&msg, text, *time_s);
    bool good = ed25519_verify(k->pub, buf_span(&msg), blob + SIG_AT);
    buf_free(&msg);
    return good;
}

enum err cosignature_find(struct span lines, struct span text, const struct note_key *k, uint64_t *time_s,
                          struct span *out)
{
    uint8_t own[NOTE_KEY_ID_LEN], blob[NOTE_BLOB_MAX];
    struct span line, name;
    size_t len;
    uint64_t at_s;
    note_key_id(k, NOTE_COSIGNATURE, own);
    for (int n = 0; text_cut(&lines, '\n', &line); n++) {
        if (n == COSIGNATURE_LINES_MAX || note_line_read(line, &name, blob, &len) != ERR_OK)
            return ERR_MALFORMED;
        if (!span_eq(name, k->name) || memcmp(own, blob, sizeof own) != 0)
            continue;
        if (len != BLOB_LEN || !holds(text, k, blob, &at_s))
            return ERR_UNAUTHORIZED;
        *time_s = at_s;
        if (out != NULL)
            *out = line;
        return ERR_OK;
    }
    return span_empty(lines) ? ERR_NOT_FOUND : ERR_MALFORMED;
}

/* ---- add-checkpoint ---- */

void add_checkpoint_write(struct buf *out, const struct add_checkpoint *a)
{
    buf_str(out, "old ");
    buf_u64(out, a->old);
    buf_byte(out, '\n');
    for (size_t i = 0; i < a->n; i++) {
        buf_b64(out, a->proof[i].b, HASH_LEN);
        buf_byte(out, '\n');
    }
    buf_byte(out, '\n');
    buf_span_add(out, a->note);
}

enum err add_checkpoint_read(struct span body, struct add_checkpoint *out)
{
    struct span line;
    size_t len;
    out->n = 0;
    if (!text_cut(&body, '\n', &line) || !span_starts(line, "old ") ||
        parse_u64(span_skip(line, 4), &out->old) != ERR_OK)
        return ERR_MALFORMED;
    for (;;) {
        if (!text_cut(&body, '\n', &line))
            return ERR_MALFORMED;
        if (span_empty(line))
            break;
        if (out->n == WITNESS_PROOF_MAX || b64_decode(line, out->proof[out->n].b, HASH_LEN, &len) != ERR_OK ||
            len != HASH_LEN)
            return ERR_MALFORMED;
        out->n++;
    }
    out->note = body;
    return ERR_OK;
}

static bool is_empty_tree(const struct checkpoint *c)
{
    struct hash none;
    sha256("", 0, none.b);
    return memcmp(c->root.b, none.b, HASH_LEN) == 0;
}

enum err add_checkpoint_judge(const struct add_checkpoint *a, const struct checkpoint *c, const struct checkpoint *last)
{
    if (a->old > c->size)
        return ERR_MALFORMED;
    if (a->old != last->size)
        return ERR_CONFLICT;
    if (a->old == 0)
        return a->n == 0 && (c->size > 0 || is_empty_tree(c)) ? ERR_OK : ERR_INVALID;
    if (a->old == c->size && memcmp(c->root.b, last->root.b, HASH_LEN) != 0)
        return ERR_CONFLICT;
    return merkle_check_consistency(a->old, c->size, &last->root, &c->root, a->proof, a->n) ? ERR_OK : ERR_INVALID;
}

/* ---- proofs ---- */

void tlog_proof_write(struct buf *out, uint64_t index, const struct hash *path, size_t n, struct span note)
{
    buf_str(out, "c2sp.org/tlog-proof@v1\nindex ");
    buf_u64(out, index);
    buf_byte(out, '\n');
    for (size_t i = 0; i < n; i++) {
        buf_b64(out, path[i].b, sizeof path[i].b);
        buf_byte(out, '\n');
    }
    buf_byte(out, '\n');
    buf_span_add(out, note);
}
