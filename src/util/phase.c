#include "brood/util/phase.h"

#include <stddef.h>

void (*brood_phase_listener)(brood_phase_t phase) = NULL;
