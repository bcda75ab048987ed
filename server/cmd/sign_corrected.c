/* What this statement and the ones before make of a lead, by what their payloads and their lines say. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/json_peek.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "common/settlement/corrections.h"
#include "server/cmd/command.h"
#include "server/cmd/sign_private.h"
#include "server/system/log.h"

/* The statements up to that number, each to take(). */
static void each_statement(const struct signing *s, int64_t last, struct corrected_leads *leads,
                           void (*take)(const struct signing *s, const char *id, struct corrected_leads *leads))
{
    for (int64_t number = 1; number <= last; number++) {
        char id[LIMIT_ID + 1];
        statement_id(span_str(s->contract), (uint64_t)number, id);
        take(s, id, leads);
    }
}

static void take_payload(const struct signing *s, const char *id, struct corrected_leads *leads)
{
    struct statement st;
    sign_read_statement(s, id, &st);
    corrected_leads_add(leads, &st);
    statement_close(&st);
}

/* ---- what they charged ---- */

/* A lead's line, and those of decisions about it; adjustments are no part of it. */
static void take_line(void *ctx, struct span line)
{
    struct corrected_leads *leads = ctx;
    const bool is_lead = memmem(line.ptr, line.len, "\"kind\":\"lead\"", 13) != NULL;
    struct span digits, amount;
    uint64_t lead;
    int64_t micros;
    if ((!is_lead && memmem(line.ptr, line.len, "\"kind\":\"disposition\"", 20) == NULL) ||
        !json_peek(line, is_lead ? "index" : "lead", &digits) || parse_u64(digits, &lead) != ERR_OK ||
        !json_peek(line, "micros", &amount))
        return;
    struct corrected_lead *x = corrected_leads_find(leads, lead);
    if (x != NULL && parse_i64(amount, &micros) == ERR_OK && !money_add(x->charged_micros, micros, &x->charged_micros))
        decline("what lead %" PRIu64 " charged cannot be added up", lead);
}

static void take_lines(const struct signing *s, const char *id, struct corrected_leads *leads)
{
    sign_lines(s, id, take_line, leads);
}

/* ---- all of it ---- */

void sign_show_corrected(const struct signing *s, const char *id, int64_t number)
{
    struct corrected_leads leads = {.n = 0};
    struct statement st;
    sign_read_statement(s, id, &st);
    corrected_leads_of(&leads, &st);
    if (leads.n > 0)
        each_statement(s, number, &leads, take_payload);
    corrected_leads_keep_adjusted(&leads);
    if (leads.n > 0)
        each_statement(s, number, &leads, take_lines);
    for (size_t i = 0; i < leads.n; i++)
        leads.of[i].charged_micros -= leads.of[i].decided;
    corrected_leads_keep_told(&leads);
    for (size_t i = 0; i < leads.n; i++) {
        char mem[400];
        struct buf text;
        buf_fixed(&text, mem, sizeof mem);
        corrected_lead_tell(&text, &leads.of[i], (int)st.exponent);
        printf("adjustment  BUT %.*s\n", (int)text.len, text.ptr);
    }
    corrected_leads_free(&leads);
    statement_close(&st);
}
