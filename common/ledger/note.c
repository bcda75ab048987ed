#include <assert.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/ledger/note.h"

enum { MAX_SIGNATURES = 100 }; /* as golang.org/x/mod/sumdb/note */

#define DASH "\xe2\x80\x94 "

static bool name_valid(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (ascii_is_control(name.ptr[i]) || name.ptr[i] == ' ' || name.ptr[i] == '+') {
            return false;
        }
    }
    return name.len > 0 && utf8_valid(name);
}

void note_key_id(const struct note_key *k, enum note_alg alg, uint8_t id[NOTE_KEY_ID_LEN])
{
    uint8_t byte = (uint8_t)alg, hash[HASH_LEN];
    sha256v((struct span[]){k->name, SPAN("\n"), span_of(&byte, 1), span_of(k->pub, ED25519_KEY_LEN)}, 4, hash);
    memcpy(id, hash, NOTE_KEY_ID_LEN);
}

bool note_same_id(const struct note_key *a, const struct note_key *b)
{
    uint8_t id[2][NOTE_KEY_ID_LEN];
    note_key_id(a, NOTE_ED25519, id[0]);
    note_key_id(b, NOTE_ED25519, id[1]);
    return span_eq(a->name, b->name) && memcmp(id[0], id[1], NOTE_KEY_ID_LEN) == 0;
}

void note_vkey_of(struct buf *out, const struct note_key *k, enum note_alg alg)
{
    uint8_t id[NOTE_KEY_ID_LEN], key[1 + ED25519_KEY_LEN] = {(uint8_t)alg};
    note_key_id(k, alg, id);
    memcpy(key + 1, k->pub, ED25519_KEY_LEN);
    buf_span_add(out, k->name);
    buf_byte(out, '+');
    buf_hex(out, id, sizeof(id));
    buf_byte(out, '+');
    buf_b64(out, key, sizeof(key));
}

void note_vkey(struct buf *out, const struct note_key *k)
{
    note_vkey_of(out, k, NOTE_ED25519);
}

enum err note_vkey_parse_of(struct span text, enum note_alg alg, struct note_key *out)
{
    struct note_key k;
    struct span id_text;
    uint8_t id[NOTE_KEY_ID_LEN], want[NOTE_KEY_ID_LEN], key[1 + ED25519_KEY_LEN];
    size_t len;
    if (!text_cut(&text, '+', &k.name) || !name_valid(k.name) || !text_cut(&text, '+', &id_text) ||
        hex_decode(id_text, id, sizeof(id), &len) != ERR_OK || len != sizeof(id) ||
        b64_decode(text, key, sizeof(key), &len) != ERR_OK || len != sizeof(key) || key[0] != alg) {
        return ERR_MALFORMED;
    }
    memcpy(k.pub, key + 1, ED25519_KEY_LEN);
    note_key_id(&k, alg, want);
    if (memcmp(id, want, sizeof(id)) != 0) {
        return ERR_MALFORMED;
    }
    *out = k;
    return ERR_OK;
}

enum err note_vkey_parse(struct span text, struct note_key *out)
{
    return note_vkey_parse_of(text, NOTE_ED25519, out);
}

void note_line(struct buf *out, struct span name, struct span blob)
{
    buf_str(out, DASH);
    buf_span_add(out, name);
    buf_byte(out, ' ');
    buf_b64(out, blob.ptr, blob.len);
    buf_byte(out, '\n');
}

enum err note_line_read(struct span line, struct span *name, uint8_t blob[NOTE_BLOB_MAX], size_t *len)
{
    if (!span_starts(line, DASH))
        return ERR_MALFORMED;
    line = span_skip(line, sizeof DASH - 1);
    bool good = text_cut(&line, ' ', name) && name_valid(*name) &&
                b64_decode(line, blob, NOTE_BLOB_MAX, len) == ERR_OK && *len > NOTE_KEY_ID_LEN;
    return good ? ERR_OK : ERR_MALFORMED;
}

void checkpoint_text(struct buf *out, const struct checkpoint *c)
{
    buf_span_add(out, c->origin);
    buf_byte(out, '\n');
    buf_u64(out, c->size);
    buf_byte(out, '\n');
    buf_b64(out, c->root.b, HASH_LEN);
    buf_byte(out, '\n');
}

void checkpoint_sign_too(struct buf *out, const struct checkpoint *c, struct signer *s)
{
    struct note_key key = {.name = c->origin};
    uint8_t blob[NOTE_KEY_ID_LEN + ED25519_SIG_LEN];
    struct buf text;
    buf_heap(&text);
    memcpy(key.pub, signer_public(s), ED25519_KEY_LEN);
    note_key_id(&key, NOTE_ED25519, blob);
    checkpoint_text(&text, c);
    signer_sign(s, buf_span(&text), blob + NOTE_KEY_ID_LEN);
    note_line(out, c->origin, span_of(blob, sizeof(blob)));
    buf_free(&text);
}

void checkpoint_sign(struct buf *out, const struct checkpoint *c, struct signer *s)
{
    assert(name_valid(c->origin));
    checkpoint_text(out, c);
    buf_byte(out, '\n');
    checkpoint_sign_too(out, c, s);
}

