/* A campaign's CRM: how a request with a lead is made for it, and what its names and words mean here. Recipes are
 * presets; a document says the rest: {"columns","fields","fixed","recipe","statuses","url"}, docs/parties.md "Your
 * CRM". */
#ifndef CS_COMMIT_CRM_H
#define CS_COMMIT_CRM_H

#include "common/base/buf.h"
#include "common/base/json_read.h"
#include "common/commit/delivery.h"

enum { CRM_DOCUMENT_MAX = 16384, CRM_NAMES = 64, CRM_NAME_MAX = 128, CRM_TEXT_MAX = 512, CRM_TOKEN_MAX = 2048 };

enum crm_shape {
    CRM_FLAT,       /* {"name":"value",...} */
    CRM_PROPERTIES, /* {"properties":{"name":"value",...}} */
    CRM_FIELDS,     /* {"fields":[{"name":...,"objectTypeId":"0-1","value":...},...]} */
    CRM_FORM        /* application/x-www-form-urlencoded */
};

struct crm_name {
    const char *ours, *theirs;
};
struct crm_recipe {
    const char *word;
    const char *url;  /* {name}: what `fixed` has under it; NULL: the document says it */
    const char *auth; /* what stands before the token in its header; NULL: there is none */
    bool needs_token;
    enum crm_shape shape;
    int there;                        /* a status that says that it has this person already; 0: none */
    const char *const *needs;         /* names that `fixed` must have, NULL-ended */
    const struct crm_name *fields;    /* ended by {NULL} */
    const struct crm_name *otherwise; /* their name, and what is sent under it where a lead has nothing */
    const char *what;
};
/* Ended by one without a word. */
extern const struct crm_recipe crm_recipes[];

/* What is read of a document, which it holds. */
struct crm {
    const struct crm_recipe *recipe;
    json_t *document;
    const json_t *fields, *fixed, *columns, *statuses; /* objects, or NULL */
    struct span url;                                   /* as a template */
};
/* ERR_INVALID, ERR_MALFORMED naming the member. To be closed when it is ERR_OK. */
MUST_CHECK enum err crm_read(struct span canonical, struct crm *out, struct problem *p);
void crm_close(struct crm *c);

/* Appends where it leads. */
void crm_url(const struct crm *c, struct buf *out);
/* Appends the body. Values that are empty are not sent. */
void crm_body(const struct crm *c, const struct delivery_macro *values, size_t n, struct buf *out);
const char *crm_media_type(const struct crm *c);
/* Whether a token can stand in a header. */
bool crm_token_ok(struct span token);

/* What its names and words mean here: within the document. */
struct crm_word {
    struct span theirs, ours;
};
struct crm_words {
    struct crm_word column[CRM_NAMES], status[CRM_NAMES];
    size_t n_columns, n_statuses;
};
void crm_words_of(const struct crm *c, struct crm_words *out);
/* Our name for a column of theirs; empty: it says nothing here. Our status for a word of theirs, which is the word
 * itself where none is given. */
struct span crm_column(const struct crm_words *w, struct span theirs);
struct span crm_status(const struct crm_words *w, struct span word);

#endif
