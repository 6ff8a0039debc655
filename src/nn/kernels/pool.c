/* Maxima that know where in their window they stand. Of equals the first wins: an earlier number keeps its place unless
   a later one is larger. */

#include <string.h>

#include "brood/util/bound.h"
#include "lanes.h"
#include "path.h"

/* Up to this window every output looks at every position of its window; from there on the work of van Herk and of Gil
   and Werman, three comparisons an output, is less. */
#define DIRECT_FORWARD 3
/* Up to this one every position asks all outputs whose windows cover it; from there on gradients are summed as long as
   a maximum rests, which gives the same bits: sums begin at +0 and take outputs in order. (That maxima only move
   forwards does not hold beside NaN: every path has the same bound.) */
#define DIRECT_BACKWARD 8

/* Vectors of a line that are pooled side by side, so that memory is read and written in order. */
#define MOST_VECTORS   4
#define EACH_VECTOR(v) _Pragma("GCC unroll 4") for (int64_t v = 0; v < kind.vectors; v++)

/* Constant where it is used but for `last`, so that each case is compiled apart. */
typedef struct {
    int64_t vectors;
    int64_t last;   /* where the last begins: nearer than LANES to the one before it where less than LANES are left */
    int64_t n;      /* lanes of a line that has less than LANES, else LANES */
    bool    narrow; /* int8_t is kept, else brood_index_t */
    bool    rectifies;
} kind_t;

typedef struct {
    lanes_t       value;
    lanes_index_t at; /* in the line, or in its window */
} best_t;

/* Of the v-th vector. */
INLINE int64_t offset(kind_t kind, int64_t v) {
    return v + 1 < kind.vectors ? v * LANES : kind.last;
}

INLINE lanes_t load(kind_t kind, const brood_real_t *p, int64_t v) {
    p += offset(kind, v);
    return kind.n == LANES ? lanes_load(p) : lanes_load_n(p, kind.n);
}
INLINE void put(kind_t kind, brood_real_t *p, int64_t v, lanes_t value) {
    p += offset(kind, v);
    if (kind.n == LANES)
        lanes_store(p, value);
    else
        lanes_store_n(p, value, kind.n);
}

INLINE lanes_index_t load_index(kind_t kind, const void *index, int64_t at, int64_t v) {
    at += offset(kind, v);
    if (kind.narrow) return taps_load_n((const int8_t *)index + at, kind.n);
    const brood_index_t *p = (const brood_index_t *)index + at;
    return kind.n == LANES ? index_load(p) : index_load_n(p, kind.n);
}
INLINE void put_index(kind_t kind, void *index, int64_t at, int64_t v, lanes_index_t value) {
    at += offset(kind, v);
    if (kind.narrow) {
        taps_store_n((int8_t *)index + at, value, kind.n);
        return;
    }
    brood_index_t *p = (brood_index_t *)index + at;
    if (kind.n == LANES)
        index_store(p, value);
    else
        index_store_n(p, value, kind.n);
}

/* The index behind `c` channels. */
INLINE void *index_at(bool narrow, void *index, int64_t c) {
    return narrow ? (void *)((int8_t *)index + c) : (void *)((brood_index_t *)index + c);
}
INLINE const void *index_read_at(bool narrow, const void *index, int64_t c) {
    return narrow ? (const void *)((const int8_t *)index + c) : (const void *)((const brood_index_t *)index + c);
}

/* `later` stands behind `best` and replaces it where it is larger. */
INLINE best_t follow(best_t best, best_t later) {
    lanes_mask_t larger = lanes_less(best.value, later.value);
    return (best_t){lanes_select(larger, later.value, best.value), index_select(larger, later.at, best.at)};
}

/* What becomes of a window's best: at its place `first` + tap of the line, to memory. */
INLINE void finish(kind_t kind, best_t best, int64_t first, brood_real_t *y, void *index, int64_t at, int64_t v) {
    lanes_index_t tap = index_add(best.at, index_set((brood_index_t)-first));
    if (kind.rectifies) {
        const lanes_t zero = lanes_set(0);
        lanes_mask_t  above = lanes_less(zero, best.value), below = lanes_less(best.value, zero);
        tap = index_select(above, tap, index_set(BROOD_NOWHERE));
        best.value = lanes_select(below, zero, best.value) + zero; /* NaN stays NaN, and −0 becomes 0 */
    }
    put(kind, y + at, v, best.value);
    put_index(kind, index, at, v, tap);
}

