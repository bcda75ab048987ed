/* What the mirror says: pulled and verified, each in a process of its own, which tells by itself what it finds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/ledger/entry.h"
#include "server/cmd/command.h"
#include "server/cmd/sign_private.h"
#include "server/system/log.h"

enum { OWN_WORDS = 16 };

const char *sign_text(const json_t *v, const char *name)
{
    const char *s = json_string_value(json_object_get(v, name));
    return s != NULL ? s : "";
}

int64_t sign_number(const json_t *data, const char *name)
{
    const json_t *v = json_object_get(data, name);
    return json_is_integer(v) ? json_integer_value(v) : -1;
}

const json_t *sign_fact(const struct signing *s, const char *topic, size_t *from)
{
    const json_t *facts = json_object_get(s->report, "facts");
    while (*from < json_array_size(facts)) {
        const json_t *f = json_array_get(facts, (*from)++);
        if (strcmp(sign_text(f, "topic"), topic) == 0)
            return f;
    }
    return NULL;
}

void sign_read_file(const struct signing *s, const char *path, size_t most, struct buf *out)
{
    struct mirror m = folder_mirror(s->folder);
    buf_clear(out);
    if (m.read(m.ctx, path, 0, most, out) != ERR_OK)
        decline("cannot read %s/%s: %s", s->dir, path, strerror(errno));
}

void sign_lines(const struct signing *s, const char *id, void (*take)(void *ctx, struct span line), void *ctx)
{
    enum { PIECE = 1 << 20 };
    struct mirror m = folder_mirror(s->folder);
    char path[NAME_CAP];
    struct buf text;
    uint64_t at = 0;
    size_t took = SIZE_MAX;
    buf_heap(&text);
    snprintf(path, sizeof path, "v1/statements/%s/lines", id);
    while (took > 0) {
        buf_clear(&text);
        if (m.read(m.ctx, path, at, PIECE, &text) != ERR_OK)
            decline("cannot read %s/%s", s->dir, path);
        struct span rest = buf_span(&text), line;
        while (memchr(rest.ptr, '\n', rest.len) != NULL && text_cut(&rest, '\n', &line))
            take(ctx, line);
        took = text.len - rest.len;
        at += took;
    }
    buf_free(&text);
}

/* ---- pull and verify ---- */

