/* Which of the sheet's columns is which: as the caller says, else by their names. */
#include <stdio.h>

#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/reconcile/reconcile_private.h"

/* As plain_name writes them. Of one column's the first that the sheet has counts. */
static const struct {
    enum column column;
    const char *name;
} synonyms[] = {
    {COLUMN_LEAD, "lead"},
    {COLUMN_LEAD, "leadref"},
    {COLUMN_LEAD, "leadreference"},
    {COLUMN_LEAD, "countersignlead"},
    {COLUMN_TXID, "txid"},
    {COLUMN_TXID, "transactionid"},
    {COLUMN_TXID, "orderid"},
    {COLUMN_TXID, "conversionid"},
    {COLUMN_TXID, "ordernumber"},
    {COLUMN_TXID, "orderno"},
    {COLUMN_TXID, "orderref"},
    {COLUMN_TXID, "orderreference"},
    {COLUMN_TXID, "actionid"},
    {COLUMN_TXID, "eventid"},
    {COLUMN_TXID, "saleid"},
    {COLUMN_TXID, "leadid"},
    {COLUMN_TXID, "externalid"},
    {COLUMN_TXID, "uniqueid"},
    {COLUMN_TXID, "transaction"},
    {COLUMN_TXID, "order"},
    {COLUMN_TXID, "oid"},
    {COLUMN_TXID, "reference"},
    {COLUMN_CLICK, "clickid"},
    {COLUMN_CLICK, "cid"},
    {COLUMN_CLICK, "subid"},
    {COLUMN_CLICK, "cnvid"},
    {COLUMN_CLICK, "clickref"},
    {COLUMN_CLICK, "clickreference"},
    {COLUMN_CLICK, "click"},
    {COLUMN_REQUEST, "requestid"},
    {COLUMN_AT, "at"},
    {COLUMN_AT, "time"},
    {COLUMN_AT, "timestamp"},
    {COLUMN_AT, "datetime"},
    {COLUMN_AT, "conversiontime"},
    {COLUMN_AT, "conversiondate"},
    {COLUMN_AT, "transactiondate"},
    {COLUMN_AT, "transactiontime"},
    {COLUMN_AT, "leaddate"},
    {COLUMN_AT, "leadtime"},
    {COLUMN_AT, "orderdate"},
    {COLUMN_AT, "ordertime"},
    {COLUMN_AT, "eventdate"},
    {COLUMN_AT, "eventtime"},
    {COLUMN_AT, "createdat"},
    {COLUMN_AT, "created"},
    {COLUMN_AT, "date"},
    {COLUMN_AT, "day"},
    {COLUMN_MICROS, "micros"},
    {COLUMN_MICROS, "payoutmicros"},
    {COLUMN_MICROS, "amountmicros"},
    {COLUMN_AMOUNT, "payout"},
    {COLUMN_AMOUNT, "payoutamount"},
    {COLUMN_AMOUNT, "commission"},
    {COLUMN_AMOUNT, "commissionamount"},
    {COLUMN_AMOUNT, "earnings"},
    {COLUMN_AMOUNT, "amount"},
    {COLUMN_AMOUNT, "price"},
    {COLUMN_AMOUNT, "cost"},
    {COLUMN_AMOUNT, "cpa"},
    {COLUMN_AMOUNT, "cpl"},
    {COLUMN_CURRENCY, "currency"},
    {COLUMN_CURRENCY, "currencycode"},
    {COLUMN_CURRENCY, "payoutcurrency"},
    {COLUMN_CURRENCY, "commissioncurrency"},
    {COLUMN_CURRENCY, "ccy"},
    {COLUMN_STATUS, "status"},
    {COLUMN_STATUS, "state"},
    {COLUMN_STATUS, "conversionstatus"},
    {COLUMN_STATUS, "leadstatus"},
    {COLUMN_STATUS, "transactionstatus"},
    {COLUMN_STATUS, "commissionstatus"},
    {COLUMN_STATUS, "approvalstatus"},
};

const char *column_synonym(size_t i, enum column *c)
{
    if (i >= sizeof synonyms / sizeof *synonyms)
        return NULL;
    *c = synonyms[i].column;
    return synonyms[i].name;
}

static const char *const words[] = {
#define X(symbol, word, meaning) word,
    COLUMN_TABLE(X)
#undef X
};

const char *column_word(enum column c)
{
    return words[c];
}

