#include "common/pages/plot.h"

#include <assert.h>

enum { WIDTH = 600, TALL = 1000 /* tenths */, GAP = 30, EDGE = 6 };

int64_t plot_top(int64_t most)
{
    static const int64_t steps[] = {2, 4, 6, 8, 10, 12, 16, 20};
    int64_t unit = 1;
    for (;; unit *= 10)
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
            if (most <= steps[i] * unit)
                return steps[i] * unit;
}

/* Where the days' names stand: the first, the middle, the last. */
static void labels(struct page *g, const struct plot *p)
{
    page_put(g, "<div class=\"x\" aria-hidden=\"true\"><span>{}</span><span>{}</span><span>{}</span></div>\n",
             P_DAY(p->days[0].ms), P_DAY(p->days[p->n / 2].ms),
             p->last != WORDS ? P_WORD(p->last) : P_DAY(p->days[p->n - 1].ms));
}

/* One above the other; *below is how high those below it are, in tenths. */
static void bar(struct page *g, const char *class, int64_t x, int64_t width, int64_t value, int64_t top, int64_t *below)
{
    int64_t height = value * (TALL - EDGE) / top;
    if (value == 0)
        return;
    *below += height;
    page_put(g, "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>", P_HTML(class), P_TENTHS(x),
             P_TENTHS(TALL - EDGE - *below), P_TENTHS(width), P_TENTHS(height));
}

static void day_bars(struct page *g, const struct plot_day *d, size_t i, int64_t width, int64_t top)
{
    int64_t x = (int64_t)i * width, below = 0, unpaid = d->leads - d->approved - d->waiting;
    int64_t gap = width / 5 < GAP ? width / 5 : GAP;
    page_put(g, "<g><title>{}</title>",
             P_SAY(WORD_PLOT_DAY, P_COUNT(d->leads), P_COUNT(d->approved), P_COUNT(d->waiting), P_COUNT(unpaid)));
    bar(g, "c1", x + gap, width - 2 * gap, d->approved, top, &below);
    bar(g, "c2", x + gap, width - 2 * gap, d->waiting, top, &below);
    bar(g, "c3", x + gap, width - 2 * gap, unpaid, top, &below);
    page_put(g, "<rect class=\"hit\" x=\"{}\" width=\"{}\" height=\"100\"/></g>", P_TENTHS(x), P_TENTHS(width));
}

static void leads(struct page *g, const struct plot *p)
{
    const struct plot_day *days = p->days;
    const size_t n = p->n;
    int64_t most = 0, approved = 0, waiting = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        most = days[i].leads > most ? days[i].leads : most;
        all += days[i].leads;
        approved += days[i].approved;
        waiting += days[i].waiting;
    }
    int64_t top = plot_top(most);
    page_put(g,
             "<figcaption><b>{}</b> <span class=\"key\">{} {}</span> <span class=\"key k2\">{} {}</span> <span "
             "class=\"key k3\">{} {}</span></figcaption>\n<div class=\"y\" "
             "aria-hidden=\"true\"><span>{}</span><span>{}</span><span>0</span></div>\n<svg viewBox=\"0 0 600 100\" "
             "preserveAspectRatio=\"none\" role=\"img\" aria-labelledby=\"p1\"><title id=\"p1\">{}</title><path "
             "class=\"g\" d=\"M0 .5H600M0 50H600M0 99.5H600\"/>",
             P_WORD(WORD_LEADS), P_WORD(WORD_APPROVED), P_COUNT(approved), P_WORD(WORD_WAITING), P_COUNT(waiting),
             P_WORD(WORD_NOT_PAID), P_COUNT(all - approved - waiting), P_COUNT(top), P_COUNT(top / 2),
             P_WORD(WORD_PLOT_LEADS));
    for (size_t i = 0; i < n; i++)
        day_bars(g, &days[i], i, WIDTH * 10 / (int64_t)n, top);
    page_html(g, "</svg>\n");
    labels(g, p);
}

static int64_t height_of(int64_t clicks, int64_t top)
{
    return TALL - EDGE - clicks * (TALL - 2 * EDGE) / top;
}

static void point(struct page *g, const char *before, size_t i, int64_t width, int64_t y)
{
    page_put(g, "{}{} {}", P_HTML(before), P_TENTHS((int64_t)i * width + width / 2), P_TENTHS(y));
}

static void clicks(struct page *g, const struct plot *p)
{
    const struct plot_day *days = p->days;
    const size_t n = p->n, whole = p->open ? n - 1 : n; /* those that are over */
    int64_t most = 0, all = 0, width = WIDTH * 10 / (int64_t)n;
    for (size_t i = 0; i < n; i++) {
        most = days[i].clicks > most ? days[i].clicks : most;
        all += days[i].clicks;
    }
    int64_t top = plot_top(most);
    page_put(g, "<figcaption><b>{}</b> <span>{}</span>", P_WORD(WORD_OF_CLICK), P_COUNT(all));
    if (p->open)
        page_put(g, " <span class=\"key kd\">{}</span>", P_WORD(p->what));
    page_put(g,
             "</figcaption>\n<div class=\"y\" aria-hidden=\"true\"><span>{}</span><span>0</span></div>\n<svg "
             "class=\"low\" viewBox=\"0 0 600 100\" preserveAspectRatio=\"none\" role=\"img\" "
             "aria-labelledby=\"p2\"><title id=\"p2\">{}</title><path class=\"g\" d=\"M0 1H600M0 99H600\"/><path "
             "class=\"l1\" d=\"",
             P_COUNT(top), P_WORD(WORD_PLOT_CLICKS));
    for (size_t i = 0; i < whole; i++)
        point(g, i == 0 ? "M" : "L", i, width, height_of(days[i].clicks, top));
    if (p->open) {
        page_html(g, "\"/><path class=\"l2\" d=\"");
        point(g, "M", n - 2, width, height_of(days[n - 2].clicks, top));
        point(g, "L", n - 1, width, height_of(days[n - 1].clicks, top));
    }
    page_html(g, "\"/><path class=\"dot\" d=\"");
    point(g, "M", n - 1, width, height_of(days[n - 1].clicks, top));
    page_html(g, "h0\"/></svg>\n");
    labels(g, p);
}

void plot_stretches(struct page *g, const struct plot *p)
{
    assert(p->n >= 2);
    page_html(g, "<figure class=\"plot\">\n");
    leads(g, p);
    clicks(g, p);
    page_html(g, "</figure>\n");
}

void plot_days(struct page *g, const struct plot_day *days, size_t n)
{
    plot_stretches(g, &(struct plot){days, n, true, WORD_TODAY, WORD_PLOT_TODAY});
}

void plot_table(struct page *g, const struct plot_day *days, size_t n)
{
    page_put(g,
             "<details><summary>{}</summary>\n<table class=\"fit\"><thead><tr><th scope=\"col\">{}</th><th "
             "scope=\"col\" class=\"n\">{}</th><th scope=\"col\" class=\"n\">{}</th><th scope=\"col\" "
             "class=\"n\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_SAME_TABLE), P_WORD(WORD_ON_DAY), P_WORD(WORD_OF_CLICK), P_WORD(WORD_LEADS),
             P_WORD(WORD_APPROVED));
    for (size_t i = n; i-- > 0;)
        page_put(g,
                 "<tr><th scope=\"row\" class=\"nb\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
                 "class=\"n\">{}</td></tr>\n",
                 P_DAY(days[i].ms), P_COUNT(days[i].clicks), P_COUNT(days[i].leads), P_COUNT(days[i].approved));
    page_html(g, "</tbody></table></details>\n");
}
