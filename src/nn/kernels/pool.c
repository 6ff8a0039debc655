/* Max-pooling along a line, with stride 1. */
#include <string.h>

#include "brood/util/bound.h"
#include "path.h"
#include "pool_best.h"

/* Vectors of a line that are pooled side by side, so that memory is read and written in order. */
#define MOST_VECTORS   4
#define EACH_VECTOR(v) _Pragma("GCC unroll 4") for (int64_t v = 0; v < kind.vectors; v++)

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
                EACH_VECTOR (v) FETCH_TO_WRITE(y + ahead + offset(kind, v));
                FETCH_TO_WRITE(index_read_at(kind.narrow, index, ahead));
            }
            /* Before the one that it shares lanes with is replaced: memory just written in part is slow to read. (To
               replace a suffix twice would change nothing.) */
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
    else if (line->window <= BROOD_POOL_DIRECT_FORWARD)
        forward_direct(line, kind, x, y, index);
    else
        forward_pieces(line, kind, x, y, index);
}

/* A line's vectors, as many side by side as there are: runs RUN(kind, c) for those from channel c on. */
#define SOME_VECTORS(count, left, kept_narrow, does_rectify)                                                           \
    ((kind_t){.vectors = count,                                                                                        \
              .last = brood_smaller(left, (count)*LANES) - LANES,                                                      \
              .n = LANES,                                                                                              \
              .narrow = kept_narrow,                                                                                   \
              .rectifies = does_rectify})
#define ALL_VECTORS(lanes, kept_narrow, does_rectify, RUN)                                                             \
    do {                                                                                                               \
        if ((lanes) < LANES) {                                                                                         \
            RUN(((kind_t){.vectors = 1, .n = lanes, .narrow = kept_narrow, .rectifies = does_rectify}), 0);            \
            break;                                                                                                     \
        }                                                                                                              \
        for (int64_t c = 0; c < (lanes); c += MOST_VECTORS * LANES) {                                                  \
            const int64_t left = (lanes)-c;                                                                            \
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

/* Longer windows. Along a line a maximum rests where it is or moves on: a channel's gradients are summed in the order
   of outputs while it rests. */
typedef struct {
    lanes_t       sum;
    lanes_index_t at; /* in the line */
} resting_t;

/* What moved is listed, sum and place, without a branch, since lanes move when they like; and added there after so many
   outputs. */
#define OUTPUTS_LISTED 16
typedef struct {
    brood_real_t  sums[(OUTPUTS_LISTED + 1) * LANES];
    brood_index_t places[(OUTPUTS_LISTED + 1) * LANES];
} list_t;

/* Returns how many are listed then. */
INLINE int64_t list(list_t *to, int64_t listed, unsigned bits, resting_t resting, lanes_index_t steps) {
    lanes_pack(bits, resting.sum, to->sums + listed);
    index_pack(bits, index_fma(resting.at, steps, index_iota()), to->places + listed);
    return listed + __builtin_popcount(bits);
}

/* Of outputs begin … end − 1, and of the lanes of a vector that the bits name. */
INLINE resting_t backward_runs(const brood_line_t *line, kind_t kind, unsigned bits, int64_t begin, int64_t end,
                               resting_t resting, const brood_real_t *dy, const void *index, brood_real_t *dx) {
    const int64_t       step = line->step;
    const lanes_index_t steps = index_set((brood_index_t)step);
    lanes_index_t       first = index_set((brood_index_t)(begin - line->before));
    list_t              moved;
    int64_t             listed = 0;
    for (int64_t o = begin; o < end; o++) {
        lanes_index_t tap = load_index(kind, index, o * step, 0);
        lanes_mask_t  nowhere = index_negative(tap);
        lanes_index_t at = index_select(nowhere, resting.at, index_add(tap, first));
        lanes_mask_t  rests = index_equal(at, resting.at);
        lanes_t       gradient = lanes_select(nowhere, lanes_set(0), load(kind, dy + o * step, 0));
        listed = list(&moved, listed, ~mask_bits(rests) & bits, resting, steps);
        resting = (resting_t){lanes_masked(rests, resting.sum) + gradient, at};
        first = index_add(first, index_set(1));
    }
    if (end == line->positions) listed = list(&moved, listed, bits, resting, steps);
    for (int64_t i = 0; i < listed; i++) dx[moved.places[i]] += moved.sums[i];
    return resting;
}

/* The next outputs of some lanes are made when this is done with all their vectors: in the order of memory. Not inline,
   since it would take registers from the others. */
#define LONG_VECTORS 16
static __attribute__((noinline)) void backward_long(const brood_line_t *line, int64_t from, int64_t to,
                                                    const brood_real_t *dy, const void *index, brood_real_t *dx) {
    const int64_t positions = line->positions, step = line->step, lanes = to - from;
    const kind_t  kind = {.vectors = 1, .n = brood_smaller(LANES, line->lanes), .narrow = line->narrow};
    const kind_t  usual = {.vectors = 1, .n = LANES, .narrow = true};
    resting_t     resting[LONG_VECTORS];
    for (int v = 0; v < LONG_VECTORS; v++) resting[v] = (resting_t){lanes_set(0), index_set(0)};
    for (int64_t begin = 0, zeroed = 0; begin < positions; begin += OUTPUTS_LISTED) {
        const int64_t end = brood_smaller(begin + OUTPUTS_LISTED, positions);
        /* Where the maxima of these outputs may stand, and no further, so that it is still near when they are added. */
        const int64_t reached = brood_smaller(end - 1 - line->before + line->window, positions);
        for (; zeroed < reached; zeroed++) memset(dx + zeroed * step + from, 0, (size_t)lanes * sizeof *dx);
        for (int64_t o = end; o < brood_smaller(end + OUTPUTS_LISTED, positions); o++) {
            fetch_all(dy + o * step + from, lanes * (int64_t)sizeof *dy);
            fetch_all(index_read_at(line->narrow, index, o * step + from),
                      lanes * (int64_t)(line->narrow ? sizeof(int8_t) : sizeof(brood_index_t)));
        }
        for (int64_t c = from; c < to; c += LANES) {
            /* The last vector begins earlier where it would not be whole, and leaves out what the one before it has. */
            const int64_t  n = brood_smaller(LANES, to - c), at = brood_larger(0, c + n - LANES);
            const unsigned bits = ((1u << n) - 1) << (c - at);
            const void    *taps = index_read_at(line->narrow, index, at);
            resting_t     *of = &resting[(c - from) / LANES];
            if (line->narrow && line->lanes >= LANES)
                *of = backward_runs(line, usual, bits, begin, end, *of, dy + at, taps, dx + at);
            else
                *of = backward_runs(line, kind, bits, begin, end, *of, dy + at, taps, dx + at);
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
    if (line->window > BROOD_POOL_DIRECT_BACKWARD)
        for (int64_t c = 0; c < line->lanes; c += LONG_VECTORS * LANES)
            backward_long(line, c, brood_smaller(c + LONG_VECTORS * LANES, line->lanes), dy, index, dx);
    else if (line->narrow)
        backward_all(line, true, dy, index, dx);
    else
        backward_all(line, false, dy, index, dx);
}
