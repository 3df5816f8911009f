/** What builds the exported code, and what explains it. */

import type { Program } from './program.ts';
import { formText, takesPixels } from './source.ts';

/** `source` is where the code lies, seen from the Makefile: empty, or a folder with a slash. */
export const makefileText = (
  { name }: Program,
  source = '',
): string => `# make test: builds for this machine and compares every layer with what was recorded.
CC ?= cc
CFLAGS ?= -O2
WARNINGS = -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Werror
SOURCES = ${source}${name}.c ${source}tritbank_kernels.c

test: ${name}_test
\t./${name}_test

${name}_test: test.c $(SOURCES) ${source}${name}.h ${source}tritbank_kernels.h
\t$(CC) $(CFLAGS) $(WARNINGS)${source && ` -I${source}`} -o $@ test.c $(SOURCES) -lm

# with the sanitizers for memory and undefined behaviour
sanitize:
\t$(MAKE) -B test CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover"

clean:
\trm -f ${name}_test

.PHONY: test sanitize clean
`;

export const cmakeText = ({ name }: Program): string => `cmake_minimum_required(VERSION 3.13)
project(${name} C)

add_library(${name} STATIC ${name}.c tritbank_kernels.c)
target_include_directories(${name} PUBLIC \${CMAKE_CURRENT_SOURCE_DIR})
set_target_properties(${name} PROPERTIES C_STANDARD 99)

add_executable(${name}_test EXCLUDE_FROM_ALL test.c)
target_link_libraries(${name}_test ${name} m)
`;

const bytesText = (n: number) => n.toLocaleString('en-US');

/** What a network takes on a core, code and stack included. */
export interface CoreCost {
  readonly core: string;
  readonly instructions: number;
  readonly estimatedCycles: number;
  readonly flash: number;
  readonly ram: number;
}

function costsText(costs: readonly CoreCost[]): string {
  if (costs.length === 0) return '';
  const millions = (n: number) => (n / 1e6).toFixed(2);
  const rows = costs.map(({ core, instructions, estimatedCycles, flash, ram }) => {
    const cells = [core, millions(instructions), millions(estimatedCycles), bytesText(flash), bytesText(ram)];
    return `| ${cells.join(' | ')} |`;
  });
  return `
Predicted for one image, built with \`-O3\`, kernels and stack included (\`tritbank mcu\` counts them on an emulated core):

| core | instructions, M | cycles, M, no wait states | flash | RAM, input and scores besides |
| --- | ---: | ---: | ---: | ---: |
${rows.join('\n')}
`;
}

export function readmeText(program: Program, costs: readonly CoreCost[] = []): string {
  const { name, network, memory, steps, flash, classes, optimize } = program;
  const upper = name.toUpperCase();
  const { channels, height, width } = network.input.tensor;
  const size = channels * height * width;
  const rows = steps.map((step, i) => {
    const { channels: c, tensor } = step.y;
    const shape = `${c} x ${tensor.height} x ${tensor.width}`;
    return `| ${i} | ${step.name.replaceAll('|', '\\|')} | ${step.kind} | ${shape} | ${formText(step)} | ${bytesText(flash[i]!)} |`;
  });
  const total = flash.reduce((a, b) => a + b, 0);
  const quantize = takesPixels(program)
    ? `${name}_quantize(pixels, input);   /* pixels: uint8_t, ${channels === 1 ? 'grey' : 'RGB side by side'}, ${width} x ${height} */`
    : `/* input[i] = clamp(round(x / ${network.input.scale}) + ${network.input.zeroPoint}), x as the network was trained */`;
  return `# ${name}

C99 of an image classifier with ternary and 8-bit weights, written by \`tritbank export --to c\` (optimized for ${optimize}).

| | bytes |
| --- | ---: |
| constants (flash) | ${bytesText(total)} |
| arena (RAM) | ${bytesText(memory.bytes)} |
| input (RAM, yours) | ${bytesText(size)} |
| scores (RAM, yours) | ${bytesText(4 * classes)} |

The kernels' own code comes on top: on a Cortex-M4 up to 8 KB with \`-Os\`, 16 KB with \`-O3\`.
${costsText(costs)}
\`\`\`c
#include "${name}.h"

static int8_t input[${upper}_INPUT_BYTES];
static float scores[${upper}_CLASSES];

${quantize}
${name}_run(input, scores);
int32_t best = ${name}_best(scores);
\`\`\`

Add \`${name}.c\` and \`tritbank_kernels.c\` to a project; there are no other dependencies, no allocation, no state but the
arena. \`${name}_run_in\` takes a caller's arena of \`${upper}_ARENA_BYTES\` (then define \`${upper}_NO_ARENA\`).
\`make test\` compiles for this machine and compares each layer with tritbank/runtime's integers, to the bit;
\`make sanitize\` does it under the sanitizers.

Nodes have their names of the ONNX file. Weights are \`dense\` (8 bits, two rows side by side), \`plain\` or \`int8\` (8
bits, row after row), \`lists\` (where the -1 and +1 of a row are) or \`trits\` (five to a byte); \`lists + lists\` are the
two ternary matrices of a filter bank, computed together. \`tritbank_kernels.h\` has the details.

| step | node | kernel | output | weights | bytes |
| ---: | --- | --- | --- | --- | ---: |
${rows.join('\n')}
`;
}
