#include "common/commit/notice.h"

#include <assert.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/utf8.h"
#include "common/base/when.h"

/* ---- texts ---- */

static const struct {
    const char *word, *subject[LANGUAGES], *intro[LANGUAGES];
} notices[NOTICES] = {
#define X(symbol, word, en, fr, zh, intro_en, intro_fr, intro_zh)                                                      \
    [NOTICE_##symbol] = {word, {en, fr, zh}, {intro_en, intro_fr, intro_zh}},
    NOTICE_TABLE(X)
#undef X
};
static const char *const lines[NOTICE_LINES][LANGUAGES] = {
#define X(symbol, en, fr, zh) [NOTICE_LINE_##symbol] = {en, fr, zh},
    NOTICE_LINE_TABLE(X)
#undef X
};

const char *notice_word(enum notice n)
{
    return notices[n].word;
}

enum err notice_parse(struct span word, enum notice *out)
{
    for (enum notice n = 0; n < NOTICES; n++)
        if (span_is(word, notices[n].word)) {
            *out = n;
            return ERR_OK;
        }
    return ERR_NOT_FOUND;
}

const char *notice_subject(enum language l, enum notice n)
{
    return notices[n].subject[l];
}

const char *notice_intro(enum language l, enum notice n)
{
    return notices[n].intro[l];
}

const char *notice_line_text(enum language l, enum notice_line line)
{
    return lines[line][l];
}

void notice_say(struct buf *out, enum language l, enum notice_line line, const struct span *values, size_t n)
{
    struct span rest = span_str(lines[line][l]);
    for (size_t i = 0; i < n; i++) {
        const char *hole = memmem(rest.ptr, rest.len, "{}", 2);
        assert(hole != NULL);
        buf_add(out, rest.ptr, (size_t)(hole - rest.ptr));
        utf8_show(out, values[i], values[i].len * 3);
        rest = span_skip(rest, (size_t)(hole + 2 - rest.ptr));
    }
    assert(memmem(rest.ptr, rest.len, "{}", 2) == NULL);
    buf_span_add(out, rest);
}

/* ---- addresses ---- */

static bool is_atom(struct span s)
{
    bool good = s.len > 0 && s.ptr[0] != '.' && s.ptr[s.len - 1] != '.';
    for (size_t i = 0; i < s.len; i++)
        good &= (ascii_is_alnum(s.ptr[i]) || strchr("!#$%&'*+-/=?^_`{|}~.", s.ptr[i]) != NULL) && s.ptr[i] != '\0' &&
                !(i > 0 && s.ptr[i] == '.' && s.ptr[i - 1] == '.');
    return good;
}

static bool is_domain(struct span s)
{
    bool good = is_atom(s) && memchr(s.ptr, '.', s.len) != NULL;
    for (size_t i = 0; i < s.len; i++)
        good &= ascii_is_alnum(s.ptr[i]) || s.ptr[i] == '-' || s.ptr[i] == '.';
    return good;
}

bool mail_address_ok(struct span address)
{
    const char *at = memchr(address.ptr, '@', address.len);
    if (at == NULL || address.len > MAIL_ADDRESS_MAX)
        return false;
    size_t local = (size_t)(at - address.ptr);
    return local <= 64 && is_atom(span_of(address.ptr, local)) && is_domain(span_skip(address, local + 1));
}

/* ---- a message ---- */

/* RFC 2047: words of at most 75 characters, each of whole characters; ASCII stands as it is. */
static void header_text(struct buf *out, struct span text)
{
    enum { BYTES = 39 }; /* 52 of base64, =?UTF-8?B??= and `Subject: ` */
    if (ascii_printable(text)) {
        buf_span_add(out, text);
        return;
    }
    for (bool first = true; text.len > 0; first = false) {
        struct span piece = utf8_cut(text, BYTES);
        assert(piece.len > 0);
        buf_str(out, first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
        buf_b64(out, piece.ptr, piece.len);
        buf_str(out, "?=");
        text = span_skip(text, piece.len);
    }
}

static void header(struct buf *out, const char *name, const char *before, struct span value, const char *behind)
{
    assert(memchr(value.ptr, '\r', value.len) == NULL && memchr(value.ptr, '\n', value.len) == NULL);
    buf_str(out, name);
    buf_str(out, ": ");
    buf_str(out, before);
    header_text(out, value);
    buf_str(out, behind);
    buf_str(out, "\r\n");
}

/* Sat, 28 Nov 2026 16:09:25 +0000 */
static void date_header(struct buf *out, int64_t ms)
{
    static const char days[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[40];
    struct buf b;
    buf_fixed(&b, text, sizeof text);
    time_rfc3339(&b, ms);
    size_t month = (size_t)((text[5] - '0') * 10 + text[6] - '1');
    buf_printf(out, "Date: %.3s, %.2s %.3s %.4s %.8s +0000\r\n", days + 3 * (ms / MS_PER_DAY % 7), text + 8,
               months + 3 * month, text, text + 11);
}

/* RFC 2045: base64 in lines of 76 characters: no line is too long, none begins with a dot. */
static void body_base64(struct buf *out, struct span body)
{
    enum { BYTES = 57 };
    struct buf text;
    buf_heap(&text);
    for (size_t i = 0; i < body.len; i++)
        buf_str(&text, (char[]){body.ptr[i] == '\n' ? '\r' : body.ptr[i], body.ptr[i] == '\n' ? '\n' : '\0', '\0'});
    for (size_t at = 0; at < text.len; at += BYTES) {
        buf_b64(out, text.ptr + at, text.len - at < BYTES ? text.len - at : BYTES);
        buf_str(out, "\r\n");
    }
    buf_free(&text);
}

void mail_write(struct buf *out, const struct mail *m)
{
    header(out, "From", "<", m->from, ">");
    header(out, "To", "<", m->to, ">");
    header(out, "Subject", "", m->subject, "");
    date_header(out, m->at_ms);
    header(out, "Message-ID", "<", m->message_id, ">");
    if (!span_empty(m->unsubscribe)) {
        header(out, "List-Unsubscribe", "<", m->unsubscribe, ">");
        buf_str(out, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
    }
    buf_str(out, "Auto-Submitted: auto-generated\r\n");
    header(out, "Content-Language", "", span_str(language_word(m->language)), "");
    buf_str(
        out,
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    body_base64(out, m->body);
}
