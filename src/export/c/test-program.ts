/** test.c: what every step of the network has to give for recorded images, by checksums, and the scores by bits. */

import { evaluateNetwork, type Planes } from '../../integer/index.ts';
import type { Program } from './program.ts';
import { arrayText, stringText } from './text.ts';

/** Images that C makes by itself: a linear congruential generator, one row of bits per seed. */
export function drawnInput(bytes: number, seed: number): Int8Array {
  let state = seed >>> 0;
  return Int8Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >> 24;
  });
}

/** FNV-1a of 32 bits. */
export function checksum(values: Planes): number {
  let hash = 2166136261;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}

/** Of every step: `images` by number, in the integers of the input. */
export function recordChecksums(program: Program, input: Int8Array): { steps: number[]; scores: Float32Array } {
  const { network, steps } = program;
  const tensors = evaluateNetwork(network, input);
  const sums = steps.map(({ y: { tensor, channel, channels } }) => {
    const pixels = tensor.height * tensor.width;
    return checksum(tensors[tensor.id]!.subarray(channel * pixels, (channel + channels) * pixels));
  });
  return { steps: sums, scores: tensors[network.output.tensor.id] as Float32Array };
}

/** `given` are images besides those that are drawn. */
export function testText(program: Program, drawn: number, given: readonly Int8Array[] = []): string {
  const { name, network, steps, memory } = program;
  const upper = name.toUpperCase();
  const { channels, height, width } = network.input.tensor;
  const size = channels * height * width;
  const seeds = Array.from({ length: drawn }, (_, i) => i + 1);
  const inputs = [...given, ...seeds.map((seed) => drawnInput(size, seed))];
  const records = inputs.map((input) => recordChecksums(program, input));
  const isSoft = steps.at(-1)!.kind === 'softmax';
  const checks = steps.map(({ name: node, kind, y }) => {
    const place = memory.place(y);
    const base = place.kind === 'arena' ? 'arena.bytes' : 'scores';
    const bytes = y.channels * y.tensor.height * y.tensor.width * (y.tensor.type === 'int8' ? 1 : 4);
    const label = stringText(node.replace(/[^\\x20-\\x7e]/g, '?'));
    // exp is the C library's: probabilities are compared by value
    return `    {${label}, ${base} + ${place.offset}, ${kind === 'softmax' ? 0 : bytes}},`;
  });
  const images =
    given.length > 0
      ? arrayText(
          'int8_t',
          'images',
          given.flatMap((image) => [...image]),
        )
      : '';
  return `/* Runs ${inputs.length} images and compares what every step gives with what tritbank/runtime gives. */
#include "${name}.h"
#include <stdio.h>
#include <string.h>

#define IMAGES ${inputs.length}
#define GIVEN ${given.length}

static union {
    int64_t alignment;
    int8_t bytes[${upper}_ARENA_BYTES];
} arena;
static float scores[${upper}_CLASSES], again[${upper}_CLASSES];
static int8_t input[${upper}_INPUT_BYTES];

static const struct {
    const char *name;
    const void *place;
    uint32_t bytes;
} steps[${upper}_STEPS] = {
${checks.join('\n')}
};

/* FNV-1a of each step's output, image after image. */
${arrayText(
  'uint32_t',
  'expected',
  records.flatMap((record) => record.steps),
)}
${arrayText(
  'float',
  'expected_scores',
  records.flatMap((record) => [...record.scores]),
)}
${images}
static uint32_t checksum(const void *data, uint32_t bytes)
{
    const uint8_t *at = data;
    uint32_t hash = 2166136261u;
    for (; bytes; bytes--) hash = (hash ^ *at++) * 16777619u;
    return hash;
}

static void draw(uint32_t state)
{
    for (int32_t i = 0; i < ${upper}_INPUT_BYTES; i++) {
        state = state * 1664525u + 1013904223u;
        input[i] = (int8_t)((int32_t)(state >> 24) - (state >> 31 ? 256 : 0));
    }
}

int main(void)
{
    int wrong = 0;
    for (int image = 0; image < IMAGES; image++) {
${given.length > 0 ? `        if (image < GIVEN) memcpy(input, images + image * ${upper}_INPUT_BYTES, sizeof input);\n        else ` : '        '}draw((uint32_t)(image - GIVEN + 1));
        for (int32_t i = 0; i < ${upper}_STEPS; i++) {
            ${name}_step(i, arena.bytes, input, scores);
            if (steps[i].bytes == 0 || checksum(steps[i].place, steps[i].bytes) == expected[image * ${upper}_STEPS + i]) continue;
            printf("image %d: step %d (%s) differs\\n", image, (int)i, steps[i].name);
            wrong++;
            break;
        }
        ${name}_run(input, again);
        const float *want = expected_scores + image * ${upper}_CLASSES;
        for (int c = 0; c < ${upper}_CLASSES; c++) {
            const float difference = again[c] > want[c] ? again[c] - want[c] : want[c] - again[c];
            if (difference <= ${isSoft ? '1e-6f' : '0.0f'}) continue;
            printf("image %d: score %d is %.9g instead of %.9g\\n", image, c, (double)again[c], (double)want[c]);
            wrong++;
            break;
        }
    }
    if (wrong) return 1;
    printf("all layers equal\\n");
    return 0;
}
`;
}
