#include "server/api/lead_touches.h"

#include "common/base/json_read.h"
#include "common/base/text.h"
#include "common/tokens/tokens.h"

static enum err read_ids(struct tokens *tokens, struct span contact, struct lead_report *out)
{
    struct span ids = SPAN("");
    json_t *obj;
    enum err err = json_read(contact, &obj, NULL);
    if (err != ERR_OK)
        return ERR_CORRUPT;
    err = json_get_str(obj, "", "touches", LIMIT_TOUCHES * (CLICK_ID_LEN + 1), &ids, NULL, NULL);
    while (err == ERR_OK && !span_empty(ids)) {
        struct span id = text_take(&ids, ',');
        err = out->n_touches < LIMIT_TOUCHES ? click_id_read(tokens, id, &out->touches[out->n_touches++]) : ERR_CORRUPT;
    }
    json_decref(obj);
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
