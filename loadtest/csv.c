#include "loadtest/csv.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "loadtest/settings.h"

/* Takes the cell at *at, unquoted in place; *at moves behind it, onto the comma or the end of its line. False when its
 * quote is never closed. */
static bool take_cell(char **at, struct span *cell)
{
    char *from = *at, *to = from, *in = from;
    bool quoted = *in == '"', open = quoted;
    for (in += quoted; *in != '\0'; *to++ = *in++) {
        if (quoted && *in == '"' && *++in != '"') {
            open = false;
            break;
        }
        if (!quoted && strchr(",\r\n", *in) != NULL)
            break;
    }
    *at = in;
    *cell = span_of(from, (size_t)(to - from));
    return !open;
}

static void read_file(struct csv *c, const char *path)
{
    struct buf text;
    FILE *f = fopen(path, "r");
    size_t n;
    if (f == NULL)
        die("cannot read %s: %m", path);
    buf_heap(&text);
    while ((n = fread(buf_room(&text, 65536), 1, 65536, f)) > 0)
        text.len += n;
    if (ferror(f))
        die("cannot read %s: %m", path);
    fclose(f);
    if (memchr(buf_span(&text).ptr, '\0', text.len) != NULL)
        die("%s is no text", path);
    buf_byte(&text, '\0');
    c->text = text.ptr;
}

void csv_open(struct csv *c, const char *path)
{
    size_t n = 0, line = 1, in_line = 0;
    *c = (struct csv){0};
    read_file(c, path);
    for (char *at = c->text; *at != '\0';) {
        if ((n & (n + 1)) == 0) /* 0, 1, 3, 7...: doubled */
            c->cells = xrealloc(c->cells, 2 * (n + 1) * sizeof *c->cells);
        if (!take_cell(&at, &c->cells[n++]))
            die("%s, line %zu: a quote that is never closed", path, line);
        in_line++;
        if (*at == ',') {
            at++;
            continue;
        }
        at += strspn(at, "\r");
        if (*at != '\n' && *at != '\0')
            die("%s, line %zu: more behind a closing quote", path, line);
        at += *at == '\n';
        if (line == 1)
            c->columns = in_line;
        if (in_line != c->columns)
            die("%s, line %zu: %zu cells, where the header has %zu", path, line, in_line, c->columns);
        in_line = 0;
        line++;
    }
    if (line == 1)
        die("%s holds no header", path);
    c->rows = line - 2;
}

void csv_close(struct csv *c)
{
    free(c->text);
    free(c->cells);
}

size_t csv_column(const struct csv *c, const char *name)
{
    for (size_t i = 0; i < c->columns; i++)
        if (span_is(c->cells[i], name))
            return i;
    die("the file has no column '%s'", name);
}