/* Which of two columns of one name is meant nobody guesses. */
static enum err twice(const struct reconcile *r, int column, enum column c, struct problem *p)
{
    struct sheet s = r->sheet;
    s.number = s.json ? 1 : s.number;
    return sheet_problem(&s, p, s.name[column], "names two columns: say which by %s%s:#N%s, its number from 1 on",
                         r->asked.flags ? "--map '" : "map=", words[c], r->asked.flags ? "'" : "");
}

/* *out: below 0 where there is none. */
static enum err find_name(const struct reconcile *r, struct span name, enum column c, int *out, struct problem *p)
{
    const struct sheet *s = &r->sheet;
    *out = -1;
    for (size_t i = 0; i < s->n_columns; i++) {
        if (!span_eq(s->name[i], name))
            continue;
        if (*out >= 0)
            return twice(r, *out, c, p);
        *out = (int)i;
    }
    uint64_t number;
    if (*out < 0 && span_starts(name, "#") && parse_u64(span_skip(name, 1), &number) == ERR_OK && number >= 1 &&
        number <= s->n_columns)
        *out = (int)number - 1;
    return ERR_OK;
}

static bool is_taken(const struct reconcile *r, int column)
{
    for (enum column c = 0; c < COLUMNS_KNOWN; c++)
        if (r->column[c] == column)
            return true;
    return false;
}

/* One "txid:Order ID" of the map. */
static enum err map_one(struct reconcile *r, struct span one, bool told[COLUMNS_KNOWN], struct problem *p)
{
    struct span name = one, word = SPAN("");
    bool whole = text_cut(&name, ':', &word);
    enum column c = 0;
    name = text_strip(name);
    word = text_strip(word);
    while (whole && c < COLUMNS_KNOWN && !span_is(word, words[c]))
        c++;
    if (!whole || c == COLUMNS_KNOWN)
        return problem(p, ERR_MALFORMED, "map",
                       "must be pairs such as txid:Order ID,amount:#4 of lead, txid, click_id, request_id, at, amount, "
                       "micros, currency, status and a name of the first line, or # and its number");
    if (told[c])
        return problem(p, ERR_MALFORMED, "map", "names %s twice", words[c]);
    told[c] = true;
    if (name.len == 0)
        return ERR_OK; /* none is to be taken for it */
    enum err err = find_name(r, name, c, &r->column[c], p);
    if (err == ERR_OK && r->column[c] < 0 && !r->sheet.none)
        err = problem(p, ERR_MALFORMED, "map", "names for %s a column that the rows do not have", words[c]);
    return err;
}

static bool has_plain_name(const struct reconcile *r, size_t column, const char *name)
{
    char plain[PLAIN_MAX + 1];
    return plain_name(r->sheet.name[column], plain) && strcmp(plain, name) == 0 && !is_taken(r, (int)column);
}

/* The column of that name, if the sheet has it and it is nothing else yet. */
static enum err find_synonym(struct reconcile *r, enum column c, const char *name, struct problem *p)
{
    int found = -1;
    for (size_t k = 0; k < r->sheet.n_columns; k++) {
        if (!has_plain_name(r, k, name))
            continue;
        if (found >= 0)
            return twice(r, found, c, p);
        found = (int)k;
    }
    r->column[c] = found;
    return ERR_OK;
}

enum err columns_find(struct reconcile *r, struct problem *p)
{
    bool told[COLUMNS_KNOWN] = {false};
    struct span rest = r->asked.map;
    for (enum column c = 0; c < COLUMNS_KNOWN; c++)
        r->column[c] = -1;
    while (rest.len > 0) {
        enum err err = map_one(r, text_take(&rest, ','), told, p);
        if (err != ERR_OK)
            return err;
    }
    for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++) {
        enum column c = synonyms[i].column;
        if (r->column[c] >= 0 || told[c] || (c == COLUMN_AMOUNT && r->column[COLUMN_MICROS] >= 0))
            continue; /* of amounts the exact one counts */
        enum err err = find_synonym(r, c, synonyms[i].name, p);
        if (err != ERR_OK)
            return err;
    }
    if (!r->sheet.none && r->column[COLUMN_LEAD] < 0 && r->column[COLUMN_TXID] < 0 && r->column[COLUMN_CLICK] < 0)
        return problem(p, ERR_MALFORMED, r->sheet.json ? "row 1" : "line 1",
                       "names no column that says which lead a row is about: name one txid, lead or click_id, or say "
                       "%s",
                       r->asked.flags ? "--map 'txid:YOUR NAME'" : "map=txid:YOUR NAME");
    return ERR_OK;
}