INLINE best_t element(const brood_line_t *line, kind_t kind, const brood_real_t *x, int64_t position, int64_t v) {
    return (best_t){load(kind, x + position * line->step, v), index_set((brood_index_t)position)};
}

/* Windows of two: each position is read once. */
INLINE void forward_pairs(const brood_line_t *line, kind_t kind, const brood_real_t *x, brood_real_t *y, void *index) {
    const int64_t last = line->positions - 1; /* its window has one position */
    best_t        here[MOST_VECTORS];
    EACH_VECTOR (v) here[v] = element(line, kind, x, line->begin, v);
    for (int64_t o = line->begin; o < brood_smaller(line->end, last); o++)
        EACH_VECTOR (v) {
            best_t next = element(line, kind, x, o + 1, v);
            finish(kind, follow(here[v], next), o, y, index, o * line->step, v);
            here[v] = next;
        }
    if (line->end <= last) return;
    EACH_VECTOR (v) finish(kind, here[v], last, y, index, last * line->step, v);
}

INLINE void forward_direct(const brood_line_t *line, kind_t kind, const brood_real_t *x, brood_real_t *y, void *index) {
    for (int64_t o = line->begin; o < line->end; o++) {
        int64_t first = o - line->before, begin = brood_larger(first, 0),
                end = brood_smaller(first + line->window, line->positions);
        EACH_VECTOR (v) {
            best_t best = element(line, kind, x, begin, v);
            for (int64_t p = begin + 1; p < end; p++) best = follow(best, element(line, kind, x, p, v));
            finish(kind, best, first, y, index, o * line->step, v);
        }
    }
}

INLINE best_t suffix_at(kind_t kind, int64_t first, const brood_real_t *y, const void *index, int64_t at, int64_t v) {
    lanes_index_t tap = load_index(kind, index, at, v);
    return (best_t){load(kind, y + at, v), index_add(tap, index_set((brood_index_t)first))};
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
                        finish(kind, best[v], p, y, index, at, v);
                    else
                        finish(part, best[v], p, y, index, at, v);
                }
            if (p == piece) break;
        }
        const int64_t end = brood_smaller(next, ends) + line->window - 1;
        if (next >= brood_smaller(positions, end)) continue;
        EACH_VECTOR (v) best[v] = element(line, kind, x, next, v); /* of the prefix */
        for (int64_t p = next; p < end; p++) {
            const int64_t first = p - line->window + 1, at = (first + before) * step;
            if (first + line->window < ends) { /* what is written with the next suffix, from its end on */
                const int64_t ahead = at + line->window * step;
                EACH_VECTOR (v) __builtin_prefetch(y + ahead + offset(kind, v), 1);
                __builtin_prefetch(index_read_at(kind.narrow, index, ahead), 1);
            }
            /* Before the one that it shares lanes with is replaced: memory just written in part is slow to read. */
            const best_t last_suffix = suffix_at(kind, first, y, index, at, kind.vectors - 1);
            EACH_VECTOR (v) {
                if (p > next && p < positions) best[v] = follow(best[v], element(line, kind, x, p, v));
                best_t suffix = v + 1 < kind.vectors ? suffix_at(kind, first, y, index, at, v) : last_suffix;
                finish(kind, follow(suffix, best[v]), first, y, index, at, v);
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

/* A line's vectors, as many side by side as there are: runs RUN(kind, c) for those from channel c on. */
#define SOME_VECTORS(vectors, left, kept_narrow, does_rectify)                                                         \
    ((kind_t){vectors, (left) < (vectors)*LANES ? (left)-LANES : ((vectors)-1) * LANES, LANES, kept_narrow,            \
              does_rectify})
#define ALL_VECTORS(lanes, kept_narrow, does_rectify, RUN)                                                             \
    do {                                                                                                               \
        if ((lanes) < LANES) RUN(((kind_t){1, 0, lanes, kept_narrow, does_rectify}), 0);                               \
        for (int64_t c = 0, left; (lanes) >= LANES && (left = (lanes)-c) > 0; c += 4 * LANES) {                        \
            if (left > 3 * LANES)                                                                                      \
                RUN(SOME_VECTORS(4, left, kept_narrow, does_rectify), c);                                              \
            else if (left > 2 * LANES)                                                                                 \
                RUN(SOME_VECTORS(3, left, kept_narrow, does_rectify), c);                                              \
            else if (left > LANES)                                                                                     \
                RUN(SOME_VECTORS(2, left, kept_narrow, does_rectify), c);                                              \
            else                                                                                                       \
                RUN(SOME_VECTORS(1, left, kept_narrow, does_rectify), c);                                              \
        }                                                                                                              \
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
                const int64_t at = o * line->step;
                lanes_index_t here = index_set((brood_index_t)(p - o + line->before));
                sum += lanes_masked(index_equal(load_index(kind, index, at, v), here), load(kind, dy + at, v));
            }
            put(kind, dx + p * line->step, v, sum);
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
            const int64_t at = p * line->step;
            lanes_index_t tap = load_index(kind, index, at, v);
            lanes_t       gradient = load(kind, dy + at, v);
            put(kind, dx + at, v, carried[v] + lanes_masked(index_equal(tap, first), gradient));
            carried[v] = lanes_masked(index_equal(tap, second), gradient);
        }
}

