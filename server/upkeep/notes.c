#include "server/upkeep/notes.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/json_read.h"
#include "common/base/json_write.h"
#include "common/base/mem.h"
#include "server/system/system.h"

enum { NOTE_MAX = 4096 };

const char *upkeep_word(enum upkeep_kind kind)
{
    return kind == UPKEEP_BACKUP ? "backup" : "check";
}

static char *path_of(const char *dir, enum upkeep_kind kind)
{
    return xasprintf("%s/last-%s", dir, upkeep_word(kind));
}

void note_write(const char *dir, enum upkeep_kind kind, const struct upkeep_note *note)
{
    struct buf text;
    struct jw w;
    char *path = path_of(dir, kind);
    buf_heap(&text);
    jw_open(&w, &text);
    jw_object(&w);
    jw_kint(&w, "at_ms", note->at_ms);
    jw_kstr(&w, "text", span_str(note->text));
    jw_kint(&w, "took_ms", note->took_ms);
    jw_kstr(&w, "verdict", span_str(note->verdict));
    jw_object_end(&w);
    jw_close(&w);
    buf_byte(&text, '\n');
    enum err err = file_write_atomic(path, buf_span(&text), 0644);
    (void)err;
    buf_free(&text);
    free(path);
}

static bool text_of(const json_t *note, const char *name, char *out, size_t cap)
{
    const char *text = json_string_value(json_object_get(note, name));
    return text != NULL && snprintf(out, cap, "%s", text) < (int)cap;
}

static enum err note_parse(struct span text, struct upkeep_note *out)
{
    json_t *json = NULL;
    struct upkeep_note note;
    if (json_read(text, &json, NULL) != ERR_OK)
        return ERR_CORRUPT;
    const json_t *at = json_object_get(json, "at_ms"), *took = json_object_get(json, "took_ms");
    bool good = json_is_integer(at) && json_is_integer(took) &&
                text_of(json, "verdict", note.verdict, sizeof note.verdict) &&
                text_of(json, "text", note.text, sizeof note.text);
    note.at_ms = json_integer_value(at);
    note.took_ms = json_integer_value(took);
    json_decref(json);
    if (!good)
        return ERR_CORRUPT;
    *out = note;
    return ERR_OK;
}

enum err note_read(const char *dir, enum upkeep_kind kind, struct upkeep_note *out)
{
    struct buf text;
    char *path = path_of(dir, kind);
    buf_heap(&text);
    enum err err = file_read(path, NOTE_MAX, &text);
    if (err == ERR_OK)
        err = note_parse(buf_span(&text), out);
    buf_free(&text);
    free(path);
    return err;
}
