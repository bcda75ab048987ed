/* Characters of Unicode beyond ASCII, as far as they decide something. Code points. */
#ifndef CS_BASE_UNICODE_H
#define CS_BASE_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

/* Draws nothing, but moves, turns or hides what stands around it: C1 controls, bidirectional and zero-width marks, line
 * separators, tags, the byte order mark, fillers. */
bool unicode_unseen(uint32_t c);
/* The same for what is shown: also whatever a text can carry without that anybody sees it, such as variation selectors.
 */
bool unicode_hidden(uint32_t c);
/* A picture, of the blocks of symbols where emoji stand. */
bool unicode_picture(uint32_t c);
/* White_Space, or unseen: nothing to a person who looks for text. */
bool unicode_blank(uint32_t c);
/* General category L. */
bool unicode_letter(uint32_t c);
/* The value of a decimal digit of any script (general category Nd), -1 for anything else. */
int unicode_digit(uint32_t c);

#endif
