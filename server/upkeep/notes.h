/* When a folder was last copied and last checked, by whomever: DATA/last-backup and DATA/last-check, each a JSON object
 * in one line. Nothing rests on them. */
#ifndef CS_SERVER_UPKEEP_NOTES_H
#define CS_SERVER_UPKEEP_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

enum upkeep_kind { UPKEEP_BACKUP, UPKEEP_CHECK, UPKEEPS };
const char *upkeep_word(enum upkeep_kind kind); /* backup, check */

enum { NOTE_TEXT = 1024 };
struct upkeep_note {
    int64_t at_ms, took_ms;
    char verdict[16];     /* holds, fails, cannot_tell */
    char text[NOTE_TEXT]; /* the folder that was made; of a check that found something its first sentence */
};
/* A folder that cannot be written to has no note. */
void note_write(const char *dir, enum upkeep_kind kind, const struct upkeep_note *note);
/* ERR_NOT_FOUND: there was none. ERR_CORRUPT, ERR_IO: that cannot be told. */
MUST_CHECK enum err note_read(const char *dir, enum upkeep_kind kind, struct upkeep_note *out);

#endif
