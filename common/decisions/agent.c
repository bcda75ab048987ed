#include "common/decisions/agent.h"

#include "common/base/limits.h"
#include "common/decisions/agent_table.h"

/* The state after one more class. */
static inline unsigned step(unsigned state, unsigned before, unsigned class)
{
    const uint16_t *slot = &agent_slot[2 * (agent_base[state] + class)];
    return slot[0] == state ? slot[1] : agent_pair[before * AGENT_CLASSES + class];
}

/* The marks of all words in the text; false as soon as it is known for a bot. */
static bool scan(struct span text, unsigned *marks)
{
    unsigned state = AGENT_STATE_FIRST, before = AGENT_CLASS_BEGIN;
    for (size_t i = 0; i < text.len; i++) {
        unsigned class = agent_class[(unsigned char)text.ptr[i]];
        state = step(state, before, class);
        before = class;
        if (state < AGENT_STATE_MARKED)
            continue;
        if (state == AGENT_STATE_BOT)
            return false;
        *marks |= agent_marks[state - AGENT_STATE_MARKED];
    }
    return step(state, before, AGENT_CLASS_END) != AGENT_STATE_BOT;
}

/* The first rule that holds. */
static enum device device_of(unsigned marks)
{
    bool no_browser = (marks & AGENT_IOS) && !(marks & AGENT_SAFARI); /* a view inside an app leaves that word out */
    return marks & AGENT_OTHER                 ? DEVICE_NONE          /* television, console, watch */
           : (marks & AGENT_APP) || no_browser ? DEVICE_APP
           : marks & AGENT_TABLET              ? DEVICE_TABLET
           : marks & AGENT_PHONE               ? DEVICE_PHONE
           : marks & AGENT_ANDROID             ? DEVICE_TABLET /* tablets leave "Mobile" out */
           : marks & AGENT_DESKTOP             ? DEVICE_DESKTOP
                                               : DEVICE_NONE;
}

struct agent agent_read(struct span text)
{
    unsigned marks = 0;
    if (text.len > LIMIT_USER_AGENT)
        text.len = LIMIT_USER_AGENT;
    if (span_empty(text) || !scan(text, &marks))
        return (struct agent){true, DEVICE_NONE};
    return (struct agent){false, device_of(marks)};
}
