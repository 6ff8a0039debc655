/* Maxima that know where in their window they stand. Of equals the first wins: an earlier number keeps its place unless
   a later one is larger. */

#include "brood/util/bound.h"
#include "lanes.h"
#include "path.h"

/* Up to this window every output looks at every position of its window; from there on the work of van Herk and of Gil
   and Werman, three comparisons an output, is less. */
#define DIRECT_FORWARD 3
/* Up to this one every position asks all outputs whose windows cover it; from there on each output adds its gradient to
   one position, which gives the same bits: sums begin at +0 and take outputs in order. */
#ifdef BROOD_PATH_avx512
#define DIRECT_BACKWARD 14
#else
#define DIRECT_BACKWARD 7
#endif

/* Vectors of a line that are pooled side by side, so that memory is read and written in order. */
#define MOST_VECTORS   4
#define EACH_VECTOR(v) _Pragma("GCC unroll 4") for (int64_t v = 0; v < kind.vectors; v++)

/* Constant where it is used, so that each case is compiled apart. */
typedef struct {
    int64_t vectors;
    int64_t n;      /* lanes of each that there are in memory */
    bool    narrow; /* int8_t is kept, else brood_index_t */
    bool    rectifies;
} kind_t;

typedef struct {
    lanes_t       value;
    lanes_index_t at; /* in the line, or in its window */
} best_t;

INLINE lanes_t load(const brood_real_t *p, int64_t n) {
    return n == LANES ? lanes_load(p) : lanes_load_n(p, n);
}
INLINE void put(brood_real_t *p, lanes_t v, int64_t n) {
    if (n == LANES)
        lanes_store(p, v);
    else
        lanes_store_n(p, v, n);
}

INLINE lanes_index_t load_index(kind_t kind, const void *index, int64_t at) {
    if (kind.narrow) return taps_load_n((const int8_t *)index + at, kind.n);
    const brood_index_t *p = (const brood_index_t *)index + at;
    return kind.n == LANES ? index_load(p) : index_load_n(p, kind.n);
}
INLINE void store_index(kind_t kind, void *index, int64_t at, lanes_index_t v) {
    if (kind.narrow) {
        taps_store_n((int8_t *)index + at, v, kind.n);
        return;
    }
    brood_index_t *p = (brood_index_t *)index + at;
    if (kind.n == LANES)
        index_store(p, v);
    else
        index_store_n(p, v, kind.n);
}

/* `later` stands behind `best` and replaces it where it is larger. */
INLINE best_t follow(best_t best, best_t later) {
    lanes_mask_t larger = lanes_less(best.value, later.value);
    return (best_t){lanes_select(larger, later.value, best.value), index_select(larger, later.at, best.at)};
}

/* What becomes of a window's best: at its place `first` + tap of the line, to memory. */
INLINE void finish(kind_t kind, best_t best, int64_t first, brood_real_t *y, void *index, int64_t at) {
    lanes_index_t tap = index_add(best.at, index_set((brood_index_t)-first));
    if (kind.rectifies) {
        const lanes_t zero = lanes_set(0);
        lanes_mask_t  above = lanes_less(zero, best.value), below = lanes_less(best.value, zero);
        tap = index_select(above, tap, index_set(BROOD_NOWHERE));
        best.value = lanes_select(below, zero, best.value) + zero; /* NaN stays NaN, and −0 becomes 0 */
    }
    put(y + at, best.value, kind.n);
    store_index(kind, index, at, tap);
}

INLINE best_t element(const brood_line_t *line, kind_t kind, const brood_real_t *x, int64_t position, int64_t v) {
    return (best_t){load(x + position * line->step + v * LANES, kind.n), index_set((brood_index_t)position)};
}

/* Windows of two: each position is read once. */
INLINE void forward_pairs(const brood_line_t *line, kind_t kind, const brood_real_t *x, brood_real_t *y, void *index) {
    const int64_t last = line->positions - 1; /* its window has one position */
    best_t        here[MOST_VECTORS];
    EACH_VECTOR (v) here[v] = element(line, kind, x, line->begin, v);
    for (int64_t o = line->begin; o < brood_smaller(line->end, last); o++)
        EACH_VECTOR (v) {
            best_t next = element(line, kind, x, o + 1, v);
            finish(kind, follow(here[v], next), o, y, index, o * line->step + v * LANES);
            here[v] = next;
        }
    if (line->end <= last) return;
    EACH_VECTOR (v) finish(kind, here[v], last, y, index, last * line->step + v * LANES);
}

