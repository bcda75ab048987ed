/* The one list of what runs each kind of record: what main gives to the committer. */
#ifndef CS_SERVER_JOBS_H
#define CS_SERVER_JOBS_H

#include "server/commit/batch.h"

extern job_run *const job_runs[RECORD_KINDS];

#endif
