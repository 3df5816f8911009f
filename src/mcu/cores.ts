/** Microcontroller cores that QEMU emulates, with what compiles for them. */

export interface Core {
  readonly name: string;
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly emulator: string;
  readonly board: readonly string[];
  /** Addresses and sizes of memories that stand for flash and RAM; far larger than a microcontroller's. */
  readonly flash: readonly [origin: number, bytes: number];
  readonly ram: readonly [origin: number, bytes: number];
  /** Where the core reads its first instruction's address, if that is not the beginning of the flash. */
  readonly vectors?: readonly [origin: number, bytes: number];
  /** What `kernels-c/mcu/count.c` estimates cycles by. */
  readonly model: 'm4' | 'm0' | 'riscv';
  readonly cycles: string;
}

const arm = { compiler: 'arm-none-eabi-gcc', emulator: 'qemu-system-arm' };
const table = "the Cortex-M4 manual's table of instruction timings, no wait states, taken branches 2 more";
const an386 = { board: ['-M', 'mps2-an386'], flash: [0, 4 << 20], ram: [0x21000000, 16 << 20] } as const;
const an385 = { ...an386, board: ['-M', 'mps2-an385'] } as const;

export const cores = {
  'cortex-m0plus': {
    ...{ ...arm, ...an385, flags: ['-mcpu=cortex-m0plus', '-mthumb'], model: 'm0' },
    cycles: 'one an instruction, loads and stores 2, taken branches 2 more; run on an emulated Cortex-M3',
  },
  'cortex-m3': { ...arm, ...an385, flags: ['-mcpu=cortex-m3', '-mthumb'], model: 'm4', cycles: table },
  'cortex-m4': {
    ...{ ...arm, ...an386, flags: ['-mcpu=cortex-m4', '-mfpu=fpv4-sp-d16', '-mfloat-abi=hard', '-mthumb'] },
    ...{ model: 'm4', cycles: table },
  },
  'cortex-m7': {
    ...arm,
    flags: ['-mcpu=cortex-m7', '-mfpu=fpv5-sp-d16', '-mfloat-abi=hard', '-mthumb'],
    ...{ board: ['-M', 'mps2-an500'], flash: [0, 4 << 20], ram: [0x60000000, 16 << 20], model: 'm4' },
    cycles: `${table}; a Cortex-M7 issues two instructions at once and takes fewer`,
  },
  'cortex-m55': {
    ...arm,
    flags: ['-mcpu=cortex-m55', '-mfloat-abi=hard', '-mthumb'],
    ...{ board: ['-M', 'mps3-an547'], flash: [0x71000000, 8 << 20], ram: [0x70000000, 16 << 20], model: 'm4' },
    vectors: [0x10000000, 512 << 10],
    cycles: `${table}; instructions of vectors are counted as one`,
  },
  rv32imc: {
    compiler: 'riscv64-unknown-elf-gcc',
    emulator: 'qemu-system-riscv32',
    flags: ['-march=rv32imc', '-mabi=ilp32', '-mcmodel=medany', '-ffreestanding', '-fbuiltin', '-mno-relax'],
    board: ['-M', 'virt', '-bios', 'none'],
    ...{ flash: [0x80000000, 8 << 20], ram: [0x80800000, 16 << 20], model: 'riscv' },
    cycles: 'one an instruction, loads 2, divisions 34, taken branches 2 more: no core in particular',
  },
} as const satisfies Readonly<Record<string, Omit<Core, 'name'>>>;

export type CoreName = keyof typeof cores;

export const coreNames = Object.keys(cores) as CoreName[];

/** A core by its name, which may leave out `cortex-`; `riscv` is the one that there is. */
export const coreNamed = (name: string): CoreName | undefined =>
  name === 'riscv' ? 'rv32imc' : coreNames.find((core) => core === name || core === `cortex-${name}`);

export const coreOf = (name: CoreName): Core => ({ name, ...cores[name] });

/** Whether the kernels' vectors are in use there. */
export const hasVectors = (name: CoreName): boolean => name === 'cortex-m55';
