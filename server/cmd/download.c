#include "server/cmd/download.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/cmd/folder.h"
#include "server/system/log.h"

enum { CONNECT_S = 15, STALL_S = 60, ERROR_BODY = 512, NEXT_CAP = 512 };

struct download {
    CURL *curl;
    struct curl_slist *headers;
    char *url;
    /* of the present transfer: a body of 200 goes to the file, another one is kept for the message */
    FILE *file;
    char refusal[ERROR_BODY];
    size_t refusal_len;
};

static size_t take_body(char *ptr, size_t size, size_t n, void *arg)
{
    struct download *d = arg;
    long status = 0;
    curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        size_t room = sizeof d->refusal - d->refusal_len, len = size * n < room ? size * n : room;
        memcpy(d->refusal + d->refusal_len, ptr, len);
        d->refusal_len += len;
        return size * n;
    }
    return fwrite(ptr, size, n, d->file) * size;
}

struct download *download_open(const char *url, const char *token)
{
    struct download *d = xcalloc(1, sizeof *d);
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    char *header = NULL;
    if (asprintf(&d->url, "%.*s/", (int)len, url) < 0 || asprintf(&header, "Authorization: Bearer %s", token) < 0)
        mem_exhausted();
    if (strpbrk(token, "\r\n") != NULL)
        decline("the token holds a line break: give its one line alone");
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, xrealloc, xstrdup, xcalloc) != CURLE_OK ||
        (d->curl = curl_easy_init()) == NULL)
        die("libcurl cannot start");
    d->headers = curl_slist_append(NULL, header);
    free(header);
    curl_easy_setopt(d->curl, CURLOPT_HTTPHEADER, d->headers);
    curl_easy_setopt(d->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(d->curl, CURLOPT_FOLLOWLOCATION,
                     0L); /* a mirror is what this server says, and the token is for it alone */
    curl_easy_setopt(d->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(d->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(d->curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    curl_easy_setopt(d->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(d->curl, CURLOPT_USERAGENT, "countersign-pull");
    curl_easy_setopt(d->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(d->curl, CURLOPT_WRITEDATA, d);
    return d;
}

void download_close(struct download *d)
{
    curl_slist_free_all(d->headers);
    curl_easy_cleanup(d->curl);
    curl_global_cleanup();
    free(d->url);
    free(d);
}

const char *download_url(const struct download *d)
{
    return d->url;
}

static const char *advice(long status)
{
    return status == 401   ? "check the token"
           : status == 403 ? "this token may not read it"
           : status == 404 ? "check URL and contract, and that the token's party may see it"
           : status >= 500 ? "try again later"
                           : "the server did not take the request";
}

/* Runs one transfer. False, with the reason told, when it failed. */
static bool run(struct download *d, const char *what)
{
    char *url = NULL;
    long status = 0;
    if (asprintf(&url, "%s%s", d->url, what) < 0)
        mem_exhausted();
    d->refusal_len = 0;
    curl_easy_setopt(d->curl, CURLOPT_URL, url);
    CURLcode code = curl_easy_perform(d->curl);
    curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &status);
    bool good = code == CURLE_OK && status == 200;
    if (code != CURLE_OK)
        complain("%s: %s", url, curl_easy_strerror(code));
    else if (!good)
        complain("%s answered %ld: %s%s%.*s", url, status, advice(status), d->refusal_len ? ": " : "",
                 (int)d->refusal_len, d->refusal);
    free(url);
    return good;
}

static void make_folders(char *path)
{
    for (char *p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            die("cannot make the folder %s: %s", path, strerror(errno));
        *p = '/';
    }
}

/* </path?query>; rel="next" */
static bool next_link(struct download *d, char *next, size_t cap)
{
    struct curl_header *h = NULL;
    if (curl_easy_header(d->curl, "Link", 0, CURLH_HEADER, -1, &h) != CURLHE_OK ||
        strstr(h->value, "rel=\"next\"") == NULL || strncmp(h->value, "</", 2) != 0)
        return false;
    const char *end = strchr(h->value, '>');
    int n = end != NULL ? snprintf(next, cap, "%.*s", (int)(end - h->value - 2), h->value + 2) : -1;
    return n > 0 && (size_t)n < cap;
}

static bool run_to_the_last(struct download *d, const char *what)
{
    char next[NEXT_CAP];
    bool good = run(d, what);
    while (good && next_link(d, next, sizeof next))
        good = run(d, next);
    return good;
}

void download_file(struct download *d, const char *what, const char *dir, const char *path)
{
    char *whole = folder_path(dir, path), *side = NULL;
    if (asprintf(&side, "%s.part", whole) < 0)
        mem_exhausted();
    make_folders(whole);
    d->file = fopen(side, "wbe");
    if (d->file == NULL)
        die("cannot write %s: %s", side, strerror(errno));
    bool good = run_to_the_last(d, what);
    bool closed = fclose(d->file) == 0;
    d->file = NULL;
    if (good && closed && rename(side, whole) != 0)
        closed = false;
    if (!good || !closed)
        unlink(side);
    if (!good)
        exit(STATUS_FAILED);
    if (!closed)
        die("cannot write %s: %s", whole, strerror(errno));
    free(side);
    free(whole);
}
