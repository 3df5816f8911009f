/** C that compares every step of a network with the runtime, image after image, on this machine and on emulated cores. */

import type { Program } from '../../src/export/c/program.ts';
import { drawnInput, recordChecksums } from '../../src/export/c/test-program.ts';
import { arrayText } from '../../src/export/c/text.ts';
import { memoryText } from '../../src/mcu/measure-text.ts';

/** What stands for semihosting on this machine. */
export const hostHeader = `#include <stdio.h>
#include <stdint.h>
static inline void write_number(const char *name, uint32_t value) { printf("%s%u\\n", name, (unsigned)value); }
`;

/** Prints "EQUAL images" or "WRONG image * steps + step". Images are drawn, with seeds from 1 on. */
export function equalText(program: Program, images: number): string {
  const { name, network, steps, memory } = program;
  const upper = name.toUpperCase();
  const { channels, height, width } = network.input.tensor;
  const seeds = Array.from({ length: images }, (_, i) => i + 1);
  const expected = seeds.flatMap((seed) => recordChecksums(program, drawnInput(channels * height * width, seed)).steps);
  const places = steps.map(({ y }) => {
    const { kind, offset } = memory.place(y);
    const bytes = y.channels * y.tensor.height * y.tensor.width * (y.tensor.type === 'int8' ? 1 : 4);
    return `    {${kind === 'arena' ? 'arena.bytes' : '(const int8_t *)scores'} + ${offset}, ${bytes}},`;
  });
  return `${memoryText(program)}static const struct {
    const int8_t *place;
    uint32_t bytes;
} steps[] = {
${places.join('\n')}
};
${arrayText('uint32_t', 'expected', expected)}
int main(void)
{
    for (uint32_t image = 0; image < ${images}; image++) {
        uint32_t state = image + 1;
        for (int32_t i = 0; i < ${upper}_INPUT_BYTES; i++) {
            state = state * 1664525u + 1013904223u;
            input[i] = (int8_t)(state >> 24);
        }
        for (int32_t i = 0; i < ${upper}_STEPS; i++) {
            ${name}_step(i, arena.bytes, input, scores);
            const uint8_t *at = (const uint8_t *)steps[i].place;
            uint32_t hash = 2166136261u;
            for (uint32_t k = 0; k < steps[i].bytes; k++) hash = (hash ^ at[k]) * 16777619u;
            if (hash == expected[image * ${upper}_STEPS + (uint32_t)i]) continue;
            write_number("WRONG ", image * ${upper}_STEPS + (uint32_t)i);
            return 3;
        }
    }
    write_number("EQUAL ", ${images});
    return 0;
}
`;
}
