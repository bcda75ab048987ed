#include "server/cmd/verdict.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/json_write.h"
#include "common/base/utf8.h"
#include "server/system/bounds.h"
#include "server/system/log.h"

static const char *const words[] = {[HOLDS] = "holds", [FAILS] = "fails", [CANNOT_TELL] = "cannot_tell"};
static const char *const marks[] = {[HOLDS] = "holds", [FAILS] = "FAILS", [CANNOT_TELL] = "cannot tell"};

const char *verdict_word(enum verdict v)
{
    return words[v];
}

void verdict_out_of_memory(void)
{
    complain("no memory is left%s: nothing can be told, allow this process more", bounds_of_memory());
    _exit(STATUS_CANNOT_TELL);
}

void verdict_open(struct verdict_printer *p, bool json)
{
    p->json = json;
    buf_heap(&p->checks);
    buf_heap(&p->facts);
}

static void print_line(const struct report_line *t, const struct buf *sentence)
{
    char topic[32];
    size_t n = 0;
    for (; t->topic[n] != '\0' && n < sizeof topic - 1; n++)
        topic[n] = t->topic[n] == '_' ? ' ' : t->topic[n];
    topic[n] = '\0';
    printf("%-12s%-13s%.*s\n", topic, t->judged ? marks[t->verdict] : "-", (int)sentence->len, sentence->ptr);
    fflush(stdout);
}

static void write_item(struct buf *items, const struct report_line *t, const struct buf *sentence)
{
    struct jw w;
    if (items->len > 0)
        buf_byte(items, ',');
    jw_open(&w, items);
    jw_object(&w);
    if (t->check)
        jw_kstr(&w, "check", span_str(t->topic));
    if (!span_empty(t->data)) {
        jw_key(&w, "data");
        jw_raw(&w, t->data);
    }
    jw_kstr(&w, "sentence", buf_span(sentence));
    if (!t->check)
        jw_kstr(&w, "topic", span_str(t->topic));
    if (t->judged)
        jw_kstr(&w, "verdict", span_str(words[t->verdict]));
    jw_object_end(&w);
    jw_close(&w);
}

void verdict_line(void *printer, const struct report_line *t)
{
    struct verdict_printer *p = printer;
    char mem[4096];
    struct buf clean;
    buf_fixed(&clean, mem, sizeof mem - 1);
    utf8_show(&clean, t->sentence, sizeof mem - 1); /* a mirror's names and texts may hold anything */
    if (p->json)
        write_item(t->check ? &p->checks : &p->facts, t, &clean);
    else
        print_line(t, &clean);
}

static struct span items(const struct buf *b)
{
    return b->len > 0 ? buf_span(b) : SPAN("");
}

int verdict_close(struct verdict_printer *p, enum verdict all)
{
    struct span checks = items(&p->checks), facts = items(&p->facts);
    if (p->json)
        printf("{\"checks\":[%.*s],\"facts\":[%.*s],\"verdict\":\"%s\"}\n", (int)checks.len, checks.ptr, (int)facts.len,
               facts.ptr, words[all]);
    else
        printf("%s\n", all == HOLDS ? "all holds" : all == FAILS ? "something does NOT hold" : "cannot tell");
    buf_free(&p->checks);
    buf_free(&p->facts);
    return all == HOLDS ? STATUS_DONE : all == FAILS ? STATUS_FAILED : STATUS_CANNOT_TELL;
}