INLINE void forward_direct(const brood_line_t *line, kind_t kind, const brood_real_t *x, brood_real_t *y, void *index) {
    for (int64_t o = line->begin; o < line->end; o++) {
        int64_t first = o - line->before, begin = brood_larger(first, 0),
                end = brood_smaller(first + line->window, line->positions);
        EACH_VECTOR (v) {
            best_t best = element(line, kind, x, begin, v);
            for (int64_t p = begin + 1; p < end; p++) best = follow(best, element(line, kind, x, p, v));
            finish(kind, best, first, y, index, o * line->step + v * LANES);
        }
    }
}

/* M. van Herk, Pattern Recognition Letters 13 (1992) 517; J. Gil and M. Werman, IEEE PAMI 15 (1993) 504. Positions are
   cut in pieces of the window's length. A window that begins in one piece ends in the next: it is the best of a suffix
   of the one and a prefix of the other. Suffixes are written where the outputs will stand and replaced by them. */
INLINE void forward_pieces(const brood_line_t *line, kind_t kind, const brood_real_t *x, brood_real_t *y, void *index) {
    const int64_t positions = line->positions, step = line->step, before = line->before;
    const int64_t ends = line->end - before; /* where the window begins that is no longer asked for */
    kind_t        part = kind;
    part.rectifies = false;
    for (int64_t piece = line->begin - before; piece < ends; piece += line->window) {
        /* Outputs o = p + before of the windows that begin at p in this piece, as far as the line goes. */
        const int64_t next = piece + line->window; /* the window that begins at piece + j ends at next + j − 1 */
        const int64_t last = brood_smaller(next, positions) - 1;
        best_t        best[MOST_VECTORS];
        EACH_VECTOR (v) best[v] = element(line, kind, x, last, v);
        for (int64_t p = last;; p--) {
            const bool    whole = p == piece || next >= positions; /* the suffix is all of the window */
            const int64_t at = (p + before) * step;
            if (p < last && p >= 0)
                EACH_VECTOR (v) best[v] = follow(element(line, kind, x, p, v), best[v]);
            if (p < ends)
                EACH_VECTOR (v) {
                    if (whole)
                        finish(kind, best[v], p, y, index, at + v * LANES);
                    else
                        finish(part, best[v], p, y, index, at + v * LANES);
                }
            if (p == piece) break;
        }
        const int64_t end = brood_smaller(next, ends) + line->window - 1;
        if (next >= brood_smaller(positions, end)) continue;
        EACH_VECTOR (v) best[v] = element(line, kind, x, next, v); /* of the prefix */
        for (int64_t p = next; p < end; p++) {
            const int64_t first = p - line->window + 1, at = (first + before) * step;
            EACH_VECTOR (v) {
                const int64_t here = at + v * LANES;
                if (p > next && p < positions) best[v] = follow(best[v], element(line, kind, x, p, v));
                best_t suffix = {load(y + here, kind.n),
                                 index_add(load_index(kind, index, here), index_set((brood_index_t)first))};
                finish(kind, follow(suffix, best[v]), first, y, index, here);
            }
        }
    }
}

INLINE void forward_kind(const brood_line_t *line, kind_t kind, const brood_real_t *x, brood_real_t *y, void *index) {
    if (line->window == 2 && line->before == 0)
        forward_pairs(line, kind, x, y, index);
    else if (line->window <= DIRECT_FORWARD)
        forward_direct(line, kind, x, y, index);
    else
        forward_pieces(line, kind, x, y, index);
}

/* The index behind `c` channels. */
INLINE void *index_at(bool narrow, void *index, int64_t c) {
    return narrow ? (void *)((int8_t *)index + c) : (void *)((brood_index_t *)index + c);
}
INLINE const void *index_read_at(bool narrow, const void *index, int64_t c) {
    return narrow ? (const void *)((const int8_t *)index + c) : (const void *)((const brood_index_t *)index + c);
}

/* A line's vectors, as many side by side as there are: runs RUN(kind, c) for those from channel c on. */
#define ALL_VECTORS(lanes, kept_narrow, does_rectify, RUN)                                                             \
    do {                                                                                                               \
        int64_t c = 0;                                                                                                 \
        for (; c + 4 * LANES <= (lanes); c += 4 * LANES) RUN(((kind_t){4, LANES, kept_narrow, does_rectify}), c);      \
        for (; c + 2 * LANES <= (lanes); c += 2 * LANES) RUN(((kind_t){2, LANES, kept_narrow, does_rectify}), c);      \
        for (; c + LANES <= (lanes); c += LANES) RUN(((kind_t){1, LANES, kept_narrow, does_rectify}), c);              \
        if (c < (lanes)) RUN(((kind_t){1, (lanes)-c, kept_narrow, does_rectify}), c);                                  \
    } while (0)

