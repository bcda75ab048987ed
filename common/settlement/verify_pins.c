/* What the reader knows of this log from elsewhere: FORMATS.md "Pins". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/ledger/jws.h"
#include "common/settlement/verify_parts.h"

enum pin { PIN_NONE, PIN_LOG_KEY, PIN_STATEMENT_KEY, PIN_CHECKPOINT, PIN_WRONG };

struct pin_line {
    struct span rest;
    uint64_t number; /* of the line, from 1 */
    enum pin pin;
    struct note_key key;
    struct checkpoint head;
    struct span kid;
};

static bool read_checkpoint(struct span rest, struct checkpoint *out)
{
    struct span origin, size;
    size_t len;
    if (!text_cut(&rest, ' ', &origin) || !text_cut(&rest, ' ', &size))
        return false;
    out->origin = origin;
    return !span_empty(origin) && parse_u64(size, &out->size) == ERR_OK && out->size <= JSON_INT_MAX &&
           b64_decode(rest, out->root.b, HASH_LEN, &len) == ERR_OK && len == HASH_LEN;
}

static enum pin read_line(struct span line, struct pin_line *p)
{
    struct span word;
    uint8_t kid[HASH_LEN];
    size_t len;
    line = text_trim(line, TYPED_BLANKS);
    if (span_empty(line) || line.ptr[0] == '#')
        return PIN_NONE;
    word = text_take(&line, ' ');
    line = text_trim(line, TYPED_BLANKS);
    if (span_is(word, "log-key") && note_vkey_parse(line, &p->key) == ERR_OK)
        return PIN_LOG_KEY;
    p->kid = line;
    if (span_is(word, "statement-key") && line.len == JWK_KID_LEN &&
        b64url_decode(line, kid, sizeof kid, &len) == ERR_OK)
        return PIN_STATEMENT_KEY;
    return span_is(word, "checkpoint") && read_checkpoint(line, &p->head) ? PIN_CHECKPOINT : PIN_WRONG;
}

/* False at the end. Blank lines and remarks are passed over. */
static bool next_pin(struct pin_line *p)
{
    do {
        if (span_empty(p->rest))
            return false;
        p->number++;
        p->pin = read_line(text_take(&p->rest, '\n'), p);
    } while (p->pin == PIN_NONE);
    return true;
}

static struct span origin_of(const struct audit *a, enum log log)
{
    return log == LOG_ROOT ? a->keys.root_origin : a->keys.origin;
}

void verify_pins_heads(struct audit *a)
{
    struct finding *f = &a->finding[CHECK_PINS];
    struct pin_line p = {.rest = a->asked->pins};
    uint64_t named = 0, ours = 0;
    while (next_pin(&p)) {
        struct span log_of = p.pin == PIN_LOG_KEY ? p.key.name : p.pin == PIN_CHECKPOINT ? p.head.origin : SPAN("");
        named += !span_empty(log_of);
        ours += !span_empty(log_of) &&
                (span_eq(log_of, origin_of(a, LOG_ROOT)) || span_eq(log_of, origin_of(a, LOG_CONTRACT)));
        if (p.pin == PIN_WRONG)
            finds_doubt(f, "line %" PRIu64 " of the pins is no log-key, statement-key or checkpoint", p.number);
        for (int log = 0; log < LOGS && p.pin == PIN_CHECKPOINT; log++)
            if (span_eq(p.head.origin, origin_of(a, (enum log)log))) {
                verify_known_add(&a->known[log],
                                 &(struct known_head){
                                     .size = p.head.size, .root = p.head.root, .check = CHECK_PINS, .line = p.number});
                a->n_pinned++;
            }
    }
    a->pins_elsewhere = named > 0 && ours == 0;
}

/* Whether a pin says that the log was larger already: then it does not say by which keys this much was signed. */
static bool is_older(const struct audit *a, enum log log, uint64_t size)
{
    struct pin_line p = {.rest = a->asked->pins};
    bool older = false;
    while (next_pin(&p))
        older |= p.pin == PIN_CHECKPOINT && p.head.size > size && span_eq(p.head.origin, origin_of(a, log));
    return older;
}

