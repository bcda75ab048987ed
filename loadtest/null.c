/* The comparison baseline: libevent's evhttp, one thread, that answers a 43-byte GIF without verifying or storing
 * anything. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "common/base/bytes.h"
#include "loadtest/run.h"

static const unsigned char gif[43] =
    "GIF89a\1\0\1\0\200\0\0\0\0\0\377\377\377!\371\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;";

static void answer_gif(struct evhttp_request *req, void *arg)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    struct evbuffer *body = evhttp_request_get_output_buffer(req);
    (void)arg;
    evhttp_add_header(headers, "Content-Type", "image/gif");
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evbuffer_add_reference(body, gif, sizeof gif, NULL, NULL);
    evhttp_send_reply(req, 200, "OK", body);
}

static void on_signal(evutil_socket_t fd, short what, void *base)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(base);
}

int null_server(int argc, char **argv)
{
    const char *listen = "127.0.0.1:8081";
    if (argc == 3 && strcmp(argv[1], "--listen") == 0)
        listen = argv[2];
    else if (argc != 1)
        die("null takes --listen ADDRESS:PORT and nothing else");

    const char *colon = strrchr(listen, ':');
    char address[64];
    uint64_t port;
    if (colon == NULL || (size_t)(colon - listen) >= sizeof address ||
        parse_u64(span_str(colon + 1), &port) != ERR_OK || port > 65535)
        die("--listen must name an address and a port such as 127.0.0.1:8081, not '%s'", listen);
    snprintf(address, sizeof address, "%.*s", (int)(colon - listen), listen);

    struct event_config *cfg = event_config_new();
    event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    struct event_base *base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    struct evhttp *http = evhttp_new(base);
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_gencb(http, answer_gif, NULL);
    if (evhttp_bind_socket(http, address, (ev_uint16_t)port))
        die("cannot listen on %s: %m", listen);
    struct event *term = evsignal_new(base, SIGTERM, on_signal, base),
                 *interrupt = evsignal_new(base, SIGINT, on_signal, base);
    event_add(term, NULL);
    event_add(interrupt, NULL);
    event_base_dispatch(base);
    event_free(term);
    event_free(interrupt);
    evhttp_free(http);
    event_base_free(base);
    return 0;
}
