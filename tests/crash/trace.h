/* What disk.c writes and power_cut.c reads: one record after the other, each a `struct trace`, then its two names and
 * its bytes. Files and folders are known by their inodes; an inode that is made again is another file. */
#ifndef CS_TESTS_TRACE_H
#define CS_TESTS_TRACE_H

#include <stdint.h>

enum trace_op {
    TRACE_ROOT = 1, /* inode: the folder under which all is recorded */
    TRACE_MARK,     /* bytes: what the test knows by now */
    TRACE_MAKE,     /* a file `name` in the folder `dir` */
    TRACE_MAKE_DIR, /* a folder */
    TRACE_LINK,     /* a further name of `inode` */
    TRACE_REMOVE,   /* a name */
    TRACE_MOVE,     /* from `dir`/`name` to `to_dir`/`to_name` */
    TRACE_WRITE,    /* bytes at `at` */
    TRACE_WRITTEN,  /* the write before is on the disk, and none but that: O_DSYNC */
    TRACE_LENGTH,   /* `at` is the file's length now */
    TRACE_SYNC      /* of a file: its bytes; of a folder: its names */
};

struct trace {
    uint32_t op, name_len, to_name_len, unused;
    uint64_t inode, dir, to_dir, at, len;
};

#endif
