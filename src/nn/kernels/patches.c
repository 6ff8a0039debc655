#include "lanes.h"
#include "path.h"

/* A run is copied in whole vectors, the last of which may overlap the one before. */
static inline void copy(int64_t n, const brood_real_t *from, brood_real_t *to) {
    if (n < LANES) {
        for (int64_t i = 0; i < n; i++) to[i] = from[i];
        return;
    }
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) lanes_store(to + i, lanes_load(from + i));
    lanes_store(to + n - LANES, lanes_load(from + n - LANES));
}

void KERNEL(gather_patches)(int64_t positions, int64_t step, int64_t height, int64_t row, int64_t run,
                            const brood_real_t *x, brood_real_t *panel) {
    for (int64_t p = 0; p < positions; p++, x += step)
        for (int64_t h = 0; h < height; h++, panel += run) copy(run, x + h * row, panel);
}

void KERNEL(scatter_patches)(int64_t positions, int64_t step, int64_t height, int64_t row, int64_t run,
                             const brood_real_t *panel, brood_real_t *x) {
    for (int64_t p = 0; p < positions; p++, x += step)
        for (int64_t h = 0; h < height; h++, panel += run) {
            brood_real_t *to = x + h * row;
            for (int64_t i = 0; i < run; i++) to[i] += panel[i];
        }
}