INLINE void forward_all(const brood_line_t *line, bool narrow, bool rectifies, const brood_real_t *x, brood_real_t *y,
                        void *index) {
#define FORWARD(kind, c) forward_kind(line, kind, x + (c), y + (c), index_at(narrow, index, c))
    ALL_VECTORS(line->lanes, narrow, rectifies, FORWARD);
#undef FORWARD
}

void KERNEL(pool_line_forward)(const brood_line_t *line, const brood_real_t *x, brood_real_t *y, void *index) {
    if (line->narrow && line->rectifies)
        forward_all(line, true, true, x, y, index);
    else if (line->narrow)
        forward_all(line, true, false, x, y, index);
    else
        forward_all(line, false, line->rectifies, x, y, index);
}

/* Each position asks the outputs whose windows cover it. */
INLINE void backward_direct(const brood_line_t *line, kind_t kind, const brood_real_t *dy, const void *index,
                            brood_real_t *dx) {
    for (int64_t p = 0; p < line->positions; p++) {
        int64_t begin = brood_larger(p + line->before - line->window + 1, 0);
        int64_t end = brood_smaller(p + line->before + 1, line->positions);
        EACH_VECTOR (v) {
            lanes_t sum = lanes_set(0);
            for (int64_t o = begin; o < end; o++) {
                const int64_t at = o * line->step + v * LANES;
                lanes_index_t here = index_set((brood_index_t)(p - o + line->before));
                sum += lanes_masked(index_equal(load_index(kind, index, at), here), load(dy + at, kind.n));
            }
            put(dx + p * line->step + v * LANES, sum, kind.n);
        }
    }
}

/* Windows of two: what a gradient gives to the second position is carried to it. */
INLINE void backward_pairs(const brood_line_t *line, kind_t kind, const brood_real_t *dy, const void *index,
                           brood_real_t *dx) {
    const lanes_index_t first = index_set(0), second = index_set(1);
    lanes_t             carried[MOST_VECTORS];
    EACH_VECTOR (v) carried[v] = lanes_set(0);
    for (int64_t p = 0; p < line->positions; p++)
        EACH_VECTOR (v) {
            const int64_t at = p * line->step + v * LANES;
            lanes_index_t tap = load_index(kind, index, at);
            lanes_t       gradient = load(dy + at, kind.n);
            put(dx + at, carried[v] + lanes_masked(index_equal(tap, first), gradient), kind.n);
            carried[v] = lanes_masked(index_equal(tap, second), gradient);
        }
}

/* Each output's gradient is added where its maximum stands, lane by lane: what a window's length does not matter to,
   and without a branch on where maxima change. */
INLINE void backward_adds(const brood_line_t *line, kind_t kind, const brood_real_t *dy, const void *index,
                          brood_real_t *dx) {
    const int64_t step = line->step;
    for (int64_t p = 0; p < line->positions; p++) put(dx + p * step, lanes_set(0), kind.n);
    dx -= line->before * step;
    for (int64_t o = 0; o < line->positions; o++, dy += step, dx += step) {
        brood_index_t tap[LANES];
        brood_real_t  gradient[LANES];
        lanes_index_t at = load_index(kind, index, o * step);
        lanes_mask_t  nowhere = index_negative(at);
        /* What has no maximum adds nothing to where it would stand, which is in the line. */
        index_store(tap, index_select(nowhere, index_set((brood_index_t)line->before), at));
        lanes_store(gradient, lanes_select(nowhere, lanes_set(0), load(dy, kind.n)));
        for (int64_t lane = 0; lane < kind.n; lane++) dx[tap[lane] * step + lane] += gradient[lane];
    }
}

INLINE void backward_kind(const brood_line_t *line, kind_t kind, const brood_real_t *dy, const void *index,
                          brood_real_t *dx) {
    if (line->window == 2 && line->before == 0)
        backward_pairs(line, kind, dy, index, dx);
    else if (line->window <= DIRECT_BACKWARD)
        backward_direct(line, kind, dy, index, dx);
    else /* one by one: more lines of the cache at a time would not pay */
        for (int64_t v = 0; v < kind.vectors; v++)
            backward_adds(line, kind, dy + v * LANES, index_read_at(kind.narrow, index, v * LANES), dx + v * LANES);
}

