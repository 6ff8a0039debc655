/* The passes of fast Fourier transforms over channels: lanes are channels, so that every butterfly is element-wise
   (Stockham's form: Cochran et al., IEEE Trans. Audio Electroacoust. 15, 1967). A pass goes from plane to plane; the
   outer ones of a transform read and write the image and the spectrum.

   A row's points of even and of odd place are the real and the imaginary part of one complex transform: the passes at
   the image read and write them so, and those at the spectrum take the two spectra apart, or put them together (Cooley,
   Lewis and Welch, J. Sound Vib. 12, 1970). The inverse is the same backwards, on numbers whose parts are swapped. */
#ifndef BROOD_NN_FOURIER_PASSES_H
#define BROOD_NN_FOURIER_PASSES_H

#include "butterflies.h"

#define ELEMENT (2 * (int64_t)LANES) /* of a plane in the workspace: real parts, imaginary parts */

/* The butterfly of one block with the turns that follow it. */
INLINE void butterfly(const int radix, const brood_fourier_pass_t *pass, int64_t block, complex_t x[]) {
    dft(radix, x);
    if (!pass->twiddles) return;
    const brood_real_t *twiddle = pass->twiddles + block * (radix - 1) * 2;
#pragma GCC unroll 16
    for (int k = 1; k < radix; k++, twiddle += 2) {
        lanes_t c = lanes_set(twiddle[0]), s = lanes_set(twiddle[1]);
        x[k] = (complex_t){lanes_fnma(s, x[k].im, c * x[k].re), lanes_fma(s, x[k].re, c * x[k].im)};
    }
}

INLINE complex_t element_load(const brood_real_t *p) {
    return (complex_t){lanes_load(p), lanes_load(p + LANES)};
}
INLINE void element_store(brood_real_t *p, complex_t x) {
    lanes_store(p, x.re);
    lanes_store(p + LANES, x.im);
}

/* What a pass works on: `columns` transforms side by side, in each of `rows` rows; elements of the planes. */
typedef struct {
    const brood_fourier_pass_t *pass;
    int64_t                     rows, columns;
    const brood_real_t         *from;
    brood_real_t               *to;
    int64_t                     from_row, from_step, to_row, to_step; /* from row to row, from point to point */
} along_t;

/* An image in memory, a group of its channels. */
typedef struct {
    const brood_fourier_window_t *window;
    bool                          line; /* the pass goes along its only row, not along its columns */
    int64_t                       lanes;
    const brood_real_t           *read;    /* by the forward transform */
    brood_real_t                 *written; /* by the inverse one: scale · result + bias */
    lanes_t                       scale, bias;
} image_t;

/* Its spectrum: [slot][real | imaginary, channels]. */
typedef struct {
    const brood_real_t *read;    /* by the inverse transform */
    brood_real_t       *written; /* by the forward one */
    const brood_real_t *turns;   /* brood_fourier_t's */
    int64_t             slot_pitch, channels, lanes;
} spectrum_t;

typedef void plane_pass_t(const along_t *along);
typedef void image_pass_t(const along_t *along, const image_t *image);
typedef void spectrum_pass_t(const along_t *along, const spectrum_t *spectrum);

INLINE void plane_pass(const int radix, const along_t *along) {
    const brood_fourier_pass_t *pass = along->pass;
    const int64_t               from_leap = pass->span * pass->blocks * along->from_step * ELEMENT;
    const int64_t               to_leap = pass->span * along->to_step * ELEMENT;
    for (int64_t row = 0; row < along->rows; row++)
        for (int64_t block = 0; block < pass->blocks; block++)
            for (int64_t q = 0; q < pass->span; q++) {
                const brood_real_t *from =
                    along->from + (row * along->from_row + (q + pass->span * block) * along->from_step) * ELEMENT;
                brood_real_t *to =
                    along->to + (row * along->to_row + (q + pass->span * radix * block) * along->to_step) * ELEMENT;
                for (int64_t column = 0; column < along->columns; column++, from += ELEMENT, to += ELEMENT) {
                    complex_t x[MAX_RADIX];
#pragma GCC unroll 16
                    for (int j = 0; j < radix; j++) x[j] = element_load(from + j * from_leap);
                    butterfly(radix, pass, block, x);
#pragma GCC unroll 16
                    for (int k = 0; k < radix; k++) element_store(to + k * to_leap, x[k]);
                }
            }
}

/* Where the point `at` of a pass in `column` lies in the image: the offset of the real part (even place); which parts
   are inside the window. */
typedef struct {
    int64_t offset;
    bool    re, im;
} place_t;

