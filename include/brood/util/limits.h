/* The sizes that are fixed at compile time, in one place. */
#ifndef BROOD_UTIL_LIMITS_H
#define BROOD_UTIL_LIMITS_H

#define BROOD_MAX_TEXT      512  /* bytes of an architecture's text, its NUL included */
#define BROOD_MAX_TEXTS     64   /* texts in a list of a configuration */
#define BROOD_MAX_CHOICES   256  /* choices of one hyperparameter */
#define BROOD_MAX_PATH      1024 /* bytes of a path, its NUL included */
#define BROOD_MAX_POSITIONS 96   /* decisions in an architecture */
#define BROOD_MAX_INPUTS    16   /* inputs of one layer of a network */
#define BROOD_MAX_LAYERS    128  /* layers of a network, each operation counted as one */

#endif