INLINE void backward_all(const brood_line_t *line, bool narrow, const brood_real_t *dy, const void *index,
                         brood_real_t *dx) {
#define BACKWARD(kind, c) backward_kind(line, kind, dy + (c), index_read_at(narrow, index, c), dx + (c))
    ALL_VECTORS(line->lanes, narrow, false, BACKWARD);
#undef BACKWARD
}

void KERNEL(pool_line_backward)(const brood_line_t *line, const brood_real_t *dy, const void *index, brood_real_t *dx) {
    if (line->narrow)
        backward_all(line, true, dy, index, dx);
    else
        backward_all(line, false, dy, index, dx);
}

/* The size is of this window, which may be clipped: a constant where windows are whole and small. */
INLINE void window_forward(const brood_window_t *window, int64_t height, int64_t width, kind_t kind,
                           const brood_real_t *x, brood_real_t *y, void *index, int64_t at) {
    best_t best = {load(x, kind.n), index_set(0)};
    for (int64_t h = 0; h < height; h++)
        for (int64_t w = h == 0; w < width; w++) {
            best_t later = {load(x + h * window->row + w * window->channels, kind.n),
                            index_set((brood_index_t)(h * window->pitch + w))};
            best = follow(best, later);
        }
    finish(kind, best, 0, y, index, at);
}

INLINE void windows_forward(const brood_window_t *window, kind_t kind, const brood_real_t *x, brood_real_t *y,
                            void *index) {
    const int64_t height = window->height, width = window->width;
    for (int64_t i = 0; i < window->count; i++, x += window->advance) {
        if (height == 2 && width == 2)
            window_forward(window, 2, 2, kind, x, y, index, i * window->channels);
        else
            window_forward(window, height, width, kind, x, y, index, i * window->channels);
    }
}

void KERNEL(pool_window_forward)(const brood_window_t *window, const brood_real_t *x, brood_real_t *y, void *index) {
    const int64_t channels = window->channels;
    int64_t       c = 0;
    for (; window->narrow && c + LANES <= channels; c += LANES)
        windows_forward(window, (kind_t){1, LANES, true, window->rectifies}, x + c, y + c, index_at(true, index, c));
    for (; c < channels; c += LANES) {
        kind_t kind = {1, brood_smaller(LANES, channels - c), window->narrow, window->rectifies};
        windows_forward(window, kind, x + c, y + c, index_at(window->narrow, index, c));
    }
}

INLINE void window_backward(const brood_window_t *window, int64_t height, int64_t width, bool apart, kind_t kind,
                            lanes_t gradient, lanes_index_t chosen, brood_real_t *dx) {
    for (int64_t h = 0; h < height; h++)
        for (int64_t w = 0; w < width; w++) {
            brood_real_t *to = dx + h * window->row + w * window->channels;
            lanes_mask_t  here = index_equal(chosen, index_set((brood_index_t)(h * window->pitch + w)));
            lanes_t       sum = lanes_masked(here, gradient);
            if (!apart) sum += load(to, kind.n);
            put(to, sum, kind.n);
        }
}

INLINE void windows_backward(const brood_window_t *window, kind_t kind, const brood_real_t *dy, const void *index,
                             brood_real_t *dx) {
    const int64_t height = window->height, width = window->width;
    for (int64_t i = 0; i < window->count; i++, dx += window->advance, dy += window->channels) {
        lanes_t       gradient = load(dy, kind.n);
        lanes_index_t chosen = load_index(kind, index, i * window->channels);
        if (height == 2 && width == 2 && window->apart)
            window_backward(window, 2, 2, true, kind, gradient, chosen, dx);
        else
            window_backward(window, height, width, window->apart, kind, gradient, chosen, dx);
    }
}

void KERNEL(pool_window_backward)(const brood_window_t *window, const brood_real_t *dy, const void *index,
                                  brood_real_t *dx) {
    const int64_t channels = window->channels;
    int64_t       c = 0;
    for (; window->narrow && c + LANES <= channels; c += LANES)
        windows_backward(window, (kind_t){.vectors = 1, .n = LANES, .narrow = true}, dy + c,
                         index_read_at(true, index, c), dx + c);
    for (; c < channels; c += LANES) {
        kind_t kind = {.vectors = 1, .n = brood_smaller(LANES, channels - c), .narrow = window->narrow};
        windows_backward(window, kind, dy + c, index_read_at(window->narrow, index, c), dx + c);
    }
}
