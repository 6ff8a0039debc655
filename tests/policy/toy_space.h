/* Two toy spaces that stand in for src/space behind its own functions: small enough to enumerate, and, in `ragged`,
   with decisions that depend on the tokens before (kind, number of choices, end), as no shipped space has them. */
#ifndef BROOD_TESTS_POLICY_TOY_SPACE_H
#define BROOD_TESTS_POLICY_TOY_SPACE_H

#include "brood/space/space.h"

extern const brood_space_t toy_alike;  /* 5 decisions of two kinds in turn, of 3 and 4 choices */
extern const brood_space_t toy_ragged; /* 2 to 5 decisions of three kinds, of up to 3, 2 and 4 choices */
extern const brood_space_t toy_sly;    /* a space that shows more choices of a kind than at first */

/* All sequences of a space: tokens[count, T], malloc'ed. */
int64_t toy_enumerate(const brood_space_t *space, int32_t **tokens);

#endif
