/** A folder with the accelerator for one network: its Verilog, memories, test bench, and how to run it. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ArrayParameters,
  type CompiledNetwork,
  compileNetwork,
  loadImages,
  type Simulation,
  simulate,
  simulateInTurns,
  type Timeline,
  timelineOf,
} from '../../accelerator/index.ts';
import { writeFileAtomic } from '../../files/index.ts';
import type { IntegerNetwork } from '../../integer/index.ts';
import { TritbankError } from '../../ir/index.ts';
import { hardwareSources } from '../../synthesis/index.ts';
import { takeTurn } from '../../threads/turn.ts';
import { configuration, constantMemories, imageMemories } from './memories.ts';
import { describeProject } from './readme.ts';

export interface VerilogProject {
  readonly compiled: CompiledNetwork;
  readonly timeline: Timeline;
  /** Scores of each image, by the cycle model. */
  readonly outputs: readonly Float32Array[];
}

/** Folders of hardware/ and where their files go: models are those of memories. */
const places = { rtl: 'rtl/', memories: 'models/', sim: '' } as const;

const makefile = `# make sim    all images, with Verilator, or with Icarus where there is none
# make lint   Verilator's warnings
RTL = $(wildcard rtl/*.v)
MODELS = $(wildcard models/*.v)
IMAGES = $(sort $(wildcard images/*))
VERILATOR := $(shell command -v verilator)

# Verilator builds in no directory whose name has spaces
ifeq ($(words $(CURDIR)),1)
BUILD = build
else
BUILD := /tmp/tritbank-$(shell pwd | cksum | cut -d ' ' -f 1)
endif

.PHONY: sim lint clean
ifdef VERILATOR
$(BUILD)/simulation: testbench.v config.vh $(RTL) $(MODELS)
\tverilator --binary -O3 --timing --timescale 1ns/1ps -Irtl -I. --top-module testbench --Mdir $(BUILD) -o simulation \\
\t  testbench.v $(RTL) $(MODELS) > build.log 2>&1 || { cat build.log; exit 1; }
RUN = $(BUILD)/simulation
else
$(BUILD)/simulation: testbench.v config.vh $(RTL) $(MODELS)
\tmkdir -p $(BUILD)
\tiverilog -g2005-sv -Irtl -I. -s testbench -o $(BUILD)/simulation testbench.v $(RTL) $(MODELS)
RUN = vvp -n $(BUILD)/simulation
endif

sim: $(BUILD)/simulation
\t@set -e; for images in $(IMAGES); do \\
\t  $(RUN) +images=$$images > $(BUILD)/run.log; grep -v 'Verilog $$finish' $(BUILD)/run.log; \\
\t  grep -q '^all layers equal, ' $(BUILD)/run.log; \\
\tdone

lint:
\tverilator --lint-only -Wall -Irtl --top-module accelerator_core $(RTL)

clean:
\trm -rf $(BUILD) build.log
`;

/**
 * Compiles `network` for `array` and writes the folder. `images` are integers of planes [C, H, W], as many as the array
 * runs. Errors are those of `compileNetwork`, and E_FILE where it cannot write.
 *
 * @example
 * import { loadModel, readIntegerNetwork, defaultArray, writeVerilogProject } from 'tritbank';
 *
 * const network = readIntegerNetwork(await loadModel('model.int8.onnx'));
 * const { channels, height, width } = network.input.tensor;
 * const image = new Int8Array(channels * height * width);
 * const { timeline } = writeVerilogProject('array', network, { ...defaultArray, images: 1 }, [image]);
 * console.log(timeline.cycles);
 */
export function writeVerilogProject(
  out: string,
  network: IntegerNetwork,
  array: ArrayParameters,
  images: readonly Int8Array[],
): VerilogProject {
  requireImages(images, array);
  const compiled = compileNetwork(network, array);
  return writeProject(out, compiled, images, simulate(compiled, loadImages(compiled, images)));
}

/**
 * `writeVerilogProject`, which lets others in while it computes. Rejects with the signal's reason once that is aborted, and
 * has written nothing then.
 */
export async function writeVerilogProjectInTurns(
  out: string,
  network: IntegerNetwork,
  array: ArrayParameters,
  images: readonly Int8Array[],
  signal?: AbortSignal,
): Promise<VerilogProject> {
  requireImages(images, array);
  const compiled = compileNetwork(network, array);
  const simulation = await simulateInTurns(compiled, loadImages(compiled, images), { signal });
  await takeTurn(signal);
  return writeProject(out, compiled, images, simulation);
}

function requireImages(images: readonly Int8Array[], array: ArrayParameters): void {
  if (images.length === array.images) return;
  throw new TritbankError('E_USAGE', 'images', `expected ${array.images} images, found ${images.length}`);
}

function writeProject(
  out: string,
  compiled: CompiledNetwork,
  images: readonly Int8Array[],
  simulation: Simulation,
): VerilogProject {
  const timeline = timelineOf(compiled);
  const files = imageMemories(compiled, images, simulation);
  const write = (name: string, text: string) => writeFileAtomic(join(out, name), text);
  for (const folder of ['rtl', 'models', 'memories', 'images/0']) mkdirSync(join(out, folder), { recursive: true });
  for (const folder of ['rtl', 'memories', 'sim'] as const) {
    for (const [name, text] of Object.entries(hardwareSources(folder))) write(`${places[folder]}${name}`, text);
  }
  for (const [name, text] of constantMemories(compiled)) write(`memories/${name}`, text);
  for (const [name, text] of files) write(`images/0/${name}`, text);
  write('config.vh', configuration(compiled, simulation, 2 * timeline.cycles + 10_000));
  write('Makefile', makefile);
  write('layers.json', `${JSON.stringify(layersOf(timeline), null, 2)}\n`);
  write('README.md', describeProject(compiled, timeline));
  return { compiled, timeline, outputs: simulation.outputs };
}

const layersOf = ({ spans, cycles }: Timeline) => ({
  cycles,
  instructions: [...spans.mac, ...spans.adder].sort((a, b) => a.start - b.start),
});
