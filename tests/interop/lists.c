/* What the operator's lists say, for test_addresses.py: lists DATACENTERS COUNTRIES (paths, or nothing), addresses on
 * stdin, a line for each: 0 or 1, and the country. lists codes: the two-letter codes that are countries. */
#include <stdio.h>
#include <string.h>

#include "common/base/country.h"
#include "server/lists/lists.h"

static void say_codes(void)
{
    for (char a = 'A'; a <= 'Z'; a++)
        for (char b = 'A'; b <= 'Z'; b++) {
            char out[COUNTRY_LEN], low[] = {(char)(a | 0x20), b};
            if (country_read(span_of(low, sizeof low), out))
                printf("%.2s\n", out);
        }
}

int main(int argc, char **argv)
{
    struct lists_slot *slot;
    const struct lists *lists = NULL;
    struct problem p;
    char line[128];
    if (argc == 2) {
        say_codes();
        return 0;
    }
    if (lists_open(&(struct list_files){argv[1], argv[2]}, &slot, &p) != ERR_OK) {
        fprintf(stderr, "%s: %s\n", p.field, p.detail);
        return 1;
    }
    lists_follow(slot, &lists);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        struct origin o = lists_origin(lists, line);
        printf("%d %s\n", o.datacenter, o.country);
    }
    lists_leave(slot, &lists);
    lists_close(slot);
    return 0;
}