/* Runs another command in a child; *out gets what it prints, NULL: it prints by itself. Its exit status. */
static int run(const struct command *c, const char *const words[], struct buf *out)
{
    char *argv[OWN_WORDS + 1];
    int argc = 0, pipe_fd[2] = {-1, -1}, status = 0;
    for (; words[argc] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc]; /* main's own are not const either */
    argv[argc] = NULL;
    fflush(stdout);
    if (out != NULL && pipe(pipe_fd) != 0)
        decline("no pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0)
        decline("cannot start %s: %s", c->name, strerror(errno));
    if (child == 0) {
        if (out != NULL && dup2(pipe_fd[1], STDOUT_FILENO) < 0)
            decline("no pipe: %s", strerror(errno));
        if (out != NULL)
            close(pipe_fd[0]), close(pipe_fd[1]);
        exit(command_run(c, argc, argv));
    }
    if (out != NULL) {
        ssize_t n;
        close(pipe_fd[1]);
        while ((n = read(pipe_fd[0], buf_room(out, 65536), 65536)) > 0 || (n < 0 && errno == EINTR))
            out->len += n > 0 ? (size_t)n : 0;
        close(pipe_fd[0]);
    }
    while (waitpid(child, &status, 0) != child)
        if (errno != EINTR)
            decline("cannot wait for %s: %s", c->name, strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_CANNOT_TELL;
}

/* Ends the process unless all holds. */
static void verified(struct signing *s, const char *dir)
{
    const char *const words[] = {"verify", dir, "--json", NULL};
    struct buf said;
    const json_t *check;
    size_t i;
    buf_heap(&said);
    int status = run(&cmd_verify, words, &said);
    if (said.len == 0 || json_read(buf_span(&said), &s->report, NULL) != ERR_OK)
        decline("%s could not be verified: nothing was signed", dir);
    buf_free(&said);
    json_array_foreach(json_object_get(s->report, "checks"), i, check)
    {
        if (strcmp(sign_text(check, "verdict"), "holds") != 0)
            printf("%-11s %-12s %s\n", sign_text(check, "check"),
                   strcmp(sign_text(check, "verdict"), "fails") == 0 ? "FAILS" : "cannot tell",
                   sign_text(check, "sentence"));
    }
    if (status == STATUS_FAILED)
        die("%s does not hold: nothing was signed", dir);
    if (status != STATUS_DONE || strcmp(sign_text(s->report, "verdict"), "holds") != 0)
        decline("%s cannot be told to hold: nothing was signed", dir);
}

int sign_pull(struct signing *s)
{
    const char *const words[] = {"pull", s->given[URL], s->dir, "--contract", s->contract, "--token", s->token, NULL};
    int status = run(&cmd_pull, words, NULL);
    if (status != STATUS_DONE)
        return status; /* it said why */
    verified(s, s->dir);
    if (folder_open(s->dir, &s->folder) != ERR_OK)
        decline("cannot open %s: %s", s->dir, strerror(errno));
    return status;
}

/* ---- whose key it is ---- */

void sign_bundles(const struct signing *s, void (*take)(void *ctx, uint64_t first, struct span bundle), void *ctx)
{
    struct tile t = {.level = TILE_ENTRIES};
    char base[64], path[NAME_CAP];
    struct buf text;
    buf_heap(&text);
    snprintf(base, sizeof base, "log/%s", s->contract);
    for (; (t.width = tile_width(TILE_ENTRIES, t.n, s->size)) > 0; t.n++) {
        tile_in(path, base, &t);
        sign_read_file(s, path, tile_most(&t) + 1, &text);
        take(ctx, t.n * 256, buf_span(&text));
    }
    buf_free(&text);
}

/* Takes a party's key in force: the last one counts. */
struct key_search {
    const uint8_t *own;
    char (*who)[LIMIT_ID + 1];
    bool replaced;
};

static void look_at_keys(void *ctx, uint64_t first, struct span bundle)
{
    struct key_search *k = ctx;
    struct span bytes;
    enum err err;
    (void)first;
    while (bundle_next(&bundle, &bytes, &err)) {
        struct entry e;
        if (memmem(bytes.ptr, bytes.len, "\"kind\":\"key\"", 12) == NULL || entry_read(bytes, &e, NULL) != ERR_OK)
            continue;
        if (e.kind == ENTRY_KEY && memcmp(e.key.pub, k->own, ED25519_KEY_LEN) == 0) {
            memcpy(*k->who, e.key.party.ptr, e.key.party.len);
            (*k->who)[e.key.party.len] = '\0';
            k->replaced = false;
        } else if (e.kind == ENTRY_KEY && span_is(e.key.party, *k->who)) {
            k->replaced = true; /* another took its place */
        }
        entry_close(&e);
    }
}

void sign_find_party(struct signing *s)
{
    struct buf text;
    struct checkpoint head;
    char path[NAME_CAP], kid[JWK_KID_LEN];
    struct key_search k = {.own = signer_public(s->key), .who = &s->party};
    size_t at = 0;
    buf_heap(&text);
    snprintf(path, sizeof path, "log/%s/checkpoint", s->contract);
    sign_read_file(s, path, LIMIT_NOTE, &text);
    if (checkpoint_peek(buf_span(&text), &head) != ERR_OK)
        decline("%s/%s does not read", s->dir, path);
    s->size = head.size;
    buf_free(&text);
    sign_bundles(s, look_at_keys, &k);
    jwk_kid(signer_public(s->key), kid);
    const json_t *f = sign_fact(s, "log", &at), *data = json_object_get(f, "data");
    s->role = strcmp(s->party, sign_text(data, "advertiser")) == 0  ? "advertiser"
              : strcmp(s->party, sign_text(data, "publisher")) == 0 ? "publisher"
                                                                    : "";
    if (k.replaced)
        die("key %.*s is the key of the %s %s no more: another took its place in the log of contract %s. Sign with "
            "that "
            "one",
            JWK_KID_LEN, kid, s->role, s->party, s->contract);
    if (s->party[0] == '\0' || s->role[0] == '\0')
        die("key %.*s is the key of neither party in the log of contract %s: enrol it first, or take the one that you "
            "enrolled",
            JWK_KID_LEN, kid, s->contract);
}
