#include "server/cmd/shown.h"

#include <stdio.h>
#include <string.h>

#include "common/base/money.h"
#include "common/base/utf8.h"

const char *shown_text(const json_t *row, const char *name)
{
    const char *s = json_string_value(json_object_get(row, name));
    return s != NULL ? s : "";
}

void shown_add(struct buf *line, const char *text, size_t width, size_t most)
{
    size_t before = line->len;
    utf8_show(line, span_str(text), most);
    while (line->len - before < width)
        buf_byte(line, ' ');
}

void shown_time(struct buf *line, const char *rfc3339)
{
    enum { WIDTH = 19, DAY = 10, TIME = 8 };
    size_t len = strlen(rfc3339);
    if (len < WIDTH) {
        shown_add(line, "", WIDTH, WIDTH);
        return;
    }
    utf8_show(line, span_of(rfc3339, DAY), WIDTH);
    buf_byte(line, ' ');
    utf8_show(line, span_of(rfc3339 + DAY + 1, TIME), WIDTH);
}

void shown_money(struct buf *line, const json_t *row, const char *name, size_t width, bool with_sign)
{
    enum { MONEY_CAP = 48 };
    const char *currency = shown_text(row, "currency");
    int64_t micros = json_integer_value(json_object_get(row, name));
    char mem[MONEY_CAP];
    struct buf money;
    buf_fixed(&money, mem, sizeof mem);
    if (with_sign && micros > 0)
        buf_byte(&money, '+');
    micros_add(&money, micros, span_str(currency));
    for (size_t i = money.len; i < width; i++)
        buf_byte(line, ' ');
    buf_span_add(line, buf_span(&money));
    buf_byte(line, ' ');
    shown_add(line, currency, 3, 3);
}

void shown_line(struct buf *line)
{
    while (line->len > 0 && line->ptr[line->len - 1] == ' ')
        line->len--;
    printf("%.*s\n", (int)line->len, line->ptr);
    buf_clear(line);
}
