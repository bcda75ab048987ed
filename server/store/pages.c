/* The pages of a store's file as LMDB 0.9 lays them out (lmdb-0.9.24, mdb.c: MDB_meta, MDB_db, MDB_page, MDB_node), of
 * 64 bits and in this machine's byte order, like the file. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/base/mem.h"
#include "server/store/store_private.h"

enum { HEAD = 16, NODE = 8, TREE = 48, DEPTH_MAX = 32, METAS = 2, RENEWALS = 1000 };
enum { MAGIC = 16, VERSION = 20, FREE_TREE = 40, MAIN_TREE = FREE_TREE + TREE, LAST_PAGE = 136, TXN_ID = 144 };
enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_KINDS = 7 }; /* mp_flags */
enum { NODE_BIG = 1, NODE_TREE = 2, NODE_SEVERAL = 4 };                     /* mn_flags */
enum { SMALLEST_PAGE = 512, LARGEST_PAGE = 1 << 16 };
#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1u
#define NO_PAGE UINT64_MAX

enum use { UNSEEN, OF_BRANCH, OF_LEAF, OF_OVERFLOW, FREE };

struct tree {
    uint64_t depth, branch, leaf, overflow, entries, root;
};

struct pages {
    const uint8_t *map;
    size_t size; /* of one */
    uint64_t n, txn;
    uint8_t *used; /* enum use of each */
    char *what;
};

static uint16_t u16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

__attribute__((format(printf, 2, 3))) static enum err damaged(struct pages *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(p->what, PAGES_TEXT, fmt, args);
    va_end(args);
    return ERR_CORRUPT;
}

static enum err use(struct pages *p, uint64_t page, uint64_t count, enum use as)
{
    static const char *const words[] = {"", "branches of a tree", "leaves of a tree", "a long row", "free"};
    if (page < METAS || page >= p->n || count > p->n - page)
        return damaged(p, "page %llu, said to be %s, is none of the %llu pages in use", (unsigned long long)page,
                       words[as], (unsigned long long)p->n);
    for (uint64_t i = page; i < page + count; i++) {
        if (p->used[i] != UNSEEN)
            return damaged(p, "page %llu is %s and %s", (unsigned long long)i, words[p->used[i]],
                           p->used[i] == as ? "that once more" : words[as]);
        p->used[i] = as;
    }
    return ERR_OK;
}

static const uint8_t *at(const struct pages *p, uint64_t page)
{
    return p->map + page * p->size;
}

/* Takes a page of that kind, whose header names itself. */
static enum err use_kind(struct pages *p, uint64_t page, uint64_t count, unsigned kind, enum use as)
{
    enum err err = use(p, page, count, as);
    if (err == ERR_OK && (u64(at(p, page)) != page || (u16(at(p, page) + 10) & PAGE_KINDS) != kind))
        err = damaged(p, "page %llu is not what the tree above it takes it for", (unsigned long long)page);
    return err;
}

static struct tree tree_at(const uint8_t *p)
{
    return (struct tree){u16(p + 6), u64(p + 8), u64(p + 16), u64(p + 24), u64(p + 32), u64(p + 40)};
}

typedef enum err each_row(struct pages *p, struct span key, struct span value);

static enum err walk_tree(struct pages *p, const uint8_t *stored, each_row *each);

/* A transaction's id -> how many pages it freed, and which. */
static enum err each_free(struct pages *p, struct span key, struct span value)
{
    const uint8_t *ids = (const uint8_t *)value.ptr;
    uint64_t n = value.len >= 8 ? u64(ids) : NO_PAGE;
    if (key.len != 8 || u64((const uint8_t *)key.ptr) > p->txn || n > value.len / 8 - 1)
        return damaged(p, "a row of the list of free pages does not read");
    enum err err = ERR_OK;
    for (uint64_t i = 1; i <= n && err == ERR_OK; i++)
        err = use(p, u64(ids + 8 * i), 1, FREE);
    return err;
}

static enum err big_value(struct pages *p, struct tree *seen, const uint8_t *where, size_t len, struct span *value)
{
    uint64_t page = u64(where);
    if (page >= p->n)
        return use(p, page, 1, OF_OVERFLOW);
    uint64_t count = u32(at(p, page) + 12);
    if (count == 0 || count > p->n || len > count * p->size - HEAD)
        return damaged(p, "page %llu, of a long row, is too short for it", (unsigned long long)page);
    seen->overflow += count;
    *value = span_of((const char *)at(p, page) + HEAD, len);
    return use_kind(p, page, count, PAGE_OVERFLOW, OF_OVERFLOW);
}

