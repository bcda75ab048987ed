#include "server/cmd/smtp_setting.h"

#include <string.h>
#include <sys/stat.h>

#include "common/base/ascii.h"
#include "common/commit/notice.h"
#include "common/crypto/crypto.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { PASSWORD_MAX = 4096 };

/* The first line of the file. */
static void read_password(const char *path, struct buf *out)
{
    struct stat st;
    if (stat(path, &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO)))
        decline("smtp_password_file: %s is not there, or others than its owner may use it: chmod 600", path);
    enum err err = file_read(path, PASSWORD_MAX, out);
    if (err != ERR_OK || out->len == 0)
        decline("smtp_password_file: %s has no password (%s)", path, err_word(err));
    buf_byte(out, '\0');
    out->len = strcspn(out->ptr, "\r\n");
    out->ptr[out->len] = '\0';
}

void smtp_setting_read(const struct options *o, const char *name, struct smtp_setting *out)
{
    const char *url = o->smtp_url.text, *user = o->smtp_user.text, *path = o->smtp_password_file.text;
    *out = (struct smtp_setting){.setup = {.url = NULL}};
    buf_heap(&out->password);
    if (url[0] == '\0')
        return;
    if (!ascii_starts(span_str(url), "smtp://") && !ascii_starts(span_str(url), "smtps://"))
        decline("smtp_url: must begin with smtp:// or smtps://");
    if (!mail_address_ok(span_str(o->smtp_from.text)))
        decline("smtp_from: must be the e-mail address that notices come from, in ASCII, without quotes");
    if ((user[0] == '\0') != (path[0] == '\0'))
        decline("smtp_user and smtp_password_file go together: one of them is missing");
    if (path[0] != '\0')
        read_password(path, &out->password);
    out->setup = (struct smtp_setup){url, user, out->password.ptr != NULL ? out->password.ptr : "", name};
}

void smtp_setting_forget(struct smtp_setting *s)
{
    if (s->password.ptr != NULL)
        crypto_wipe(s->password.ptr, s->password.cap);
    buf_free(&s->password);
}
