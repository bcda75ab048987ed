#include "loadtest/answer.h"

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/text.h"

/* Takes a line without its CRLF off the front of a head that ends in CRLF. */
static struct span next_line(struct span *head)
{
    const char *end = memmem(head->ptr, head->len, "\r\n", 2);
    struct span line = span_of(head->ptr, (size_t)(end - head->ptr));
    *head = span_of(end + 2, head->len - line.len - 2);
    return line;
}

static bool status_line(struct span line, int *status)
{
    uint64_t code;
    if (line.len < 12 || !span_starts(line, "HTTP/1.1 ") || parse_u64(span_of(line.ptr + 9, 3), &code) != ERR_OK ||
        code < 100 || code > 599)
        return false;
    *status = (int)code;
    return true;
}

enum answer_state answer_read(struct span in, struct answer *out, size_t *used)
{
    struct answer a = {0};
    uint64_t body_len = 0;
    bool has_len = false;
    const char *end = in.len ? memmem(in.ptr, in.len, "\r\n\r\n", 4) : NULL;

    if (end == NULL)
        return ANSWER_PARTIAL;
    struct span head = span_of(in.ptr, (size_t)(end - in.ptr) + 2);
    size_t head_len = head.len + 2;
    if (!status_line(next_line(&head), &a.status))
        return ANSWER_BAD;
    while (head.len) {
        struct span value = next_line(&head), name;
        if (!text_cut(&value, ':', &name))
            return ANSWER_BAD;
        value = text_trim(value, HTTP_BLANKS);
        if (ascii_is(name, "content-length")) {
            if (parse_u64(value, &body_len) != ERR_OK)
                return ANSWER_BAD;
            has_len = true;
        } else if (ascii_is(name, "location")) {
            a.location = value;
        } else if (ascii_is(name, "connection")) {
            a.close = ascii_is(value, "close");
        } else if (ascii_is(name, "transfer-encoding")) {
            return ANSWER_BAD;
        }
    }
    if (!has_len && a.status != 204 && a.status != 304)
        return ANSWER_BAD;
    if (in.len - head_len < body_len)
        return ANSWER_PARTIAL;
    a.body = span_of(in.ptr + head_len, (size_t)body_len);
    *out = a;
    *used = head_len + (size_t)body_len;
    return ANSWER_WHOLE;
}
