#include "server/courier/smtp.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/mem.h"
#include "server/courier/transfer.h"

enum { TIMEOUT_MS = 30000 };

struct smtp {
    CURL *curl;
    char *url;
    const atomic_bool *stop;
    struct span rest; /* of the message under way */
    char why[CURL_ERROR_SIZE];
};

static size_t drop(char *ptr, size_t size, size_t n, void *arg)
{
    (void)ptr, (void)arg;
    return size * n;
}

static int look(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    const struct smtp *s = arg;
    (void)total, (void)now, (void)up_total, (void)up_now;
    return atomic_load(s->stop);
}

static size_t give(char *to, size_t size, size_t n, void *arg)
{
    struct smtp *s = arg;
    size_t len = size * n < s->rest.len ? size * n : s->rest.len;
    memcpy(to, s->rest.ptr, len);
    s->rest = span_skip(s->rest, len);
    return len;
}

struct smtp *smtp_open(const struct smtp_setup *setup, const atomic_bool *stop)
{
    struct smtp *s = xcalloc(1, sizeof *s);
    bool logs_in = setup->user[0] != '\0', insists = logs_in || ascii_starts(span_str(setup->url), "smtps:");
    s->stop = stop;
    size_t len = strlen(setup->url);
    bool slash = setup->url[len - 1] == '/';
    s->url = xasprintf("%s%s%s", setup->url, slash ? "" : "/", setup->name);
    CURL *c = s->curl = transfer_open("countersign", &(struct transfer_calls){drop, drop, look}, s);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(c, CURLOPT_URL, s->url);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_USE_SSL, (long)(logs_in ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    /* where it goes in the clear as well, any certificate does (RFC 7435): that of Debian's postfix is its own */
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, (long)insists);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, insists ? 2L : 0L);
    if (logs_in) {
        curl_easy_setopt(c, CURLOPT_USERNAME, setup->user);
        curl_easy_setopt(c, CURLOPT_PASSWORD, setup->password);
    }
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(c, CURLOPT_READDATA, s);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->why);
    return s;
}

void smtp_close(struct smtp *s)
{
    if (s == NULL)
        return;
    transfer_close(s->curl);
    free(s->url);
    free(s);
}

static char *bracketed(struct span address)
{
    return xasprintf("<%.*s>", (int)address.len, address.ptr);
}

/* What libcurl says where a server answers a command otherwise than it should: to RCPT, and to all others. A 421 goes
 * with the connection. */
static enum smtp_outcome outcome_of(CURL *c, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK)
        return SMTP_TAKEN;
    bool answered = code == CURLE_SEND_ERROR || code == CURLE_WEIRD_SERVER_REPLY;
    return answered && status >= 400 && status != 421 ? SMTP_REFUSED : SMTP_DOWN;
}

enum smtp_outcome smtp_send(struct smtp *s, struct span from, struct span to, struct span message, const char **why)
{
    char *sender = bracketed(from), *receiver = bracketed(to);
    struct curl_slist *receivers = curl_slist_append(NULL, receiver);
    s->rest = message;
    s->why[0] = '\0';
    curl_easy_setopt(s->curl, CURLOPT_MAIL_FROM, sender);
    curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, receivers);
    CURLcode code = curl_easy_perform(s->curl);
    curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, NULL);
    *why = s->why[0] != '\0' ? s->why : curl_easy_strerror(code);
    curl_slist_free_all(receivers);
    free(sender);
    free(receiver);
    return outcome_of(s->curl, code);
}