INLINE place_t place_of(const image_t *image, int64_t at, int64_t column) {
    const brood_fourier_window_t *window = image->window;
    const int64_t                 h = image->line ? 0 : at - window->begin[0];
    const int64_t                 w = (image->line ? 2 * at : 2 * (window->begin[1] / 2 + column)) - window->begin[1];
    const bool                    inside = h >= 0 && h < window->count[0];
    return (place_t){.offset = (h * window->count[1] + w) * window->stride,
                     .re = inside && w >= 0 && w < window->count[1],
                     .im = inside && w + 1 >= 0 && w + 1 < window->count[1]};
}

/* The first pass forward: span 1. */
INLINE void read_pass(const int radix, const along_t *along, const image_t *image) {
    const brood_fourier_pass_t *pass = along->pass;
    const int64_t               stride = image->window->stride, to_leap = along->to_step * ELEMENT;
    for (int64_t block = 0; block < pass->blocks; block++)
        for (int64_t column = 0; column < along->columns; column++) {
            complex_t x[MAX_RADIX];
#pragma GCC unroll 16
            for (int j = 0; j < radix; j++) {
                place_t from = place_of(image, block + pass->blocks * j, column);
                x[j] = (complex_t){NUMBER(0), NUMBER(0)};
                if (from.re) x[j].re = lanes_load_n(image->read + from.offset, image->lanes);
                if (from.im) x[j].im = lanes_load_n(image->read + from.offset + stride, image->lanes);
            }
            butterfly(radix, pass, block, x);
            brood_real_t *to = along->to + (radix * block * along->to_step + column) * ELEMENT;
#pragma GCC unroll 16
            for (int k = 0; k < radix; k++) element_store(to + k * to_leap, x[k]);
        }
}

/* The last pass of the inverse: blocks 1. */
INLINE void write_pass(const int radix, const along_t *along, const image_t *image) {
    const brood_fourier_pass_t *pass = along->pass;
    const int64_t               stride = image->window->stride, from_leap = pass->span * along->from_step * ELEMENT;
    for (int64_t q = 0; q < pass->span; q++)
        for (int64_t column = 0; column < along->columns; column++) {
            const brood_real_t *from = along->from + (q * along->from_step + column) * ELEMENT;
            complex_t           x[MAX_RADIX];
#pragma GCC unroll 16
            for (int j = 0; j < radix; j++) x[j] = element_load(from + j * from_leap);
            dft(radix, x);
#pragma GCC unroll 16
            for (int k = 0; k < radix; k++) {
                place_t to = place_of(image, q + pass->span * k, column);
                lanes_t re = lanes_fma(x[k].im, image->scale, image->bias);
                lanes_t im = lanes_fma(x[k].re, image->scale, image->bias);
                if (to.re) lanes_store_n(image->written + to.offset, re, image->lanes);
                if (to.im) lanes_store_n(image->written + to.offset + stride, im, image->lanes);
            }
        }
}

/* A slot of the next butterfly, far from those of this one. A vector may lie in two lines of the cache. */
INLINE void fetch_slot(const spectrum_t *spectrum, const brood_real_t *slot, const bool to_write) {
    for (int part = 0; part < 2; part++, slot += spectrum->channels) {
        const brood_real_t *last = slot + spectrum->lanes - 1;
        if (to_write) {
            FETCH_TO_WRITE(slot);
            FETCH_TO_WRITE(last);
        } else {
            FETCH(slot);
            FETCH(last);
        }
    }
}

/* With E and O the spectra of the even and the odd places, Z = E + iO at a frequency k and at its mirror image:
   2E = Z(k) + Z̄(−k), 2iO = Z(k) − Z̄(−k); 2X = 2E ± t 2O at k (first slot) and at k + the transform's points (second
   slot), t = exp(−2πi k / row's points). Returns what is behind the slots. */
INLINE brood_real_t *take_apart(const spectrum_t *spectrum, brood_real_t *slot, int64_t place, const bool single,
                                complex_t z, complex_t mirror) {
    const int64_t channels = spectrum->channels;
    const lanes_t c = lanes_set(spectrum->turns[2 * place]), s = lanes_set(spectrum->turns[2 * place + 1]);
    complex_t     even = {z.re + mirror.re, z.im - mirror.im}, odd = {z.im + mirror.im, mirror.re - z.re};
    complex_t     turned_odd = {lanes_fnma(s, odd.im, c * odd.re), lanes_fma(s, odd.re, c * odd.im)};
    lanes_store_n(slot, even.re + turned_odd.re, spectrum->lanes);
    lanes_store_n(slot + channels, even.im + turned_odd.im, spectrum->lanes);
    slot += spectrum->slot_pitch;
    if (single) return slot;
    lanes_store_n(slot, even.re - turned_odd.re, spectrum->lanes);
    lanes_store_n(slot + channels, even.im - turned_odd.im, spectrum->lanes);
    return slot + spectrum->slot_pitch;
}

