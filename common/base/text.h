/* Taking a text apart, and names that people write in two ways. */
#ifndef CS_BASE_TEXT_H
#define CS_BASE_TEXT_H

#include "common/base/buf.h"
#include "common/base/span.h"

#define HTTP_BLANKS " \t"      /* RFC 9110 OWS */
#define TYPED_BLANKS " \t\r\n" /* around what people type into files and commands */

/* Without the bytes of `blanks` at both ends. */
struct span text_trim(struct span s, const char *blanks);
/* The same of what draws nothing: Unicode White_Space, zero-width characters, bidi controls, the byte order mark
 * (unicode_blank). What is no UTF-8 stays. For all that people and their programs report. */
struct span text_strip(struct span s);
/* Appends the text in Unicode's normalization form C, which is at most three times as long (UAX 15). What is no UTF-8
 * comes as it is. */
#define NFC_GROWTH 3
void text_nfc(struct buf *out, struct span s);
/* What somebody saved as text, without the byte order mark that some programs put in front of UTF-8. False: it is
 * UTF-16, whose bytes are other ones. */
bool text_saved(struct span *s);
/* Takes what stands before the first `mark` off the front of *rest, and the mark itself. False, with nothing changed,
 * when there is no mark. */
bool text_cut(struct span *rest, char mark, struct span *front);
/* The same, but where there is no mark it takes all, and *rest is empty. */
struct span text_take(struct span *rest, char mark);
/* Holds what a platform sends when it did not know a macro: {x} {{ x }} ${x} %%x%% anywhere, [x] #x# %x% <x> standing
 * apart from letters and digits, where these begin with a letter. A braced GUID is no macro. */
bool text_has_macro(struct span s);
/* A program's word for nothing where an id should stand: null, undefined, 0, NaN and their like, in any case. */
bool text_is_nothing(struct span s);
/* True when given is `name`, with or without '-' for each '_': how flags and keys of settings are written. */
bool text_names(struct span given, const char *name);

#endif
