#include "server/web/unsubscribe.h"

#include "common/commit/notice.h"
#include "common/pages/page.h"
#include "server/commit/notice_rows.h"

static const char style[] =
    ":root{color-scheme:light dark}main{max-width:34rem;margin:auto;padding:3.75rem 1rem;font:.9375rem/1.5 "
    "system-ui,sans-serif}h1{font-size:1.4rem;line-height:1.3}button{font:inherit;padding:.5rem 1rem}";

/* Whose notices go to the address that the link was made for. ERR_NOT_FOUND: nobody's any more. */
static enum err find(struct request *rq, struct notice_row *row, uint32_t *party)
{
    char wanted[UNSUBSCRIBE_LEN];
    struct txn *t;
    enum err err = unsubscribe_party(rq->param[0], party);
    if (err == ERR_OK && (err = worker_reader(rq->worker, &t)) == ERR_OK)
        err = notice_row_get(t, *party, row);
    if (err == ERR_OK) {
        unsubscribe_write(rq->worker->server->instance.keys, *party, row->email, wanted);
        err = crypto_equal(rq->param[0].ptr, wanted, UNSUBSCRIBE_LEN) ? ERR_OK : ERR_NOT_FOUND;
    }
    return err == ERR_NOT_FOUND
               ? problem(&rq->problem, err, "", "this link is of no notices that are sent: nothing needs to be done")
               : err;
}

static void page(struct request *rq, struct reply *reply, enum language l, enum notice_line line, bool button)
{
    struct buf out;
    struct page g = {.out = &out, .language = l};
    struct span text = span_str(notice_line_text(l, line));
    buf_heap(&out);
    page_html(&g, "<!doctype html>\n<html lang=\"");
    page_html(&g, language_word(l));
    page_html(&g,
              "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<meta "
              "name=\"robots\" content=\"noindex\">\n<title>");
    page_text(&g, text);
    page_html(&g, "</title>\n<style>");
    page_html(&g, style);
    page_html(&g, "</style>\n<link rel=\"icon\" href=\"/icon.svg\">\n</head>\n<body>\n<main>\n<h1>");
    page_text(&g, text);
    page_html(&g, "</h1>\n");
    if (button) {
        page_html(&g, "<form method=\"post\"><button>");
        page_text(&g, text);
        page_html(&g, "</button></form>\n");
    }
    page_html(&g, "</main>\n</body>\n</html>\n");
    reply_body_take(reply, "text/html; charset=utf-8", &out);
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    reply_page(rq, reply, l, span_of(style, sizeof style - 1), "img-src 'self'; form-action 'self'; ");
    buf_free(&out);
}

enum err unsubscribe_get(struct request *rq, struct reply *reply)
{
    struct notice_row row;
    uint32_t party;
    enum err err = find(rq, &row, &party);
    if (err == ERR_OK)
        page(rq, reply, row.language, NOTICE_LINE_STOP, true);
    return err;
}

enum err unsubscribe_post(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct notice_row row;
    uint32_t party;
    enum err err = find(rq, &row, &party);
    if (err != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_NOTICES, NULL);
    job->record.notices.party = job->record.notices.by = party;
    job->record.notices.language = row.language;
    return worker_submit(rq, job);
}

enum err unsubscribe_finish(struct request *rq, struct job *job, struct reply *reply)
{
    if (job->err == ERR_OK)
        page(rq, reply, job->record.notices.language, NOTICE_LINE_STOPPED, false);
    return job->err;
}