/* Twice Z at both frequencies, the parts swapped. */
INLINE const brood_real_t *put_together(const spectrum_t *spectrum, const brood_real_t *slot, int64_t place,
                                        const bool single, complex_t *z, complex_t *mirror) {
    const int64_t channels = spectrum->channels;
    const lanes_t c = lanes_set(spectrum->turns[2 * place]), s = lanes_set(spectrum->turns[2 * place + 1]);
    complex_t     a = {lanes_load_n(slot, spectrum->lanes), lanes_load_n(slot + channels, spectrum->lanes)}, b;
    slot += spectrum->slot_pitch;
    if (single) {
        b = (complex_t){a.re, -a.im};
    } else {
        b = (complex_t){lanes_load_n(slot, spectrum->lanes), lanes_load_n(slot + channels, spectrum->lanes)};
        slot += spectrum->slot_pitch;
    }
    complex_t even = {a.re + b.re, a.im + b.im}, turned_odd = {a.re - b.re, a.im - b.im};
    complex_t odd = {lanes_fma(s, turned_odd.im, c * turned_odd.re), lanes_fnma(s, turned_odd.re, c * turned_odd.im)};
    *mirror = (complex_t){odd.re - even.im, even.re + odd.im};
    *z = (complex_t){even.im + odd.re, even.re - odd.im}; /* may be the same place */
    return slot;
}

/* Which output of the mirrored butterfly is the mirror image of output k; butterfly q = 0 mirrors itself. */
INLINE int mirrored(const int radix, const bool first, const int k) {
    return first ? (radix - k) % radix : radix - 1 - k;
}

/* Pairs of outputs that mirror each other: within a butterfly that is its own mirror image, or of two. */
INLINE int pairs_of(const int radix, const bool first, const bool own) {
    return !own ? radix : first ? radix / 2 + 1 : (radix + 1) / 2;
}

/* The frequency that is its own mirror image and not 0: its two slots would be each other's conjugates. */
INLINE bool is_single(const int radix, const bool first, const bool own, const int k) {
    return own && mirrored(radix, first, k) == k && !(first && k == 0);
}

/* Of the next butterfly, which may have less slots; `slot` is the first of this one. */
INLINE void fetch_butterfly(const int radix, const int pairs, const spectrum_t *spectrum, const brood_real_t *slot,
                            const bool to_write) {
    slot += 2 * pairs * spectrum->slot_pitch;
#pragma GCC unroll 32
    for (int k = 0; k < 2 * radix; k++) fetch_slot(spectrum, slot + k * spectrum->slot_pitch, to_write);
}

INLINE brood_real_t *take_butterfly(const int radix, const bool first, const bool own, const spectrum_t *spectrum,
                                    int64_t q, int64_t span, const complex_t x[], const complex_t mirror[],
                                    brood_real_t *slot) {
    const int pairs = pairs_of(radix, first, own);
    fetch_butterfly(radix, pairs, spectrum, slot, true);
#pragma GCC unroll 16
    for (int k = 0; k < pairs; k++)
        slot = take_apart(spectrum, slot, q + span * k, is_single(radix, first, own, k), x[k],
                          mirror[mirrored(radix, first, k)]);
    return slot;
}

INLINE const brood_real_t *put_butterfly(const int radix, const bool first, const bool own, const spectrum_t *spectrum,
                                         int64_t q, int64_t span, const brood_real_t *slot, complex_t x[],
                                         complex_t mirror[]) {
    const int pairs = pairs_of(radix, first, own);
    fetch_butterfly(radix, pairs, spectrum, slot, false);
#pragma GCC unroll 16
    for (int k = 0; k < pairs; k++)
        slot = put_together(spectrum, slot, q + span * k, is_single(radix, first, own, k), &x[k],
                            &mirror[mirrored(radix, first, k)]);
    return slot;
}

/* Walks over the butterflies of a pass along the rows of the plane, mirrored ones together: of rows k and
   height − k, of places q and span − q. */
typedef struct {
    int64_t row, mirrored_row, q, mirrored_q;
    bool    first, own; /* q = 0; it mirrors itself */
} mirror_t;

INLINE bool next_mirror(int64_t rows, int64_t span, mirror_t *at) {
    bool own_row = at->row == at->mirrored_row;
    at->q++;
    if (at->q >= (own_row ? span / 2 + 1 : span)) {
        at->q = 0;
        at->row++;
        at->mirrored_row = rows - at->row;
        own_row = at->row == at->mirrored_row;
    }
    at->first = at->q == 0;
    at->mirrored_q = at->first ? 0 : span - at->q;
    at->own = own_row && at->q == at->mirrored_q;
    return at->row <= at->mirrored_row;
}

