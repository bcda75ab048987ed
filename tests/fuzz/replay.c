/* Runs a target without libFuzzer: every seed of a corpus, then mutations of each, which the seed of chance repeats.
 *
 *   fuzz_NAME FILE|FOLDER    ends with 0, or with 1 after naming the input that failed and writing it to NAME.finding
 *
 * The inputs run in a child, so that what kills it (a sanitizer, an assert, the alarm) can be named. */
#include <dirent.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/chance.h"

enum { SEEDS_MAX = 400, INPUT_MAX = 1 << 16, MUTATIONS = 200, CHANGES_MAX = 4, INPUT_S = 10 };

struct seed {
    char name[64];
    struct span text;
};

struct corpus {
    struct seed seed[SEEDS_MAX];
    size_t n;
};

/* What the child is at, in memory that outlives it. */
struct doing {
    char what[160];
    size_t len;
    char input[INPUT_MAX];
};

static _Noreturn void give_up(const char *what, const char *name)
{
    fprintf(stderr, "%s: %s\n", name, what);
    exit(2);
}

/* ---- the corpus ---- */

static void seed_read(struct corpus *c, const char *path, const char *name)
{
    struct buf text;
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (f == NULL || fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > INPUT_MAX || c->n == SEEDS_MAX)
        give_up("is no seed: a readable file of at most 64 KiB", path);
    buf_heap(&text);
    text.len = fread(buf_room(&text, INPUT_MAX), 1, INPUT_MAX, f);
    fclose(f);
    struct seed *s = &c->seed[c->n++];
    snprintf(s->name, sizeof s->name, "%s", name);
    s->text = fuzz_copy(buf_span(&text));
    buf_free(&text);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct seed *)a)->name, ((const struct seed *)b)->name);
}

static void corpus_read(struct corpus *c, const char *path)
{
    DIR *d = opendir(path);
    if (d == NULL) {
        seed_read(c, path, path);
        return;
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char file[4096];
        if (e->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        seed_read(c, file, e->d_name);
    }
    closedir(d);
    qsort(c->seed, c->n, sizeof c->seed[0], by_name);
    if (c->n == 0)
        give_up("holds no seeds", path);
}

static void corpus_free(struct corpus *c)
{
    for (size_t i = 0; i < c->n; i++)
        fuzz_drop(c->seed[i].text);
    free(c);
}

/* ---- mutations ---- */

/* Puts `with` in the place of `cut` bytes at `at`; what gets too long is cut off. */
static void splice(struct doing *d, size_t at, size_t cut, struct span with)
{
    size_t tail = d->len - at - cut;
    if (with.len > INPUT_MAX - at)
        with.len = INPUT_MAX - at;
    if (tail > INPUT_MAX - at - with.len)
        tail = INPUT_MAX - at - with.len;
    memmove(d->input + at + with.len, d->input + at + cut, tail);
    if (with.len)
        memcpy(d->input + at, with.ptr, with.len);
    d->len = at + with.len + tail;
}

static struct span part_of(struct span s)
{
    size_t at = below(s.len + 1);
    return span_of(s.ptr + at, below(s.len - at + 1));
}

static void change(struct doing *d, const struct corpus *c)
{
    static const char odd[] = "\0\n\r\"\\%+-./0179:;=@AZ_az{}[]\x7f\x80\xc3\xed\xff";
    size_t at = below(d->len + 1), rest = d->len - at, cut = rest ? 1 + below(rest < 8 ? rest : 8) : 0;
    char byte = one_in(2) ? odd[below(sizeof odd - 1)] : (char)below(256);
    struct span part;

    switch (below(7)) {
    case 0: /* one byte becomes another */
        splice(d, at, rest ? 1 : 0, span_of(&byte, 1));
        break;
    case 1: /* one bit */
        if (rest)
            d->input[at] ^= (char)(1 << below(8));
        break;
    case 2:
        splice(d, at, cut, span_of(NULL, 0));
        break;
    case 3: /* one byte more */
        splice(d, at, 0, span_of(&byte, 1));
        break;
    case 4: /* what stands here once more */
        part = fuzz_copy(span_of(d->input + at, cut));
        splice(d, at, 0, part);
        fuzz_drop(part);
        break;
    case 5:
        d->len = at;
        break;
    case 6: /* a part of some seed */
        splice(d, at, one_in(2) ? cut : 0, part_of(c->seed[below(c->n)].text));
        break;
    }
}

/* ---- running ---- */

static void run(struct doing *d)
{
    struct span input = fuzz_copy(span_of(d->input, d->len));
    alarm(INPUT_S);
    LLVMFuzzerTestOneInput((const uint8_t *)input.ptr, input.len);
    alarm(0);
    fuzz_drop(input);
}

static void load(struct doing *d, const struct seed *s)
{
    d->len = s->text.len;
    if (d->len)
        memcpy(d->input, s->text.ptr, d->len);
}

/* The seed itself, and whether its name says the truth. */
static void run_seed(struct doing *d, const struct seed *s)
{
    unsigned long before = fuzz_accepted;
    load(d, s);
    snprintf(d->what, sizeof d->what, "%s", s->name);
    run(d);
    bool accepted = fuzz_accepted > before;
    if (strncmp(s->name, "ok-", 3) == 0)
        HOLDS(accepted && "a seed called ok-* is accepted" != NULL);
    if (strncmp(s->name, "no-", 3) == 0)
        HOLDS(!accepted && "a seed called no-* is refused" != NULL);
}

static void run_all(struct doing *d, const struct corpus *c)
{
    for (size_t i = 0; i < c->n; i++)
        run_seed(d, &c->seed[i]);
    HOLDS((fuzz_accepted > 0 || c->n == 1) && "some seed is accepted" != NULL);
    for (size_t i = 0; i < c->n; i++)
        for (int m = 0; m < MUTATIONS; m++) {
            load(d, &c->seed[i]);
            for (size_t n = 1 + below(CHANGES_MAX); n > 0; n--)
                change(d, c);
            snprintf(d->what, sizeof d->what, "%s, mutation %d", c->seed[i].name, m);
            run(d);
        }
    snprintf(d->what, sizeof d->what, "the end (what leaked is told above)");
    d->len = 0;
}

static void report(const struct doing *d, const char *program, int status)
{
    const char *name = strrchr(program, '/') != NULL ? strrchr(program, '/') + 1 : program;
    char file[256];
    snprintf(file, sizeof file, "%s.finding", name);
    FILE *f = fopen(file, "wb");
    if (f == NULL || fwrite(d->input, 1, d->len, f) != d->len || fclose(f) != 0)
        give_up("cannot be written", file);
    const char *how = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "took too long" : "failed";
    printf("%s %s at %s; the input is in %s\n", name, how, d->what, file);
}

int main(int argc, char **argv)
{
    int status;
    if (argc != 2)
        give_up("wants one seed or a folder of them", argv[0]);
    chance_seed();
    struct corpus *c = xcalloc(1, sizeof *c);
    corpus_read(c, argv[1]);
    struct doing *d = mmap(NULL, sizeof *d, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (d == MAP_FAILED)
        give_up("no memory", argv[0]);

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        run_all(d, c);
        corpus_free(c);
        exit(0);
    }
    corpus_free(c);
    if (child < 0 || waitpid(child, &status, 0) != child)
        give_up("cannot run a child", argv[0]);
    if (status != 0)
        report(d, argv[0], status);
    return status != 0;
}
