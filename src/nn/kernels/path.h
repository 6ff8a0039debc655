/* The kernels of one path, declared. */
#ifndef BROOD_NN_PATH_H
#define BROOD_NN_PATH_H

#include "lanes.h"

void KERNEL(relu_forward)(int64_t n, const brood_real_t *x, brood_real_t *y);
void KERNEL(relu_backward)(int64_t n, const brood_real_t *y, const brood_real_t *dy, brood_real_t *dx);
void KERNEL(affine_rows)(int64_t rows, int64_t channels, const brood_real_t *a, const brood_real_t *b,
                         const brood_real_t *x, brood_real_t *y);
void KERNEL(affine2_rows)(int64_t rows, int64_t channels, const brood_real_t *a, const brood_real_t *b,
                          const brood_real_t *c, const brood_real_t *dy, const brood_real_t *x, brood_real_t *dx);
void KERNEL(add_up)(int64_t n, int64_t arrays, int64_t pitch, const brood_real_t *x, brood_real_t *y);
void KERNEL(sum_rows)(int64_t rows, int64_t channels, const brood_real_t *x, double *sum);
void KERNEL(dot_rows)(int64_t rows, int64_t channels, const brood_real_t *x, const brood_real_t *v, double *sum,
                      double *dot);
void KERNEL(dropout_draw)(int64_t n, const brood_key4_t *key, uint32_t first, uint32_t threshold, uint8_t *kept);
void KERNEL(dropout_apply)(int64_t n, const uint8_t *kept, brood_real_t scale, const brood_real_t *x, brood_real_t *y);
void KERNEL(pool_line_forward)(const brood_line_t *line, const brood_real_t *x, brood_real_t *y, void *index);
void KERNEL(pool_line_backward)(const brood_line_t *line, const brood_real_t *dy, const void *index, brood_real_t *dx);
void KERNEL(pool_window_forward)(const brood_window_t *window, const brood_real_t *x, brood_real_t *y, void *index);
void KERNEL(pool_window_backward)(const brood_window_t *window, const brood_real_t *dy, const void *index,
                                  brood_real_t *dx);
void KERNEL(gather_patches)(int64_t positions, int64_t step, int64_t height, int64_t row, int64_t run,
                            const brood_real_t *x, brood_real_t *panel);
void KERNEL(scatter_patches)(int64_t positions, int64_t step, int64_t height, int64_t row, int64_t run,
                             const brood_real_t *panel, brood_real_t *x);
void KERNEL(fourier_forward)(const brood_fourier_t *fourier, const brood_fourier_window_t *window,
                             const brood_real_t *x, brood_real_t *spectrum, int64_t slot_pitch,
                             brood_real_t *workspace);
void KERNEL(fourier_inverse)(const brood_fourier_t *fourier, const brood_fourier_window_t *window,
                             const brood_real_t *spectrum, int64_t slot_pitch, const brood_real_t *bias,
                             brood_real_t *x, brood_real_t *workspace);
/* Of one group of channels, as many as a vector holds; a wider path leaves what is left over to a narrower one. */
void KERNEL(fourier_forward_group)(const brood_fourier_t *fourier, const brood_fourier_window_t *window, int64_t lanes,
                                   const brood_real_t *x, brood_real_t *spectrum, int64_t slot_pitch,
                                   brood_real_t *workspace);
void KERNEL(fourier_inverse_group)(const brood_fourier_t *fourier, const brood_fourier_window_t *window, int64_t lanes,
                                   const brood_real_t *spectrum, int64_t slot_pitch, const brood_real_t *bias,
                                   brood_real_t *x, brood_real_t *workspace);
#ifdef BROOD_PATH_avx512
void brood_nn_fourier_forward_group_avx2(const brood_fourier_t *fourier, const brood_fourier_window_t *window,
                                         int64_t lanes, const brood_real_t *x, brood_real_t *spectrum,
                                         int64_t slot_pitch, brood_real_t *workspace);
void brood_nn_fourier_inverse_group_avx2(const brood_fourier_t *fourier, const brood_fourier_window_t *window,
                                         int64_t lanes, const brood_real_t *spectrum, int64_t slot_pitch,
                                         const brood_real_t *bias, brood_real_t *x, brood_real_t *workspace);
#endif
void KERNEL(fourier_matrix)(int64_t channels, int64_t filters, const brood_real_t *w, brood_real_t *matrix);
void KERNEL(fourier_fold)(int64_t channels, int64_t filters, const brood_real_t *matrix, brood_real_t *w);
void KERNEL(toom_input)(const brood_toom_t *toom, const brood_real_t *x, brood_real_t *t, int64_t pitch,
                        brood_real_t *workspace);
void KERNEL(toom_evaluate)(const brood_toom_t *toom, const brood_real_t *y, brood_real_t *t, int64_t pitch,
                           brood_real_t *workspace);
void KERNEL(toom_scatter)(const brood_toom_t *toom, const brood_real_t *t, int64_t pitch, brood_real_t *x,
                          brood_real_t *workspace);
void KERNEL(toom_collect)(const brood_toom_t *toom, const brood_real_t *t, int64_t pitch, const brood_real_t *bias,
                          brood_real_t *y, brood_real_t *workspace);
void KERNEL(adam)(int64_t n, const brood_adam_t *adam, const brood_real_t *gradient, brood_real_t *first,
                  brood_real_t *second, brood_real_t *value);
void KERNEL(sgd)(int64_t n, double rate, double momentum, double decay, const brood_real_t *gradient,
                 brood_real_t *velocity, brood_real_t *value);

extern const brood_nn_kernels_t KERNEL(kernels);

#endif
