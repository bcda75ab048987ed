#include "server/ledger/journal.h"

#include "common/base/bytes.h"

enum { DEVICE_SHIFT = 4, CLASS_MASK = 15 };
_Static_assert(CLASS_COUNT <= 16 && DEVICE_COUNT <= 16, "class and device share a byte");

/* Of other kinds the entry is all that follows. */
static bool says_length(enum entry_kind kind)
{
    return kind == ENTRY_LEAD || kind == ENTRY_ROOT;
}

static size_t head_len(enum entry_kind kind)
{
    return ENVELOPE_HEAD + (says_length(kind) ? ENVELOPE_LENGTH : 0);
}

size_t envelope_len(const struct envelope *e)
{
    return head_len(e->kind) + e->entry.len + e->beside.len;
}

void envelope_write(const struct envelope *e, void *out)
{
    uint8_t *p = out;
    p[0] = (uint8_t)e->kind;
    p[1] = (uint8_t)(e->class | e->device << DEVICE_SHIFT);
    store_be32(p + 2, e->contract);
    store_be40(p + 6, e->index);
    p += ENVELOPE_HEAD;
    if (says_length(e->kind))
        store_be16(p, (uint16_t)e->entry.len);
    p += says_length(e->kind) ? ENVELOPE_LENGTH : 0;
    memcpy(p, e->entry.ptr, e->entry.len);
    if (e->beside.len != 0)
        memcpy(p + e->entry.len, e->beside.ptr, e->beside.len);
}

enum err envelope_read(struct span bytes, struct envelope *out)
{
    const uint8_t *p = (const uint8_t *)bytes.ptr;
    if (bytes.len < ENVELOPE_HEAD || p[0] >= ENTRY_KINDS || bytes.len < head_len((enum entry_kind)p[0]))
        return ERR_CORRUPT;
    const enum entry_kind kind = (enum entry_kind)p[0];
    unsigned class = p[1] & CLASS_MASK, device = p[1] >> DEVICE_SHIFT;
    size_t rest = bytes.len - head_len(kind), entry_len = says_length(kind) ? load_be16(p + ENVELOPE_HEAD) : rest;
    if (class >= CLASS_COUNT || device >= DEVICE_COUNT || (device != DEVICE_NONE && kind != ENTRY_CLICK) ||
        entry_len > rest)
        return ERR_CORRUPT;
    const char *entry = bytes.ptr + head_len(kind);
    *out = (struct envelope){
        .kind = kind,
        .class = (enum class) class,
        .device = (enum device)device,
        .contract = load_be32(p + 2),
        .index = load_be40(p + 6),
        .entry = span_of(entry, entry_len),
        .beside = span_of(entry + entry_len, rest - entry_len),
    };
    return ERR_OK;
}

/* The number behind a member's name, which is looked for from *rest on; what follows it. ERR_NOT_FOUND: it is left out.
 */
static enum err number_behind(struct span *rest, struct span name, int64_t *out)
{
    const char *at = memmem(rest->ptr, rest->len, name.ptr, name.len), *end = rest->ptr + rest->len;
    if (at == NULL)
        return ERR_NOT_FOUND;
    const char *first = at + name.len, *last = first;
    while (last < end && *last != ',' && *last != '}')
        last++;
    *rest = span_of(last, (size_t)(end - last));
    return parse_i64(span_of(first, (size_t)(last - first)), out) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

static enum err left_out(enum err err)
{
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* A quotation mark within a text has a backslash in front of it: none of them reads like a member. */
enum err envelope_click(const struct envelope *e, struct clicked *out)
{
    int64_t at_ms, clocked_ms = 0, steps = 0, placement;
    struct span rest = e->entry, front;
    enum err err = number_behind(&rest, SPAN("{\"at\":"), &at_ms);
    const char *commit = err == ERR_OK ? memmem(rest.ptr, rest.len, ",\"commit\":", 10) : NULL;
    if (commit == NULL)
        return ERR_CORRUPT;
    front = span_of(rest.ptr, (size_t)(commit - rest.ptr)); /* what may be left out stands in front of it */
    rest = span_skip(rest, front.len);
    err = left_out(number_behind(&front, SPAN(",\"clock_ms\":"), &clocked_ms));
    if (err == ERR_OK)
        err = left_out(number_behind(&front, SPAN(",\"clock_steps\":"), &steps));
    if (err == ERR_OK)
        err = number_behind(&rest, SPAN(",\"placement\":"), &placement);
    if (err != ERR_OK || at_ms < 0 || clocked_ms < 0 || steps < 0 || steps > UINT32_MAX || placement < 0 ||
        placement > UINT32_MAX)
        return ERR_CORRUPT;
    *out = (struct clicked){e->class, e->device, clocked_ms ? clocked_ms : at_ms, (uint32_t)placement, (uint32_t)steps};
    return ERR_OK;
}
