#include "common/decisions/terms_diff.h"

#include <stdio.h>

#include "common/base/ascii.h"
#include "common/base/money.h"

struct comparison {
    struct span currency;
    struct buf path, words[2];
    void (*each)(void *ctx, const struct difference *d);
    void *ctx;
};

/* ---- words ---- */

/* At least as many decimals as the currency has. */
static void money_words(struct buf *out, int64_t micros, struct span currency)
{
    int exponent = currency_exponent(currency);
    char fraction[8];
    size_t len = (size_t)snprintf(fraction, sizeof fraction, "%06lld", (long long)(micros % 1000000));
    while (len > 0 && (int)len > (exponent < 0 ? 0 : exponent) && fraction[len - 1] == '0')
        len--;
    buf_i64(out, micros / 1000000);
    if (len > 0)
        buf_byte(out, '.');
    buf_add(out, fraction, len);
    buf_byte(out, ' ');
    buf_span_add(out, currency);
}

static void percent_words(struct buf *out, int64_t ppm)
{
    char fraction[8];
    size_t len = (size_t)snprintf(fraction, sizeof fraction, "%04lld", (long long)(ppm % 10000));
    while (len > 0 && fraction[len - 1] == '0')
        len--;
    buf_i64(out, ppm / 10000);
    if (len > 0)
        buf_byte(out, '.');
    buf_add(out, fraction, len);
    buf_str(out, " %");
}

static bool ends(const char *name, const char *with)
{
    size_t n = strlen(name), m = strlen(with);
    return n >= m && strcmp(name + n - m, with) == 0;
}

static void number_words(const struct comparison *c, struct buf *out, const char *name, int64_t n)
{
    if (strstr(name, "micros") != NULL && n >= 0)
        money_words(out, n, c->currency);
    else if (ends(name, "_ppm") && n >= 0)
        percent_words(out, n);
    else
        buf_i64(out, n);
    if (ends(name, "days"))
        buf_str(out, n == 1 ? " day" : " days");
    else if (ends(name, "_s"))
        buf_str(out, " s");
}

static void words(const struct comparison *c, struct buf *out, const char *name, const json_t *v);

static void list_words(const struct comparison *c, struct buf *out, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item)
    {
        if (i > 0)
            buf_str(out, ", ");
        words(c, out, "", item);
    }
    if (json_array_size(list) == 0)
        buf_str(out, "none");
}

static bool is_rule(const json_t *v)
{
    return json_is_string(json_object_get(v, "field"));
}

static void rule_words(const struct comparison *c, struct buf *out, const json_t *rule)
{
    const json_t *min = json_object_get(rule, "min"), *max = json_object_get(rule, "max");
    words(c, out, "", json_object_get(rule, "field"));
    if (json_object_get(rule, "in") != NULL) {
        buf_str(out, " in ");
        list_words(c, out, json_object_get(rule, "in"));
    } else if (json_object_get(rule, "equals") != NULL) {
        buf_str(out, " is ");
        words(c, out, "", json_object_get(rule, "equals"));
    } else {
        buf_str(out, min == NULL ? " at most " : max == NULL ? " at least " : " from ");
        words(c, out, "", min != NULL ? min : max);
        if (min != NULL && max != NULL) {
            buf_str(out, " to ");
            words(c, out, "", max);
        }
    }
}

/* A tier is its price and, but for the last one, when; of other objects each member is told. */
static void object_words(const struct comparison *c, struct buf *out, const json_t *object)
{
    const char *name;
    json_t *v;
    bool first = true;
    if (is_rule(object)) {
        rule_words(c, out, object);
        return;
    }
    json_object_foreach((json_t *)object, name, v)
    {
        bool tells_itself = strcmp(name, "micros") == 0 || strcmp(name, "when") == 0;
        if (!first)
            buf_str(out, tells_itself ? " " : ", ");
        if (strcmp(name, "micros") != 0) {
            buf_str(out, name);
            buf_byte(out, ' ');
        }
        words(c, out, name, v);
        first = false;
    }
    if (first)
        buf_str(out, "none");
}

static void words(const struct comparison *c, struct buf *out, const char *name, const json_t *v)
{
    if (json_is_string(v))
        buf_add(out, json_string_length(v) ? json_string_value(v) : "none",
                json_string_length(v) ? json_string_length(v) : 4);
    else if (json_is_integer(v))
        number_words(c, out, name, json_integer_value(v));
    else if (json_is_boolean(v))
        buf_str(out, json_is_true(v) ? "yes" : "no");
    else if (json_is_array(v))
        list_words(c, out, v);
    else if (json_is_object(v))
        object_words(c, out, v);
    else
        buf_str(out, "none");
}

/* ---- the walk ---- */

