#include "common/base/idn.h"

#include <idn2.h>

#include "common/base/ascii.h"
#include "common/base/mem.h"
#include "common/base/utf8.h"

enum { HOST_MAX = 4 * 253 }; /* bytes of a name of 253 characters */

bool idn_host(struct span host, struct buf *out)
{
    char text[HOST_MAX + 1], *ascii = NULL;
    if (host.len > HOST_MAX || !utf8_valid(host))
        return false;
    for (size_t i = 0; i < host.len; i++)
        text[i] = ascii_to_lower(host.ptr[i]);
    text[host.len] = '\0';
    if (ascii_printable(host)) {
        buf_add(out, text, host.len);
        return true;
    }
    int rc = idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc == IDN2_MALLOC)
        mem_exhausted();
    if (rc == IDN2_OK)
        buf_str(out, ascii);
    idn2_free(ascii);
    return rc == IDN2_OK;
}
