/* Of which contracts a party's answers are: what the server says of that is only where to look. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "server/cmd/command.h"
#include "server/cmd/listing.h"
#include "server/cmd/sign_private.h"
#include "server/system/log.h"

struct search {
    const struct signing *s;
    struct download *d;
    struct contracts *found;
    char party[LIMIT_ID + 1]; /* the token's */
};

static const char *keep(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

static void get(void *ctx, const char *path, struct buf *body)
{
    const struct search *search = ctx;
    download_get(search->d, path, LISTING_PAGE_MAX, keep, body);
}

/* Lists go by contract: it is the last one, or a new one. */
static void add(struct contracts *c, struct span id)
{
    if (c->n > 0 && span_is(id, c->id[c->n - 1]))
        return;
    if (c->n == c->room) {
        c->room += c->room / 2 + 16;
        c->id = xrealloc(c->id, c->room * sizeof *c->id);
    }
    snprintf(c->id[c->n++], sizeof *c->id, "%.*s", (int)id.len, id.ptr);
}

/* Of the statement that was named, or of each. */
static bool add_row(void *ctx, const json_t *row)
{
    const struct search *search = ctx;
    const char *named = search->s->given[STATEMENT];
    struct span id = SPAN("");
    if (named != NULL && strcmp(sign_text(row, "id"), named) != 0)
        return true;
    if (json_get_str(row, "", "contract", LIMIT_ID, &id, NULL, NULL) != ERR_OK || !id_is_plain(id))
        die("%s named a statement without its contract", download_url(search->d));
    add(search->found, id);
    return named == NULL;
}

static void ask(const struct signing *s, struct contracts *out)
{
    const char *named = s->given[STATEMENT];
    struct search search = {.s = s, .found = out};
    search.d =
        download_open(s->given[URL], s->token, (struct download_limits){.slack_s = SIGN_SLACK_S, .bytes = UINT64_MAX});
    listing_walk(&(struct listing){.from = search.d,
                                   .list = "statements",
                                   .query = named != NULL ? "" : "&verdict=none",
                                   .get = get,
                                   .take = add_row,
                                   .ctx = &search});
    if (named != NULL && out->n == 0)
        decline("%s has no statement %s that this token's party may see: check its id, URL and token",
                download_url(search.d), named);
    download_close(search.d);
}

static bool take_party(void *ctx, const json_t *row)
{
    struct search *search = ctx;
    struct span id = SPAN("");
    if (json_get_str(row, "", "id", LIMIT_ID, &id, NULL, NULL) != ERR_OK || !id_is_plain(id))
        die("%s named a party without its id", download_url(search->d));
    snprintf(search->party, sizeof search->party, "%.*s", (int)id.len, id.ptr);
    return false;
}

/* The first party that a token may see is its own: of an operator the operator, of others the only one. */
void sign_check_token(const struct signing *s)
{
    static struct search search;
    search.s = s;
    if (search.party[0] == '\0') {
        search.d = download_open(s->given[URL], s->token,
                                 (struct download_limits){.slack_s = SIGN_SLACK_S, .bytes = LISTING_PAGE_MAX});
        listing_walk(&(struct listing){
            .from = search.d, .list = "parties", .query = "", .get = get, .take = take_party, .ctx = &search});
        download_close(search.d);
    }
    if (strcmp(search.party, s->party) != 0)
        die("the token is of party %s, and the key of the %s %s: nothing was signed. Give both of one party",
            search.party, s->role, s->party);
}

char *sign_mirrors(const struct signing *s)
{
    const char *given = s->given[MIRRORS];
    char *mirrors = NULL;
    if (asprintf(&mirrors, given != NULL ? "%s" : "%s.mirrors", given != NULL ? given : s->given[KEY]) < 0)
        abort();
    return mirrors;
}

static bool is_named(const struct contracts *c, const char *id)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->id[i], id) == 0)
            return true;
    return false;
}

/* Whoever hides a statement from a list has to hide it from the log too. */
static void add_mirrored(const struct signing *s, struct contracts *out)
{
    char *mirrors = sign_mirrors(s);
    DIR *folder = opendir(mirrors);
    const struct dirent *one;
    if (folder == NULL && errno != ENOENT)
        decline("cannot read the folder %s: %s", mirrors, strerror(errno));
    while (folder != NULL && (errno = 0, one = readdir(folder)) != NULL)
        if (one->d_name[0] == 'C' && strlen(one->d_name) <= LIMIT_ID && id_is_plain(span_str(one->d_name)) &&
            !is_named(out, one->d_name))
            add(out, span_str(one->d_name));
    if (folder != NULL && errno != 0)
        decline("cannot read the folder %s: %s", mirrors, strerror(errno));
    if (folder != NULL)
        closedir(folder);
    free(mirrors);
}

void sign_contracts(const struct signing *s, struct contracts *out)
{
    *out = (struct contracts){.n = 0};
    if (s->given[CONTRACT] != NULL)
        add(out, span_str(s->given[CONTRACT]));
    else
        ask(s, out);
    out->n_told = out->n;
    if (s->given[ALL] != NULL && s->given[CONTRACT] == NULL)
        add_mirrored(s, out);
}

void sign_contracts_tell(const struct signing *s, const struct contracts *c)
{
    char *mirrors = sign_mirrors(s);
    if (s->given[ALL] != NULL && s->given[CONTRACT] == NULL)
        printf("looked up in the logs of %zu contract%s: %zu of which the server says that a statement waits, and %zu "
               "more with a mirror in %s. That no statement of another contract waits is the server's word alone, and "
               "not checked: give --contract ID once, and its mirror stays\n",
               c->n, c->n == 1 ? "" : "s", c->n_told, c->n - c->n_told, mirrors);
    free(mirrors);
}
