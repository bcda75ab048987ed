#include "loadtest/plan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "loadtest/sender.h"

enum { KNOWN = 4096, PHONES = 200000000 };

const char *const kind_words[KINDS] = {
#define X(symbol, word) word,
    KIND_TABLE(X)
#undef X
};

struct plan {
    const struct settings *settings;
    struct span host;
    char (*codes)[CODE_LEN + 1];
    size_t n_codes;
    unsigned share[KINDS], shares;
    struct sender *sender;
    uint64_t salt, serial, random;
    struct {
        char click_id[CLICK_ID_LEN];
        uint32_t code;
    } known[KNOWN]; /* a ring of the latest clicks */
    size_t n_known, next_known;
};

/* splitmix64: which kind, code and click comes next has no pattern */
static uint64_t draw(struct plan *p, uint64_t below)
{
    uint64_t z = p->random += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (z ^ z >> 31) % below;
}

static void read_codes(struct plan *p, const char *path)
{
    char line[256];
    FILE *f = fopen(path, "r");
    if (f == NULL)
        die("cannot read %s: %m", path);
    while (fgets(line, sizeof line, f) != NULL) {
        size_t n = strcspn(line, "\r\n");
        if (n == 0)
            continue;
        if (n != CODE_LEN)
            die("%s: a tracking code has %d characters: %.*s", path, CODE_LEN, (int)n, line);
        p->codes = xrealloc(p->codes, (p->n_codes + 1) * sizeof *p->codes);
        memcpy(p->codes[p->n_codes], line, CODE_LEN);
        p->codes[p->n_codes++][CODE_LEN] = '\0';
    }
    fclose(f);
    if (!p->n_codes)
        die("%s holds no tracking code", path);
}

static void read_mix(struct plan *p, const char *mix)
{
    char *copy = xstrdup(mix), *rest = copy;
    for (char *part; (part = strsep(&rest, ",")) != NULL;) {
        char *eq = strchr(part, '=');
        uint64_t share;
        size_t k = 0;
        if (eq == NULL || parse_u64(span_str(eq + 1), &share) != ERR_OK || share > 1000000)
            die("--mix reads like click=80,view=15,lead=5, not '%s'", mix);
        *eq = '\0';
        while (k < KIND_RAW && strcmp(part, kind_words[k]) != 0)
            k++;
        if (k == KIND_RAW)
            die("--mix knows click, view and lead, not '%s'", part);
        p->share[k] = (unsigned)share;
        p->shares += (unsigned)share;
    }
    free(copy);
    if (!p->shares)
        die("--mix must give something a share");
}

struct plan *plan_new(const struct settings *s, struct span host, uint64_t salt)
{
    struct plan *p = xcalloc(1, sizeof *p);
    p->settings = s;
    p->host = host;
    p->salt = p->random = salt;
    if (s->raw[0]) {
        p->share[KIND_RAW] = p->shares = 1;
    } else {
        read_codes(p, s->codes);
        read_mix(p, s->mix);
    }
    if (p->share[KIND_LEAD])
        p->sender = sender_new(s, host);
    return p;
}

void plan_free(struct plan *p)
{
    if (p == NULL)
        return;
    sender_free(p->sender);
    free(p->codes);
    free(p);
}

static enum kind draw_kind(struct plan *p)
{
    uint64_t at = draw(p, p->shares);
    unsigned k = 0;
    while (at >= p->share[k])
        at -= p->share[k++];
    return k == KIND_RAW || k == KIND_CLICK || p->n_known ? (enum kind)k : KIND_CLICK;
}

static void add_salted(struct buf *b, const struct plan *p)
{
    uint8_t salt[8];
    store_be64(salt, p->salt);
    buf_hex(b, salt, sizeof salt);
    buf_byte(b, '-');
    buf_u64(b, p->serial);
}

static void add_lead(struct plan *p, int64_t now_s, const struct shot *shot, struct buf *b)
{
    size_t start = b->len;
    buf_str(b, "/postback?click_id=");
    buf_str(b, shot->click_id);
    buf_str(b, "&txid=");
    buf_str(b, shot->id);
    buf_str(b, "&email=lead.");
    buf_str(b, shot->id);
    buf_str(b, "%40example.com&phone=%2B33");
    buf_u64(b, 600000000 + (p->salt + p->serial) % PHONES); /* +33 6 or 7 */
    buf_str(b, "&first_name=Load&last_name=Test&country=FR");
    sender_sign(p->sender, b, start, now_s, span_str(shot->id));
}

static void add_target(struct plan *p, int64_t now_s, const struct shot *shot, struct buf *b)
{
    switch (shot->kind) {
    case KIND_CLICK:
        buf_str(b, "/c/");
        buf_str(b, p->codes[shot->code]);
        buf_str(b, "?sub1=");
        buf_str(b, shot->id);
        buf_str(b, "&utm_source=loadtest");
        return;
    case KIND_VIEW:
        buf_str(b, "/p/");
        buf_str(b, p->codes[shot->code]);
        buf_str(b, ".gif?event=view&click_id=");
        buf_str(b, shot->click_id);
        return;
    case KIND_LEAD:
        add_lead(p, now_s, shot, b);
        return;
    case KIND_RAW:
        buf_str(b, p->settings->raw);
        return;
    case KIND_DISPOSITION: /* replays alone have it */
    case KINDS:
        break;
    }
    abort();
}

void plan_next(struct plan *p, int64_t now_s, struct shot *shot, struct buf *request)
{
    struct buf id;
    *shot = (struct shot){.kind = draw_kind(p)};
    p->serial++;
    buf_fixed(&id, shot->id, sizeof shot->id - 1);
    add_salted(&id, p);
    if (shot->kind == KIND_CLICK) {
        shot->code = (uint32_t)draw(p, p->n_codes);
    } else if (shot->kind != KIND_RAW) {
        size_t k = draw(p, p->n_known);
        shot->code = p->known[k].code;
        memcpy(shot->click_id, p->known[k].click_id, CLICK_ID_LEN);
    }
    buf_str(request, "GET ");
    add_target(p, now_s, shot, request);
    buf_str(request, " HTTP/1.1\r\nHost: ");
    buf_span_add(request, p->host);
    buf_str(request, "\r\nUser-Agent: ");
    buf_str(request, p->settings->user_agent);
    buf_str(request, "\r\n\r\n");
}

void plan_learn(struct plan *p, const struct shot *click, struct span click_id)
{
    assert(click_id.len == CLICK_ID_LEN);
    memcpy(p->known[p->next_known].click_id, click_id.ptr, CLICK_ID_LEN);
    p->known[p->next_known].code = click->code;
    p->next_known = (p->next_known + 1) % KNOWN;
    if (p->n_known < KNOWN)
        p->n_known++;
}
