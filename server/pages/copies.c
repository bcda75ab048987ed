#include "server/pages/copies.h"

#include "common/base/when.h"
#include "server/api/api.h"
#include "server/pages/pages_private.h"
#include "server/pages/shown.h"
#include "server/store/store.h"

const struct act copies_acts[COPIES_ACTS] = {
    [COPIES_BACKUP] = {"backup", backups_create, .again = system_read},
    [COPIES_CHECK] = {"check", checks_create, .again = system_read},
};

static const struct kind {
    const char *name, *command, *rest;
    enum word heading, title, what, runs, never;
} kinds[COPIES_ACTS] = {
    [COPIES_BACKUP] = {"backup", "countersign backup --data ", " /backups/$(date +%F)", WORD_SYS_LAST_COPY,
                       WORD_SYS_BACKUP, WORD_SYS_BACKUP_WHAT, WORD_SYS_COPYING, WORD_SYS_NO_COPY},
    [COPIES_CHECK] = {"check", "countersign check --data ", "", WORD_SYS_LAST_CHECK, WORD_SYS_CHECK,
                      WORD_SYS_CHECK_WHAT, WORD_SYS_CHECKING, WORD_SYS_NO_CHECK},
};

enum { MIB_BITS = 20 };

static enum word verdict_word(struct span verdict)
{
    return span_is(verdict, "holds") ? WORD_SYS_HOLDS : span_is(verdict, "fails") ? WORD_SYS_FAILS : WORD_SYS_UNSURE;
}

/* How long ago, by the clock as it is; one that was set back since says none at all. */
static void write_age(struct screen *s, int64_t at_ms)
{
    const int64_t ms = s->rq->arrived_ms > at_ms ? s->rq->arrived_ms - at_ms : 0;
    const int64_t minutes = ms / (60 * MS_PER_S), hours = minutes / 60, days = hours / 24;
    page_put(&s->g, "{}",
             days > 1    ? P_SAY(WORD_AGO_DAYS, P_COUNT(days))
             : hours > 1 ? P_SAY(WORD_AGO_HOURS, P_COUNT(hours))
                         : P_SAY(WORD_AGO_MINUTES, P_COUNT(minutes)));
}

/* ---- one of the two ---- */

static void write_last(struct screen *s, const json_t *one, const struct kind *k)
{
    const json_t *last = json_object_get(one, "last");
    const struct span text = ask_text(last, k == &kinds[COPIES_BACKUP] ? "folder" : "sentence");
    const struct span verdict = ask_text(last, "verdict");
    struct page *g = &s->g;
    if (last == NULL) {
        page_put(g, "<p class=\"s\">{}</p>\n",
                 P_WORD(json_is_true(json_object_get(one, "last_unreadable")) ? WORD_SYS_UNSURE : k->never));
        return;
    }
    page_put(g, "<p>{} · ", P_SAY(WORD_SYS_LAST, P_TIME(ask_time(last, "at"))));
    write_age(s, ask_time(last, "at"));
    page_put(g, " · <b class=\"{}\">{}</b> · {}</p>\n", P_HTML(span_is(verdict, "holds") ? "ok" : "bad"),
             P_WORD(verdict_word(verdict)), P_SAY(WORD_SYS_TOOK, P_COUNT((ask_int(last, "took_ms") + 999) / 1000)));
    if (!span_empty(text))
        page_put(g, "<p class=\"s id\" lang=\"en\">{}</p>\n", P_NAME(text));
}

static void write_failed(struct screen *s, const json_t *one)
{
    const json_t *failed = json_object_get(one, "failed");
    if (failed != NULL)
        page_put(&s->g, "<div class=\"note bad\" role=\"alert\"><b>{}</b> <span lang=\"en\">{}</span></div>\n",
                 P_SAY(WORD_SYS_FAILED, P_TIME(ask_time(failed, "at"))), P_NAME(ask_text(failed, "detail")));
}

