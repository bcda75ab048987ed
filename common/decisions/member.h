/* Members of the campaign and contract documents, as tables: one row says how a member is read, checked, defaulted and
 * written, so that reading and writing cannot disagree. Internal to terms*.c. */
#ifndef CS_DECISIONS_MEMBER_H
#define CS_DECISIONS_MEMBER_H

#include "common/base/json_read.h"
#include "common/decisions/terms.h"

enum { MEMBER_PATH = sizeof((struct problem *)0)->field };

struct member;

/* The working state of one reading: `path` names the object that `obj` is in problems. */
struct reading {
    const json_t *obj; /* NULL: an absent object, all of whose members take their defaults */
    const char *path;
    struct problem *problem;
};

struct member_type {
    /* Sets the field of *t, to its default when the member is absent. Spans point into the JSON or are literals. */
    enum err (*read)(const struct member *m, const struct reading *r, struct terms *t);
    void (*write)(const struct member *m, const struct terms *t, struct jw *w); /* the value, key excluded */
};

/* Rows stand in the byte order of their names: that is the canonical order. A row without a name ends the table. */
struct member {
    const char *name;
    const struct member_type *type;
    size_t at;                    /* offset in struct terms */
    int64_t min, max, fallback;   /* integers; texts: max bytes; switches, sets (bits), words (value): fallback */
    const char *text;             /* texts: the default, NULL when the member must be there */
    bool (*ok)(struct span text); /* texts: never asked about the default */
    const char *must;             /* what ok wants, for people: "must be ..." */
    const char *const
        *words; /* sets: the word of each bit, NULL-ended; min 1: the empty set is refused; words: that of each value */
    const struct member *members; /* objects */
};

extern const struct member_type member_object, member_int, member_bool, member_text, member_word, member_set,
    member_time;
/* What is not supported yet: any value but the default is refused by name. The default stands in `text`, as JSON. */
extern const struct member_type member_fixed;
/* The rest, each for one member: terms_lists.c */
extern const struct member_type member_hosts, member_pass, member_require, member_rules, member_tiers,
    member_review_mode, member_caps, member_country;
extern const struct member_type member_score; /* terms_score.c */

/* Reads all members of an object; refuses others by name. */
MUST_CHECK enum err members_read(const struct member *table, const struct reading *r, struct terms *t);
void members_write(const struct member *table, const struct terms *t, struct jw *w); /* the whole object */

/* ERR_INVALID, naming the member and what it cannot be met with. Of what was read whole. */
MUST_CHECK enum err terms_contradiction(const struct terms *t, struct problem *p);

/* "path.name", cut to fit. */
void member_path(char out[MEMBER_PATH], const char *path, const char *name);
/* "path.name[i]" */
void member_element_path(char out[MEMBER_PATH], const char *path, const char *name, size_t i);
/* ERR_INVALID: member `name` of the object being read must be otherwise. */
enum err member_wrong(const struct reading *r, const char *name, const char *must);
/* Element i of a list of texts: not empty, at most max bytes, and ok. */
MUST_CHECK enum err member_element(const struct reading *r, const char *name, const json_t *list, size_t i, size_t max,
                                   bool (*ok)(struct span), const char *must, struct span *out);

/* "country" or "f_NAME" with NAME of letters, digits and . _ - */
bool field_name_ok(struct span name);

#endif
