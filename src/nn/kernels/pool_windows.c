/* Max-pooling window by window. */
#include "brood/util/bound.h"
#include "path.h"
#include "pool_best.h"

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
        windows_forward(window, (kind_t){.vectors = 1, .n = LANES, .narrow = true, .rectifies = window->rectifies},
                        x + c, y + c, index_at(true, index, c));
    for (; c < channels; c += LANES) {
        kind_t kind = {.vectors = 1,
                       .n = brood_smaller(LANES, channels - c),
                       .narrow = window->narrow,
                       .rectifies = window->rectifies};
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
