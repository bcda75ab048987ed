/* One connection: the guard.
 *
 * It reads only what it can use, judges a head strictly, and hands a request on when it is whole. One request at a
 * time: what a client sends ahead stays with the client and the kernel until the reply is out, so replies keep their
 * order, and a turn serves one request, so that nobody keeps others from theirs. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/http/http_private.h"
#include "server/system/address.h"
#include "server/system/log.h"
#include "server/system/system.h"

static void on_io(evutil_socket_t fd, short what, void *arg);

/* ---- whom the guard waits for ---- */

void conn_waits(struct conn *c, enum waits waits)
{
    if (c->waits == waits)
        return;
    if (c->waits != WAITS_NOT)
        TAILQ_REMOVE(&c->door->waits[c->waits], c, wait);
    c->waits = waits;
    if (waits == WAITS_NOT)
        return;
    TAILQ_INSERT_TAIL(&c->door->waits[waits], c, wait);
    if (c->door->paused)
        http_room(c->door);
}

/* The largest crowd of those that are not few; CROWD_NOBODYS: there is none. */
static unsigned largest_crowd(const struct door *door)
{
    unsigned out = CROWD_NOBODYS;
    uint32_t most = CROWD_FEW;
    for (unsigned i = 0; i < CROWDS; i++)
        if (door->crowd[i] > most) {
            most = door->crowd[i];
            out = i;
        }
    return out;
}

/* Brings one of the crowd that waits for this to the front: others in front of it wait from now on, so that no look
 * comes by them again soon. */
static bool crowd_first(struct door *door, enum waits waits, unsigned crowd)
{
    enum { LOOKS = 1024 };
    struct conn_list *list = &door->waits[waits];
    struct conn *c;
    for (int looks = 0; (c = TAILQ_FIRST(list)) != NULL && looks < LOOKS; looks++) {
        if (c->crowd == crowd)
            return true;
        TAILQ_REMOVE(list, c, wait);
        TAILQ_INSERT_TAIL(list, c, wait);
    }
    return false;
}

/* Whose request may still be on its way to us: it came, or was answered, a moment ago. */
static bool is_fresh(const struct conn *c)
{
    enum { FRESH_US = 1000000 };
    return clock_monotonic_us() < c->deadline_us - c->http->patience_us + FRESH_US;
}

/* Of a crowd, or of all, one that waits and sends nothing: who has no part of a request first. *sends: others of them
 * have sent something, which is read in their turns. */
