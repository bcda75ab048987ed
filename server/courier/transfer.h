/* What all of our HTTP clients are alike in: libcurl started, http and https alone, no redirects, no signals, an
 * environment's proxy inside of https only. */
#ifndef CS_SERVER_COURIER_TRANSFER_H
#define CS_SERVER_COURIER_TRANSFER_H

#include <curl/curl.h>

struct transfer_calls {
    size_t (*body)(char *ptr, size_t size, size_t n, void *arg); /* anything but size * n ends the transfer */
    size_t (*header)(char *ptr, size_t size, size_t n, void *arg);
    /* At least once a second; anything but 0 ends the transfer. */
    int (*look)(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now);
};

/* One for many transfers in a row. `agent` is what it calls itself. Dies when libcurl does not start. */
CURL *transfer_open(const char *agent, const struct transfer_calls *calls, void *arg);
void transfer_to(CURL *c, const char *url);
void transfer_close(CURL *c);

#endif
