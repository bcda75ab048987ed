#include "server/keys/heads.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/system/log.h"

struct heads {
    struct heads_guard guard;
    pthread_mutex_t lock;
    struct signer *signer[SERVER_LOG_KEYS]; /* of the log keys of now, NULL behind them; all NULL: only to be read */
    bool broken;                            /* for good */
    uint32_t *barred;
    size_t n_barred;
};

struct heads *heads_new(struct heads_guard guard, const struct keys *k)
{
    struct heads *h = xcalloc(1, sizeof *h);
    h->guard = guard;
    for (size_t i = 0; i < SERVER_LOG_KEYS && k != NULL; i++)
        h->signer[i] = keys_new_log_signer(k, i);
    pthread_mutex_init(&h->lock, NULL);
    return h;
}

enum err heads_open(const char *data_dir, const struct keys *k, struct heads **out)
{
    struct heads_guard guard;
    enum err err = heads_file(data_dir, &guard);
    if (err == ERR_OK)
        *out = heads_new(guard, k);
    return err;
}

enum err heads_open_to_read(const char *data_dir, struct heads **out)
{
    struct heads_guard guard;
    enum err err = heads_file_to_read(data_dir, &guard);
    if (err == ERR_OK)
        *out = heads_new(guard, NULL);
    return err;
}

uint32_t heads_end(const struct heads *h)
{
    return h->guard.end(h->guard.ctx);
}

void heads_close(struct heads *h)
{
    if (h == NULL)
        return;
    h->guard.close(h->guard.ctx);
    for (size_t i = 0; i < SERVER_LOG_KEYS; i++)
        signer_free(h->signer[i]);
    free(h->barred);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

void heads_bar(struct heads *h, uint32_t log)
{
    h->barred = xrealloc(h->barred, (h->n_barred + 1) * sizeof *h->barred);
    h->barred[h->n_barred++] = log;
}

static bool is_barred(const struct heads *h, uint32_t log)
{
    size_t i = 0;
    while (i < h->n_barred && h->barred[i] != log)
        i++;
    return i < h->n_barred;
}

enum err heads_last(struct heads *h, uint32_t log, uint64_t *size, struct hash *root)
{
    pthread_mutex_lock(&h->lock);
    enum err err = h->broken ? ERR_IO : h->guard.last(h->guard.ctx, log, size, root);
    pthread_mutex_unlock(&h->lock);
    return err;
}

enum err heads_torn(struct heads *h, uint32_t log, uint64_t *size)
{
    pthread_mutex_lock(&h->lock);
    enum err err = h->guard.torn(h->guard.ctx, log, size);
    pthread_mutex_unlock(&h->lock);
    return err;
}

enum err heads_whole(struct heads *h)
{
    pthread_mutex_lock(&h->lock);
    enum err err = h->guard.whole(h->guard.ctx);
    pthread_mutex_unlock(&h->lock);
    return err;
}

enum err heads_begin(struct heads *h)
{
    pthread_mutex_lock(&h->lock);
    enum err err = h->guard.begin(h->guard.ctx);
    pthread_mutex_unlock(&h->lock);
    return err;
}

enum err heads_sign(struct heads *h, uint32_t log, const struct checkpoint *c, struct buf *note)
{
    uint64_t size = 0;
    struct hash root;
    if (is_barred(h, log))
        return ERR_CORRUPT;
    pthread_mutex_lock(&h->lock);
    bool was_broken = h->broken;
    enum err err = was_broken ? ERR_IO : h->guard.last(h->guard.ctx, log, &size, &root);
    bool newer = err == ERR_NOT_FOUND || (err == ERR_OK && c->size > size);
    if (newer)
        err = h->guard.keep(h->guard.ctx, log, c);
    else if (err == ERR_OK && (c->size < size || memcmp(root.b, c->root.b, HASH_LEN) != 0))
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        checkpoint_sign(note, c, h->signer[0]);
    for (size_t i = 1; err == ERR_OK && i < SERVER_LOG_KEYS && h->signer[i] != NULL; i++)
        checkpoint_sign_too(note, c, h->signer[i]);
    h->broken |= newer && err == ERR_IO;
    pthread_mutex_unlock(&h->lock);
    if (err == ERR_IO && !was_broken)
        log_line(LOG_ERROR, 0, "signed_heads", "log %u: %s", log,
                 newer ? "writing or syncing failed; nothing more is signed until a restart"
                       : "what was signed last cannot be read");
    return err;
}
