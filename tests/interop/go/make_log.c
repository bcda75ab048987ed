/* make_log DIR SIZE: writes a log of SIZE made-up entries with the product's own tile, bundle and checkpoint code, and
 * prints its verifier key. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/ledger/note.h"
#include "common/ledger/tile.h"

enum { LEVELS = 3 };

struct log {
    const char *dir;
    uint64_t size;
    struct buf level[1 + LEVELS]; /* what the next tile of each level holds so far; level[0] is the bundle */
    uint64_t n[1 + LEVELS];
};

static void write_file(const struct log *log, struct span path, struct span bytes)
{
    char full[512];
    int len = snprintf(full, sizeof(full), "%s/%.*s", log->dir, (int)path.len, path.ptr);
    assert(len > 0 && (size_t)len < sizeof(full));
    for (char *slash = full + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = '\0';
        mkdir(full, 0777);
    }
    FILE *f = fopen(full, "wb");
    assert(f != NULL);
    size_t written = fwrite(bytes.ptr, 1, bytes.len, f);
    int failed = fclose(f);
    assert(written == bytes.len && !failed);
}

static void write_tile(struct log *log, int level)
{
    char mem[64];
    struct buf path, *b = &log->level[level + 1];
    struct tile t = {level, log->n[level + 1], tile_width(level, log->n[level + 1], log->size)};
    if (b->len == 0) {
        return;
    }
    buf_fixed(&path, mem, sizeof(mem));
    tile_path(&path, &t);
    write_file(log, buf_span(&path), buf_span(b));
    buf_clear(b);
    log->n[level + 1]++;
}

static void completed(void *ctx, int height, uint64_t n, const struct hash *h)
{
    struct log *log = ctx;
    int level = height / TILE_HEIGHT;
    if (height % TILE_HEIGHT == 0 && level < LEVELS) {
        buf_add(&log->level[level + 1], h->b, HASH_LEN);
        if (n % TILE_WIDTH == TILE_WIDTH - 1) {
            write_tile(log, level);
        }
    }
}

static void add_entry(struct log *log, struct frontier *f)
{
    char entry[64];
    struct hash leaf;
    struct span bytes =
        span_of(entry, (size_t)snprintf(entry, sizeof(entry), "{\"n\":%llu}", (unsigned long long)f->size));
    merkle_leaf(bytes, &leaf);
    bundle_add(&log->level[0], bytes);
    frontier_append(f, &leaf, completed, log);
    if (f->size % TILE_WIDTH == 0) {
        write_tile(log, TILE_ENTRIES);
    }
}

static void sign_head(const struct log *log, const struct frontier *f)
{
    static const uint8_t seed[SEED_LEN] = "the seed of a made-up test log..";
    struct signer *s = signer_new(seed);
    struct note_key key = {.name = SPAN("example.org/made-up")};
    struct checkpoint c = {.origin = key.name, .size = f->size};
    struct buf b;
    buf_heap(&b);
    frontier_root(f, &c.root);
    checkpoint_sign(&b, &c, s);
    write_file(log, SPAN("checkpoint"), buf_span(&b));
    buf_clear(&b);
    memcpy(key.pub, signer_public(s), ED25519_KEY_LEN);
    note_vkey(&b, &key);
    printf("%.*s\n", (int)b.len, b.ptr);
    buf_free(&b);
    signer_free(s);
}

int main(int argc, char **argv)
{
    assert(argc == 3);
    struct log log = {.dir = argv[1], .size = strtoull(argv[2], NULL, 10)};
    struct frontier f = {0};
    for (int i = 0; i <= LEVELS; i++) {
        buf_heap(&log.level[i]);
    }
    while (f.size < log.size) {
        add_entry(&log, &f);
    }
    for (int level = TILE_ENTRIES; level < LEVELS; level++) {
        write_tile(&log, level);
        buf_free(&log.level[level + 1]);
    }
    sign_head(&log, &f);
    return 0;
}
