/* For compilers that come without a C library. */
double exp(double x);
