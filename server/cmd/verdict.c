#include "server/cmd/verdict.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/json_write.h"
#include "common/base/utf8.h"
#include "server/system/log.h"

static const char *const words[] = {[HOLDS] = "holds", [FAILS] = "fails", [CANNOT_TELL] = "cannot_tell"};
static const char *const marks[] = {[HOLDS] = "holds", [FAILS] = "FAILS", [CANNOT_TELL] = "cannot tell"};

void verdict_out_of_memory(void)
{
    complain("no memory is left: nothing can be told, allow this process more");
    _exit(STATUS_CANNOT_TELL);
}

void verdict_open(struct verdict_printer *p, bool json)
{
    p->json = json;
    buf_heap(&p->checks);
}

void verdict_line(void *printer, const char *check, enum verdict v, const char *sentence)
{
    struct verdict_printer *p = printer;
    char mem[2048];
    struct buf clean;
    buf_fixed(&clean, mem, sizeof mem - 1);
    utf8_show(&clean, span_str(sentence), sizeof mem - 1); /* a mirror's names and texts may hold anything */
    if (!p->json) {
        printf("%-12s%-13s%.*s\n", check, marks[v], (int)clean.len, clean.ptr);
        fflush(stdout);
        return;
    }
    struct jw w;
    if (p->checks.len > 0)
        buf_byte(&p->checks, ',');
    jw_open(&w, &p->checks);
    jw_object(&w);
    jw_kstr(&w, "check", span_str(check));
    jw_kstr(&w, "sentence", buf_span(&clean));
    jw_kstr(&w, "verdict", span_str(words[v]));
    jw_object_end(&w);
    jw_close(&w);
}

int verdict_close(struct verdict_printer *p, enum verdict all)
{
    if (p->json)
        printf("{\"checks\":[%.*s],\"verdict\":\"%s\"}\n", (int)p->checks.len,
               p->checks.ptr != NULL ? p->checks.ptr : "", words[all]);
    else
        printf("%s\n", all == HOLDS ? "all holds" : all == FAILS ? "something does NOT hold" : "cannot tell");
    buf_free(&p->checks);
    return all == HOLDS ? STATUS_DONE : all == FAILS ? STATUS_FAILED : STATUS_CANNOT_TELL;
}
