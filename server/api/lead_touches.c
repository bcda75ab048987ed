#include "server/api/lead_touches.h"

#include "common/base/json_read.h"
#include "common/base/json_scan.h"
#include "common/base/text.h"
#include "common/tokens/tokens.h"

enum { IDS_MAX = LIMIT_TOUCHES * (CLICK_ID_LEN + 1) };

/* Most contact objects are plain: names and texts without anything escaped. False: it is otherwise. */
static bool scan_ids(struct span contact, struct span *ids)
{
    struct span name, value;
    if (!scan_is(&contact, "{"))
        return false;
    while (scan_text(&contact, contact.len, &name) && scan_is(&contact, ":") &&
           scan_text(&contact, contact.len, &value)) {
        if (span_is(name, "touches")) {
            *ids = value;
            return true;
        }
        if (!scan_is(&contact, ","))
            return false;
    }
    return false;
}

static enum err ids_of(struct span contact, struct buf *mem, struct span *ids)
{
    json_t *obj;
    if (scan_ids(contact, ids))
        return ERR_OK;
    enum err err = json_read(contact, &obj, NULL);
    if (err != ERR_OK)
        return ERR_CORRUPT;
    err = json_get_str(obj, "", "touches", IDS_MAX, ids, NULL, NULL);
    buf_span_add(mem, *ids);
    *ids = buf_span(mem);
    json_decref(obj);
    return err == ERR_OK && !mem->failed ? ERR_OK : ERR_CORRUPT;
}

static enum err read_ids(struct tokens *tokens, struct span contact, struct lead_report *out)
{
    char mem[IDS_MAX];
    struct buf text;
    struct span ids = SPAN("");
    buf_fixed(&text, mem, sizeof mem);
    enum err err = ids_of(contact, &text, &ids);
    while (err == ERR_OK && !span_empty(ids)) {
        struct span id = text_take(&ids, ',');
        err = out->n_touches < LIMIT_TOUCHES ? click_id_read(tokens, id, &out->touches[out->n_touches++]) : ERR_CORRUPT;
    }
    return err == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

enum err lead_touches(struct tokens *tokens, const struct view *v, const struct entry_lead *l, struct span contact,
                      struct lead_facts *out)
{
    struct lead_report report = {.clock_steps = l->clock_steps};
    enum err err = read_ids(tokens, contact, &report);
    if (err == ERR_OK)
        err = gather_touches(v, &report, out);
    return err == ERR_OK && (!out->found || out->others != l->other_touches) ? ERR_CORRUPT : err;
}