static void tell(struct comparison *c, const char *name, const json_t *before, const json_t *after)
{
    const json_t *v[] = {before, after};
    for (int i = 0; i < 2; i++) {
        buf_clear(&c->words[i]);
        if (v[i] != NULL)
            words(c, &c->words[i], name, v[i]);
    }
    c->each(c->ctx, &(struct difference){.path = buf_span(&c->path),
                                         .has_before = before != NULL,
                                         .has_after = after != NULL,
                                         .before = buf_span(&c->words[0]),
                                         .after = buf_span(&c->words[1])});
}

static void compare(struct comparison *c, const char *name, const json_t *before, const json_t *after);

/* With this added to the path. */
static void compare_item(struct comparison *c, const char *name, size_t i, const json_t *before, const json_t *after)
{
    size_t len = c->path.len;
    buf_printf(&c->path, "[%zu]", i);
    compare(c, name, before, after);
    c->path.len = len;
}

/* Items at both ends that are the same stay aside; what is left is compared one by one, and what is over was added or
 * removed. */
static void compare_arrays(struct comparison *c, const char *name, const json_t *before, const json_t *after)
{
    size_t n = json_array_size(before), m = json_array_size(after), same = 0, tail = 0;
    while (same < n && same < m && json_equal(json_array_get(before, same), json_array_get(after, same)))
        same++;
    while (tail < n - same && tail < m - same &&
           json_equal(json_array_get(before, n - 1 - tail), json_array_get(after, m - 1 - tail)))
        tail++;
    for (size_t i = same; i < n - tail || i < m - tail; i++)
        compare_item(c, name, i, i < n - tail ? json_array_get(before, i) : NULL,
                     i < m - tail ? json_array_get(after, i) : NULL);
}

/* `other`: the campaign's document, which may have a member of that name too; NULL elsewhere. */
static void compare_member(struct comparison *c, const char *name, const json_t *before, const json_t *after,
                           const json_t *other)
{
    size_t len = c->path.len;
    if (json_object_get(other, name) != NULL)
        buf_str(&c->path, "contract");
    if (c->path.len > 0)
        buf_byte(&c->path, '.');
    buf_str(&c->path, name);
    compare(c, name, before, after);
    c->path.len = len;
}

static void compare_objects(struct comparison *c, const json_t *before, const json_t *after, const json_t *other)
{
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)before, name, v)
    {
        compare_member(c, name, v, json_object_get(after, name), other);
    }
    json_object_foreach((json_t *)after, name, v)
    {
        if (json_object_get(before, name) == NULL)
            compare_member(c, name, NULL, v, other);
    }
}

static void compare(struct comparison *c, const char *name, const json_t *before, const json_t *after)
{
    if (before != NULL && after != NULL && json_equal(before, after))
        return;
    if (json_is_object(before) && json_is_object(after) && !is_rule(before) && !is_rule(after))
        compare_objects(c, before, after, NULL);
    else if (json_is_array(before) && json_is_array(after))
        compare_arrays(c, name, before, after);
    else
        tell(c, name, before, after);
}

void terms_differences(const struct terms *before, const struct terms *after,
                       void (*each)(void *ctx, const struct difference *d), void *ctx)
{
    struct comparison c = {.currency = after->currency, .each = each, .ctx = ctx};
    buf_heap(&c.path);
    buf_heap(&c.words[0]);
    buf_heap(&c.words[1]);
    compare_objects(&c, before->json[0], after->json[0], NULL);
    compare_objects(&c, before->json[1], after->json[1], after->json[0]);
    buf_free(&c.path);
    buf_free(&c.words[0]);
    buf_free(&c.words[1]);
}

void difference_text(const struct difference *d, struct buf *out)
{
    buf_span_add(out, d->path);
    buf_str(out, !d->has_before ? " added: " : !d->has_after ? " removed: " : ": ");
    if (d->has_before)
        buf_span_add(out, d->before);
    if (d->has_before && d->has_after)
        buf_str(out, " -> ");
    if (d->has_after)
        buf_span_add(out, d->after);
}

void terms_words(const struct terms *t, bool whole, struct buf *out)
{
    static const struct {
        int document;
        const char *name;
    } told[] = {{1, "price"},       {1, "assent"}, {1, "set_off"},      {1, "settle"},      {1, "due_days"},
                {1, "vat_ppm"},     {1, "caps"},   {1, "starts_at"},    {1, "ends_at"},     {0, "attribution"},
                {0, "caps"},        {0, "dedupe"}, {0, "dispositions"}, {0, "lead"},        {0, "payable_classes"},
                {0, "pixel_leads"}, {0, "score"},  {0, "review"},       {0, "return_days"}, {0, "timezone"}};
    const struct comparison c = {.currency = t->currency};
    for (size_t i = 0; i < (whole ? sizeof told / sizeof told[0] : 1); i++) {
        if (i > 0)
            buf_printf(out, "; %s%s: ", told[i].document == 1 ? "contract." : "", told[i].name);
        words(&c, out, told[i].name, json_object_get(t->json[told[i].document], told[i].name));
    }
}
