#include "server/ledger/journal.h"

#include "common/base/bytes.h"

enum { FORMAT = 2 };

size_t envelope_len(const struct envelope *e)
{
    return ENVELOPE_HEAD + e->entry.len + e->beside.len;
}

void envelope_write(const struct envelope *e, void *out)
{
    uint8_t *p = out;
    p[0] = FORMAT;
    p[1] = (uint8_t)e->kind;
    p[2] = (uint8_t)e->class;
    p[3] = (uint8_t)e->device;
    store_be32(p + 4, e->contract);
    store_be64(p + 8, e->index);
    store_be32(p + 16, (uint32_t)e->entry.len);
    memcpy(p + ENVELOPE_HEAD, e->entry.ptr, e->entry.len);
    if (e->beside.len != 0)
        memcpy(p + ENVELOPE_HEAD + e->entry.len, e->beside.ptr, e->beside.len);
}

enum err envelope_read(struct span bytes, struct envelope *out)
{
    const uint8_t *p = (const uint8_t *)bytes.ptr;
    if (bytes.len < ENVELOPE_HEAD || p[0] != FORMAT || p[1] >= ENTRY_KINDS || p[2] >= CLASS_COUNT ||
        p[3] >= DEVICE_COUNT || (p[3] != DEVICE_NONE && p[1] != ENTRY_CLICK))
        return ERR_CORRUPT;
    size_t entry_len = load_be32(p + 16), rest = bytes.len - ENVELOPE_HEAD;
    if (entry_len > rest || (entry_len < rest && p[1] != ENTRY_LEAD && p[1] != ENTRY_ROOT))
        return ERR_CORRUPT;
    *out = (struct envelope){
        .kind = (enum entry_kind)p[1],
        .class = (enum class)p[2],
        .device = (enum device)p[3],
        .contract = load_be32(p + 4),
        .index = load_be64(p + 8),
        .entry = span_of(p + ENVELOPE_HEAD, entry_len),
        .beside = span_of(p + ENVELOPE_HEAD + entry_len, rest - entry_len),
    };
    return ERR_OK;
}

/* The number behind a member's name. ERR_NOT_FOUND: it is left out. */
static enum err number_behind(struct span entry, const char *name, int64_t *out)
{
    const char *at = memmem(entry.ptr, entry.len, name, strlen(name));
    if (at == NULL)
        return ERR_NOT_FOUND;
    const char *first = at + strlen(name), *end = first;
    while (end < entry.ptr + entry.len && *end != ',' && *end != '}')
        end++;
    return parse_i64(span_of(first, (size_t)(end - first)), out) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

/* A quotation mark within a text has a backslash in front of it: none of them reads like a member. */
enum err envelope_click(const struct envelope *e, struct clicked *out)
{
    int64_t at_ms, clocked_ms = 0, steps = 0, placement;
    enum err err = number_behind(e->entry, "{\"at\":", &at_ms);
    if (err == ERR_OK)
        err = number_behind(e->entry, ",\"placement\":", &placement);
    if (err == ERR_OK && (err = number_behind(e->entry, ",\"clock_ms\":", &clocked_ms)) == ERR_NOT_FOUND)
        err = ERR_OK;
    if (err == ERR_OK && (err = number_behind(e->entry, ",\"clock_steps\":", &steps)) == ERR_NOT_FOUND)
        err = ERR_OK;
    if (err != ERR_OK || at_ms < 0 || clocked_ms < 0 || steps < 0 || steps > UINT32_MAX || placement < 0 ||
        placement > UINT32_MAX)
        return ERR_CORRUPT;
    *out = (struct clicked){e->class, e->device, clocked_ms ? clocked_ms : at_ms, (uint32_t)placement, (uint32_t)steps};
    return ERR_OK;
}
