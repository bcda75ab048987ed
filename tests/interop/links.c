/* For test_links.py: reads JSON lines {"text":"...","params":[["name","value"],...]}, prints for each what a click
 * makes of it: {"clean":"..."} with "set", the same with the parameters set, or {} for what is no link. */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "common/decisions/destination.h"
#include "common/decisions/link.h"

static struct span text_of(const json_t *v)
{
    return span_of(json_string_value(v), json_string_length(v));
}

static void answer(const json_t *in)
{
    struct link_param params[DESTINATION_PARAMS];
    size_t n = 0, i;
    json_t *pair, *out = json_object();
    struct buf clean, set;
    json_array_foreach(json_object_get(in, "params"), i, pair) params[n++] =
        (struct link_param){text_of(json_array_get(pair, 0)), text_of(json_array_get(pair, 1))};
    buf_heap(&clean), buf_heap(&set);
    if (link_clean(text_of(json_object_get(in, "text")), &clean)) {
        destination_write(&set, buf_span(&clean), params, n);
        json_object_set_new(out, "clean", json_stringn(clean.ptr, clean.len));
        json_object_set_new(out, "set", json_stringn(set.ptr, set.len));
    }
    json_dumpf(out, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(out);
    buf_free(&clean), buf_free(&set);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        json_t *in = json_loads(line, 0, NULL);
        if (in == NULL)
            return 1;
        answer(in);
        json_decref(in);
    }
    free(line);
    return 0;
}
