#include "common/decisions/disposable.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/decisions/contact.h"
#include "common/decisions/disposable_table.h"

struct disposable {
    size_t n;
    char **domains; /* in order */
};

static int against(const void *domain, const void *listed)
{
    return span_order(*(const struct span *)domain, span_str(*(const char *const *)listed));
}

static bool holds(const char *const *domains, size_t n, struct span domain)
{
    return bsearch(&domain, domains, n, sizeof *domains, against) != NULL;
}

bool disposable_email(const struct disposable *d, struct span key)
{
    struct span rest = key, label;
    bool below = text_cut(&rest, '@', &label);
    while (below) {
        if (d != NULL ? holds((const char *const *)d->domains, d->n, rest)
                      : holds(disposable_domains, DISPOSABLE_DOMAINS, rest))
            return true;
        below = text_cut(&rest, '.', &label);
    }
    return false;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum err disposable_read(struct span text, struct disposable **out, struct problem *p)
{
    struct disposable *d = xcalloc(1, sizeof *d);
    size_t lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    d->domains = xcalloc(lines, sizeof *d->domains);
    for (size_t line = 1; line <= lines; line++) {
        struct span rest = text_take(&text, '\n'), domain = text_strip(text_take(&rest, '#'));
        struct buf key;
        if (span_empty(domain))
            continue;
        buf_heap(&key);
        if (contact_domain_key(domain, &key) != ERR_OK) {
            buf_free(&key);
            disposable_free(d);
            return problem(p, ERR_INVALID, "", "line %zu holds no domain such as example.com", line);
        }
        buf_byte(&key, '\0');
        d->domains[d->n++] = xstrdup(key.ptr);
        buf_free(&key);
    }
    if (d->n > 0)
        qsort(d->domains, d->n, sizeof *d->domains, by_bytes);
    *out = d;
    return ERR_OK;
}

void disposable_free(struct disposable *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->n; i++)
        free(d->domains[i]);
    free(d->domains);
    free(d);
}
