#include <string.h>

#include "brood/math/product.h"
#include "cell_private.h"

int64_t brood_cell_parameters(const brood_cell_t *cell, int64_t inputs, int64_t units) {
    return (inputs + units + 1) * cell->gates * units;
}

void brood_cell_products(brood_math_t *math, const brood_cell_t *cell, int64_t rows, int64_t inputs, int64_t units,
                         const double *parameters, const double *x, const double *m, double *a, double *h) {
    int64_t       width = cell->gates * units;
    const double *wx = parameters, *wm = wx + inputs * width, *bias = wm + units * width;
    brood_product_f64(math, BROOD_PLAIN, BROOD_PLAIN, rows, width, inputs, x, inputs, wx, width, false, a, width);
    for (int64_t row = 0; row < rows; row++) memcpy(h + row * width, bias, (size_t)width * sizeof *h);
    brood_product_f64(math, BROOD_PLAIN, BROOD_PLAIN, rows, width, units, m, units, wm, width, true, h, width);
}

void brood_cell_products_backward(brood_math_t *math, const brood_cell_t *cell, int64_t rows, int64_t inputs,
                                  int64_t units, const double *parameters, const double *x, const double *m,
                                  const double *da, const double *dh, double *dx, double *dm, double *d_parameters) {
    int64_t       width = cell->gates * units;
    const double *wx = parameters, *wm = wx + inputs * width;
    double       *dwx = d_parameters, *dwm = dwx + inputs * width, *dbias = dwm + units * width;
    brood_product_f64(math, BROOD_PLAIN, BROOD_TRANSPOSED, rows, inputs, width, da, width, wx, width, false, dx,
                      inputs);
    brood_product_f64(math, BROOD_PLAIN, BROOD_TRANSPOSED, rows, units, width, dh, width, wm, width, false, dm, units);
    brood_product_f64(math, BROOD_TRANSPOSED, BROOD_PLAIN, inputs, width, rows, x, inputs, da, width, true, dwx, width);
    brood_product_f64(math, BROOD_TRANSPOSED, BROOD_PLAIN, units, width, rows, m, units, dh, width, true, dwm, width);
    for (int64_t row = 0; row < rows; row++)
        for (int64_t i = 0; i < width; i++) dbias[i] += dh[row * width + i];
}