/* Origin, size, root, each on its line; then extension lines, none of them empty. */
static enum err read_text(struct span text, struct checkpoint *out)
{
    struct span size, root, line;
    size_t len;
    if (!text_cut(&text, '\n', &out->origin) || !name_valid(out->origin) || !text_cut(&text, '\n', &size) ||
        parse_u64(size, &out->size) != ERR_OK || !text_cut(&text, '\n', &root) ||
        b64_decode(root, out->root.b, HASH_LEN, &len) != ERR_OK || len != HASH_LEN) {
        return ERR_MALFORMED;
    }
    while (text_cut(&text, '\n', &line)) {
        if (span_empty(line)) {
            return ERR_MALFORMED;
        }
    }
    return ERR_OK;
}

/* Which of the keys; n when it is none of them. */
static size_t known(const struct note_key *keys, size_t n, struct span name, const uint8_t id[NOTE_KEY_ID_LEN])
{
    size_t i = 0;
    for (; i < n; i++) {
        uint8_t own[NOTE_KEY_ID_LEN];
        note_key_id(&keys[i], NOTE_ED25519, own);
        if (span_eq(keys[i].name, name) && memcmp(own, id, NOTE_KEY_ID_LEN) == 0) {
            break;
        }
    }
    return i;
}

/* One signature line without its newline. The key's bit in *by is set when a known key's signature holds. */
static enum err check_signature(struct span line, struct span text, const struct note_key *keys, size_t n, uint64_t *by)
{
    struct span name;
    uint8_t blob[NOTE_BLOB_MAX];
    size_t len;
    if (note_line_read(line, &name, blob, &len) != ERR_OK)
        return ERR_MALFORMED;
    size_t k = known(keys, n, name, blob);
    if (k == n) {
        return ERR_OK;
    }
    if (len != NOTE_KEY_ID_LEN + ED25519_SIG_LEN || !ed25519_verify(keys[k].pub, text, blob + NOTE_KEY_ID_LEN)) {
        return ERR_UNAUTHORIZED;
    }
    *by |= (uint64_t)1 << k;
    return ERR_OK;
}

static bool note_characters(struct span note)
{
    for (size_t i = 0; i < note.len; i++) {
        if ((uint8_t)note.ptr[i] < ' ' && note.ptr[i] != '\n') {
            return false;
        }
    }
    return utf8_valid(note);
}

enum err note_split(struct span note, struct span *text, struct span *lines)
{
    const char *blank = note.len > 0 ? memmem(note.ptr, note.len, "\n\n", 2) : NULL;
    if (blank == NULL || !note_characters(note))
        return ERR_MALFORMED;
    *text = span_of(note.ptr, (size_t)(blank - note.ptr) + 1);
    *lines = span_of(blank + 2, note.len - text->len - 1);
    return ERR_OK;
}

/* *by has a bit for each key that has signed. */
static enum err open_note(struct span note, const struct note_key *keys, size_t n, struct checkpoint *out, uint64_t *by)
{
    struct span text, rest, line;
    assert(n <= NOTE_KEYS_MAX);
    *by = 0;
    if (note_split(note, &text, &rest) != ERR_OK || read_text(text, out) != ERR_OK || rest.len == 0 ||
        rest.ptr[rest.len - 1] != '\n')
        return ERR_MALFORMED;
    for (int lines = 0; text_cut(&rest, '\n', &line); lines++) {
        enum err err = lines < MAX_SIGNATURES ? check_signature(line, text, keys, n, by) : ERR_MALFORMED;
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

enum err checkpoint_open(struct span note, const struct note_key *keys, size_t n, struct checkpoint *out)
{
    struct checkpoint c;
    uint64_t by;
    enum err err = open_note(note, keys, n, &c, &by);
    if (err == ERR_OK && by == 0)
        err = ERR_UNAUTHORIZED;
    if (err == ERR_OK)
        *out = c;
    return err;
}

enum err checkpoint_peek(struct span note, struct checkpoint *out)
{
    struct checkpoint c;
    uint64_t by;
    enum err err = open_note(note, NULL, 0, &c, &by);
    if (err == ERR_OK)
        *out = c;
    return err;
}

/* Text, blank line, a signature line for each key in `by`, in the order of the keys: a changed byte must not hide in
 * more. */
static bool is_plain(struct span note, const struct checkpoint *c, const struct note_key *keys, size_t n, uint64_t by)
{
    char mem[512];
    struct buf text;
    struct span rest, line;
    buf_fixed(&text, mem, sizeof mem);
    checkpoint_text(&text, c);
    buf_byte(&text, '\n');
    if (text.failed || note.len <= text.len || memcmp(note.ptr, mem, text.len) != 0)
        return false;
    rest = span_skip(note, text.len);
    for (size_t i = 0; i < n; i++) {
        struct span name;
        uint8_t id[NOTE_KEY_ID_LEN], blob[NOTE_BLOB_MAX];
        size_t len;
        if (!(by >> i & 1))
            continue;
        note_key_id(&keys[i], NOTE_ED25519, id);
        if (!text_cut(&rest, '\n', &line) || note_line_read(line, &name, blob, &len) != ERR_OK ||
            memcmp(blob, id, sizeof id) != 0)
            return false;
    }
    return rest.len == 0;
}

enum err checkpoint_open_plain(struct span note, const struct note_key *keys, size_t n, struct checkpoint *out,
                               uint64_t *by)
{
    struct checkpoint c;
    uint64_t signers;
    enum err err = open_note(note, keys, n, &c, &signers);
    if (err == ERR_OK && signers == 0)
        err = ERR_UNAUTHORIZED;
    if (err == ERR_OK && !is_plain(note, &c, keys, n, signers))
        err = ERR_MALFORMED;
    if (err == ERR_OK)
        *out = c;
    if (err == ERR_OK && by != NULL)
        *by = signers;
    return err;
}
