/** C of programs that run on an emulated core: one counts each step, one is as small as an application can be. */

import type { Program } from '../export/c/program.ts';
import { drawnInput, recordChecksums } from '../export/c/test-program.ts';
import { arrayText } from '../export/c/text.ts';
import type { Core } from './cores.ts';

/** What a program that runs steps one by one works in. */
export function memoryText({ name }: Program): string {
  const upper = name.toUpperCase();
  return `#include "${name}.h"
#include "semihost.h"

static union {
    int64_t alignment;
    int8_t bytes[${upper}_ARENA_BYTES];
} arena;
static float scores[${upper}_CLASSES];
static int8_t input[${upper}_INPUT_BYTES];
`;
}

/** Counts every step of one drawn image and compares its output with what the runtime gives. */
export function countText(program: Program): string {
  const { name, network, steps, memory } = program;
  const upper = name.toUpperCase();
  const { channels, height, width } = network.input.tensor;
  const records = recordChecksums(program, drawnInput(channels * height * width, 1));
  const places = steps.map(({ kind, y }) => {
    const { kind: where, offset } = memory.place(y);
    const bytes = y.channels * y.tensor.height * y.tensor.width * (y.tensor.type === 'int8' ? 1 : 4);
    return `    {${where === 'arena' ? 'arena.bytes' : 'scores'} + ${offset}, ${kind === 'softmax' ? 0 : bytes}},`;
  });
  return `${memoryText(program)}static const struct {
    const void *place;
    uint32_t bytes;
} steps[] = {
${places.join('\n')}
};
${arrayText('uint32_t', 'expected', records.steps)}
int main(void)
{
    uint32_t state = 1;
    for (int32_t i = 0; i < ${upper}_INPUT_BYTES; i++) {
        state = state * 1664525u + 1013904223u;
        input[i] = (int8_t)(state >> 24);
    }
    for (int32_t i = 0; i < ${upper}_STEPS; i++) {
        COUNT_START();
        ${name}_step(i, arena.bytes, input, scores);
        COUNT_STOP();
        const uint8_t *at = steps[i].place;
        uint32_t hash = 2166136261u;
        for (uint32_t k = 0; k < steps[i].bytes; k++) hash = (hash ^ at[k]) * 16777619u;
        if (steps[i].bytes && hash != expected[i]) {
            write_number("WRONG ", (uint32_t)i);
            return 3;
        }
    }
    return 0;
}
`;
}

/** Classifies what is in its memory. */
export const smallestText = ({ name }: Program): string => `#include "${name}.h"

static float scores[${name.toUpperCase()}_CLASSES];
static int8_t input[${name.toUpperCase()}_INPUT_BYTES];

int main(void)
{
    ${name}_run(input, scores);
    return (int)${name}_best(scores);
}
`;

export const emptyText = 'int main(void) { return 0; }\n';

export function linkerText({ flash, ram, vectors }: Core, sections: string): string {
  const region = (name: string, [origin, length]: readonly [number, number]) =>
    `${name} (rwx) : ORIGIN = 0x${origin.toString(16)}, LENGTH = ${length}`;
  const regions = [region('FLASH', flash), region('RAM', ram), ...(vectors ? [region('VECTORS', vectors)] : [])];
  const alias = vectors ? '' : 'REGION_ALIAS("VECTORS", FLASH)\n';
  return `ENTRY(reset)\nMEMORY { ${regions.join('  ')} }\n${alias}${sections}`;
}
