#include "common/ledger/embedded.h"

#include <assert.h>

bool embedded_text(json_t *obj, const char *key, struct span *out)
{
    json_t *doc = json_object_get(obj, key);
    struct buf b;
    struct jw w;
    if (!json_is_object(doc)) {
        return false;
    }
    buf_heap(&b);
    jw_open(&w, &b);
    jw_value(&w, doc);
    jw_close(&w);
    json_t *text = json_stringn(b.ptr, b.len);
    buf_free(&b);
    int failed = json_object_set_new(obj, key, text);
    assert(text != NULL && !failed);
    *out = span_of(json_string_value(text), json_string_length(text));
    return true;
}
