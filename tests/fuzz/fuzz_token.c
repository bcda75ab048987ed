/* common/tokens: what reads as a token of ours is written just so; a token made from the input reads back, and no
 * longer once it is changed. Seeds with signatures: seeds.py. */
#include "common/base/bytes.h"
#include "common/tokens/tokens.h"
#include "tests/fuzz/fuzz.h"

enum { MASTER = 7, KID = 1, HEAD = 24 };

static struct tokens *ours(void)
{
    static struct tokens *t;
    uint8_t master[32];
    if (t != NULL)
        return t;
    t = tokens_new();
    fuzz_key(master, MASTER);
    tokens_add_key(t, KID, master);
    return t;
}

static void reads_as_written(struct span text)
{
    char again[CLICK_ID_LEN];
    struct tracking_code code;
    struct pointer p;
    if (code_read(ours(), text, &code) == ERR_OK) {
        fuzz_accepted++;
        code_write(ours(), &code, again);
        HOLDS(span_eq(text, span_of(again, CODE_LEN)));
    }
    if (click_id_read(ours(), text, &p) == ERR_OK) {
        fuzz_accepted++;
        click_id_write(ours(), &p, again);
        HOLDS(span_eq(text, span_of(again, CLICK_ID_LEN)));
    }
    struct event_place place;
    if (event_id_read(ours(), text, &place) == ERR_OK)
        fuzz_accepted++; /* its drawn number is not given back */
    if (lead_ref_read(ours(), text, &p) == ERR_OK) {
        fuzz_accepted++;
        lead_ref_write(ours(), &p, again);
        HOLDS(span_eq(text, span_of(again, LEAD_REF_LEN)));
    }
}

static void secret(struct span text)
{
    uint8_t key[64];
    size_t len = 0;
    struct buf again;
    if (whsec_decode(text, key, &len) != ERR_OK)
        return;
    fuzz_accepted++;
    HOLDS(len >= 24 && len <= sizeof key);
    buf_heap(&again);
    whsec_encode(&again, key, len);
    HOLDS(span_eq(buf_span(&again), text));
    buf_free(&again);
}

static enum err read_any(struct span text)
{
    struct tracking_code code;
    struct pointer p;
    struct event_place place;
    struct span exact = fuzz_copy(text);
    bool good = code_read(ours(), exact, &code) == ERR_OK || click_id_read(ours(), exact, &p) == ERR_OK ||
                lead_ref_read(ours(), exact, &p) == ERR_OK || event_id_read(ours(), exact, &place) == ERR_OK;
    fuzz_drop(exact);
    return good ? ERR_OK : ERR_NOT_FOUND;
}

/* One byte changed, one dropped, one more. */
static void changes_are_refused(struct span token, const uint8_t *chance)
{
    char text[CLICK_ID_LEN + 1];
    size_t at = chance[0] % token.len;
    memcpy(text, token.ptr, token.len);
    HOLDS(read_any(span_of(text, token.len)) == ERR_OK);
    text[at] = (char)chance[1];
    HOLDS((text[at] == token.ptr[at]) == (read_any(span_of(text, token.len)) == ERR_OK));
    text[at] = token.ptr[at];
    HOLDS(read_any(span_of(text, token.len - 1)) == ERR_NOT_FOUND);
    text[token.len] = (char)chance[1];
    HOLDS(read_any(span_of(text, token.len + 1)) == ERR_NOT_FOUND);
}

static void round_trips(const uint8_t *data)
{
    struct tracking_code code = {load_be32(data), load_be32(data + 4)}, code2;
    struct pointer p = {load_be32(data), load_be64(data + 4), load_be32(data + 12), data[16]}, p2;
    char text[CLICK_ID_LEN];

    code_write(ours(), &code, text);
    HOLDS(code_read(ours(), span_of(text, CODE_LEN), &code2) == ERR_OK);
    HOLDS(code.contract == code2.contract && code.placement == code2.placement);
    changes_are_refused(span_of(text, CODE_LEN), data + 18);

    lead_ref_write(ours(), &p, text);
    HOLDS(lead_ref_read(ours(), span_of(text, LEAD_REF_LEN), &p2) == ERR_OK);
    HOLDS(click_id_read(ours(), span_of(text + 1, LEAD_REF_LEN - 1), &p2) == ERR_NOT_FOUND);
    changes_are_refused(span_of(text, LEAD_REF_LEN), data + 20);

    const struct event_place place = {load_be64(data) >> 16, (int64_t)(load_be64(data + 8) >> 16), data[16]};
    struct event_place place2;
    event_id_write(ours(), &place, data[17], text);
    HOLDS(event_id_read(ours(), span_of(text, EVENT_ID_LEN), &place2) == ERR_OK);
    HOLDS(place2.seq == place.seq && place2.refused_ms == place.refused_ms && place2.refused == place.refused);
    changes_are_refused(span_of(text, EVENT_ID_LEN), data + 20);

    click_id_write(ours(), &p, text);
    HOLDS(click_id_read(ours(), span_of(text, CLICK_ID_LEN), &p2) == ERR_OK);
    HOLDS(p.contract == p2.contract && p.index == p2.index && p.at_s == p2.at_s && p.flags == p2.flags);
    changes_are_refused(span_of(text, CLICK_ID_LEN), data + 22);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reads_as_written(span_of(data, size));
    secret(span_of(data, size));
    if (size >= HEAD)
        round_trips(data);
    return 0;
}
