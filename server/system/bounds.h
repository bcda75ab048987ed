/* What whoever started this process allows it (getrlimit): enough to begin with, or said at once, since of too little
 * nobody can tell the cause later. */
#ifndef CS_SERVER_SYSTEM_BOUNDS_H
#define CS_SERVER_SYSTEM_BOUNDS_H

enum { THREAD_STACK = 1 << 20 };

/* Raises what may be raised (stack, open files) as far as any command needs it, else ends the process with words and
 * STATUS_CANNOT_TELL; and gives threads that others make a stack of their own size. Before there are threads. */
void bounds_begin(void);

/* What to look at beside when memory, or room for a file, is said to be gone: " (...)", or "" where nothing is bounded.
 * Static text of the calling thread; allocates nothing and takes no lock. */
const char *bounds_of_memory(void);
const char *bounds_of_files(void);
const char *bounds_of_processes(void); /* and threads, which need memory too */

#endif
