/** An int8 network by CMSIS-NN's own source on an emulated core, with the compiler's flags and the counting of ours. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawnInput } from '../../src/export/c/test-program.ts';
import { evaluateNetwork, type IntegerNetwork } from '../../src/integer/index.ts';
import { TritbankError } from '../../src/ir/index.ts';
import { type Core, type McuMeasure, type Workshop, withWorkshop } from '../../src/mcu/index.ts';
import { type Buffer, placeBuffers } from '../../src/runtime/plan/arena.ts';
import { type CmsisLayer, cmsisLayers } from './cmsis-layers.ts';

export interface PeerMeasure extends Omit<McuMeasure, 'memory'> {
  /** The largest difference of a score from ours, in steps of its 8 bits. */
  readonly difference: number;
}

/** Folders of its source that the layers need. */
const folders = [
  ...['ConvolutionFunctions', 'FullyConnectedFunctions', 'PoolingFunctions', 'BasicMathFunctions'],
  'NNSupportFunctions',
  'TransposeFunctions',
];

/** C files of 8-bit functions, and what they share. E_FILE where the folder is something else. */
export function cmsisSources(path: string): string[] {
  const header = join(path, 'Include', 'arm_nnfunctions.h');
  if (!existsSync(header)) throw new TritbankError('E_FILE', path, 'expected a checkout of CMSIS-NN, found none');
  return folders.flatMap((folder) =>
    readdirSync(join(path, 'Source', folder))
      .filter(
        (name) =>
          name.endsWith('.c') && !/_(f16|f32|s4|lstm)[_.]/.test(name) && (/s8/.test(name) || !/s16|s64/.test(name)),
      )
      .map((name) => join(path, 'Source', folder, name)),
  );
}

/** Its version, as its header says. */
export function cmsisVersion(path: string): string {
  const text = readFileSync(join(path, 'Include', 'arm_nnfunctions.h'), 'utf8');
  return /\$Revision:\s*(\S+)/.exec(text)?.[1] ?? 'unknown';
}

const alignment = 16;

/** Tensors and scratch in an arena; nothing is computed in place. */
function planMemory(layers: readonly CmsisLayer[], scratch: readonly number[], network: IntegerNetwork) {
  const { input, output } = network;
  const buffers = new Map<number, Buffer>();
  layers.forEach(({ reads, y }, i) => {
    const { id, channels, height, width } = y.tensor;
    if (y.tensor !== output.tensor) buffers.set(id, { bytes: channels * height * width, first: i, last: i });
    for (const { tensor } of reads) if (tensor !== input.tensor) buffers.get(tensor.id)!.last = i;
  });
  const isKept = layers.map(({ prepare }) => prepare !== '');
  const own = scratch.map((bytes, i) => ({
    ...{ bytes, first: isKept[i] ? 0 : i, last: isKept[i] ? layers.length - 1 : i },
  }));
  const arena = placeBuffers([...buffers.values(), ...own.filter(({ bytes }) => bytes > 0)], alignment);
  const place = (id: number) =>
    id === input.tensor.id
      ? 'input'
      : id === output.tensor.id
        ? 'output'
        : `arena + ${arena.addresses.get(buffers.get(id)!)!}`;
  return { bytes: arena.bytes, place, scratch: own.map((buffer) => arena.addresses.get(buffer) ?? 0) };
}

const includes = '#include "arm_nnfunctions.h"\n#include "semihost.h"\n';

const constantsText = (layers: readonly CmsisLayer[]) => layers.map(({ constants }) => constants).join('\n');

/** Prints how much scratch each layer wants. */
const sizesText = (layers: readonly CmsisLayer[]) => `${includes}
${constantsText(layers)}
int main(void)
{
${layers.map(({ scratch }) => `    write_number("SIZE ", (uint32_t)(${scratch}));`).join('\n')}
    return 0;
}
`;

type Memory = ReturnType<typeof planMemory>;

function callsText(
  layers: readonly CmsisLayer[],
  memory: Memory,
  sizes: readonly number[],
  between: (call: string) => string,
) {
  const fill = (text: string, { reads, y }: CmsisLayer, i: number) => {
    const [a, b] = reads.map(({ tensor }) => memory.place(tensor.id));
    const names: Record<string, string> = { X: a!, A: a!, B: b ?? '', Y: memory.place(y.tensor.id) };
    return text
      .replace(/\bSCRATCH_BYTES\b/g, `${sizes[i]}`)
      .replace(/\bSCRATCH\b/g, sizes[i]! > 0 ? `(arena + ${memory.scratch[i]})` : '0')
      .replace(/\b[XABY]\b/g, (name) => names[name]!);
  };
  const prepare = layers.map((layer, i) =>
    sizes[i]! > 0 && layer.prepare ? `    ${fill(layer.prepare, layer, i)}\n` : '',
  );
  return prepare.join('') + layers.map((layer, i) => between(`${fill(layer.call, layer, i)};`)).join('\n');
}

