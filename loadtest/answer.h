/* Reading an HTTP/1.1 answer that has a Content-Length: what our server, the null server and nginx send. Pure. */
#ifndef CS_LOADTEST_ANSWER_H
#define CS_LOADTEST_ANSWER_H

#include "common/base/span.h"

struct answer {
    int status;
    bool close;           /* the peer will close the connection */
    struct span location; /* empty when there is none */
    struct span body;
};

enum answer_state { ANSWER_PARTIAL, ANSWER_WHOLE, ANSWER_BAD };

/* Reads one answer off the front of `in`. WHOLE: *out is filled (spans into `in`) and *used says where the next one
 * starts. */
enum answer_state answer_read(struct span in, struct answer *out, size_t *used);

#endif
