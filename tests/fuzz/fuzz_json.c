/* common/base/json_read: each stricter reader takes a part of what the next one takes; what was read, written
 * canonically, says the same and is the one spelling that the canonical reader takes. */
#include "common/base/json_read.h"
#include "common/base/limits.h"
#include "tests/fuzz/fuzz.h"

static void write(struct buf *out, const json_t *v)
{
    struct jw w;
    jw_open(&w, out);
    jw_value(&w, v);
    jw_close(&w);
}

/* Null members are absent members. */
static void drop_nulls(json_t *v)
{
    const char *key;
    json_t *child;
    void *next;
    size_t i;
    json_object_foreach_safe(v, next, key, child)
    {
        if (json_is_null(child))
            json_object_del(v, key);
        else
            drop_nulls(child);
    }
    json_array_foreach(v, i, child) drop_nulls(child);
}

static bool ascii_names(const json_t *v)
{
    const char *key;
    json_t *child;
    size_t i;
    bool good = true;
    json_object_foreach((json_t *)v, key, child)
    {
        for (const char *c = key; *c; c++)
            good &= (unsigned char)*c < 0x80;
        good &= ascii_names(child);
    }
    json_array_foreach(v, i, child) good &= ascii_names(child);
    return good;
}

static void writes_the_same(json_t *v)
{
    struct buf once, twice;
    json_t *again = NULL;
    buf_heap(&once);
    buf_heap(&twice);
    write(&once, v);
    struct span exact = fuzz_copy(buf_span(&once));
    HOLDS(json_read(exact, &again, NULL) == ERR_OK);
    write(&twice, again);
    HOLDS(span_eq(buf_span(&once), buf_span(&twice)));
    drop_nulls(v);
    HOLDS(json_equal(v, again));
    json_decref(again);
    again = NULL;
    HOLDS((json_read_canonical(exact, &again, NULL) == ERR_OK) == ascii_names(v));
    json_decref(again);
    fuzz_drop(exact);
    buf_free(&once);
    buf_free(&twice);
}

static enum err read_with(enum err (*read)(struct span, json_t **, struct problem *), struct span text, json_t **out)
{
    struct problem p = {0};
    enum err err = read(text, out, &p);
    if (err != ERR_OK)
        fuzz_problem(&p);
    else
        HOLDS(json_is_object(*out));
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    json_t *any = NULL, *plain = NULL, *canonical = NULL;
    bool is_any = read_with(json_read_any_number, text, &any) == ERR_OK;
    bool is_plain = read_with(json_read, text, &plain) == ERR_OK;
    bool is_canonical = read_with(json_read_canonical, text, &canonical) == ERR_OK;

    HOLDS(is_any || !is_plain);
    HOLDS(is_plain || !is_canonical);
    if (is_canonical) {
        struct buf again;
        buf_heap(&again);
        write(&again, canonical);
        HOLDS(span_eq(buf_span(&again), text));
        buf_free(&again);
    }
    if (is_plain) {
        fuzz_accepted++;
        HOLDS(json_equal(any, plain));
        writes_the_same(plain);
    }
    json_decref(any);
    json_decref(plain);
    json_decref(canonical);
    return 0;
}
