/* Maxima that know where they stand. Of equals the first wins: an earlier number keeps its place unless a later one is
   larger. */

#include "lanes.h"
#include "path.h"

/* Up to this window every output looks at every position of its window; from there on the work of van Herk and of Gil
   and Werman, three comparisons an output, is less. Backward likewise. */
#define DIRECT_FORWARD  3
#define DIRECT_BACKWARD 8

typedef struct {
    lanes_t       value;
    lanes_index_t at;
} best_t;

/* n < LANES: as many lanes of the memory as there are. */
static inline lanes_t load(const brood_real_t *p, int64_t n) {
    return n == LANES ? lanes_load(p) : lanes_load_n(p, n);
}
static inline void store(const best_t *best, int64_t n, brood_real_t *y, brood_index_t *index) {
    if (n == LANES) {
        lanes_store(y, best->value);
        index_store(index, best->at);
    } else {
        lanes_store_n(y, best->value, n);
        index_store_n(index, best->at, n);
    }
}

/* `later` stands behind `best` and replaces it where it is larger. */
static inline best_t follow(best_t best, best_t later) {
    lanes_mask_t larger = lanes_less(best.value, later.value);
    return (best_t){lanes_select(larger, later.value, best.value), index_select(larger, later.at, best.at)};
}

static inline best_t rectified(best_t best) {
    const lanes_t zero = lanes_set(0);
    lanes_mask_t  above = lanes_less(zero, best.value), below = lanes_less(best.value, zero);
    /* NaN stays NaN, and −0 becomes 0. */
    return (best_t){lanes_select(below, zero, best.value) + zero,
                    index_select(above, best.at, index_set(BROOD_NOWHERE))};
}

