/* A form that acts is a call of the API, as a table says: which call, what its path names, which field of the form is
 * which member of its body. The call's own handler judges and answers it, with its roles and scopes, under an
 * Idempotency-Key that the form was made with, so that a form sent twice counts once. What is refused comes back as
 * the page it was sent from, with what was typed and, beside its field, why. A session that is over loses nothing that
 * was typed (sign_in.h). Worker thread, but for what writes pages. */
#ifndef CS_SERVER_PAGES_ACT_H
#define CS_SERVER_PAGES_ACT_H

#include "server/pages/ask.h"
#include "server/pages/form.h"
#include "server/pages/pages.h"
#include "server/pages/screen.h"

/* What is typed, and what it is in JSON. */
enum act_type {
    ACT_TEXT,
    ACT_INTEGER, /* 1000 */
    ACT_MONEY,   /* 12.50 or 12,50: micros */
    ACT_SWITCH,  /* a tick; or the words true and false */
    ACT_LIST,    /* of texts: a line or a comma ends each; several fields of the name are one list */
    ACT_TIME,    /* 2027-01-31 or 2027-01-31T12:00 of UTC, as browsers send them, or RFC 3339: that */
    ACT_JSON     /* any value */
};

/* A row without a name ends the table. */
struct act_field {
    const char *name;   /* the form's */
    const char *member; /* in the body; a.b is b of the object a */
    enum act_type type;
    bool always; /* empty, too: "" or []; else what is empty is left out */
};

/* In `in`: what the path of the page names (its first {}, its second), the caller's own party; else a field's name. */
#define ACT_PATH "/"
#define ACT_PATH_2 "//"
#define ACT_SELF "*"

struct act {
    const char *name;                                 /* the form's field `act` says it where a page has several */
    asked *call;                                      /* of routes.c */
    const char *in[3];                                /* what fills each {} of the call's path */
    const struct act_field *fields;                   /* NULL: an empty body */
    void (*more)(const struct form *f, json_t *body); /* adds what no table says; NULL: nothing */
    asked *again;                                     /* the page, on a reader thread: after a refusal */
    asked *show;                                      /* likewise what it answers, shown once; NULL: */
    /* Where to go then, NULL: to the page itself; its {}, if any, is that member of the answer, or NULL: of the path */
    const char *to, *made;
    const char *at; /* where its form is sent; NULL: to the page's own address */
    /* In place of fields and more: sets the call's body, and its content type and query where they are not JSON and
     * none. NULL: a body of fields. */
    enum err (*whole)(struct request *rq, const struct form *f);
};

/* A form that was sent: rq->acting. */
struct acting {
    const struct act *act;
    const struct route *route; /* the call's */
    struct form form;
    enum err err; /* ERR_OK: it was done */
    struct problem problem;
    struct span answer; /* JSON */
    int status;
    asked *read; /* what the call has a reader do */
    struct page_asked {
        struct span param[3], query, target, body, content_type;
    } page; /* of the page, while the request is the call */
};

/* What a POST of a page does whose forms these are; its finish is act_finish. */
MUST_CHECK enum err act_post(struct request *rq, struct reply *reply, const struct act *acts, size_t n);
/* The body of the call, in the arena. ERR_INVALID naming the member. */
MUST_CHECK enum err act_body(const struct act *a, const struct form *f, struct arena *arena, struct span *out,
                             struct problem *p);

/* ---- the page ---- */

/* What that act answered; empty: it was not sent, or was refused. */
struct span act_answer(const struct request *rq, const struct act *a);
int act_status(const struct request *rq); /* of the page: 200 unless one was sent */

/* The form of an act under way: open, fields, close. */
struct act_form {
    struct screen *s;
    const struct act *a;
    struct span id;               /* which of several of its act */
    const struct acting *refused; /* NULL: it was not sent */
};

/* id: the hidden field `id`, by which one of several forms of an act is known; empty: it has none. */
void act_open(struct act_form *f, struct screen *s, const struct act *a, struct span id, const char *class);
void act_refusal(struct act_form *f); /* what act_open says of one, where `refused` was set behind it */
struct span act_value(const struct act_form *f, const char *name, struct span otherwise); /* what was typed, or that */
bool act_was_ticked(const struct act_form *f, const char *name, struct span value);       /* of several of that name */
/* hint: WORDS, none. attributes: HTML, such as `type="email" required`. */
void act_input(struct act_form *f, const char *name, enum word label, enum word hint, struct span value,
               const char *attributes);
void act_area(struct act_form *f, const char *name, enum word label, enum word hint, struct span value,
              const char *attributes);
void act_tick(struct act_form *f, const char *name, enum word label, bool on); /* value: true */
void act_hidden(struct act_form *f, const char *name, struct span value);

struct act_option {
    struct span value, text; /* of others */
};
void act_choice(struct act_form *f, const char *name, enum word label, enum word hint, struct span chosen,
                const struct act_option *options, size_t n);
void act_close(struct act_form *f, enum word button, const char *class); /* of the button */

/* What the above are made of, for controls of a page's own: label; id, name and what describes it, within the tag;
 * hint and error. */
void act_field_open(struct act_form *f, const char *name, enum word label);
void act_field_marks(struct act_form *f, const char *name, enum word hint);
void act_field_close(struct act_form *f, const char *name, enum word hint);

#endif
