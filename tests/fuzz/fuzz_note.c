/* common/ledger/note: keys and checkpoints have one spelling. The input is opened as it is, and once more signed by a
 * key that is known, so that what follows the signature is reached. Seeds with signatures: seeds.py. */
#include "common/base/bytes.h"
#include "common/ledger/note.h"
#include "tests/fuzz/fuzz.h"

#define NAME "ledger.example/log"

static struct signer *signer(void)
{
    static struct signer *s;
    uint8_t seed[SEED_LEN];
    fuzz_key(seed, 9);
    return s != NULL ? s : (s = signer_new(seed));
}

static struct note_key known(struct span name)
{
    struct note_key k = {.name = name};
    memcpy(k.pub, signer_public(signer()), ED25519_KEY_LEN);
    return k;
}

static void key(struct span text)
{
    struct note_key k;
    struct buf again;
    if (note_vkey_parse(text, &k) != ERR_OK)
        return;
    fuzz_accepted++;
    HOLDS(fuzz_inside(k.name, text) && k.name.len > 0);
    buf_heap(&again);
    note_vkey(&again, &k);
    HOLDS(span_eq(buf_span(&again), text));
    buf_free(&again);
}

/* A checkpoint that was opened is the head of its note, and signed anew opens to the same. */
static void opened(struct span note, const struct checkpoint *c)
{
    struct checkpoint c2;
    struct buf text, again;
    buf_heap(&text);
    buf_heap(&again);
    checkpoint_text(&text, c);
    HOLDS(fuzz_inside(c->origin, note) && note.len > text.len && memcmp(note.ptr, text.ptr, text.len) == 0);
    checkpoint_sign(&again, c, signer());
    struct note_key k = known(c->origin);
    struct span exact = fuzz_copy(buf_span(&again));
    HOLDS(checkpoint_open(exact, &k, 1, &c2) == ERR_OK);
    HOLDS(span_eq(c->origin, c2.origin) && c->size == c2.size && memcmp(&c->root, &c2.root, HASH_LEN) == 0);
    HOLDS(checkpoint_open(exact, NULL, 0, &c2) == ERR_UNAUTHORIZED);
    fuzz_drop(exact);
    buf_free(&text);
    buf_free(&again);
}

static bool open(struct span note)
{
    struct note_key k = known(SPAN(NAME));
    struct checkpoint c;
    enum err err = checkpoint_open(note, &k, 1, &c);
    HOLDS(err == ERR_OK || err == ERR_MALFORMED || err == ERR_UNAUTHORIZED);
    if (err == ERR_OK)
        opened(note, &c);
    return err == ERR_OK;
}

/* Appends the signature line of our key over text. */
static void sign(struct buf *note, struct span text)
{
    struct note_key k = known(SPAN(NAME));
    uint8_t blob[4 + ED25519_SIG_LEN];
    struct buf vkey;
    size_t len;
    buf_heap(&vkey);
    note_vkey(&vkey, &k);
    HOLDS(hex_decode(span_of(vkey.ptr + sizeof NAME, 8), blob, 4, &len) == ERR_OK);
    signer_sign(signer(), text, blob + 4);
    buf_str(note, "\xe2\x80\x94 " NAME " ");
    buf_b64(note, blob, sizeof blob);
    buf_byte(note, '\n');
    buf_free(&vkey);
}

/* The input's text, our signature, the input's own signatures. */
static void open_signed(struct span input)
{
    const char *blank = input.len ? memmem(input.ptr, input.len, "\n\n", 2) : NULL;
    struct span text = span_of(input.ptr, blank != NULL ? (size_t)(blank - input.ptr) + 1 : input.len);
    struct buf note;
    buf_heap(&note);
    buf_span_add(&note, text);
    buf_byte(&note, '\n');
    sign(&note, text);
    if (blank != NULL)
        buf_add(&note, blank + 2, input.len - text.len - 1);
    struct span exact = fuzz_copy(buf_span(&note));
    open(exact);
    fuzz_drop(exact);
    buf_free(&note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    key(input);
    fuzz_accepted += open(input);
    open_signed(input);
    return 0;
}