static enum err walk_node(struct pages *p, struct tree *seen, const uint8_t *node, size_t room, each_row *each)
{
    size_t len = u16(node) | (size_t)u16(node + 2) << 16, key_len = u16(node + 6);
    unsigned flags = u16(node + 4);
    size_t here = flags & NODE_BIG ? sizeof(uint64_t) : len;
    if (key_len > room - NODE || here > room - NODE - key_len || flags & NODE_SEVERAL ||
        (flags & NODE_TREE && (len != TREE || each != NULL)))
        return damaged(p, "a row of a tree does not read");
    const uint8_t *data = node + NODE + key_len;
    struct span value = span_of((const char *)data, len);
    enum err err = flags & NODE_BIG ? big_value(p, seen, data, len, &value) : ERR_OK;
    seen->entries++;
    if (err == ERR_OK && flags & NODE_TREE)
        return walk_tree(p, data, NULL);
    return err == ERR_OK && each != NULL ? each(p, span_of((const char *)node + NODE, key_len), value) : err;
}

static enum err walk_page(struct pages *p, struct tree *seen, uint64_t page, uint64_t depth, each_row *each)
{
    bool leaf = depth == 1;
    enum err err = use_kind(p, page, 1, leaf ? PAGE_LEAF : PAGE_BRANCH, leaf ? OF_LEAF : OF_BRANCH);
    if (err != ERR_OK)
        return err;
    const uint8_t *b = at(p, page);
    size_t lower = u16(b + 12);
    *(leaf ? &seen->leaf : &seen->branch) += 1;
    if (lower < HEAD || lower > p->size || lower % 2 != 0)
        return damaged(p, "page %llu does not read", (unsigned long long)page);
    for (size_t i = HEAD; i < lower && err == ERR_OK; i += 2) {
        size_t from = u16(b + i);
        if (from < lower || from > p->size - NODE)
            return damaged(p, "page %llu does not read", (unsigned long long)page);
        if (leaf)
            err = walk_node(p, seen, b + from, p->size - from, each);
        else
            err = walk_page(p, seen,
                            u16(b + from) | (uint64_t)u16(b + from + 2) << 16 | (uint64_t)u16(b + from + 4) << 32,
                            depth - 1, each);
    }
    return err;
}

static enum err walk_tree(struct pages *p, const uint8_t *stored, each_row *each)
{
    struct tree t = tree_at(stored), seen = {.depth = t.depth, .root = t.root};
    if ((t.root == NO_PAGE) != (t.depth == 0) || t.depth > DEPTH_MAX)
        return damaged(p, "a tree's root does not read");
    enum err err = t.root == NO_PAGE ? ERR_OK : walk_page(p, &seen, t.root, t.depth, each);
    if (err == ERR_OK && memcmp(&seen, &t, sizeof t) != 0)
        err = damaged(p, "a tree has other pages or rows than it counts");
    return err;
}

/* The state that the transaction sees: that of the meta page of its id. */
static const uint8_t *meta_of(const struct pages *p, uint64_t txn)
{
    for (uint64_t i = 0; i < METAS; i++) {
        const uint8_t *m = at(p, i);
        if (u32(m + MAGIC) == META_MAGIC && u32(m + VERSION) == META_VERSION && u64(m + TXN_ID) == txn)
            return m;
    }
    return NULL;
}

static enum err walk_all(struct txn *t, struct pages *p, size_t file)
{
    uint8_t meta[LAST_PAGE + 16];
    const uint8_t *m = NULL;
    for (int i = 0; i < RENEWALS && m == NULL; i++) { /* who writes is two states ahead now and then */
        txn_reset(t);
        enum err err = txn_renew(t);
        if (err != ERR_OK)
            return err;
        p->txn = mdb_txn_id(t->mdb);
        if ((m = meta_of(p, p->txn)) != NULL)
            memcpy(meta, m, sizeof meta);
        m = meta_of(p, p->txn); /* as long as it is there, that is what was copied */
    }
    if (m == NULL)
        return damaged(p, "neither of the first two pages is of the newest state");
    p->n = u64(meta + LAST_PAGE) + 1;
    if (p->n <= METAS || p->n > file / p->size)
        return damaged(p, "the file has %llu pages, and %llu are in use", (unsigned long long)(file / p->size),
                       (unsigned long long)p->n);
    p->used = xcalloc(p->n, 1);
    enum err err = walk_tree(p, meta + MAIN_TREE, NULL);
    return err == ERR_OK ? walk_tree(p, meta + FREE_TREE, each_free) : err;
}

enum err store_pages(struct txn *t, char what[PAGES_TEXT])
{
    struct pages p = {.what = what};
    MDB_stat stat;
    struct stat file;
    int fd;
    int rc = mdb_env_get_fd(t->store->env, &fd);
    if (rc == 0)
        rc = mdb_env_stat(t->store->env, &stat);
    if (rc != 0)
        return txn_result(t, rc, "pages");
    p.size = stat.ms_psize;
    if (fstat(fd, &file) != 0)
        return ERR_IO;
    void *map = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return ERR_IO;
    p.map = map;
    enum err err = walk_all(t, &p, (size_t)file.st_size);
    free(p.used);
    munmap(map, (size_t)file.st_size);
    return err;
}