/* Long windows. Along a line a maximum rests where it is or moves on. A lane's gradients are summed in the order of
   outputs while it rests; when it moves the sum and its place are listed, without a branch, since lanes move when they
   like, and added there a little later. */
#define OUTPUTS_LISTED 16
typedef struct {
    lanes_t       sum;
    lanes_index_t at; /* in the line */
} resting_t;

/* Of outputs begin … end − 1 of some lanes of a vector. */
INLINE resting_t backward_runs(const brood_line_t *line, kind_t kind, unsigned lanes, int64_t begin, int64_t end,
                               resting_t resting, const brood_real_t *dy, const void *index, brood_real_t *dx) {
    const int64_t       step = line->step;
    const lanes_index_t steps = index_set((brood_index_t)step), lane = index_iota();
    brood_real_t        sum[(OUTPUTS_LISTED + 1) * LANES];
    brood_index_t       place[(OUTPUTS_LISTED + 1) * LANES];
    int64_t             listed = 0;
    lanes_index_t       first = index_set((brood_index_t)(begin - line->before));
    for (int64_t o = begin; o < end; o++) {
        lanes_index_t tap = load_index(kind, index, o * step, 0);
        lanes_mask_t  nowhere = index_negative(tap);
        lanes_index_t at = index_select(nowhere, resting.at, index_add(tap, first));
        lanes_mask_t  rests = index_equal(at, resting.at);
        unsigned      moves = ~mask_bits(rests) & lanes;
        lanes_pack(moves, resting.sum, sum + listed);
        index_pack(moves, index_fma(resting.at, steps, lane), place + listed);
        listed += __builtin_popcount(moves);
        resting.sum =
            lanes_masked(rests, resting.sum) + lanes_select(nowhere, lanes_set(0), load(kind, dy + o * step, 0));
        resting.at = at;
        first = index_add(first, index_set(1));
    }
    if (end == line->positions) {
        lanes_pack(lanes, resting.sum, sum + listed);
        index_pack(lanes, index_fma(resting.at, steps, lane), place + listed);
        listed += __builtin_popcount(lanes);
    }
    for (int64_t i = 0; i < listed; i++) dx[place[i]] += sum[i];
    return resting;
}

/* Into the cache, which does not see by itself what is read next where rows of several vectors take turns. */
INLINE void fetch(const void *begin, int64_t bytes) {
    for (int64_t at = 0; at < bytes; at += 64) __builtin_prefetch((const char *)begin + at);
}