function programText(
  { input, output, name }: IntegerNetwork,
  layers: readonly CmsisLayer[],
  memory: Memory,
  calls: string,
  isCounting: boolean,
): string {
  const { channels, height, width } = input.tensor;
  const [pixels, classes] = [height * width, output.channels];
  // planes are drawn as ours, pixels lie side by side
  const draw = `    uint32_t state = 1;
    for (int32_t c = 0; c < ${channels}; c++)
        for (int32_t i = 0; i < ${pixels}; i++) {
            state = state * 1664525u + 1013904223u;
            input[i * ${channels} + c] = (int8_t)(state >> 24);
        }
`;
  const print = `    for (int32_t i = 0; i < ${classes}; i++) write_number("SCORE ", (uint32_t)(output[i] + 128));\n`;
  return `${includes}
/* ${name} */
${constantsText(layers)}
static union {
    int64_t alignment[2];
    int8_t bytes[${memory.bytes}];
} memory;
static int8_t input[${channels * pixels}], output[${classes}];

int main(void)
{
    int8_t *const arena = memory.bytes;
${isCounting ? draw : ''}${calls}
${isCounting ? print : ''}    return output[0];
}
`.replace('return output[0];', isCounting ? 'return 0;' : 'return output[0];');
}

const numbersOf = (output: string, word: string) =>
  [...output.matchAll(new RegExp(`^${word} (\\d+)$`, 'gm'))].map(([, n]) => Number(n));

/** `objects` of CMSIS-NN for the core. */
async function measure(
  workshop: Workshop,
  network: IntegerNetwork,
  core: Core,
  include: readonly string[],
  objects: readonly string[],
) {
  const { write, compile, link, flashOf, run } = workshop;
  const image = drawnInput(network.input.tensor.channels * network.input.tensor.height * network.input.tensor.width, 1);
  const scores = evaluateNetwork(network, image)[network.output.tensor.id]!;
  const scale = Math.max(...scores.map(Math.abs)) / 120;
  const layers = cmsisLayers(network, { scale });
  const build = async (name: string, text: string) =>
    link(name, [await compile(write(`${name}.c`, text), include), ...objects]);
  const sizes = numbersOf((await run(await build('sizes', sizesText(layers)))).output, 'SIZE');
  const memory = planMemory(layers, sizes, network);
  const counted = callsText(layers, memory, sizes, (call) => `    COUNT_START();\n    ${call}\n    COUNT_STOP();`);
  const plain = callsText(layers, memory, sizes, (call) => `    ${call}`);
  const found = await run(await build('counted', programText(network, layers, memory, counted, true)));
  if (found.counts.length !== layers.length) {
    const words = found.output.trim().split('\n').slice(-3).join(' | ');
    throw new TritbankError('E_DEVICE', core.emulator, `expected ${layers.length} counts, found '${words}'`);
  }
  const smallest = await flashOf(await build('smallest', programText(network, layers, memory, plain, false)));
  const empty = await flashOf(await link('empty', [await compile(write('empty.c', 'int main(void) { return 0; }\n'))]));
  const output = numbersOf(found.output, 'SCORE').map((n) => n - 128);
  const steps = layers.map(({ name, call, bytes }, i) => {
    const [instructions, estimatedCycles] = found.counts[i]!;
    return { name, kernel: /^\w+/.exec(call)![0], instructions, estimatedCycles, flash: bytes };
  });
  const sum = (key: 'instructions' | 'estimatedCycles') => steps.reduce((total, step) => total + step[key], 0);
  const { stack } = found;
  return {
    ...{ instructions: sum('instructions'), estimatedCycles: sum('estimatedCycles'), flash: smallest - empty },
    ...{ ram: memory.bytes + stack, arena: memory.bytes, stack, steps },
    difference: Math.max(...output.map((q, i) => Math.abs(q - scores[i]! / scale))),
  };
}

/** Builds and runs int8 networks with the source in `path`; undefined for one with a layer that has no function there. */
export function measureCmsis(
  path: string,
  networks: readonly IntegerNetwork[],
  core: Core,
): Promise<(PeerMeasure | undefined)[]> {
  const include = ['-I', join(path, 'Include'), '-w'];
  return withWorkshop(core, {}, async (workshop) => {
    const objects: string[] = [];
    for (const source of cmsisSources(path)) objects.push(await workshop.compile(source, include));
    const found: (PeerMeasure | undefined)[] = [];
    for (const network of networks) {
      try {
        found.push(await measure(workshop, network, core, include, objects));
      } catch (error) {
        if (!(error instanceof TritbankError) || error.code !== 'E_UNSUPPORTED') throw error;
        found.push(undefined);
      }
    }
    return found;
  });
}
