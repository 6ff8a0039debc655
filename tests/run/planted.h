/* The protocol with one fault in it each: the test of the test. */
#ifndef TESTS_RUN_PLANTED_H
#define TESTS_RUN_PLANTED_H

#include "saves.h"

extern const planted_t planted_faults[];
extern const size_t    planted_count;

#endif
