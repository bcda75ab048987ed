#include "server/lists/countries.h"

#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/country.h"
#include "common/base/mem.h"
#include "server/system/system.h"

enum { MEMO = 1024, LIST_FILE_MAX = 1 << 30 };

struct walk {
    const MMDB_s *db;
    struct ranges *out;
    uint32_t v4_node; /* root of the IPv4 tree, which other places of the IPv6 tree refer to as well */
    uint32_t visited; /* more than there are: a circle */
    struct {
        uint32_t offset; /* in the data section, plus one; 0: nothing yet */
        uint16_t value;
    } memo[MEMO]; /* few records serve many networks */
};

/* Where databases have the code: MaxMind and DB-IP, then IPinfo. */
static const char *const paths[][3] = {{"country", "iso_code"}, {"country_code"}, {"country"}};

static enum err read_record(MMDB_entry_s *entry, uint16_t *value)
{
    *value = 0;
    for (size_t i = 0; i < sizeof paths / sizeof *paths && *value == 0; i++) {
        MMDB_entry_data_s data;
        char code[COUNTRY_LEN];
        int status = MMDB_aget_value(entry, &data, paths[i]);
        if (status == MMDB_OUT_OF_MEMORY_ERROR)
            mem_exhausted();
        if (status == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
            continue;
        if (status != MMDB_SUCCESS)
            return ERR_CORRUPT;
        if (data.has_data && data.type == MMDB_DATA_TYPE_UTF8_STRING &&
            country_read(span_of(data.utf8_string, data.data_size), code))
            *value = (uint16_t)((uint8_t)code[0] << 8 | (uint8_t)code[1]);
    }
    return ERR_OK;
}

static enum err country_of(struct walk *w, MMDB_entry_s *entry, uint16_t *value)
{
    size_t slot = entry->offset % MEMO;
    enum err err = ERR_OK;
    if (w->memo[slot].offset != entry->offset + 1) {
        err = read_record(entry, &w->memo[slot].value);
        w->memo[slot].offset = err == ERR_OK ? entry->offset + 1 : 0;
    }
    *value = w->memo[slot].value;
    return err;
}

/* A network of the tree: `bits` of `prefix` are fixed. ::/96 is where the tree has IPv4; what it may say of
 * ::ffff:0:0/96 beside that does not count. */
static enum err network(struct walk *w, MMDB_entry_s *entry, address prefix, unsigned bits)
{
    uint16_t value;
    enum err err = country_of(w, entry, &value);
    if (err != ERR_OK || value == 0)
        return err;
    address last = bits == 128 ? prefix : prefix | ~(address)0 >> bits;
    if (bits <= 96 && prefix == 0)
        ranges_add(w->out, ADDRESS_V4, ADDRESS_V4 | UINT32_MAX, value);
    else if (prefix >> 32 == 0)
        ranges_add(w->out, ADDRESS_V4 | prefix, ADDRESS_V4 | last, value);
    bool mapped = prefix != 0 && prefix <= (ADDRESS_V4 | UINT32_MAX) && last >= ADDRESS_V4;
    if ((prefix >> 32 != 0 || bits < 96) && !mapped)
        ranges_add(w->out, prefix, last, value);
    return ERR_OK;
}

static enum err walk(struct walk *w, uint32_t node, address prefix, unsigned bits);

static enum err follow(struct walk *w, uint8_t type, uint64_t record, MMDB_entry_s *entry, address prefix,
                       unsigned bits)
{
    switch (type) {
    case MMDB_RECORD_TYPE_SEARCH_NODE:
        return walk(w, (uint32_t)record, prefix, bits);
    case MMDB_RECORD_TYPE_EMPTY:
        return ERR_OK;
    case MMDB_RECORD_TYPE_DATA:
        return network(w, entry, prefix, bits);
    default:
        return ERR_CORRUPT;
    }
}

static enum err walk(struct walk *w, uint32_t node, address prefix, unsigned bits)
{
    MMDB_search_node_s n;
    if (node == w->v4_node && node != 0 && prefix != 0) /* ::ffff:0:0/96, 2002::/16, 2001::/32 */
        return ERR_OK;
    if (bits == 128 || w->visited++ > w->db->metadata.node_count || MMDB_read_node(w->db, node, &n) != MMDB_SUCCESS)
        return ERR_CORRUPT;
    enum err err = follow(w, n.left_record_type, n.left_record, &n.left_record_entry, prefix, bits + 1);
    if (err == ERR_OK)
        err = follow(w, n.right_record_type, n.right_record, &n.right_record_entry, prefix | (address)1 << (127 - bits),
                     bits + 1);
    return err;
}

static enum err read_tree(const MMDB_s *db, struct ranges *out)
{
    struct walk *w = xcalloc(1, sizeof *w);
    bool v4 = db->metadata.ip_version == 4;
    w->db = db;
    w->out = out;
    w->v4_node = v4 ? 0 : db->ipv4_start_node.node_value;
    enum err err = walk(w, 0, 0, v4 ? 96 : 0);
    free(w);
    return err;
}

/* The library maps the file that it is given, and dies of one that is cut under it: it gets a copy of its own. */
static enum err open_copy(struct span bytes, MMDB_s *db)
{
    char path[32];
    int fd = memfd_create("mmdb", MFD_CLOEXEC), status = MMDB_IO_ERROR;
    size_t done = 0;
    while (fd >= 0 && done < bytes.len) {
        ssize_t n = write(fd, bytes.ptr + done, bytes.len - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd >= 0 && done == bytes.len)
        status = MMDB_open(path, MMDB_MODE_MMAP, db);
    if (fd >= 0)
        close(fd);
    if (status == MMDB_OUT_OF_MEMORY_ERROR)
        mem_exhausted();
    if (bytes.len == 0)
        return ERR_CORRUPT;
    return status == MMDB_SUCCESS ? ERR_OK : status == MMDB_IO_ERROR ? ERR_IO : ERR_CORRUPT;
}

enum err countries_read(const char *path, struct ranges **out, struct problem *p)
{
    struct buf bytes;
    MMDB_s db;
    buf_heap(&bytes);
    enum err err = file_read(path, LIST_FILE_MAX, &bytes);
    if (err == ERR_OK)
        err = open_copy(buf_span(&bytes), &db);
    buf_free(&bytes);
    if (err == ERR_CORRUPT)
        return problem(p, err, "country_mmdb", "%s is no MaxMind DB", path);
    if (err != ERR_OK)
        return problem(p, err, "country_mmdb", "%s cannot be read (%s)", path, err_word(err));
    struct ranges *ranges = ranges_new();
    err = read_tree(&db, ranges);
    MMDB_close(&db);
    ranges_seal(ranges);
    if (err == ERR_OK && ranges_count(ranges) > 0) {
        *out = ranges;
        return ERR_OK;
    }
    ranges_free(ranges);
    return problem(p, ERR_CORRUPT, "country_mmdb",
                   err == ERR_OK ? "%s names no country: give one of countries or cities" : "%s is damaged", path);
}
