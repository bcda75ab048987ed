#include "server/cmd/days.h"

#include "common/base/utf8.h"
#include "common/base/when.h"

enum { DAY_LEN = 10, MINUTE_AT = 11, MINUTE_LEN = 5, SHOWN = 60 };

/* A time of a zone. This system may not have it, as the server's may not: then, as on the page, all is in UTC. */
static bool local_of(struct zones *zones, const char *at, const char *zone, int64_t *local_ms, bool *is_local)
{
    int64_t ms, offset_s = 0;
    if (time_parse(span_str(at), &ms) != ERR_OK)
        return false;
    *is_local = zones_offset(zones, span_str(zone), ms, &offset_s) == ERR_OK;
    *local_ms = ms + (*is_local ? offset_s * MS_PER_S : 0);
    return *local_ms >= 0 && *local_ms < TIME_END_MS;
}

static void add_local(struct buf *line, int64_t local_ms, bool minute)
{
    char mem[40];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    time_rfc3339(&text, local_ms);
    buf_add(line, mem, DAY_LEN);
    if (minute) {
        buf_byte(line, ' ');
        buf_add(line, mem + MINUTE_AT, MINUTE_LEN);
    }
}

/* A period that ends with a day is said to end on it. */
static bool add_bound(struct zones *zones, struct buf *line, const char *at, const char *zone, bool is_end)
{
    int64_t local_ms;
    bool is_local;
    if (!local_of(zones, at, zone, &local_ms, &is_local)) {
        utf8_show(line, span_str(at), SHOWN);
        return false;
    }
    bool whole = local_ms % MS_PER_DAY == 0;
    add_local(line, whole && is_end && local_ms > 0 ? local_ms - 1 : local_ms, !whole);
    return is_local;
}

static void add_zone(struct buf *line, const char *zone, bool is_local)
{
    buf_byte(line, ' ');
    utf8_show(line, span_str(is_local ? zone : "UTC"), SHOWN);
}

void days_add_period(struct zones *zones, struct buf *line, const char *from_at, const char *to_at, const char *zone)
{
    add_bound(zones, line, from_at, zone, false);
    buf_str(line, " to ");
    add_zone(line, zone, add_bound(zones, line, to_at, zone, true));
}

void days_add_end(struct zones *zones, struct buf *line, const char *at, const char *zone)
{
    add_zone(line, zone, add_bound(zones, line, at, zone, true));
}

void days_add(struct zones *zones, struct buf *line, const char *at, const char *zone)
{
    int64_t local_ms;
    bool is_local;
    if (local_of(zones, at, zone, &local_ms, &is_local))
        add_local(line, local_ms, false);
}