static struct conn *quiet(struct door *door, unsigned crowd, bool but_for_fresh, bool *sends)
{
    enum { LOOKS = 64 };
    struct conn *c;
    char byte;
    int looks = 0;
    for (enum waits i = WAITS_IDLE; i < WAITS_UNREAD; i++)
        while (looks++ < LOOKS && (crowd == CROWD_NOBODYS || crowd_first(door, i, crowd)) &&
               (c = TAILQ_FIRST(&door->waits[i])) != NULL) {
            if (but_for_fresh && is_fresh(c))
                break;
            if (recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
                return c;
            *sends = true;
            c->readable = true;
            conn_waits(c, WAITS_NOT); /* until it has been read */
            conn_queue(c);
        }
    return NULL;
}

struct conn *conn_to_yield(struct door *door, bool can_wait)
{
    unsigned crowd = largest_crowd(door);
    bool all = crowd == CROWD_NOBODYS, sends = false;
    struct conn *c = quiet(door, crowd, all && can_wait, &sends);
    if (c == NULL && !all && !(sends && can_wait))
        c = quiet(door, CROWD_NOBODYS, can_wait, &sends);
    if (c != NULL)
        return c;
    c = conn_slowest(door, NULL);
    return c != NULL && conn_stalls(c) ? c : NULL;
}

/* ---- life ---- */

static void insert_by_deadline(struct conn *c)
{
    c->deadline_us = clock_monotonic_us() + c->http->patience_us;
    TAILQ_INSERT_TAIL(&c->http->conns, c, link);
}

static void rearm(struct conn *c)
{
    TAILQ_REMOVE(&c->http->conns, c, link);
    insert_by_deadline(c);
}

void conn_arm(struct conn *c)
{
    c->overdue = 0;
    rearm(c);
}

static void write_ip(const struct sockaddr *peer, char ip[46])
{
    const void *bytes = NULL;
    if (peer->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)peer)->sin_addr;
    else if (peer->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
    if (bytes == NULL || inet_ntop(peer->sa_family, bytes, ip, 46) == NULL)
        ip[0] = '\0';
}

static unsigned crowd_of(const struct conn *c)
{
    address ip;
    return c->behind_proxy || !address_read(span_str(c->ip), &ip)
               ? CROWD_NOBODYS
               : (unsigned)(scatter(address_subscriber(ip), c->http->seed) % CROWDS);
}

void conn_open(struct door *door, int fd, const struct sockaddr *peer)
{
    struct http *h = door->http;
    struct conn *c = xcalloc(1, sizeof *c);
    http_loosens(h, 0, sizeof *c);
    c->http = h;
    c->fd = fd;
    c->door = door;
    c->waits = WAITS_NOT;
    c->state = door->kind == DOOR_MAIN && h->tls != NULL ? CONN_HELLO : CONN_HEAD;
    write_ip(peer, c->ip);
    c->behind_proxy = proxies_trust(h->proxies, c->ip);
    c->crowd = crowd_of(c);
    door->crowd[c->crowd]++;
    conn_own(c, c->behind_proxy ? "" : c->ip);
    insert_by_deadline(c);
    h->n_conns++;
    door->n_conns++;
    if (event_assign(&c->io, h->base, fd, EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST, on_io, c) < 0 ||
        event_add(&c->io, NULL) < 0)
        abort();
    conn_waits(c, WAITS_IDLE);
}

void conn_close(struct conn *c)
{
    struct http *h = c->http;
    if (c->state == CONN_GONE)
        return;
    struct exchange *ex = c->ex;
    bool ours = c->state == CONN_WRITE; /* the application has sent what there is, and waits to be asked for more */
    if (ex != NULL)
        ex->conn = NULL;
    c->ex = NULL;
    event_del(&c->io);
    wire_close(c);
    close(c->fd);
    free(c->in.ptr);
    free(c->unsent.ptr);
    memset(&c->in, 0, sizeof c->in);
    memset(&c->unsent, 0, sizeof c->unsent);
    conn_hold(c);
    TAILQ_REMOVE(&h->conns, c, link);
    if (c->queued)
        conn_unqueue(c);
    conn_waits(c, WAITS_NOT);
    c->state = CONN_GONE;
    TAILQ_INSERT_TAIL(&h->gone, c, link);
    event_active(h->reap, EV_TIMEOUT, 0);
    h->n_conns--;
    c->door->n_conns--;
    c->door->crowd[c->crowd]--;
    http_room(c->door);
    if (ex != NULL && ours)
        exchange_free(h, ex);
    else if (ex != NULL && ex->begun)
        h->app->gone(h->ctx, &ex->rq); /* ex may be gone, too */
}

bool conn_is_reset(const struct conn *c)
{
    struct pollfd p = {.fd = c->fd};
    return poll(&p, 1, 0) == 1 && p.revents & (POLLERR | POLLHUP);
}

void conn_abandon(struct conn *c)
{
    const struct linger now = {.l_onoff = 1};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    conn_close(c);
}

/* Bytes that the kernel holds for the peer. */
static uint64_t in_kernel(const struct conn *c)
{
    int n = 0;
    return ioctl(c->fd, SIOCOUTQ, &n) < 0 ? 0 : (uint64_t)n;
}

void conn_note_taken(struct conn *c)
{
    c->taken = c->sent - in_kernel(c);
}

void conn_look(struct conn *c)
{
    c->look.us = clock_monotonic_us();
    c->look.taken = c->sent - in_kernel(c);
    c->look.pace = LIMIT_READ_RATE; /* of a new answer it is not known */
}

/* Notes at what pace the peer takes its answer, over some time: until that has passed, at least at which. */
static void look_again(struct conn *c)
{
    enum { SOME_US = 2000000 };
    int64_t us = clock_monotonic_us() - c->look.us;
    uint64_t taken = c->sent - in_kernel(c) - c->look.taken;
    uint64_t pace = taken * 1000000 / (uint64_t)(us < SOME_US ? SOME_US : us);
    if (us >= SOME_US)
        conn_look(c);
    if (us >= SOME_US || pace > c->look.pace)
        c->look.pace = pace;
}

bool conn_stalls(const struct conn *c)
{
    return c->look.pace < LIMIT_READ_RATE;
}

struct conn *conn_slowest(struct door *door, const struct conn *but_for)
{
    enum { LOOKS = 64 };
    struct conn_list *list = &door->waits[WAITS_UNREAD];
    struct conn *c = TAILQ_FIRST(list), *slowest = NULL, *next;
    for (int looks = 0; c != NULL && looks < LOOKS && (slowest == NULL || !conn_stalls(slowest)); c = next, looks++) {
        next = TAILQ_NEXT(c, wait);
        if (c == but_for)
            continue;
        look_again(c);
        TAILQ_REMOVE(list, c, wait); /* the others have their turn */
        TAILQ_INSERT_TAIL(list, c, wait);
        if (slowest == NULL || c->look.pace < slowest->look.pace)
            slowest = c;
    }
    return slowest;
}

/* Has the peer taken enough of its answers since that was noted last? */
static bool reads(struct conn *c)
{
    uint64_t before = c->taken;
    conn_note_taken(c);
    return c->taken - before >= (uint64_t)(c->http->patience_us / 1000000) * LIMIT_READ_RATE;
}

static void never_answered(struct conn *c)
{
    if (c->ex->reply.stream || ++c->overdue < OVERDUE_MAX) {
        rearm(c);
        return;
    }
    http_say_unanswered(c->http, c->ex->rq.id);
    conn_abandon(c);
}

void conn_expired(struct conn *c)
{
    if (c->state == CONN_ANSWER)
        never_answered(c);
    else if (c->unsent.len == 0 && in_kernel(c) == 0)
        conn_close(c);
    else if (reads(c))
        rearm(c);
    else
        conn_abandon(c);
}

void conn_stop(struct conn *c)
{
    if (c->state == CONN_HELLO || c->state == CONN_HEAD || c->state == CONN_LINGER || c->state == CONN_SHED)
        conn_close(c);
}

/* ---- what was read and not yet taken ---- */

static void keep_input(struct conn *c, struct span bytes)
{
    enum { LEAST = 256 };
    size_t need = c->in.len + bytes.len, room = 2 * c->in.cap;
    if (c->in.at > 0)
        memmove(c->in.ptr, c->in.ptr + c->in.at, c->in.len);
    c->in.at = 0;
    if (need > c->in.cap) {
        room = room < LEAST ? LEAST : room > SCRATCH ? SCRATCH : room;
        c->in.cap = room < need ? need : room;
        c->in.ptr = xrealloc(c->in.ptr, c->in.cap);
    }
    memcpy(c->in.ptr + c->in.len, bytes.ptr, bytes.len);
    c->in.len = need;
    conn_hold(c); /* may close c */
}

void conn_drop_input(struct conn *c)
{
    free(c->in.ptr);
    memset(&c->in, 0, sizeof c->in);
    conn_hold(c);
}

static void take_input(struct conn *c, size_t len)
{
    c->in.at += len;
    c->in.len -= len;
    if (c->in.len == 0)
        conn_drop_input(c);
}

/* One read of the socket. False when nothing came, or the end, which closes: what a peer sent before it stopped sending
 * was served first. */
static bool receive(struct conn *c, size_t want, struct span *bytes)
{
    char *scratch = c->http->scratch;
    ssize_t n = wire_read(c, scratch, want);
    int why = n < 0 ? errno : 0;
    if (n > 0 && c->waits == WAITS_IDLE)
        conn_waits(c, WAITS_NOT); /* it makes no room for anybody now */
    if (c->tls != NULL)
        conn_hold(c); /* may close c */
    if (why == EINTR && c->state != CONN_GONE)
        conn_queue(c);
    if (why == EAGAIN || why == EINTR || c->state == CONN_GONE)
        return false;
    if (n <= 0) {
        conn_close(c);
        return false;
    }
    *bytes = span_of(scratch, (size_t)n);
    return true;
}

/* ---- requests ---- */

/* The guard's own answer to what is not a request it can take: afterwards nobody knows where the next one starts. */
static void refuse(struct conn *c, struct span bytes, int status, bool plain)
{
    struct http *h = c->http;
    struct exchange *ex = exchange_new(h);
    struct span own = arena_copy(ex->rq.arena, span_of(bytes.ptr, bytes.len < LIMIT_HEAD ? bytes.len : LIMIT_HEAD));
    bool blank, cut, sound = http_head_peek(own, &ex->rq, &blank, &cut);
    const struct http_fault fault = {status, sound || status == 414 || status == 431,
                                     blank,  http_head_limit(own, h->rules.fast) > LIMIT_HEAD,
                                     plain,  cut};
    memcpy(ex->rq.ip, c->ip, sizeof ex->rq.ip);
    ex->rq.door = c->door->kind;
    c->keep_alive = false;
    c->lean = false;
    conn_waits(c, WAITS_NOT);
    exchange_begin(h, ex);
    h->app->fault(h->ctx, &ex->rq, &fault, &ex->reply);
    conn_send_reply(c, ex);
    exchange_free(h, ex);
}

void conn_give_up_body(struct conn *c)
{
    if (c->state == CONN_BODY)
        refuse(c, span_of(c->in.ptr + c->in.at, c->in.len), 503, false);
}

void conn_refuse_plain(struct conn *c)
{
    refuse(c, SPAN(""), 400, true);
}

void conn_shed(struct conn *c)
{
    c->state = CONN_SHED;
    conn_drop_input(c);
    conn_waits(c, WAITS_NOT);
    conn_queue(c); /* not now: scratch may have another connection's bytes */
}

static void go_on(struct conn *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct iovec all = {(char *)(uintptr_t)text, sizeof text - 1};
    if (wire_write(c, &all, 1) != (ssize_t)all.iov_len)
        conn_close(c);
}

/* Takes the framing out of the chunks that have come. */
static int decode(struct conn *c, struct span *bytes)
{
    char *body = (char *)bytes->ptr + c->head_len; /* ours: of `in`, or scratch */
    size_t n = bytes->len - c->head_len;
    int status = chunks_take(&c->chunks, body, &n, c->body_limit);
    bytes->len = c->head_len + n;
    if (c->in.len > 0)
        c->in.len = bytes->len;
    c->body_len = c->chunks.len;
    return status;
}

static bool is_whole(const struct conn *c, struct span bytes)
{
    return c->chunked ? c->chunks.state == CHUNK_DONE : bytes.len - c->head_len >= c->body_len;
}

/* Several lines are one list, RFC 9110 section 5.3. */
static void name_client(const struct http *h, struct span head, const struct http_head *told, struct request *rq)
{
    bool forwarded = h->proxies_header == PROXIES_FORWARDED;
    struct span value = forwarded ? rq->forwarded : rq->forwarded_for;
    struct buf lines;
    if (told->forwarded_again) {
        arena_buf(rq->arena, &lines, head.len);
        http_head_lines(head, forwarded ? "forwarded" : "x-forwarded-for", &lines);
        value = buf_span(&lines);
    }
    proxies_client(h->proxies, h->proxies_header, value, rq->ip);
}

static void name_peer(struct conn *c, struct span head, const struct http_head *told, struct request *rq)
{
    memcpy(rq->ip, c->ip, sizeof rq->ip);
    if (c->behind_proxy)
        name_client(c->http, head, told, rq);
    else
        rq->country = SPAN("");
    rq->door = c->door->kind;
}

/* What a body that is still to come may not be sent for is answered without it. A small one is in no one's way. */
static bool answers_head(struct conn *c, struct span head, const struct http_head *told, struct exchange *ex)
{
    struct http *h = c->http;
    if (!c->chunked && !told->expect_continue && c->head_len + c->body_len <= SMALL)
        return false;
    name_peer(c, head, told, &ex->rq);
    conn_own(c, ex->rq.ip);
    ex->conn = c;
    exchange_begin(h, ex);
    if (!h->app->head(h->ctx, &ex->rq, &ex->reply))
        return false;
    c->keep_alive = false;
    c->http10 = told->http10;
    c->lean = false;
    conn_waits(c, WAITS_NOT);
    conn_send_reply(c, ex);
    return true;
}

enum { ANSWERED = -1 };

/* The head is whole. *out is NULL when the body is not: the exchange, with its arena, comes to be with the whole
 * request alone, so that one that never becomes whole costs its bytes. */
static int read_whole(struct conn *c, struct span *all, struct exchange **out)
{
    struct http *h = c->http;
    struct http_head head;
    struct exchange *ex = exchange_new(h);
    struct span own = arena_copy(ex->rq.arena, span_of(all->ptr, c->head_len));
    int status = http_head_read(own, &h->rules, &ex->rq, &head);
    if (c->state == CONN_HEAD) {
        c->body_len = head.content_length;
        c->body_limit = head.body_limit;
        c->chunked = head.chunked;
        c->chunks = (struct chunks){.len = 0};
        if (status == 0 && c->chunked)
            status = decode(c, all);
    }
    const struct span bytes = *all;
    bool whole = status == 0 && is_whole(c, bytes);
    if (status == 0 && !whole && answers_head(c, own, &head, ex))
        status = ANSWERED;
    if (whole)
        ex->held = c->head_len + c->body_len > SMALL ? c->head_len + c->body_len : 0;
    if (whole && ex->held > 0 && !conn_may_hold(c, ex->held))
        status = 503;
    if (status || !whole) {
        exchange_free(h, ex);
        if (status)
            return status;
        c->state = CONN_BODY;
        if (head.expect_continue && bytes.len == c->head_len)
            go_on(c);
        return 0;
    }
    name_peer(c, own, &head, &ex->rq);
    ex->rq.body = arena_copy(ex->rq.arena, span_of(bytes.ptr + c->head_len, c->body_len));
    ex->conn = c;
    c->keep_alive = head.keep_alive;
    c->http10 = head.http10;
    c->lean = head.fast;
    *out = ex;
    return 0;
}

/* Asked of a large head alone: of most it makes no difference. */
static size_t head_limit(const struct conn *c, struct span bytes)
{
    return bytes.len > LIMIT_HEAD ? http_head_limit(bytes, c->http->rules.fast) : LIMIT_HEAD;
}

/* The request that bytes begin with: 0 with *out, 0 without when it is not whole, or the status to refuse with. */
static int read_request(struct conn *c, struct span *bytes, struct exchange **out)
{
    int status = 0;
    if (c->state == CONN_HEAD) {
        size_t limit = head_limit(c, *bytes);
        struct span head = span_of(bytes->ptr, bytes->len < limit + 1 ? bytes->len : limit + 1);
        status = http_head_find(head, limit, &c->scanned, &c->head_len);
        if (status || c->head_len == 0)
            return status;
    } else {
        if (c->chunked)
            status = decode(c, bytes);
        if (status || !is_whole(c, *bytes))
            return status;
    }
    return read_whole(c, bytes, out);
}

/* Blank lines in front of a request line, RFC 9112 section 2.2. Nothing of a request has come with them: they move no
 * deadline. */
static size_t blank_lines(struct span bytes)
{
    size_t n = 0;
    while (bytes.len - n >= 2 && bytes.ptr[n] == '\r' && bytes.ptr[n + 1] == '\n')
        n += 2;
    return n;
}

/* True: there is nothing else. */
static bool only_blank_lines(struct conn *c, struct span *bytes)
{
    size_t n = c->state == CONN_HEAD ? blank_lines(*bytes) : 0;
    bool only = n > 0 && n == bytes->len;
    if (n == 0)
        return false;
    *bytes = span_skip(*bytes, n);
    if (c->in.len > 0)
        take_input(c, n);
    c->incomplete &= !only;
    if (only) {
        conn_waits(c, WAITS_IDLE);
        c->readable = true;
        conn_queue(c);
    }
    return only;
}

/* Serves the request that bytes begin with; they are all of `in`, or what was just read and `in` is empty. */
static void take(struct conn *c, struct span bytes)
{
    struct exchange *ex = NULL;
    if (only_blank_lines(c, &bytes))
        return;
    bool kept = c->in.len > 0, fresh = c->state == CONN_HEAD && !kept;
    int status = read_request(c, &bytes, &ex);
    if (status == ANSWERED)
        return;
    if (status) {
        refuse(c, bytes, status, false);
        return;
    }
    if (c->state == CONN_GONE)
        return;
    size_t used = ex != NULL ? c->head_len + c->body_len : 0;
    c->incomplete = ex == NULL;
    if (ex != NULL) {
        c->state = CONN_ANSWER;
        c->ex = ex;
        c->overdue = 0;
        c->scanned = 0;
    } else if (fresh) {
        conn_arm(c); /* from its first byte on, whatever comes later */
    }
    conn_waits(c, ex != NULL ? WAITS_NOT : WAITS_PART);
    if (ex != NULL)
        conn_begins(c);
    if (kept)
        take_input(c, used);
    else if (used < bytes.len)
        keep_input(c, span_skip(bytes, used)); /* may close c */
    if (ex != NULL) {
        exchange_dispatch(c->http, ex);
    } else if (c->state != CONN_GONE) {
        c->readable = true; /* until a read says otherwise: of a reset behind these bytes epoll may have told already */
        conn_queue(c);
    }
}

static void serve(struct conn *c)
{
    struct span bytes = span_of(c->in.ptr + c->in.at, c->in.len);
    if (c->in.len == 0 || c->incomplete) {
        size_t most = c->state == CONN_BODY ? c->head_len + c->body_len : head_limit(c, bytes) + 1;
        size_t want = c->state == CONN_BODY && c->chunked ? LIMIT_HEAD : most - c->in.len;
        if (!c->readable || !receive(c, want < SCRATCH ? want : SCRATCH, &bytes)) {
            if (c->state != CONN_GONE)
                conn_waits(c, c->in.len > 0 ? WAITS_PART : WAITS_IDLE);
            return;
        }
        if (c->in.len > 0) {
            keep_input(c, bytes);
            bytes = span_of(c->in.ptr, c->in.len);
        }
        if (c->state == CONN_GONE || c->state == CONN_SHED)
            return;
    }
    take(c, bytes);
}

/* ---- turns ---- */

/* A peer that waits with its close until all that it had to say is read is read for a while. */
static void discard(struct conn *c)
{
    if (c->discarded >= LINGER_MAX) {
        c->readable = false;
        if (c->hung_up)
            conn_close(c);
        return;
    }
    ssize_t n = recv(c->fd, c->http->scratch, SCRATCH, MSG_TRUNC | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
        c->readable = false;
        conn_waits(c, WAITS_PART);
        return;
    }
    if (n <= 0) {
        conn_close(c);
        return;
    }
    c->discarded += (size_t)n;
    conn_queue(c);
}

void conn_turn(struct conn *c)
{
    if (c->state == CONN_HELLO)
        wire_shake(c);
    else if (c->state == CONN_HEAD || c->state == CONN_BODY)
        serve(c);
    else if (c->state == CONN_WRITE)
        conn_send_rest(c);
    else if (c->state == CONN_SHED)
        refuse(c, SPAN(""), 503, false);
    else if (c->state == CONN_LINGER)
        discard(c);
}

static struct conn_list *queue_of(struct conn *c)
{
    return c->state == CONN_HELLO ? &c->http->hellos : &c->http->queue;
}

void conn_queue(struct conn *c)
{
    static const struct timeval now = {0, 0};
    struct http *h = c->http;
    if (c->queued)
        return;
    c->queued = true;
    TAILQ_INSERT_TAIL(queue_of(c), c, turn);
    if (h->n_queue++ == 0)
        event_add(h->turns, &now);
}

void conn_unqueue(struct conn *c)
{
    TAILQ_REMOVE(queue_of(c), c, turn);
    c->http->n_queue--;
    c->queued = false;
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    struct conn *c = arg;
    if (what & EV_CLOSED)
        c->hung_up = true;
    if (what & (EV_READ | EV_CLOSED))
        c->readable = true;
    if (c->state == CONN_ANSWER && (conn_is_reset(c) || (c->hung_up && c->ex->reply.stream)))
        conn_close(c);
    if (what & EV_WRITE && c->state == CONN_WRITE)
        conn_send_rest(c);
    if (c->state == CONN_HELLO)
        conn_queue(c); /* never in the midst of others' requests */
    else if (c->readable && !c->queued && c->state != CONN_WRITE)
        conn_turn(c);
}
