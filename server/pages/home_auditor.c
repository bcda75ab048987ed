/* What an auditor sees first: the contracts that are open to him, their heads, and the command that takes a copy. */
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/text.h"
#include "server/audit/audit.h"
#include "server/pages/pages_private.h"
#include "server/pages/rows.h"
#include "server/pages/shown.h"

enum { LISTED = 200 };

/* Lines two and three of a checkpoint: how many entries, and their root. */
static enum err head_of(struct request *rq, const struct contract *k, uint64_t *size, struct span *root)
{
    struct span note, line;
    enum err err = ask_body(rq, checkpoint_get, span_str(k->id), SPAN(""), &note);
    if (err == ERR_NOT_FOUND) { /* it has none yet */
        *size = 0;
        *root = SPAN("–");
        return ERR_OK;
    }
    if (err != ERR_OK)
        return err;
    text_take(&note, '\n');
    line = text_take(&note, '\n');
    *root = text_take(&note, '\n');
    return parse_u64(line, size) == ERR_OK ? ERR_OK : ERR_INTERNAL;
}

struct seen {
    const struct contract *k;
    uint64_t size;
    struct span root;
};

static void write_contract(struct screen *s, const struct seen *one)
{
    page_html(&s->g, "<tr>");
    rows_between(s, one->k);
    page_put(&s->g,
             "<td data-l=\"{}\"><a class=\"id\" href=\"/contracts/{}\">{}</a></td><td class=\"n\" "
             "data-l=\"{}\">{}</td><td data-l=\"{}\"><bdi><code>{}</code></bdi></td></tr>\n",
             P_WORD(WORD_CONTRACT), P_QUERY(span_str(one->k->id)), P_TEXT(span_str(one->k->id)),
             P_WORD(WORD_COL_ENTRIES), P_COUNT((int64_t)one->size), P_WORD(WORD_COL_HEAD), P_TEXT(one->root));
}

void auditor_pull(struct screen *s, const struct contract *const *k, size_t n)
{
    struct page *g = &s->g;
    page_put(g, "<section class=\"card stack\">\n<h2>{}</h2>\n<p>{}</p>\n<div class=\"copy\"><pre id=\"pull\">",
             P_WORD(WORD_AUDIT_PULL), P_WORD(WORD_AUDIT_PULL_WHAT));
    for (size_t i = 0; i < n; i++)
        page_put(g, "{}countersign pull {} ./{} --contract {} --token \"$TOKEN\"\ncountersign verify ./{}",
                 P_HTML(i > 0 ? "\n" : ""), P_TEXT(span_str(s->rq->worker->server->instance.public_url)),
                 P_TEXT(span_str(k[i]->id)), P_TEXT(span_str(k[i]->id)), P_TEXT(span_str(k[i]->id)));
    page_put(g,
             "</pre><button class=\"b sm\" type=\"button\" data-copy=\"pull\" hidden>{}</button></div>\n</section>\n",
             P_WORD(WORD_COPY));
}

/* As /log/keys has them: whoever is shown other ones is shown another history. */
static void write_keys(struct screen *s)
{
    struct reply answer = {0};
    if (log_keys_get(s->rq, &answer) != ERR_OK)
        return;
    page_put(&s->g, "<section class=\"card stack\">\n<h2>{}</h2>\n<p>{}</p>\n", P_WORD(WORD_AUDIT_KEYS),
             P_WORD(WORD_AUDIT_KEYS_WHAT));
    shown_copy(s, "keys", answer.body);
    page_put(&s->g, "<p class=\"s\">{}</p>\n</section>\n", P_WORD(WORD_AUDIT_FINDINGS));
    free(answer.heap);
}

static void write_contracts(struct screen *s, const struct seen *seen, size_t n)
{
    screen_open(s, WORD_CONTRACTS, "/", NULL);
    page_put(&s->g, "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div></div>\n", P_WORD(WORD_AUDIT_TITLE),
             P_WORD(WORD_AUDIT_WHAT));
    if (n == 0) {
        page_put(&s->g, "<div class=\"card empty\"><h2>{}</h2><p>{}</p></div>\n", P_WORD(WORD_NO_CONTRACT),
                 P_WORD(WORD_NO_CONTRACT_WHAT));
        return;
    }
    page_put(&s->g,
             "<section class=\"card\" data-live=\"contracts\">\n<table class=\"cards\"><thead><tr><th "
             "scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th><th scope=\"col\" class=\"n\">{}</th><th "
             "scope=\"col\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_COL_BETWEEN), P_WORD(WORD_CONTRACT), P_WORD(WORD_COL_ENTRIES), P_WORD(WORD_COL_HEAD));
    for (size_t i = 0; i < n; i++)
        write_contract(s, &seen[i]);
    page_html(&s->g, "</tbody></table>\n</section>\n");
    const struct contract **all = arena_alloc(s->rq->arena, n * sizeof *all);
    for (size_t i = 0; i < n; i++)
        all[i] = seen[i].k;
    auditor_pull(s, all, n);
    write_keys(s);
}

enum err auditor_read(struct request *rq, struct reply *reply)
{
    const struct contract_list all = catalog_reads(rq->catalog, rq->caller);
    struct seen *seen = arena_alloc(rq->arena, LISTED * sizeof *seen);
    size_t n = all.n < LISTED ? all.n : LISTED;
    struct screen s;
    enum err err = screen_read(&s, rq, NULL, 0);
    if (err == ERR_OK)
        err = screen_zone(&s, screen_first_zone(rq));
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        seen[i].k = catalog_listed(rq->catalog, &all, i);
        err = head_of(rq, seen[i].k, &seen[i].size, &seen[i].root);
    }
    if (err != ERR_OK)
        return err;
    write_contracts(&s, seen, n);
    return screen_reply(&s, reply, 200);
}
