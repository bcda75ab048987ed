/* Opening the data folder for a command that writes to it. */
#ifndef CS_SERVER_CMD_DATA_FOLDER_H
#define CS_SERVER_CMD_DATA_FOLDER_H

#include "server/instance/instance.h"

/* Ends the command with a line that says what is wrong and what to do: exit 1 when the folder does not hold or is in
 * use
 * (`when_busy` says what to do then), 2 when it is missing or cannot be read. `last_words` are said when the store
 * turns out to be damaged on the way (store_last_words). */
void data_folder_open(struct instance *in, const char *dir, uint64_t map_size, const char *when_busy,
                      void (*last_words)(void));
/* What root makes in the folder belongs to whose that is, who serves it: a key file or a store of root's would keep him
 * from it. Where root has given itself no right to be somebody else, or he does not reach the folder, it stays root. */
void data_folder_as_owner(const char *dir);
/* The same words, of what instance_open or another copy of it (instance_copy.h) answered. */
_Noreturn void data_folder_cannot(const char *dir, const char *what, enum err err, const char *when_busy);
/* The last words of a command other than serve. */
void data_folder_damaged(void);

#endif
