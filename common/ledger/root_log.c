#include "common/ledger/root_log.h"

#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/limits.h"
#include "common/ledger/note.h"

void root_tag(struct span origin, uint64_t leaf, struct hash *out)
{
    static const char label[] = "countersign/v1/root leaf"; /* its NUL parts it from the name */
    uint8_t index[8];
    store_be64(index, leaf);
    sha256v((struct span[]){span_of(label, sizeof label), origin, span_of("", 1), span_of(index, sizeof index)}, 4,
            out->b);
}

void root_head_write(struct buf *out, uint64_t leaf, struct span note)
{
    struct jw w;
    jw_open(&w, out);
    jw_object(&w);
    jw_kint(&w, "leaf", (int64_t)leaf);
    jw_kstr(&w, "note", note);
    jw_object_end(&w);
    jw_close(&w);
}

enum err root_head_read(struct span line, uint64_t *leaf, struct buf *note)
{
    json_t *json = NULL;
    int64_t at = 0;
    struct span text = SPAN("");
    bool has_leaf = false, has_note = false;
    bool good = json_read_canonical(line, &json, NULL) == ERR_OK && json_object_size(json) == 2 &&
                json_get_int(json, "", "leaf", 0, JSON_INT_MAX, &at, &has_leaf, NULL) == ERR_OK && has_leaf &&
                json_get_str(json, "", "note", LIMIT_NOTE, &text, &has_note, NULL) == ERR_OK && has_note &&
                at % ROOT_PAIR == 0;
    if (good) {
        buf_clear(note);
        buf_span_add(note, text);
        *leaf = (uint64_t)at;
    }
    json_decref(json);
    return good ? ERR_OK : ERR_MALFORMED;
}
