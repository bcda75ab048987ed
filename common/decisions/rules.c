#include "common/decisions/rules.h"

static const struct ruleset known[] = {
    {1, terms_compile_beside, decide_lead, decide_disposition, decide_due, contact_email_key, contact_phone_key},
};

const struct ruleset *rules_find(int64_t number)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == number)
            return &known[i];
    return NULL;
}

enum err rules_compile_beside(const struct terms *beside, const struct entry_terms *e, struct terms **out,
                              struct problem *p)
{
    const struct ruleset *rules = rules_find(e->rules);
    if (rules == NULL)
        return problem(p, ERR_NOT_IMPLEMENTED, "rules",
                       "%lld are not known here: another version of countersign is needed", (long long)e->rules);
    bool alike = beside != NULL && beside->ruleset == rules;
    enum err err = rules->compile(alike ? beside : NULL, e->campaign, e->contract, out, p);
    if (err == ERR_OK)
        (*out)->ruleset = rules;
    return err;
}

enum err rules_compile(const struct entry_terms *e, struct terms **out, struct problem *p)
{
    return rules_compile_beside(NULL, e, out, p);
}
