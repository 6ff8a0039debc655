/* Spoils what the fingerprint computes with, underneath it: by the linker's --wrap (CMakeLists.txt). */
#ifndef TESTS_NN_SPOIL_H
#define TESTS_NN_SPOIL_H

#include <stdint.h>

/* NULL ends them. */
extern const char *const spoil_kernels[], *const spoil_functions[];

/* From here on the last bits are others of what call number `call` (from 0) of a kernel, a function or a product
   ("product_packed_f32") makes; −1: of every call. "nan": the sign of NaNs that functions make. */
void spoil_begin(const char *name, int64_t call);
/* Ends it and returns the number of calls. */
int64_t spoil_end(void);

/* The same for number `number` (−1: none) that is drawn uniformly for a part of the fingerprint: in the last bits of a
   float, since in a long sum the very last would be rounded away. Returns how many are drawn. */
void    spoil_draw_begin(int64_t part, int64_t number);
int64_t spoil_draw_end(void);

#endif
