/* Spans of time as people and Slurm write them. */
#ifndef BROOD_UTIL_DURATION_H
#define BROOD_UTIL_DURATION_H

#include <stddef.h>

#include "brood/util/error.h"

/* Seconds from D-HH:MM:SS, D-HH:MM, D-HH, HH:MM:SS, MM:SS, UNLIMITED (infinity), or numbers with units in falling order
   (d, h, min or m, s; with or without spaces): "3h50m", "0.2 s", "5 min". A bare number is refused, since nobody knows
   its unit. BROOD_E_USAGE otherwise; `text` and what is expected stand in the message. */
brood_err_t brood_duration_parse(const char *text, double *seconds) BROOD_WARN_UNUSED;

/* The shortest text that brood_duration_parse reads back to the same value: "30 s", "5 min", "3 h 50 min". */
void brood_duration_print(double seconds, char *text, size_t size);

#endif
