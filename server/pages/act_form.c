/* Forms as they are written: with what was typed and what was said of it, where they were refused. */
#include "server/pages/act.h"
#include "server/pages/refusal.h"
#include "server/system/system.h"

enum { ONCE_LEN = 16 };

struct span act_answer(const struct request *rq, const struct act *a)
{
    return rq->acting != NULL && rq->acting->act == a && rq->acting->err == ERR_OK ? rq->acting->answer : SPAN("");
}

int act_status(const struct request *rq)
{
    return rq->acting != NULL ? rq->acting->status : 200;
}

void act_hidden(struct act_form *f, const char *name, struct span value)
{
    page_put(&f->s->g, "<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", P_TEXT(span_str(name)), P_TEXT(value));
}

static void write_once(struct act_form *f)
{
    uint8_t once[ONCE_LEN];
    char text[2 * ONCE_LEN];
    struct buf hex;
    random_bytes(once, sizeof once);
    buf_fixed(&hex, text, sizeof text);
    buf_hex(&hex, once, sizeof once);
    act_hidden(f, "once", buf_span(&hex));
}

void act_refusal(struct act_form *f)
{
    const struct problem *p = &f->refused->problem;
    page_put(&f->s->g, "<div class=\"note bad\" role=\"alert\"><b>{}</b> ", P_WORD(WORD_DECIDE_NOT));
    refusal_said(&f->s->g, span_str(p->field), span_str(p->detail));
    page_put(&f->s->g, " <code>{}</code></div>\n", P_TEXT(span_str(err_word(f->refused->err))));
}

void act_open(struct act_form *f, struct screen *s, const struct act *a, struct span id, const char *class)
{
    const struct acting *sent = s->rq->acting;
    bool refused = sent != NULL && sent->act == a && sent->err != ERR_OK && span_eq(form_value(&sent->form, "id"), id);
    *f = (struct act_form){s, a, id, refused ? sent : NULL};
    page_put(&s->g, "<form class=\"{}\" method=\"post\" action=\"{}\">\n", P_TEXT(span_str(class)),
             P_TEXT(a->at != NULL ? span_str(a->at) : s->rq->path));
    frame_form_token(&s->g, s->frame.form_token);
    act_hidden(f, "act", span_str(a->name));
    write_once(f);
    if (!span_empty(id))
        act_hidden(f, "id", id);
    if (refused)
        act_refusal(f);
}

void act_close(struct act_form *f, enum word button, const char *class)
{
    page_put(&f->s->g, "<button class=\"b {}\">{}</button>\n</form>\n", P_TEXT(span_str(class)), P_WORD(button));
}

struct span act_value(const struct act_form *f, const char *name, struct span otherwise)
{
    return f->refused != NULL ? form_value(&f->refused->form, name) : otherwise;
}

bool act_was_ticked(const struct act_form *f, const char *name, struct span value)
{
    for (size_t i = 0; f->refused != NULL && i < f->refused->form.n; i++)
        if (span_is(f->refused->form.field[i].name, name) && span_eq(f->refused->form.field[i].value, value))
            return true;
    return false;
}

/* ---- fields ---- */

static const char *member_of(const struct act *a, const char *name)
{
    for (const struct act_field *row = a->fields; row != NULL && row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return row->member;
    return name;
}

/* Whether it is what the refusal names, or what that is a part of. */
static bool is_faulty(const struct act_form *f, const char *name)
{
    const char *member = member_of(f->a, name);
    size_t n = strlen(member);
    return f->refused != NULL && strncmp(f->refused->problem.field, member, n) == 0 &&
           strchr(".[", f->refused->problem.field[n]) != NULL;
}

static void write_id(struct act_form *f, const char *name, const char *end)
{
    page_put(&f->s->g, "{}{}-{}{}", P_TEXT(span_str(f->a->name)), P_TEXT(f->id), P_TEXT(span_str(name)), P_HTML(end));
}

void act_field_open(struct act_form *f, const char *name, enum word label)
{
    page_html(&f->s->g, "<div class=\"f\"><label for=\"");
    write_id(f, name, "");
    page_put(&f->s->g, "\">{}</label>", P_WORD(label));
}

void act_field_marks(struct act_form *f, const char *name, enum word hint)
{
    struct page *g = &f->s->g;
    bool faulty = is_faulty(f, name);
    page_html(g, " id=\"");
    write_id(f, name, "");
    page_put(g, "\" name=\"{}\"", P_TEXT(span_str(name)));
    if (hint != WORDS || faulty)
        page_html(g, " aria-describedby=\"");
    if (hint != WORDS)
        write_id(f, name, "-h");
    if (faulty) {
        page_html(g, " ");
        write_id(f, name, "-e");
    }
    if (hint != WORDS || faulty)
        page_html(g, "\"");
    page_html(g, faulty ? " aria-invalid=\"true\"" : "");
}

void act_field_close(struct act_form *f, const char *name, enum word hint)
{
    struct page *g = &f->s->g;
    if (hint != WORDS) {
        page_html(g, "<span class=\"s\" id=\"");
        write_id(f, name, "-h");
        page_put(g, "\">{}</span>", P_WORD(hint));
    }
    if (is_faulty(f, name)) {
        page_html(g, "<span class=\"err\" id=\"");
        write_id(f, name, "-e");
        page_html(g, "\">");
        refusal_detail(g, span_str(f->refused->problem.detail));
        page_html(g, "</span>");
    }
    page_html(g, "</div>\n");
}

void act_input(struct act_form *f, const char *name, enum word label, enum word hint, struct span value,
               const char *attributes)
{
    act_field_open(f, name, label);
    page_html(&f->s->g, "<input");
    act_field_marks(f, name, hint);
    page_put(&f->s->g, " value=\"{}\" {}>", P_TEXT(act_value(f, name, value)), P_HTML(attributes));
    act_field_close(f, name, hint);
}

/* The first line end of its text is the tag's own. */
void act_area(struct act_form *f, const char *name, enum word label, enum word hint, struct span value,
              const char *attributes)
{
    act_field_open(f, name, label);
    page_html(&f->s->g, "<textarea");
    act_field_marks(f, name, hint);
    page_put(&f->s->g, " {}>\n{}</textarea>", P_HTML(attributes), P_TEXT(act_value(f, name, value)));
    act_field_close(f, name, hint);
}

void act_choice(struct act_form *f, const char *name, enum word label, enum word hint, struct span chosen,
                const struct act_option *options, size_t n)
{
    const struct span value = act_value(f, name, chosen);
    act_field_open(f, name, label);
    page_html(&f->s->g, "<select");
    act_field_marks(f, name, hint);
    page_html(&f->s->g, ">");
    for (size_t i = 0; i < n; i++)
        page_put(&f->s->g, "<option value=\"{}\"{}>{}</option>\n", P_TEXT(options[i].value),
                 P_HTML(span_eq(options[i].value, value) ? " selected" : ""), P_TEXT(options[i].text));
    page_html(&f->s->g, "</select>");
    act_field_close(f, name, hint);
}

void act_tick(struct act_form *f, const char *name, enum word label, bool on)
{
    bool ticked = f->refused != NULL ? !span_empty(form_value(&f->refused->form, name)) : on;
    page_html(&f->s->g, "<div class=\"f\"><label class=\"tick\"><input type=\"checkbox\" value=\"true\"");
    act_field_marks(f, name, WORDS);
    page_put(&f->s->g, "{}> {}</label>", P_HTML(ticked ? " checked" : ""), P_WORD(label));
    act_field_close(f, name, WORDS);
}
