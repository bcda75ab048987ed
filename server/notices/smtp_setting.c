#include "server/notices/smtp_setting.h"

#include <string.h>
#include <sys/stat.h>

#include "common/base/ascii.h"
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

enum err smtp_setting_read(const struct options *o, const char *name, struct smtp_setting *out, struct problem *p)
{
    const char *url = o->smtp_url.text, *user = o->smtp_user.text, *path = o->smtp_password_file.text;
    *out = (struct smtp_setting){.setup = {.url = NULL}};
    buf_heap(&out->password);
    if (url[0] == '\0')
        return ERR_OK;
    if (!ascii_starts(span_str(url), "smtp://") && !ascii_starts(span_str(url), "smtps://"))
        return problem(p, ERR_INVALID, "smtp_url", "smtp_url: must begin with smtp:// or smtps://");
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
