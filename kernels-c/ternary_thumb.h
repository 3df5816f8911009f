/* Sums of ternary rows on cores of Arm without DSP instructions: 16 pixels at once, or 8 where only eight registers take
 * part in most instructions (Cortex-M0+). See `tb_sum16` in C for what is computed. */
#ifndef TRITBANK_TERNARY_THUMB_H
#define TRITBANK_TERNARY_THUMB_H

#define TB_UNUSED __attribute__((unused))

#if defined(__thumb2__)
#define TB_AT_ONCE 16

/* r4 to r7: words, r8 to r11: their bytes 1 and 3. The upper bits of r3 count bytes of gaps, its lower ones have one. */
#define TB_WORDS(at, t0, t1, s0, s1)                                                                                  \
    "ldrd r12, lr, [r0, #" at "]\n add " t0 ", " t0 ", r12\n and r12, r2, r12, lsr #8\n add " s0 ", " s0 ", r12\n"    \
    "add " t1 ", " t1 ", lr\n and lr, r2, lr, lsr #8\n add " s1 ", " s1 ", lr\n"
#define TB_PLANE TB_WORDS("0", "r4", "r5", "r8", "r9") TB_WORDS("8", "r6", "r7", "r10", "r11")
#define TB_PLANES(L)                                                                                                  \
    "subs r3, r3, #1\n blo " L "2f\n lsls r3, r3, #8\n"                                                               \
    L "1: ldrb r12, [r1], #1\n bfi r3, r12, #0, #8\n and r12, r3, #0xF0\n add r0, r0, r12\n" TB_PLANE                \
    "and r12, r3, #15\n add r0, r0, r12, lsl #4\n" TB_PLANE "subs r3, r3, #256\n bhs " L "1b\n" L "2:\n"
#define TB_NEGATE(r) "rsb " r ", " r ", #0\n"
#define TB_STORE(t, s, at) "sub " t ", " t ", " s ", lsl #8\n strd " t ", " s ", [r3, #" at "]\n"

__attribute__((naked, noinline)) static void tb_sum16(const int8_t *before TB_UNUSED, const uint8_t *list TB_UNUSED,
    uint32_t excess TB_UNUSED, uint32_t *out TB_UNUSED)
{
    __asm__ volatile("push {r0, r1, r3, r4-r11, lr}\n rsb r8, r2, #0\n sub r4, r8, r2, lsl #8\n mov r5, r4\n mov r6, r4\n"
        "mov r7, r4\n mov r9, r8\n mov r10, r8\n mov r11, r8\n mov r2, #0x00FF00FF\n ldrb r3, [r1], #2\n"
        TB_PLANES("1")
        TB_NEGATE("r4") TB_NEGATE("r5") TB_NEGATE("r6") TB_NEGATE("r7")
        TB_NEGATE("r8") TB_NEGATE("r9") TB_NEGATE("r10") TB_NEGATE("r11")
        "ldrd r0, r3, [sp]\n ldrb r3, [r3, #1]\n"
        TB_PLANES("2")
        "ldr r3, [sp, #8]\n" TB_STORE("r4", "r8", "0") TB_STORE("r5", "r9", "8") TB_STORE("r6", "r10", "16")
        TB_STORE("r7", "r11", "24") "add sp, #12\n pop {r4-r11, pc}\n");
}
#else
#define TB_AT_ONCE 8

/* r8, r9: words, r10, r11: their bytes 1 and 3; r12 is the end of the gaps. */
#define TB_PLANE                                                                                                      \
    "ldr r3, [r0]\n ldr r4, [r0, #4]\n add r8, r8, r3\n add r9, r9, r4\n lsrs r3, r3, #8\n lsrs r4, r4, #8\n"          \
    "ands r3, r3, r6\n ands r4, r4, r6\n add r10, r10, r3\n add r11, r11, r4\n"
#define TB_PLANES(L)                                                                                                  \
    "adds r5, r5, r1\n mov r12, r5\n cmp r1, r12\n beq " L "2f\n"                                                     \
    L "1: ldrb r5, [r1]\n adds r1, r1, #1\n lsrs r3, r5, #4\n lsls r3, r3, #4\n adds r0, r0, r3\n" TB_PLANE          \
    "lsls r5, r5, #28\n lsrs r5, r5, #24\n adds r0, r0, r5\n" TB_PLANE "cmp r1, r12\n bne " L "1b\n" L "2:\n"
#define TB_NEGATE(r) "mov r3, " r "\n rsbs r3, r3, #0\n mov " r ", r3\n"
#define TB_STORE(t, s) "mov r3, " t "\n mov r4, " s "\n lsls r5, r4, #8\n subs r3, r3, r5\n stm r0!, {r3, r4}\n"

__attribute__((naked, noinline)) static void tb_sum8(const int8_t *before TB_UNUSED, const uint8_t *list TB_UNUSED,
    uint32_t excess TB_UNUSED, uint32_t *out TB_UNUSED)
{
    __asm__ volatile(".syntax unified\n push {r0, r1, r3, r4-r7, lr}\n mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n"
        "push {r4-r7}\n rsbs r3, r2, #0\n mov r10, r3\n mov r11, r3\n lsls r2, r2, #8\n subs r3, r3, r2\n mov r8, r3\n"
        "mov r9, r3\n movs r6, #255\n lsls r3, r6, #16\n orrs r6, r6, r3\n ldrb r5, [r1]\n adds r1, r1, #2\n"
        TB_PLANES("1")
        TB_NEGATE("r8") TB_NEGATE("r9") TB_NEGATE("r10") TB_NEGATE("r11")
        "ldr r0, [sp, #16]\n ldr r5, [sp, #20]\n ldrb r5, [r5, #1]\n"
        TB_PLANES("2")
        "ldr r0, [sp, #24]\n" TB_STORE("r8", "r10") TB_STORE("r9", "r11")
        "pop {r4-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n add sp, #12\n pop {r4-r7, pc}\n");
}
#endif
#endif
