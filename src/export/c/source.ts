/** NAME.h and NAME.c. */

import { quantizeInput } from '../../integer/index.ts';
import type { Program } from './program.ts';
import type { Step } from './steps.ts';
import { arrayText, commentText, stringText } from './text.ts';

const sizeText = ({ y: { channels, tensor } }: Step) => `${channels}x${tensor.height}x${tensor.width}`;

/** Whether the file says how pixels become numbers. */
export const takesPixels = ({ preprocessing: { mean, std } }: Program): boolean =>
  mean !== undefined && std !== undefined;

/** How weights are stored, for a reader. */
export function formText(step: Step): string {
  if (step.kind === 'convolution') {
    return [...step.matrices.map(({ matrix }) => matrix.form), ...(step.sum ? ['a sum'] : [])].join(' + ');
  }
  if (step.kind === 'connected') return step.matrix.form;
  return step.kind === 'depthwise' ? 'int8' : '';
}

export function headerText(program: Program): string {
  const { name, network, memory, classes, steps, preprocessing } = program;
  const upper = name.toUpperCase();
  const { channels, height, width } = network.input.tensor;
  const labels = preprocessing.labels
    ? `/* Names of the classes. */\nextern const char *const ${name}_labels[${upper}_CLASSES];\n`
    : '';
  const pixels = takesPixels(program)
    ? `/* Pixels of an image of the network's size, ${channels === 1 ? 'grey' : 'red, green and blue side by side'}, 0 to 255, as the network's input. */
void ${name}_quantize(const uint8_t *pixels, int8_t *input);
`
    : '';
  return `/* ${commentText(network.name)}, an image classifier. Written by tritbank export --to c; do not edit. */
#ifndef ${upper}_H
#define ${upper}_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ${upper}_CHANNELS ${channels}
#define ${upper}_HEIGHT ${height}
#define ${upper}_WIDTH ${width}
/* Bytes of an input: planes [channels][height][width]. */
#define ${upper}_INPUT_BYTES ${channels * height * width}
#define ${upper}_CLASSES ${classes}
/* Bytes of memory that a run needs besides input and scores, at a multiple of 8. */
#define ${upper}_ARENA_BYTES ${Math.max(memory.bytes, 8)}
#define ${upper}_STEPS ${steps.length}

${labels}${pixels}/* One image. Returns 0. With ${upper}_NO_ARENA defined there is no arena of its own, and only the next one is there. */
int ${name}_run(const int8_t *input, float *scores);
/* The same in a caller's memory of ${upper}_ARENA_BYTES: may run in several threads at once. */
int ${name}_run_in(void *arena, const int8_t *input, float *scores);
/* Step number 0 .. ${upper}_STEPS - 1 alone, in order, for measurements. */
void ${name}_step(int32_t step, void *arena, const int8_t *input, float *scores);
/* The class with the highest score. */
int32_t ${name}_best(const float *scores);

#ifdef __cplusplus
}
#endif
#endif
`;
}

export function sourceText(program: Program): string {
  const { name, network, steps, texts, memory, flash, optimize } = program;
  const upper = name.toUpperCase();
  const table = steps.map((step, i) => {
    const cells = [`${i}`.padStart(4), commentText(step.name).padEnd(34), step.kind.padEnd(12)];
    return ` * ${[...cells, sizeText(step).padEnd(12), formText(step).padEnd(16), `${flash[i]}`.padStart(8)].join(' ')}`;
  });
  const total = flash.reduce((a, b) => a + b, 0);
  const constants = steps.map((step, i) => {
    const { constants: text } = texts[i]!;
    return text && `/* ${i}: ${commentText(step.name)} */\n${text}`;
  });
  const cases = steps.map((step, i) => {
    return `    case ${i}: /* ${commentText(step.name)} -> ${sizeText(step)} */\n        ${texts[i]!.call}\n        break;`;
  });
  return `/* ${commentText(network.name)}. Written by tritbank export --to c, for ${optimize}; do not edit.
 *
 * step node                               kernel       output       weights             bytes
${table.join('\n')}
 *      all constants${' '.repeat(70)}${`${total}`.padStart(8)}
 *      arena${' '.repeat(78)}${`${memory.bytes}`.padStart(8)} */
#include "${name}.h"
#include "tritbank_kernels.h"

${constants.filter((text) => text).join('\n')}
${pixelsText(program)}${labelsText(program)}void ${name}_step(int32_t step, void *memory, const int8_t *input, float *scores)
{
    int8_t *const arena = memory;
    (void)arena, (void)input, (void)scores;
    switch (step) {
${cases.join('\n')}
    default:
        break;
    }
}

int ${name}_run_in(void *arena, const int8_t *input, float *scores)
{
    for (int32_t i = 0; i < ${upper}_STEPS; i++) ${name}_step(i, arena, input, scores);
    return 0;
}

#ifndef ${upper}_NO_ARENA
int ${name}_run(const int8_t *input, float *scores)
{
    static union {
        int64_t alignment;
        int8_t bytes[${upper}_ARENA_BYTES];
    } arena;
    return ${name}_run_in(arena.bytes, input, scores);
}
#endif

int32_t ${name}_best(const float *scores)
{
    int32_t best = 0;
    for (int32_t i = 1; i < ${upper}_CLASSES; i++)
        if (scores[i] > scores[best]) best = i;
    return best;
}
`;
}

/** Each pixel's integer by a table: the runtime's normalisation and rounding. */
function pixelsText(program: Program): string {
  if (!takesPixels(program)) return '';
  const { name, network, preprocessing } = program;
  const upper = name.toUpperCase();
  const { channels } = network.input.tensor;
  const at = (values: readonly number[], c: number) => values[values.length === 1 ? 0 : c]!;
  const values = Array.from({ length: channels }, (_, c) => {
    const [mean, std] = [at(preprocessing.mean!, c), at(preprocessing.std!, c)];
    const x = Float32Array.from({ length: 256 }, (__, p) => Math.fround(p * (1 / std)) + -mean / std);
    return [...quantizeInput(network.input, x)];
  });
  return `/* Integers of the pixels 0 .. 255 of each channel. */
${arrayText('int8_t', 'pixels_of', values.flat())}
void ${name}_quantize(const uint8_t *pixels, int8_t *input)
{
    const int32_t count = ${upper}_HEIGHT * ${upper}_WIDTH;
    for (int32_t c = 0; c < ${upper}_CHANNELS; c++)
        for (int32_t i = 0; i < count; i++) input[c * count + i] = pixels_of[256 * c + pixels[i * ${upper}_CHANNELS + c]];
}

`;
}

function labelsText({ name, classes, preprocessing: { labels } }: Program): string {
  if (!labels) return '';
  const names = Array.from({ length: classes }, (_, i) => `    ${stringText(labels[i] ?? '')},`);
  return `const char *const ${name}_labels[${name.toUpperCase()}_CLASSES] = {\n${names.join('\n')}\n};\n\n`;
}
