/* A plugin of QEMU (interface 1 or 2): counts instructions between two marker no-ops and estimates cycles by a table of
 * instruction classes. Distributions ship no header, so that what is needed of the interface is declared here.
 * Arguments: model=m4|m0|riscv. Prints "COUNT instructions cycles" at every second marker. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t id_type;
struct tb;
struct insn;
extern void qemu_plugin_register_vcpu_tb_trans_cb(id_type, void (*)(id_type, struct tb *));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct tb *, void (*)(unsigned, void *), int flags, void *);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct insn *, void (*)(unsigned, void *), int flags, void *);
extern size_t qemu_plugin_tb_n_insns(const struct tb *);
extern struct insn *qemu_plugin_tb_get_insn(const struct tb *, size_t);
extern uint64_t qemu_plugin_tb_vaddr(const struct tb *);
extern const void *qemu_plugin_insn_data(const struct insn *);
extern size_t qemu_plugin_insn_size(const struct insn *);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { M4, M0, RISCV } model = M4;
static uint64_t instructions, cycles, last_end;

/* A translated block: a range of addresses that is entered at its first instruction and left behind its last, or in the
 * middle by a marker. */
struct block {
    uint64_t first, end, instructions, cycles;
};

static unsigned bits(uint32_t x) { return (unsigned)__builtin_popcount(x); }

/* Cycles of a Thumb instruction on a Cortex-M4 without wait states (its Technical Reference Manual, instruction timings);
 * taken branches are added elsewhere. `near`: behind a single load or store, whose phases overlap. */
static unsigned thumb_cycles(uint32_t a, uint32_t b, size_t size, bool near, bool *is_memory)
{
    *is_memory = false;
    if (size == 2) {
        const uint32_t top = a >> 11;
        if (top == 9 || (a >> 12) == 5 || (a >> 13) == 3 || (a >> 12) == 8 || (a >> 12) == 9) {
            const bool load = top == 9 || ((a >> 12) == 5 ? ((a >> 9) & 7) >= 3 : (a >> 11) & 1);
            *is_memory = true;
            return model == M0 ? 2 : load && !near ? 2 : 1;
        }
        if ((a >> 12) == 0xC) return 1 + bits(a & 0xFF);
        if ((a & 0xF600) == 0xB400) return 1 + bits(a & 0x1FF);
        return 1;
    }
    if ((a & 0xFE40) == 0xE800) return 1 + bits(b);
    if ((a & 0xFE40) == 0xE840) return 3;
    if ((a & 0xFE00) == 0xF800) {
        *is_memory = true;
        return (a & 0x10) && !near ? 2 : 1;
    }
    if ((a & 0xEC00) == 0xEC00) {
        if ((a & 0xFE00) == 0xEC00 && (a & 0x01E0) != 0x0040 && (a & 0x01E0) != 0) return 2;
        return (a & 0xFFB0) == 0xEE80 ? 14 : 1;
    }
    if ((a & 0xFF80) == 0xFB80) return (a & 0xD0) == 0x90 ? 6 : 1;
    return 1;
}

/* A small core of three stages: loads 2, divisions 34, jumps 2 more when taken. */
static unsigned riscv_cycles(uint32_t v, size_t size)
{
    if (size == 2) return (v & 3) != 1 && ((v >> 13) & 7) == 2 ? 2 : 1;
    if ((v & 0x7F) == 0x03) return 2;
    if ((v & 0x7F) == 0x33 && (v >> 25) == 1 && ((v >> 12) & 4)) return 34;
    return 1;
}

/* Bytes of an instruction, of its first ones: at the end of a page QEMU (7.2) gives those of the next one, too. */
static size_t size_of(uint32_t word)
{
    if (model == RISCV) return (word & 3) == 3 ? 4 : 2;
    return (word & 0xF800) >= 0xE800 ? 4 : 2;
}

static void start(unsigned cpu, void *user)
{
    (void)cpu, (void)user;
    instructions = cycles = 0;
}

static void stop(unsigned cpu, void *user)
{
    (void)cpu, (void)user;
    printf("COUNT %llu %llu\n", (unsigned long long)instructions, (unsigned long long)cycles);
    fflush(stdout);
}

/* Runs before the instructions of the part of a block that it counts. */
static void enter(unsigned cpu, void *user)
{
    (void)cpu;
    const struct block *b = user;
    if (b->first != last_end) cycles += 2;
    last_end = b->end;
    instructions += b->instructions;
    cycles += b->cycles;
}

static void translate(id_type id, struct tb *tb)
{
    (void)id;
    const size_t n = qemu_plugin_tb_n_insns(tb);
    struct block *b = calloc(1, sizeof *b);
    b->first = b->end = qemu_plugin_tb_vaddr(tb);
    struct insn *first = 0;
    bool near = false;
    for (size_t i = 0; i < n; i++) {
        struct insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const size_t given = qemu_plugin_insn_size(insn);
        uint16_t half[2] = {0, 0};
        memcpy(half, qemu_plugin_insn_data(insn), given < 4 ? given : 4);
        const size_t size = size_of(half[0]);
        if (size == 2) half[1] = 0;
        const uint32_t word = half[0] | (uint32_t)half[1] << 16;
        const bool starts = model == RISCV ? word == 0x00100013 : size == 2 && half[0] == 0x46DB;
        const bool stops = model == RISCV ? word == 0x00200013 : size == 2 && half[0] == 0x46D2;
        if (starts || stops) {
            /* what comes before counts as a block of its own, what follows as another */
            if (first) qemu_plugin_register_vcpu_insn_exec_cb(first, enter, 0, b);
            qemu_plugin_register_vcpu_insn_exec_cb(insn, starts ? start : stop, 0, 0);
            const uint64_t next = b->end + size;
            b = calloc(1, sizeof *b);
            b->first = b->end = next;
            last_end = 0;
            first = 0;
            near = false;
            continue;
        }
        if (!first) first = insn;
        b->end += size;
        b->instructions++;
        bool is_memory = false;
        b->cycles += model == RISCV ? riscv_cycles(word, size) : thumb_cycles(half[0], half[1], size, near, &is_memory);
        near = is_memory;
    }
    if (first) qemu_plugin_register_vcpu_insn_exec_cb(first, enter, 0, b);
}

__attribute__((visibility("default"))) int qemu_plugin_install(id_type id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "model=m0") == 0) model = M0;
        if (strcmp(argv[i], "model=riscv") == 0) model = RISCV;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    return 0;
}
