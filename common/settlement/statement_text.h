/* What the forms of a statement for people share. For statement_csv.c and common/pages. */
#ifndef CS_SETTLEMENT_STATEMENT_TEXT_H
#define CS_SETTLEMENT_STATEMENT_TEXT_H

#include "common/base/json_write.h"
#include "common/settlement/statement.h"

/* One line item. Spans point into *json. */
struct statement_line {
    struct span kind, lead_at, status, reason; /* empty: not there */
    struct span at, by, trust, text, txid, sub1;
    int64_t index, lead, micros, placement; /* placement 0: none */
    int64_t share_from, share_to;           /* 0, 0: the lead is not shared */
    bool traffic;
    int64_t clicks, impressions, all_clicks, all_impressions, click_micros, impression_micros; /* of the traffic line */
    json_t *json;
};
/* "vat": [{advertiser, net_minor, publisher, supplied_minor, supplied_vat_minor, vat_kind, vat_minor, vat_ppm}], of
 * which the parties stand only where they were others than the statement's head says now. */
void statement_vat_write(struct jw *w, const struct statement *s);
/* Who the party of that entry is, {country, entry, name, vat_id}; NULL: it told nothing. */
const json_t *statement_trader(const struct statement *s, uint64_t entry);
/* The provision by which the supplier of a row charges no VAT, as it told then (article 226 (11)); empty: none. */
struct span statement_exemption(const struct statement *s, const struct tax_row *r);
/* "the supplier says that it charges no VAT (...), and the terms charge ..."; nothing where they agree. */
void statement_despite_tell(struct buf *out, const struct statement *s, const struct tax_row *r);
/* "no VAT is charged and no reason given, since nobody told ...", of a statement that earns and whose parties told too
 * little of themselves to say which VAT it is under; nothing where they told enough, or nothing at all. */
void statement_untold_tell(struct buf *out, const struct statement *s);
/* What the supplier of a row told of itself by then. */
const json_t *statement_supplier(const struct statement *s, const struct tax_row *r);
/* Whether that is another one than the statement's head says of the side (1: the publisher). */
bool statement_trader_moved(const struct statement *s, size_t side, uint64_t entry);
/* Whose a line, or an adjustment, says that it is. */
void statement_part_whose(const struct statement *s, const json_t *part, uint64_t as[2]);
/* "Alpha SARL, VAT FR48999000102"; "nobody told" of nothing. */
void trader_tell(struct buf *out, const json_t *trader);
/* "VAT of 20%", "reverse charge", "no VAT". */
void vat_tell(struct buf *out, enum tax kind, int64_t vat_ppm);
/* "24.00 EUR with VAT of 20% (4.80) and -12.00 EUR by reverse charge": what is payable by its VAT, very many parts
 * of it counted; nothing where there is none. And what is carried of a sum below 0, with the sign that makes the
 * statement add up. */
void statement_vat_tell(struct buf *out, const struct statement *s);
/* Of a row under which nothing is charged or credited here what of it is carried, with that sign too; else 0. */
int64_t statement_row_carried(const struct statement *s, const struct tax_row *r);
/* The statements that a row corrects, up to `cap` of them. */
size_t statement_row_corrects(const struct statement *s, const struct tax_row *r, const struct earlier *out[],
                              size_t cap);
/* Whether a row also corrects what stands on no statement that is named. */
bool statement_row_unnamed(const struct statement *s, const struct tax_row *r);
void statement_carried_tell(struct buf *out, const struct statement *s);

/* The line item of an entry, of lines in their order. False: there is none. */
MUST_CHECK bool statement_line_find(struct span lines, uint64_t index, struct span *line);

/* Takes the next line off *rest; the caller starts with a cleared *line, which frees itself at the end. False at the
 * end or when a line does not read. */
MUST_CHECK bool statement_line_next(struct span *rest, struct statement_line *line);

#endif
