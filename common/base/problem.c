#include "common/base/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/json_write.h"
#include "common/base/utf8.h"

/* Of a longer text what ends at a character. */
static void keep(char *out, size_t cap, const char *text)
{
    struct span s = utf8_cut(span_str(text), cap - 1);
    memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
}

enum err problem(struct problem *p, enum err err, const char *field, const char *fmt, ...)
{
    if (p == NULL)
        return err;
    char detail[sizeof p->detail + 1]; /* one byte more shows where a character ends */
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    keep(p->field, sizeof p->field, field);
    keep(p->detail, sizeof p->detail, detail);
    p->foreign = false;
    return err;
}

enum err problem_foreign(struct problem *p, enum err err)
{
    if (p != NULL && err != ERR_OK)
        p->foreign = true;
    return err;
}

void problem_json(struct buf *out, const struct problem *p, struct span request_id, const char *word, int status,
                  const char *title)
{
    char type[64];
    struct jw w;
    snprintf(type, sizeof type, "%s%s", word != NULL ? "urn:countersign:problem:" : "about:blank",
             word != NULL ? word : "");
    jw_open(&w, out);
    jw_object(&w);
    if (p->detail[0])
        jw_kstr(&w, "detail", span_str(p->detail));
    if (p->field[0])
        jw_kstr(&w, "field", span_str(p->field));
    if (!span_empty(request_id))
        jw_kstr(&w, "request_id", request_id);
    jw_kint(&w, "status", status);
    jw_kstr(&w, "title", span_str(title));
    jw_kstr(&w, "type", span_str(type));
    jw_object_end(&w);
    jw_close(&w);
}