/* A few outputs of all vectors, and the next ones, so that memory is read and written in order. */
static __attribute__((noinline)) void backward_long(const brood_line_t *line, bool narrow, const brood_real_t *dy,
                                                    const void *index, brood_real_t *dx) {
    enum { MOST = 16 };
    for (int64_t from = 0; from < line->lanes; from += MOST * LANES) {
        const int64_t to = brood_smaller(from + MOST * LANES, line->lanes);
        resting_t     resting[MOST];
        for (int v = 0; v < MOST; v++) resting[v] = (resting_t){lanes_set(0), index_set(0)};
        int64_t zeroed = 0;
        for (int64_t begin = 0; begin < line->positions; begin += OUTPUTS_LISTED) {
            const int64_t end = brood_smaller(begin + OUTPUTS_LISTED, line->positions);
            const int64_t reached = brood_smaller(end - 1 - line->before + line->window, line->positions);
            for (; zeroed < reached; zeroed++)
                memset(dx + zeroed * line->step + from, 0, (size_t)(to - from) * sizeof *dx);
            for (int64_t o = end; o < brood_smaller(end + OUTPUTS_LISTED, line->positions); o++) {
                const int64_t next = o * line->step + from;
                fetch(dy + next, (to - from) * (int64_t)sizeof *dy);
                fetch(index_read_at(narrow, index, next), (to - from) * (int64_t)(narrow ? 1 : sizeof(brood_index_t)));
            }
            for (int64_t c = from; c < to; c += LANES) {
                resting_t     *of = &resting[(c - from) / LANES];
                const int64_t  n = brood_smaller(LANES, to - c), at = brood_larger(0, c + n - LANES);
                const unsigned lanes = ((1u << n) - 1) << (c - at); /* not those of the vector before */
                const void    *chosen = index_read_at(narrow, index, at);
                if (line->lanes >= LANES)
                    *of = backward_runs(line, (kind_t){1, 0, LANES, narrow, false}, lanes, begin, end, *of, dy + at,
                                        chosen, dx + at);
                else
                    *of = backward_runs(line, (kind_t){1, 0, n, narrow, false}, lanes, begin, end, *of, dy + at, chosen,
                                        dx + at);
            }
        }
    }
}

INLINE void backward_kind(const brood_line_t *line, kind_t kind, const brood_real_t *dy, const void *index,
                          brood_real_t *dx) {
    if (line->window == 2 && line->before == 0)
        backward_pairs(line, kind, dy, index, dx);
    else
        backward_direct(line, kind, dy, index, dx);
}

INLINE void backward_all(const brood_line_t *line, bool narrow, const brood_real_t *dy, const void *index,
                         brood_real_t *dx) {
#define BACKWARD(kind, c) backward_kind(line, kind, dy + (c), index_read_at(narrow, index, c), dx + (c))
    ALL_VECTORS(line->lanes, narrow, false, BACKWARD);
#undef BACKWARD
}

void KERNEL(pool_line_backward)(const brood_line_t *line, const brood_real_t *dy, const void *index, brood_real_t *dx) {
    const bool is_long = line->window > DIRECT_BACKWARD;
    if (is_long && line->narrow)
        backward_long(line, true, dy, index, dx);
    else if (is_long)
        backward_long(line, false, dy, index, dx);
    else if (line->narrow)
        backward_all(line, true, dy, index, dx);
    else
        backward_all(line, false, dy, index, dx);
}

/* The size is of this window, which may be clipped: a constant where windows are whole and small. */
INLINE void window_forward(const brood_window_t *window, int64_t height, int64_t width, kind_t kind,
                           const brood_real_t *x, brood_real_t *y, void *index, int64_t at) {
    best_t best = {load(kind, x, 0), index_set(0)};
    for (int64_t h = 0; h < height; h++)
        for (int64_t w = h == 0; w < width; w++) {
            best_t later = {load(kind, x + h * window->row + w * window->channels, 0),
                            index_set((brood_index_t)(h * window->pitch + w))};
            best = follow(best, later);
        }
    finish(kind, best, 0, y, index, at, 0);
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
        windows_forward(window, (kind_t){1, 0, LANES, true, window->rectifies}, x + c, y + c, index_at(true, index, c));
    for (; c < channels; c += LANES) {
        kind_t kind = {1, 0, brood_smaller(LANES, channels - c), window->narrow, window->rectifies};
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
            if (!apart) sum += load(kind, to, 0);
            put(kind, to, 0, sum);
        }
}

INLINE void windows_backward(const brood_window_t *window, kind_t kind, const brood_real_t *dy, const void *index,
                             brood_real_t *dx) {
    const int64_t height = window->height, width = window->width;
    for (int64_t i = 0; i < window->count; i++, dx += window->advance, dy += window->channels) {
        lanes_t       gradient = load(kind, dy, 0);
        lanes_index_t chosen = load_index(kind, index, i * window->channels, 0);
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