static const mirror_t first_mirror = {.first = true, .own = true};

/* The last pass forward: blocks 1, along rows. */
INLINE void take_pass(const int radix, const along_t *along, const spectrum_t *spectrum) {
    const int64_t span = along->pass->span, leap = span * ELEMENT;
    brood_real_t *slot = spectrum->written;
    mirror_t      at = first_mirror;
    do {
        const brood_real_t *from = along->from + (at.row * along->from_row + at.q) * ELEMENT;
        complex_t           x[MAX_RADIX], mirror[MAX_RADIX];
#pragma GCC unroll 16
        for (int j = 0; j < radix; j++) x[j] = element_load(from + j * leap);
        dft(radix, x);
        if (at.own) {
            slot = at.first ? take_butterfly(radix, true, true, spectrum, at.q, span, x, x, slot)
                            : take_butterfly(radix, false, true, spectrum, at.q, span, x, x, slot);
            continue;
        }
        from = along->from + (at.mirrored_row * along->from_row + at.mirrored_q) * ELEMENT;
#pragma GCC unroll 16
        for (int j = 0; j < radix; j++) mirror[j] = element_load(from + j * leap);
        dft(radix, mirror);
        slot = at.first ? take_butterfly(radix, true, false, spectrum, at.q, span, x, mirror, slot)
                        : take_butterfly(radix, false, false, spectrum, at.q, span, x, mirror, slot);
    } while (next_mirror(along->rows, span, &at));
}

/* The first pass of the inverse, the same backwards: span 1, and what was q is the block. */
INLINE void put_pass(const int radix, const along_t *along, const spectrum_t *spectrum) {
    const brood_fourier_pass_t *pass = along->pass;
    const brood_real_t         *slot = spectrum->read;
    mirror_t                    at = first_mirror;
    do {
        complex_t x[MAX_RADIX], mirror[MAX_RADIX];
        if (at.own)
            slot = at.first ? put_butterfly(radix, true, true, spectrum, at.q, pass->blocks, slot, x, x)
                            : put_butterfly(radix, false, true, spectrum, at.q, pass->blocks, slot, x, x);
        else
            slot = at.first ? put_butterfly(radix, true, false, spectrum, at.q, pass->blocks, slot, x, mirror)
                            : put_butterfly(radix, false, false, spectrum, at.q, pass->blocks, slot, x, mirror);
        butterfly(radix, pass, at.q, x);
        brood_real_t *to = along->to + (at.row * along->to_row + radix * at.q) * ELEMENT;
#pragma GCC unroll 16
        for (int k = 0; k < radix; k++) element_store(to + k * ELEMENT, x[k]);
        if (at.own) continue;
        butterfly(radix, pass, at.mirrored_q, mirror);
        to = along->to + (at.mirrored_row * along->to_row + radix * at.mirrored_q) * ELEMENT;
#pragma GCC unroll 16
        for (int k = 0; k < radix; k++) element_store(to + k * ELEMENT, mirror[k]);
    } while (next_mirror(along->rows, pass->blocks, &at));
}

#define RADICES(X) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(10) X(12) X(16)

#define PASSES(radix)                                                                                                  \
    static void plane_pass_##radix(const along_t *along) {                                                             \
        plane_pass(radix, along);                                                                                      \
    }                                                                                                                  \
    static void read_pass_##radix(const along_t *along, const image_t *image) {                                        \
        read_pass(radix, along, image);                                                                                \
    }                                                                                                                  \
    static void write_pass_##radix(const along_t *along, const image_t *image) {                                       \
        write_pass(radix, along, image);                                                                               \
    }                                                                                                                  \
    static void take_pass_##radix(const along_t *along, const spectrum_t *spectrum) {                                  \
        take_pass(radix, along, spectrum);                                                                             \
    }                                                                                                                  \
    static void put_pass_##radix(const along_t *along, const spectrum_t *spectrum) {                                   \
        put_pass(radix, along, spectrum);                                                                              \
    }
RADICES(PASSES)
#undef PASSES

static const struct {
    plane_pass_t    *plane;
    image_pass_t    *read, *write;
    spectrum_pass_t *take, *put;
} passes[MAX_RADIX + 1] = {
#define ENTRY(radix)                                                                                                   \
    [radix] = {plane_pass_##radix, read_pass_##radix, write_pass_##radix, take_pass_##radix, put_pass_##radix},
    RADICES(ENTRY)
#undef ENTRY
};

#endif