static inline best_t at(const brood_line_t *line, const brood_real_t *x, int64_t position, int64_t n) {
    return (best_t){load(x + position * line->step, n), index_set((brood_index_t)position)};
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static inline void forward_direct(const brood_line_t *line, int64_t n, const brood_real_t *x, brood_real_t *y,
                                  brood_index_t *index) {
    for (int64_t o = 0; o < line->positions; o++) {
        int64_t begin = larger(o - line->before, 0);
        int64_t end = smaller(o - line->before + line->window, line->positions);
        best_t  best = at(line, x, begin, n);
        for (int64_t p = begin + 1; p < end; p++) best = follow(best, at(line, x, p, n));
        if (line->rectifies) best = rectified(best);
        store(&best, n, y + o * line->step, index + o * line->step);
    }
}

/* M. van Herk, Pattern Recognition Letters 13 (1992) 517; J. Gil and M. Werman, IEEE PAMI 15 (1993) 504. Positions are
   cut in pieces of the window's length. A window that begins in one piece ends in the next: it is the best of a suffix
   of the one and a prefix of the other. Suffixes are written where the outputs will stand and replaced by them. */
static inline void forward_pieces(const brood_line_t *line, int64_t n, const brood_real_t *x, brood_real_t *y,
                                  brood_index_t *index) {
    const int64_t positions = line->positions, step = line->step, before = line->before;
    for (int64_t piece = -before; piece < positions - before; piece += line->window) {
        /* Outputs o = p + before of the windows that begin at p in this piece, as far as the line goes. */
        const int64_t next = piece + line->window; /* the window that begins at piece + j ends at next + j − 1 */
        const int64_t last = smaller(next, positions) - 1;
        best_t        best = at(line, x, last, n);
        for (int64_t p = last;; p--) {
            if (p < last && p >= 0) best = follow(at(line, x, p, n), best);
            const bool   whole = p == piece || next >= positions; /* the suffix is all of the window */
            const best_t suffix = whole && line->rectifies ? rectified(best) : best;
            if (p + before < positions) store(&suffix, n, y + (p + before) * step, index + (p + before) * step);
            if (p == piece) break;
        }
        if (next >= positions) continue;
        int64_t end = smaller(next + line->window - 1, positions - before + line->window - 1);
        best_t  prefix = at(line, x, next, n);
        for (int64_t p = next; p < end; p++) {
            if (p > next && p < positions) prefix = follow(prefix, at(line, x, p, n));
            int64_t      o = p - line->window + 1 + before;
            best_t       suffix = {load(y + o * step, n),
                             n == LANES ? index_load(index + o * step) : index_load_n(index + o * step, n)};
            const best_t joined = line->rectifies ? rectified(follow(suffix, prefix)) : follow(suffix, prefix);
            store(&joined, n, y + o * step, index + o * step);
        }
    }
}

static inline void forward_lanes(const brood_line_t *line, int64_t n, const brood_real_t *x, brood_real_t *y,
                                 brood_index_t *index) {
    if (line->window <= DIRECT_FORWARD)
        forward_direct(line, n, x, y, index);
    else
        forward_pieces(line, n, x, y, index);
}

void KERNEL(pool_line_forward)(const brood_line_t *line, const brood_real_t *x, brood_real_t *y, brood_index_t *index) {
    int64_t c = 0;
    for (; c + LANES <= line->lanes; c += LANES) forward_lanes(line, LANES, x + c, y + c, index + c);
    if (c < line->lanes) forward_lanes(line, line->lanes - c, x + c, y + c, index + c);
}

static inline lanes_index_t load_index(const brood_index_t *p, int64_t n) {
    return n == LANES ? index_load(p) : index_load_n(p, n);
}

/* Each position asks the outputs whose windows cover it. */
static inline void backward_direct(const brood_line_t *line, int64_t n, const brood_real_t *dy,
                                   const brood_index_t *index, brood_real_t *dx) {
    for (int64_t p = 0; p < line->positions; p++) {
        int64_t       begin = larger(p + line->before - line->window + 1, 0);
        int64_t       end = smaller(p + line->before + 1, line->positions);
        lanes_index_t here = index_set((brood_index_t)p);
        lanes_t       sum = lanes_set(0);
        for (int64_t o = begin; o < end; o++)
            sum += lanes_masked(index_equal(load_index(index + o * line->step, n), here), load(dy + o * line->step, n));
        if (n == LANES)
            lanes_store(dx + p * line->step, sum);
        else
            lanes_store_n(dx + p * line->step, sum, n);
    }
}

static inline void flush(unsigned lanes, int64_t step, lanes_index_t at, lanes_t sum, brood_real_t *dx) {
    brood_index_t position[LANES];
    brood_real_t  number[LANES];
    index_store(position, at);
    lanes_store(number, sum);
    for (; lanes; lanes &= lanes - 1) {
        int lane = __builtin_ctz(lanes);
        if (position[lane] == BROOD_NOWHERE) continue;
        dx[position[lane] * step + lane] = number[lane];
    }
}

/* The positions of a line's maxima never go back: equal ones follow each other, and their gradients are added up in a
   register until the position changes. */
static inline void backward_runs(const brood_line_t *line, int64_t n, const brood_real_t *dy,
                                 const brood_index_t *index, brood_real_t *dx) {
    const unsigned all = (1u << n) - 1;
    for (int64_t p = 0; p < line->positions; p++) {
        if (n == LANES)
            lanes_store(dx + p * line->step, lanes_set(0));
        else
            lanes_store_n(dx + p * line->step, lanes_set(0), n);
    }
    lanes_index_t at = load_index(index, n);
    lanes_t       sum = load(dy, n);
    for (int64_t o = 1; o < line->positions; o++) {
        lanes_index_t next = load_index(index + o * line->step, n);
        lanes_mask_t  same = index_equal(next, at);
        lanes_t       more = load(dy + o * line->step, n);
        unsigned      changed = ~mask_bits(same) & all;
        if (changed) flush(changed, line->step, at, sum, dx);
        sum = lanes_masked(same, sum) + more;
        at = next;
    }
    flush(all, line->step, at, sum, dx);
}

static inline void backward_lanes(const brood_line_t *line, int64_t n, const brood_real_t *dy,
                                  const brood_index_t *index, brood_real_t *dx) {
    if (line->window <= DIRECT_BACKWARD)
        backward_direct(line, n, dy, index, dx);
    else
        backward_runs(line, n, dy, index, dx);
}

void KERNEL(pool_line_backward)(const brood_line_t *line, const brood_real_t *dy, const brood_index_t *index,
                                brood_real_t *dx) {
    int64_t c = 0;
    for (; c + LANES <= line->lanes; c += LANES) backward_lanes(line, LANES, dy + c, index + c, dx + c);
    if (c < line->lanes) backward_lanes(line, line->lanes - c, dy + c, index + c, dx + c);
}

static inline void window_forward(int64_t channels, int64_t n, int64_t height, int64_t width, int64_t row,
                                  int64_t pitch, bool rectifies, const brood_real_t *x, brood_real_t *y,
                                  brood_index_t *index) {
    best_t best = {load(x, n), index_set(0)};
    for (int64_t h = 0; h < height; h++)
        for (int64_t w = h == 0; w < width; w++) {
            best_t later = {load(x + h * row + w * channels, n), index_set((brood_index_t)(h * pitch + w))};
            best = follow(best, later);
        }
    if (rectifies) best = rectified(best);
    store(&best, n, y, index);
}

void KERNEL(pool_window_forward)(int64_t channels, int64_t height, int64_t width, int64_t row, int64_t pitch,
                                 bool rectifies, const brood_real_t *x, brood_real_t *y, brood_index_t *index) {
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES)
        window_forward(channels, LANES, height, width, row, pitch, rectifies, x + c, y + c, index + c);
    if (c < channels)
        window_forward(channels, channels - c, height, width, row, pitch, rectifies, x + c, y + c, index + c);
}

static inline void window_backward(int64_t channels, int64_t n, int64_t height, int64_t width, int64_t row,
                                   int64_t pitch, const brood_real_t *dy, const brood_index_t *index,
                                   brood_real_t *dx) {
    lanes_t       gradient = load(dy, n);
    lanes_index_t chosen = load_index(index, n);
    for (int64_t h = 0; h < height; h++)
        for (int64_t w = 0; w < width; w++) {
            brood_real_t *to = dx + h * row + w * channels;
            lanes_mask_t  here = index_equal(chosen, index_set((brood_index_t)(h * pitch + w)));
            lanes_t       sum = load(to, n) + lanes_masked(here, gradient);
            if (n == LANES)
                lanes_store(to, sum);
            else
                lanes_store_n(to, sum, n);
        }
}

void KERNEL(pool_window_backward)(int64_t channels, int64_t height, int64_t width, int64_t row, int64_t pitch,
                                  const brood_real_t *dy, const brood_index_t *index, brood_real_t *dx) {
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES)
        window_backward(channels, LANES, height, width, row, pitch, dy + c, index + c, dx + c);
    if (c < channels) window_backward(channels, channels - c, height, width, row, pitch, dy + c, index + c, dx + c);
}