/* data-again: taken anew until it has ended. What all of a copy comes to is about what the store has in use. */
static void write_running(struct screen *s, const json_t *running, const struct kind *k)
{
    const int64_t mib = ask_int(running, "bytes") >> MIB_BITS;
    const int64_t all = (int64_t)(store_bytes_used(s->rq->worker->server->instance.store) >> MIB_BITS);
    const bool checks = json_is_true(json_object_get(running, "checks"));
    struct page *g = &s->g;
    page_put(g, "<div class=\"note\" role=\"status\" data-again><b>{}</b> {}",
             P_WORD(checks ? WORD_SYS_COPY_CHECKED : k->runs),
             P_SAY(WORD_SYS_SINCE, P_TIME(ask_time(running, "since"))));
    if (k == &kinds[COPIES_BACKUP] && !checks)
        page_put(g, " · {}<progress aria-label=\"{}\" max=\"{}\" value=\"{}\"></progress>",
                 P_SAY(WORD_SYS_MIB, P_COUNT(mib), P_COUNT(all)), P_WORD(k->runs), P_INDEX(all > mib ? all : mib + 1),
                 P_INDEX(mib));
    else
        page_put(g, "<progress aria-label=\"{}\"></progress>", P_WORD(k->runs));
    page_html(g, "</div>\n");
}

static void write_command(struct screen *s, const struct kind *k)
{
    struct buf text;
    const char *data = s->rq->worker->settings->options.data.text;
    arena_buf(s->rq->arena, &text, 128 + strlen(data));
    buf_str(&text, k->command);
    buf_str(&text, data);
    buf_str(&text, k->rest);
    page_put(&s->g, "<details><summary class=\"s\">{}</summary>\n", P_WORD(WORD_SYS_BY_HAND));
    shown_copy(s, k->name, buf_span(&text));
    page_html(&s->g, "</details>\n");
}

static void write_one(struct screen *s, const json_t *upkeep, size_t i, bool busy)
{
    const struct kind *k = &kinds[i];
    const json_t *one = json_object_get(upkeep, k->name), *running = json_object_get(one, "running");
    const struct acting *sent = s->rq->acting;
    const bool refused = sent != NULL && sent->act == &copies_acts[i] && sent->err != ERR_OK;
    struct act_form f;
    page_put(&s->g, "<h3>{}</h3>\n<p class=\"s\">{}</p>\n", P_WORD(k->heading), P_WORD(k->what));
    write_last(s, one, k);
    write_failed(s, one);
    if (running != NULL)
        write_running(s, running, k);
    if (i == COPIES_BACKUP && json_object_get(one, "dir") == NULL) {
        page_put(&s->g, "<p>{}</p>\n", P_WORD(WORD_SYS_NO_FOLDER));
        shown_copy(s, "backup-line", SPAN("backup_dir = /backups"));
    }
    if (refused || ((s->rq->token->scopes & MAY_UPKEEP) != 0 && !busy &&
                    (i == COPIES_CHECK || json_object_get(one, "dir") != NULL))) {
        act_open(&f, s, &copies_acts[i], SPAN(""), "f");
        act_close(&f, k->title, "one");
    }
    write_command(s, k);
}

void copies_write(struct screen *s, const json_t *upkeep)
{
    bool busy = false;
    for (size_t i = 0; i < COPIES_ACTS; i++)
        busy |= json_object_get(json_object_get(upkeep, kinds[i].name), "running") != NULL;
    page_put(&s->g,
             "<section class=\"card stack\" id=\"copies\" data-live=\"copies\">\n<h2>{}</h2>\n<p class=\"s\">{}</p>\n",
             P_WORD(WORD_SYS_COPIES), P_WORD(WORD_SYS_COPIES_WHAT));
    for (size_t i = 0; i < COPIES_ACTS; i++)
        write_one(s, upkeep, i, busy);
    page_html(&s->g, "</section>\n");
}

/* ---- on the first page ---- */

static void write_figure(struct screen *s, const json_t *one, enum word title)
{
    const json_t *last = json_object_get(one, "last");
    const struct span verdict = ask_text(last, "verdict");
    struct page *g = &s->g;
    page_put(g, "<div><dt>{}</dt><dd><a href=\"/system#copies\">", P_WORD(title));
    if (json_is_true(json_object_get(one, "last_unreadable")))
        page_put(g, "{}", P_WORD(WORD_SYS_UNSURE));
    else if (last == NULL)
        page_put(g, "{}", P_WORD(WORD_SYS_NEVER));
    else
        write_age(s, ask_time(last, "at"));
    if (last != NULL && !span_is(verdict, "holds"))
        page_put(g, "<small class=\"bad\">{}</small>", P_WORD(verdict_word(verdict)));
    page_html(g, "</a></dd></div>\n");
}

void copies_figures(struct screen *s, const json_t *upkeep)
{
    write_figure(s, json_object_get(upkeep, "backup"), WORD_SYS_LAST_COPY);
    write_figure(s, json_object_get(upkeep, "check"), WORD_SYS_LAST_CHECK);
}