/* The present note of a log by the keys that are pinned under its name, if there are any. */
static void check_log_keys(struct audit *a, enum log log)
{
    struct finding *f = &a->finding[CHECK_PINS];
    struct pin_line p = {.rest = a->asked->pins};
    struct span origin = origin_of(a, log);
    struct note_key keys[KEYS_CAP];
    struct checkpoint head;
    struct buf note;
    char path[PATH_CAP];
    size_t n = 0;
    while (next_pin(&p))
        if (p.pin == PIN_LOG_KEY && span_eq(p.key.name, origin) && n < KEYS_CAP)
            keys[n++] = p.key;
    if (n == 0)
        return;
    a->n_pinned += n;
    snprintf(path, sizeof path, log == LOG_ROOT ? "log/checkpoint" : "log/%s/checkpoint", a->contract);
    buf_heap(&note);
    bool foreign = audit_read(a, CHECK_PINS, path, LIMIT_NOTE, &note) &&
                   checkpoint_open(buf_span(&note), keys, n, &head) != ERR_OK;
    if (foreign && checkpoint_peek(buf_span(&note), &head) == ERR_OK && is_older(a, log, head.size))
        finds_doubt(f,
                    "%.100s is signed by none of the keys that are pinned, and older than the pins: pull the mirror "
                    "again",
                    path);
    else if (foreign)
        finds_failure(f,
                      "%.100s is signed by none of the keys that are pinned: another than the operator you know signed "
                      "it, or its keys have changed since: ask the operator by another way than this server",
                      path);
    buf_free(&note);
}

static bool is_pinned(const struct audit *a, const char kid[JWK_KID_LEN], uint64_t *n)
{
    struct pin_line p = {.rest = a->asked->pins};
    bool found = false;
    for (*n = 0; next_pin(&p);)
        if (p.pin == PIN_STATEMENT_KEY) {
            ++*n;
            found |= memcmp(p.kid.ptr, kid, JWK_KID_LEN) == 0;
        }
    return found;
}

void verify_pins_statement(struct audit *a, const char *id, const char kid[JWK_KID_LEN])
{
    uint64_t n;
    bool foreign = !a->pins_elsewhere && !is_pinned(a, kid, &n) && n > 0;
    if (foreign && is_older(a, LOG_CONTRACT, a->head.size))
        finds_doubt(&a->finding[CHECK_PINS],
                    "statement %s is signed by the key %.*s, which is not pinned, and this mirror is older than the "
                    "pins: pull it again",
                    id, JWK_KID_LEN, kid);
    else if (foreign)
        finds_failure(&a->finding[CHECK_PINS], "statement %s is signed by the key %.*s, which is not pinned", id,
                      JWK_KID_LEN, kid);
}

void verify_pins(struct audit *a)
{
    struct pin_line first = {.rest = a->asked->pins};
    char none[JWK_KID_LEN] = {0};
    uint64_t n;
    if (a->asked->pins.ptr == NULL)
        return;
    for (int log = 0; log < LOGS; log++)
        check_log_keys(a, (enum log)log);
    (void)is_pinned(a, none, &n);
    a->n_pinned += a->pins_elsewhere ? 0 : n;
    if (!next_pin(&first))
        finds_doubt(&a->finding[CHECK_PINS], "the pins are empty: `verify --print-pin` prints some of a mirror");
    else if (a->n_pinned == 0 && a->keys.n_contract > 0)
        finds_doubt(&a->finding[CHECK_PINS],
                    "no pin is about this contract's log or its root log: these are called %.*s and %.*s. They are "
                    "another contract's, or the server has another name than when they were made",
                    (int)a->keys.origin.len, a->keys.origin.ptr, (int)a->keys.root_origin.len, a->keys.root_origin.ptr);
}

static void write_key(struct audit *a, enum log log, struct span note, struct buf *out)
{
    const struct key_set *k = &a->keys;
    const struct note_key *keys = k->log + (log == LOG_ROOT ? k->n_contract : 0);
    size_t n = log == LOG_ROOT ? k->n_root : k->n_contract;
    struct checkpoint head;
    for (size_t i = 0; i < n; i++)
        if (checkpoint_open(note, &keys[i], 1, &head) == ERR_OK) {
            buf_str(out, "log-key ");
            note_vkey(out, &keys[i]);
            buf_byte(out, '\n');
        }
}

void verify_pins_write(struct audit *a, struct buf *out)
{
    static const enum check keys = CHECK_KEYS;
    struct checkpoint head;
    struct buf note;
    char path[PATH_CAP], kid[JWK_KID_LEN];
    buf_heap(&note);
    for (int log = 0; log < LOGS; log++) {
        snprintf(path, sizeof path, log == LOG_ROOT ? "log/checkpoint" : "log/%s/checkpoint", a->contract);
        if (!audit_read(a, keys, path, LIMIT_NOTE, &note) || checkpoint_peek(buf_span(&note), &head) != ERR_OK)
            continue;
        write_key(a, (enum log)log, buf_span(&note), out);
        buf_str(out, "checkpoint ");
        buf_span_add(out, head.origin);
        buf_printf(out, " %" PRIu64 " ", head.size);
        buf_b64(out, head.root.b, HASH_LEN);
        buf_byte(out, '\n');
    }
    for (size_t i = 0; i < a->keys.n_statement; i++)
        if (a->keys.used_statement >> i & 1) {
            jwk_kid(a->keys.statement[i], kid);
            buf_str(out, "statement-key ");
            buf_add(out, kid, JWK_KID_LEN);
            buf_byte(out, '\n');
        }
    buf_free(&note);
}
