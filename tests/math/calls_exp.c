/* What tests/math/symbols.py must refuse. */
#include <math.h>

double calls_exp(double x);
double calls_exp(double x) {
    return fabs(sqrt(x)) + exp(x);
}
