#include "server/notices/smtp_setting.h"

#include <string.h>
#include <sys/stat.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/commit/notice.h"
#include "common/crypto/crypto.h"
#include "server/system/system.h"

enum { PASSWORD_MAX = 4096 };

/* The first line of the file. */
static enum err read_password(const char *path, struct buf *out, struct problem *p)
{
    struct stat st;
    if (stat(path, &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO)))
        return problem(p, ERR_INVALID, "smtp_password_file",
                       "smtp_password_file: %s is not there, or others than its owner may use it: chmod 600", path);
    enum err err = file_read(path, PASSWORD_MAX, out);
    if (err != ERR_OK || out->len == 0)
        return problem(p, ERR_INVALID, "smtp_password_file", "smtp_password_file: %s has no password (%s)", path,
                       err_word(err));
    buf_byte(out, '\0');
    out->len = strcspn(out->ptr, "\r\n");
    out->ptr[out->len] = '\0';
    return ERR_OK;
}

/* "mail.example", "[::1]:465", each with a slash behind it or without. */
static bool names_host(struct span s)
{
    int64_t port = 1;
    if (s.len > 0 && s.ptr[s.len - 1] == '/')
        s.len--;
    struct span host = s;
    const char *literal = s.len > 0 && s.ptr[0] == '[' ? memchr(s.ptr, ']', s.len) : NULL;
    size_t name = literal != NULL ? (size_t)(literal - s.ptr) + 1 : 0;
    while (literal == NULL && name < s.len && s.ptr[name] != ':')
        name++;
    host.len = name;
    struct span rest = span_skip(s, name);
    bool good = rest.len == 0 || (rest.ptr[0] == ':' && ascii_all_digits(span_skip(rest, 1)) &&
                                  parse_i64(span_skip(rest, 1), &port) == ERR_OK && port >= 1 && port <= UINT16_MAX);
    struct span inner = literal != NULL ? span_of(s.ptr + 1, name - 2) : host;
    return good && inner.len > 0 && ascii_all_alnum_or(inner, literal != NULL ? ":." : "-._");
}

enum err smtp_setting_read(const struct options *o, const char *name, struct smtp_setting *out, struct problem *p)
{
    const char *url = o->smtp_url.text, *user = o->smtp_user.text, *path = o->smtp_password_file.text;
    *out = (struct smtp_setting){.setup = {.url = NULL}};
    buf_heap(&out->password);
    if (url[0] == '\0')
        return ERR_OK;
    if (!ascii_starts(span_str(url), "smtp://") && !ascii_starts(span_str(url), "smtps://"))
        return problem(p, ERR_INVALID, "smtp_url", "smtp_url: must begin with smtp:// or smtps://");
    if (!names_host(span_str(strstr(url, "//") + 2)))
        return problem(p, ERR_INVALID, "smtp_url",
                       "smtp_url: must name a host, and perhaps a port from 1 to 65535, and nothing behind it: "
                       "smtp://127.0.0.1:25");
    if (!mail_address_ok(span_str(o->smtp_from.text)))
        return problem(p, ERR_INVALID, "smtp_from",
                       "smtp_from: must be the e-mail address that notices come from, in ASCII, without quotes");
    if ((user[0] == '\0') != (path[0] == '\0'))
        return problem(p, ERR_INVALID, user[0] == '\0' ? "smtp_password_file" : "smtp_user",
                       "smtp_user and smtp_password_file go together: one of them is missing");
    enum err err = path[0] != '\0' ? read_password(path, &out->password, p) : ERR_OK;
    if (err != ERR_OK) {
        smtp_setting_forget(out);
        return err;
    }
    out->setup = (struct smtp_setup){url, user, out->password.ptr != NULL ? out->password.ptr : "", name};
    return ERR_OK;
}

void smtp_setting_forget(struct smtp_setting *s)
{
    if (s->password.ptr != NULL)
        crypto_wipe(s->password.ptr, s->password.cap);
    buf_free(&s->password);
}
