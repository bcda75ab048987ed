#include "server/lists/lists.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "server/lists/countries.h"
#include "server/lists/networks.h"
#include "server/system/system.h"

enum { LIST_FILE_MAX = 64 << 20 };

struct lists {
    size_t holders;                         /* under the slot's lock */
    struct ranges *datacenters, *countries; /* NULL: none */
};

struct lists_slot {
    pthread_mutex_t lock;
    struct lists *_Atomic now; /* held by the slot */
};

static void lists_free(struct lists *l)
{
    ranges_free(l->datacenters);
    ranges_free(l->countries);
    free(l);
}

static enum err read_datacenters(const char *path, struct ranges **out, struct problem *p)
{
    struct buf text;
    struct problem why = {0};
    buf_heap(&text);
    enum err err = file_read(path, LIST_FILE_MAX, &text);
    if (err != ERR_OK)
        problem(&why, err, "", "cannot be read (%s)", err_word(err));
    else
        err = networks_parse(buf_span(&text), out, &why);
    buf_free(&text);
    return err == ERR_OK ? err : problem(p, err, "datacenter_list", "%s %s", path, why.detail);
}

static enum err read_all(const struct list_files *files, struct lists **out, struct problem *p)
{
    struct lists *l = xcalloc(1, sizeof *l);
    enum err err = ERR_OK;
    if (files->datacenters[0] != '\0')
        err = read_datacenters(files->datacenters, &l->datacenters, p);
    if (err == ERR_OK && files->countries[0] != '\0')
        err = countries_read(files->countries, &l->countries, p);
    if (err != ERR_OK) {
        lists_free(l);
        return err;
    }
    l->holders = 1;
    *out = l;
    return ERR_OK;
}

enum err lists_open(const struct list_files *files, struct lists_slot **out, struct problem *p)
{
    struct lists *l;
    enum err err = read_all(files, &l, p);
    if (err != ERR_OK)
        return err;
    struct lists_slot *s = xcalloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    atomic_init(&s->now, l);
    *out = s;
    return ERR_OK;
}

void lists_close(struct lists_slot *s)
{
    if (s == NULL)
        return;
    lists_free(atomic_load(&s->now));
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* Under the lock. */
static void drop(struct lists *l)
{
    if (l != NULL && --l->holders == 0)
        lists_free(l);
}

enum err lists_reload(struct lists_slot *s, const struct list_files *files, struct problem *p)
{
    struct lists *l;
    enum err err = read_all(files, &l, p);
    if (err != ERR_OK)
        return err;
    pthread_mutex_lock(&s->lock);
    drop(atomic_exchange(&s->now, l));
    pthread_mutex_unlock(&s->lock);
    return ERR_OK;
}

void lists_sizes(struct lists_slot *s, size_t *datacenters, size_t *countries)
{
    pthread_mutex_lock(&s->lock);
    const struct lists *l = atomic_load(&s->now);
    *datacenters = l->datacenters != NULL ? ranges_count(l->datacenters) : 0;
    *countries = l->countries != NULL ? ranges_count(l->countries) : 0;
    pthread_mutex_unlock(&s->lock);
}

void lists_follow(struct lists_slot *s, const struct lists **mine)
{
    if (atomic_load_explicit(&s->now, memory_order_acquire) == *mine)
        return; /* who holds it keeps its address from being another's */
    pthread_mutex_lock(&s->lock);
    struct lists *l = atomic_load(&s->now);
    l->holders++;
    drop((struct lists *)*mine);
    *mine = l;
    pthread_mutex_unlock(&s->lock);
}

void lists_leave(struct lists_slot *s, const struct lists **mine)
{
    pthread_mutex_lock(&s->lock);
    drop((struct lists *)*mine);
    *mine = NULL;
    pthread_mutex_unlock(&s->lock);
}

struct origin lists_origin(const struct lists *l, const char *ip)
{
    struct origin o = {0};
    address a;
    if ((l->datacenters == NULL && l->countries == NULL) || !address_read(span_str(ip), &a))
        return o;
    o.datacenter = l->datacenters != NULL && ranges_find(l->datacenters, a) != 0;
    uint16_t country = l->countries != NULL ? ranges_find(l->countries, a) : 0;
    o.country[0] = (char)(country >> 8);
    o.country[1] = (char)(country & 0xff);
    return o;
}
