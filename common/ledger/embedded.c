#include "common/ledger/embedded.h"

#include <assert.h>

static bool embed(json_t *obj, const char *key, bool is, json_t *doc, struct span *out)
{
    struct buf b;
    struct jw w;
    if (!is)
        return false;
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

bool embedded_text(json_t *obj, const char *key, struct span *out)
{
    json_t *doc = json_object_get(obj, key);
    return embed(obj, key, json_is_object(doc), doc, out);
}

bool embedded_list(json_t *obj, const char *key, struct span *out)
{
    json_t *list = json_object_get(obj, key);
    return embed(obj, key, json_is_array(list), list, out);
}
