#ifndef CS_BASE_UTF8_H
#define CS_BASE_UTF8_H

#include <stdint.h>

#include "common/base/buf.h"

/* RFC 3629: no overlong forms, no surrogates, at most U+10FFFF. A NUL byte is refused too. */
bool utf8_valid(struct span s);
/* Appends s with U+FFFD in place of each bad byte and each C0 control or DEL, cut at a character so that at most max
 * bytes are added. */
void utf8_repair(struct buf *out, struct span s, size_t max);
/* The same for a terminal: also in place of each character that draws nothing, but moves, turns or hides what stands
 * around it, or carries what nobody sees: C1 controls, bidirectional and zero-width marks, line separators, tags,
 * variation selectors. */
void utf8_show(struct buf *out, struct span s, size_t max);
/* The first character of what is not empty, and in *shown what people are to see of it: itself, or U+FFFD in place of a
 * bad byte and of what draws nothing, as utf8_show has it; ASCII stays. Its length. With a picture go one variation
 * selector and the pictures that zero-width joiners join to it, and so does the selector of a keycap: by these it draws
 * something else. */
size_t utf8_seen(struct span s, struct span *shown);
/* Takes the first or last character off the text. False, with nothing changed, at its end and where no well-formed
 * character stands. */
bool utf8_take(struct span *rest, uint32_t *c);
bool utf8_take_last(struct span *rest, uint32_t *c);
/* The longest prefix of valid s of at most max bytes that ends at a character. */
struct span utf8_cut(struct span s, size_t max);

#endif
