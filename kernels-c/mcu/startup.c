/* Bare-metal start of an emulated core: stack, data, main, exit by semihosting. No C library is linked. */
#include "semihost.h"
#include <stddef.h>

extern uint32_t stack_top, stack_limit, data_load, data_start, data_end, bss_start, bss_end;
extern int main(void);
void reset(void);

/* What compilers call by themselves, as fast as a C library's: words where the core loads them from anywhere, or where both
 * places are at multiples of 4. */
typedef uint32_t __attribute__((aligned(1), may_alias)) loose_word;
typedef uint32_t __attribute__((may_alias)) word;

void *memcpy(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;
#if defined(__ARM_FEATURE_UNALIGNED)
    for (; n >= 16; n -= 16, t += 16, f += 16) {
        loose_word *a = (loose_word *)(void *)t;
        const loose_word *b = (const loose_word *)(const void *)f;
        const uint32_t v0 = b[0], v1 = b[1], v2 = b[2], v3 = b[3];
        a[0] = v0, a[1] = v1, a[2] = v2, a[3] = v3;
    }
    for (; n >= 4; n -= 4, t += 4, f += 4) *(loose_word *)(void *)t = *(const loose_word *)(const void *)f;
#else
    if ((((uintptr_t)t | (uintptr_t)f) & 3u) == 0)
        for (; n >= 4; n -= 4, t += 4, f += 4) *(word *)(void *)t = *(const word *)(const void *)f;
#endif
    while (n--) *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    if (t <= f) return memcpy(to, from, n);
    while (n--) t[n] = f[n];
    return to;
}

void *memset(void *to, int value, size_t n)
{
    uint8_t *t = to;
    const uint32_t four = (uint8_t)value * 0x01010101u;
    for (; n && ((uintptr_t)t & 3u); n--) *t++ = (uint8_t)value;
    for (; n >= 16; n -= 16, t += 16) {
        word *at = (word *)(void *)t;
        at[0] = four, at[1] = four, at[2] = four, at[3] = four;
    }
    while (n--) *t++ = (uint8_t)value;
    return to;
}

/* The stack that main took, painted before. */
static void begin(void)
{
    const uint32_t *from = &data_load;
    for (uint32_t *to = &data_start; to < &data_end;) *to++ = *from++;
    for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
    volatile uint32_t here;
    for (uint32_t *at = &stack_limit; at < (uint32_t *)&here - 64; at++) *at = 0xA5A5A5A5u;
    const int code = main();
    const uint32_t *at = &stack_limit;
    while (*at == 0xA5A5A5A5u) at++;
    write_number("STACK ", (uint32_t)((const uint8_t *)&here - (const uint8_t *)at));
    leave(code);
}

#if defined(__riscv)
__attribute__((naked, section(".vectors"), used)) void reset(void)
{
    __asm__ volatile("la sp, stack_top\n call begin_c\n");
}
void begin_c(void);
void begin_c(void) { begin(); }
#else
static void fault(void) { leave(99); }

void reset(void)
{
#if defined(__ARM_FP)
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* CPACR: the floating-point unit */
    __asm__ volatile("dsb\n isb");
#endif
    begin();
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &stack_top, (const void *)reset, (const void *)fault, (const void *)fault, (const void *)fault, (const void *)fault,
    (const void *)fault, 0, 0, 0, 0, (const void *)fault, (const void *)fault, 0, (const void *)fault, (const void *)fault,
};
#endif
