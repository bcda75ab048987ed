/* Fuzz targets for the pure parsers. A target is one file, fuzz_NAME.c, that defines LLVMFuzzerTestOneInput; its seeds
 * stand in corpus/NAME, and nothing else has to name it: CMake finds both. A seed called ok-* must be accepted and one
 * called no-* refused; any other name (found-*: an input that once failed) says nothing about that.
 *
 * ctest links each target with replay.c: every seed, then mutations of it, under the sanitizers of the build. run.sh
 * links it with libFuzzer instead. Both hand over an input as a heap block of exactly its size, so that
 * AddressSanitizer sees a read of one byte too far. */
#ifndef CS_TESTS_FUZZ_FUZZ_H
#define CS_TESTS_FUZZ_FUZZ_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/problem.h"

/* Returns 0. Must not depend on earlier inputs. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Counted up by a target when the parser took an input, so that a corpus that tests nothing is seen. */
extern unsigned long fuzz_accepted;

/* What must be true of every input: else the input is a finding. */
#define HOLDS(condition) ((condition) ? (void)0 : fuzz_fault(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_fault(const char *condition, const char *file, int line);

/* A heap block of exactly its size; freed with fuzz_drop. */
struct span fuzz_copy(struct span s);
void fuzz_drop(struct span s);
/* Cuts off and returns what stands before the first `mark` (or all of it), and drops the mark. */
struct span fuzz_take(struct span *rest, char mark);
bool fuzz_inside(struct span part, struct span whole);
/* Demands that a refusal names its fault in whole UTF-8 characters. *p was cleared before. */
void fuzz_problem(const struct problem *p);
/* Deterministic bytes for keys. */
void fuzz_key(uint8_t out[32], uint8_t number);

#endif
