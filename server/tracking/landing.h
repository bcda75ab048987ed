/* Where a click goes: what its link asks for, and the landing URL made of it. For server/tracking alone. */
#ifndef CS_SERVER_TRACKING_LANDING_H
#define CS_SERVER_TRACKING_LANDING_H

#include "common/decisions/destination.h"
#include "server/worker/dispatch.h"

/* A code or click id of len characters carries its own proof: what follows it by accident is cut, and blanks before it.
 * One that goes on in letters, digits or '-' is another. */
struct span landing_cut(struct span text, size_t len);
/* The code that stands behind /c/ or /p/ is 35 characters: what follows it by accident (a full stop, a bracket, a
 * slash, emphasis, blanks, what is zero-width) is cut. *glued is the query that was glued to it ("CODE&a=b",
 * "CODE%3Fa=b", "CODE%2F%3Fa=b"), else empty. */
struct span landing_code(struct request *rq, struct span text, struct span *glued);

/* A parameter's name without what stands before it by accident: "??sub1", "amp;sub1". */
struct span landing_name(struct span encoded);

/* What a link asks for. Equal spellings of a name are equal, "&amp;" counts as '&', the first value that is not empty
 * counts; values are cut at their limits and repaired to UTF-8. */
struct landing {
    struct link_param param[DESTINATION_PARAMS]; /* what is passed on */
    size_t n;
    bool test; /* it is no real one, by its own word: test=1 */
};

/* Reads the request's query and `glued` into the click (sub, utm, to) and *out. A deep link that may not be taken is
 * left out, and the click says so. */
void landing_read(struct request *rq, struct span glued, const struct terms *terms, struct entry_click *click,
                  struct landing *out);
/* The Location of a click with this id: its deep link, else the code's own page where the campaign still allows its
 * host, else the campaign's; with the macros replaced and the parameters set. */
struct span landing_url(struct request *rq, const struct contract *k, const struct code *code,
                        const struct entry_click *click, const struct landing *l, struct span id);

#endif
