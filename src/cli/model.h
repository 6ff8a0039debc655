/* The file of `train --save`: one trained network, weights and all, as HDF5. */
#ifndef BROOD_SRC_CLI_MODEL_H
#define BROOD_SRC_CLI_MODEL_H

#include "brood/child/evaluator.h"

/* Before hours of training: the file must have a directory to go to. BROOD_E_USAGE, BROOD_E_IO. */
brood_err_t model_check_place(const char *file) BROOD_WARN_UNUSED;

/* Durable when it returns. The network is that of the evaluator's finished child. */
brood_err_t model_save(const char *file, char *configuration /* only read */, const char *architecture,
                       const brood_evaluator_t *evaluator, void *self) BROOD_WARN_UNUSED;

#endif
