/* For test_phones.py: reads JSON lines ["text","country"], prints for each the key of the number: "+" and its digits,
 * or what is left of it without a country, or an empty line. With a number as argument it reads all of them that many
 * times more and says the nanoseconds a number took on the error output. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "common/decisions/contact.h"

enum { MOST = 400000 };
static struct {
    json_t *line;
    struct span text, country;
} asked[MOST];

static struct span text_of(const json_t *v)
{
    return span_of(json_string_value(v), json_string_length(v));
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t read_all(void)
{
    char *line = NULL;
    size_t room = 0, n = 0;
    while (n < MOST && getline(&line, &room, stdin) > 0) {
        asked[n].line = json_loads(line, 0, NULL);
        if (asked[n].line == NULL)
            exit(1);
        asked[n].text = text_of(json_array_get(asked[n].line, 0));
        asked[n].country = text_of(json_array_get(asked[n].line, 1));
        n++;
    }
    free(line);
    return n;
}

int main(int argc, char **argv)
{
    size_t n = read_all();
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    struct buf key;
    unsigned long good = 0;
    buf_heap(&key);
    double from = seconds();
    for (long i = 0; i < rounds; i++)
        for (size_t k = 0; k < n; k++) {
            buf_clear(&key);
            good += contact_phone_key(asked[k].text, asked[k].country, SPAN(""), &key) == PHONE_GOOD;
        }
    if (rounds > 0)
        fprintf(stderr, "%.1f ns a number, %lu good\n", (seconds() - from) * 1e9 / (double)rounds / (double)n, good);
    for (size_t k = 0; k < n; k++) {
        buf_clear(&key);
        if (contact_phone_key(asked[k].text, asked[k].country, SPAN(""), &key) == PHONE_UNUSABLE)
            buf_clear(&key);
        printf("%.*s\n", (int)key.len, key.ptr);
        json_decref(asked[k].line);
    }
    buf_free(&key);
    return 0;
}
