/* Output and exit of an emulated core, by semihosting; markers for the plugin that counts. */
#ifndef TRITBANK_SEMIHOST_H
#define TRITBANK_SEMIHOST_H

#include <stdint.h>

static inline long semihost(long operation, const void *argument)
{
#if defined(__riscv)
    register long a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = argument;
    __asm__ volatile(".option push\n .option norvc\n .balign 16\n slli x0, x0, 0x1f\n ebreak\n srai x0, x0, 7\n .option pop"
                     : "+r"(a0) : "r"(a1) : "memory");
    return a0;
#else
    register long r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
#endif
}

/* SYS_WRITE0 */
static inline void write_text(const char *text) { semihost(4, text); }

static inline void write_number(const char *name, uint32_t value)
{
    char text[12], *at = text + sizeof text;
    *--at = 0;
    do *--at = (char)('0' + value % 10); while (value /= 10);
    write_text(name);
    write_text(at);
    write_text("\n");
}

/* SYS_EXIT_EXTENDED with ADP_Stopped_ApplicationExit */
static inline void leave(int code)
{
    const long block[2] = {0x20026, code};
    semihost(0x20, block);
    for (;;) {
    }
}

#if defined(__riscv)
#define COUNT_START() __asm__ volatile(".option push\n .option norvc\n addi zero, zero, 1\n .option pop" ::: "memory")
#define COUNT_STOP() __asm__ volatile(".option push\n .option norvc\n addi zero, zero, 2\n .option pop" ::: "memory")
#else
#define COUNT_START() __asm__ volatile("mov r11, r11" ::: "memory")
#define COUNT_STOP() __asm__ volatile("mov r10, r10" ::: "memory")
#endif
#endif
