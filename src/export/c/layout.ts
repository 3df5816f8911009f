/** Folders as build systems want them: plain, a library for Arduino, a module of Zephyr. */

import { basename } from 'node:path/posix';
import { cmakeText, makefileText } from './build-files.ts';
import type { Layout } from './layout-names.ts';
import type { Program } from './program.ts';
import { takesPixels } from './source.ts';

/** Where code lies in a layout, and its test. */
const places: { readonly [K in Layout]: { readonly source: string; readonly test: string } } = {
  plain: { source: '', test: '' },
  arduino: { source: 'src/', test: 'extras/test/' },
  zephyr: { source: 'src/', test: 'tests/' },
};

const libraryText = ({ name }: Program) => `name=${name}
version=1.0.0
author=tritbank
maintainer=tritbank
sentence=An image classifier with ternary and 8-bit weights.
paragraph=Written by tritbank export --to c. No allocation, no dependencies.
category=Data Processing
url=https://github.com/tritbank/tritbank
architectures=*
includes=${name}.h
`;

/** What a program calls, in C and in C++. */
function callText({ name, network }: Program, indent: string): string {
  const { height, width, channels } = network.input.tensor;
  return `${indent}/* a camera's frame of ${width} x ${height}, ${channels === 1 ? 'grey' : 'red, green and blue side by side'} */
${indent}${name}_quantize(pixels, input);
${indent}${name}_run(input, scores);
`;
}

function buffersText(program: Program): string {
  const upper = program.name.toUpperCase();
  const pixels = takesPixels(program) ? `static uint8_t pixels[${upper}_INPUT_BYTES];\n` : '';
  return `${pixels}static int8_t input[${upper}_INPUT_BYTES];\nstatic float scores[${upper}_CLASSES];\n`;
}

const runText = (program: Program, indent: string) =>
  takesPixels(program) ? callText(program, indent) : `${indent}${program.name}_run(input, scores);\n`;

const sketchText = (program: Program) => `// Classifies an image and says what it is and how long it took.
#include <${program.name}.h>

${buffersText(program)}
void setup() {
  Serial.begin(115200);
}

void loop() {
  const unsigned long before = micros();
${runText(program, '  ')}  const unsigned long after = micros();
  Serial.print("class ");
  Serial.print((long)${program.name}_best(scores));
  Serial.print(", microseconds ");
  Serial.println(after - before);
  delay(1000);
}
`;

const option = ({ name }: Program) => `TRITBANK_${name.toUpperCase()}`;

const moduleText = ({ name }: Program) => `name: ${name}
build:
  cmake: .
  kconfig: Kconfig
`;

const kconfigText = (program: Program) => `config ${option(program)}
	bool "Image classifier ${program.name}"
	help
	  An image classifier with ternary and 8-bit weights: ${program.memory.bytes} bytes of static memory.
`;

const moduleCmakeText = (program: Program) => `if(CONFIG_${option(program)})
  zephyr_library()
  zephyr_library_sources(src/${program.name}.c src/tritbank_kernels.c)
  zephyr_include_directories(src)
endif()
`;

const sampleCmakeText = ({ name }: Program) => `cmake_minimum_required(VERSION 3.20)
list(APPEND ZEPHYR_EXTRA_MODULES \${CMAKE_CURRENT_SOURCE_DIR}/../..)
find_package(Zephyr REQUIRED HINTS $ENV{ZEPHYR_BASE})
project(${name}_classify)
target_sources(app PRIVATE src/main.c)
`;

const sampleText = (program: Program) => `/* Classifies an image and says what it is and how long it took. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>
#include <${program.name}.h>

${buffersText(program)}
int main(void)
{
    for (;;) {
        const uint32_t before = k_cycle_get_32();
${runText(program, '        ')}        const uint32_t cycles = k_cycle_get_32() - before;
        printk("class %d, cycles %u\\n", (int)${program.name}_best(scores), (unsigned)cycles);
        k_msleep(1000);
    }
    return 0;
}
`;

/** What a layout has besides code and test. */
const others: { readonly [K in Layout]: (program: Program) => readonly (readonly [string, string])[] } = {
  plain: (program) => [['CMakeLists.txt', cmakeText(program)]],
  arduino: (program) => [
    ['library.properties', libraryText(program)],
    ['examples/classify/classify.ino', sketchText(program)],
  ],
  zephyr: (program) => [
    ['zephyr/module.yml', moduleText(program)],
    ['Kconfig', kconfigText(program)],
    ['CMakeLists.txt', moduleCmakeText(program)],
    ['samples/classify/CMakeLists.txt', sampleCmakeText(program)],
    ['samples/classify/prj.conf', `CONFIG_${option(program)}=y\nCONFIG_FPU=y\nCONFIG_MAIN_STACK_SIZE=4096\n`],
    ['samples/classify/src/main.c', sampleText(program)],
  ],
};

/** Files of a program by their paths; `code` is what every layout has. */
export function layOut(program: Program, code: ReadonlyMap<string, string>, layout: Layout): Map<string, string> {
  const { source, test } = places[layout];
  const up = test === '' ? '' : `${'../'.repeat(test.split('/').length - 1)}${source}`;
  const result = new Map<string, string>();
  for (const [name, text] of code) {
    const folder = name === 'test.c' ? test : name === 'README.md' ? '' : source;
    result.set(folder + basename(name), text);
  }
  result.set(`${test}Makefile`, makefileText(program, up));
  for (const [path, text] of others[layout](program)) result.set(path, text);
  return result;
}
