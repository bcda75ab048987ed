#include "server/worker/mail_links.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "server/system/system.h"

/* Kept by its hash: what a core dump shows opens nothing. */
struct open_link {
    uint8_t hash[HASH_LEN], token[HASH_LEN];
    int64_t until_ms; /* 0: none stands here */
};

struct asked_link {
    uint64_t who;
    char email[MAIL_ADDRESS_MAX + 1];
    enum language language;
};

struct mail_links {
    pthread_mutex_t lock;
    struct asked_link asked[MAIL_LINKS_ASKED]; /* a ring */
    size_t first, n;
    struct open_link open[MAIL_LINKS_OPEN];
};

struct mail_links *mail_links_new(void)
{
    struct mail_links *l = xcalloc(1, sizeof *l);
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void mail_links_free(struct mail_links *l)
{
    if (l == NULL)
        return;
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static size_t asked_by(const struct mail_links *l, uint64_t who)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        n += l->asked[(l->first + i) % MAIL_LINKS_ASKED].who == who;
    return n;
}

bool mail_links_ask(struct mail_links *l, struct span email, enum language language, uint64_t who)
{
    assert(email.len <= MAIL_ADDRESS_MAX);
    pthread_mutex_lock(&l->lock);
    bool room = l->n < MAIL_LINKS_ASKED && asked_by(l, who) < MAIL_LINKS_ASKED_OF_ONE;
    if (room) {
        struct asked_link *one = &l->asked[(l->first + l->n++) % MAIL_LINKS_ASKED];
        *one = (struct asked_link){.who = who, .language = language};
        memcpy(one->email, email.ptr, email.len);
    }
    pthread_mutex_unlock(&l->lock);
    return room;
}

bool mail_links_asked(struct mail_links *l, char email[MAIL_ADDRESS_MAX + 1], enum language *language)
{
    pthread_mutex_lock(&l->lock);
    bool found = l->n > 0;
    if (found) {
        memcpy(email, l->asked[l->first].email, MAIL_ADDRESS_MAX + 1);
        *language = l->asked[l->first].language;
        l->first = (l->first + 1) % MAIL_LINKS_ASKED;
        l->n--;
    }
    pthread_mutex_unlock(&l->lock);
    return found;
}

/* Where a new one may stand; NULL: nowhere. */
static struct open_link *place_for(struct mail_links *l, const uint8_t token[HASH_LEN], int64_t now_ms)
{
    struct open_link *place = NULL;
    size_t of_token = 0;
    for (size_t i = 0; i < MAIL_LINKS_OPEN; i++) {
        bool is_open = l->open[i].until_ms > now_ms;
        if (!is_open && place == NULL)
            place = &l->open[i];
        of_token += is_open && memcmp(l->open[i].token, token, HASH_LEN) == 0;
    }
    return of_token < MAIL_LINKS_OF_TOKEN ? place : NULL;
}

bool mail_links_make(struct mail_links *l, const uint8_t token[HASH_LEN], int64_t now_ms, char out[MAIL_LINK_LEN])
{
    uint8_t secret[HASH_LEN];
    struct buf text;
    random_bytes(secret, sizeof secret);
    buf_fixed(&text, out, MAIL_LINK_LEN);
    buf_b64url(&text, secret, sizeof secret);
    pthread_mutex_lock(&l->lock);
    struct open_link *place = place_for(l, token, now_ms);
    if (place != NULL) {
        sha256(out, MAIL_LINK_LEN, place->hash);
        memcpy(place->token, token, HASH_LEN);
        place->until_ms = now_ms + MAIL_LINK_MS;
    }
    pthread_mutex_unlock(&l->lock);
    return place != NULL;
}

bool mail_links_open(struct mail_links *l, struct span text, int64_t now_ms, bool use, uint8_t token[HASH_LEN])
{
    uint8_t hash[HASH_LEN];
    bool found = false;
    sha256(text.ptr, text.len, hash);
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < MAIL_LINKS_OPEN && !found; i++) {
        struct open_link *one = &l->open[i];
        found = one->until_ms > now_ms && memcmp(one->hash, hash, HASH_LEN) == 0;
        if (found)
            memcpy(token, one->token, HASH_LEN);
        if (found && use)
            one->until_ms = 0;
    }
    pthread_mutex_unlock(&l->lock);
    return found;
}
