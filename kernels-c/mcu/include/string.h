/* For compilers that come without a C library. */
#ifndef TRITBANK_STRING_H
#define TRITBANK_STRING_H
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
#endif
