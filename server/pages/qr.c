#include "server/pages/qr.h"

#include <qrencode.h>

enum { QUIET = 4 }; /* modules of nothing around it: ISO/IEC 18004 */

/* One path: each run of dark modules of a line is a rectangle of it. */
static void write_modules(struct page *g, const QRcode *qr)
{
    for (int y = 0; y < qr->width; y++)
        for (int x = 0, end; x < qr->width; x = end) {
            const unsigned char *line = qr->data + (ptrdiff_t)y * qr->width;
            for (end = x; end < qr->width && (line[end] & 1) == (line[x] & 1);)
                end++;
            if (line[x] & 1)
                buf_printf(g->out, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, end - x, end - x);
        }
}

bool qr_write(struct page *g, struct span text, enum word label)
{
    QRcode *qr = QRcode_encodeData((int)text.len, (const unsigned char *)text.ptr, 0, QR_ECLEVEL_M);
    if (qr == NULL)
        return false;
    const int side = qr->width + 2 * QUIET;
    page_put(g,
             "<svg class=\"qr\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\" "
             "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{}v{}H0z\"/><path fill=\"#000\" d=\"",
             P_INDEX(side), P_INDEX(side), P_WORD(label), P_INDEX(side), P_INDEX(side));
    write_modules(g, qr);
    page_html(g, "\"/></svg>\n");
    QRcode_free(qr);
    return true;
}
