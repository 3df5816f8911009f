/**
 * `npm run rtl`: the Verilog in Verilator against the cycle model, over many images: every word that is written, and the
 * cycle of every instruction. Networks of three architectures on arrays with lists, dense trits, five trits to a byte and
 * MACs only. Minutes each; goes on where it was stopped: what is stored for the same Verilog is not run again.
 *
 *   npm run rtl -- --images 20 --data-dir cifar10/
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type ArrayParameters, compileNetwork, defaultArray, macArray } from '../../src/accelerator/index.ts';
import { testImages } from '../../src/cli/hardware/quantized-images.ts';
import { drawnNetwork } from '../../src/cli/hardware/table-networks.ts';
import { type Dataset, openDataset, statistics } from '../../src/data/index.ts';
import { exportOnnx } from '../../src/export/index.ts';
import { findRtlSimulator, keepsTime, runRtl, writeVerilogProject } from '../../src/export/verilog/index.ts';
import { describeMachine, version, writeFileAtomic } from '../../src/files/index.ts';
import { openModel } from '../../src/formats/index.ts';
import { nameArray } from '../../src/hardware/index.ts';
import { type IntegerNetwork, readIntegerNetwork } from '../../src/integer/index.ts';
import { TritbankError } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { findInZoo } from '../../src/zoo/index.ts';

const root = resolve(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '20' },
    data: { type: 'string', default: 'cifar10' },
    'data-dir': { type: 'string' },
    networks: { type: 'string', default: 'quarter,resnet-20,mobilenet-v2' },
    out: { type: 'string', default: join(root, 'results', 'hardware') },
  },
});

interface Outcome {
  readonly network: string;
  readonly array: string;
  readonly images: number;
  readonly imagesAtOnce: number;
  readonly equal: boolean;
  readonly cycles: number;
  readonly modelCycles: number;
  readonly seconds: number;
  readonly rtl: string;
  readonly simulator: string;
  readonly machine: string;
  readonly date: string;
}

const arrays: readonly ArrayParameters[] = [
  { ...defaultArray, inFlight: 2 },
  { ...defaultArray, macs: 2, macRate: 2, inputs: 8, copies: 4, gapBits: 6, inFlight: 4 },
  { ...defaultArray, lanes: 8, ternary: 'trits', copies: 1, adders: 3, macs: 2, inFlight: 2 },
  { ...defaultArray, ternary: 'five-trits', copies: 1, inputs: 5, inFlight: 2 },
  { ...macArray, macs: 2, macRate: 2 },
];

const count = Number(values.images);
const dataset = await openDataset(values.data, {
  ...(values['data-dir'] !== undefined && { dir: values['data-dir'] }),
});
const normalisation = await statistics(dataset);

/** A hybrid of drawn weights at 8 bits, calibrated on training images. */
async function hybridOf(model: string, width: number, { train }: Dataset) {
  const base = buildNetwork(model, { width, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 1 });
  const network = await drawnNetwork(base, { method: 'hybrid' });
  return exportOnnx(network, { activations: 'int8', calibration: { split: train, normalisation, images: 32 } });
}

async function openNetwork(name: string): Promise<IntegerNetwork> {
  if (name === 'quarter') {
    return readIntegerNetwork((await openModel(await findInZoo('mobilenet-v1-0.5-cifar10-quarter-int8'))).graph);
  }
  return readIntegerNetwork(await hybridOf(name, name === 'mobilenet-v2' ? 0.35 : 1, dataset));
}

/** Images of one program: as many as its memory holds. */
function imagesAtOnce(network: IntegerNetwork, array: ArrayParameters): number {
  for (const images of [count, 10, 5, 4, 2]) {
    if (count % images !== 0) continue;
    try {
      compileNetwork(network, { ...array, images });
      return images;
    } catch (error) {
      if (!(error instanceof TritbankError) || error.code !== 'E_LIMIT') throw error;
    }
  }
  return 1;
}

const rtlFolder = join(root, 'hardware', 'rtl');
const hash = createHash('sha256');
for (const name of readdirSync(rtlFolder).sort()) hash.update(readFileSync(join(rtlFolder, name)));
const rtl = hash.digest('hex').slice(0, 16);
const store = join(values.out, 'rtl.json');
const stored: Outcome[] = existsSync(store) ? JSON.parse(readFileSync(store, 'utf8')).outcomes : [];
const outcomes = stored.filter((one) => one.rtl === rtl && one.images === count);
const simulator = await findRtlSimulator('verilator');

mkdirSync(values.out, { recursive: true });
function save(): void {
  const command = `npm run rtl -- --images ${count}`;
  const known = { command, version, data: values.data, outcomes };
  writeFileAtomic(store, `${JSON.stringify(known, null, 1)}\n`);
}

for (const name of values.networks.split(',')) {
  const todo = arrays.filter((array) => !outcomes.some((o) => o.network === name && o.array === nameArray(array)));
  if (todo.length === 0) continue;
  const network = await openNetwork(name);
  const images = await testImages(network, { dataset, normalisation }, count);
  for (const array of todo) {
    const began = performance.now();
    const own = imagesAtOnce(network, array);
    const sum = { cycles: 0, modelCycles: 0, equal: true };
    const folder = mkdtempSync(join(tmpdir(), 'tritbank-rtl-'));
    try {
      for (let first = 0; first < count && sum.equal; first += own) {
        const part = images.slice(first, first + own);
        const { timeline } = writeVerilogProject(folder, network, { ...array, images: own }, part);
        const run = await runRtl(folder, simulator);
        sum.cycles += run.cycles;
        sum.modelCycles += timeline.cycles;
        sum.equal = run.equal && keepsTime(run, timeline);
        if (!sum.equal) process.stderr.write(`${name}: ${run.differences[0] ?? 'other cycles'}\n`);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const outcome: Outcome = {
      ...{ network: name, array: nameArray(array), images: count, imagesAtOnce: own, ...sum, rtl, simulator },
      seconds: Math.round((performance.now() - began) / 1000),
      ...{ machine: describeMachine(), date: new Date().toISOString().slice(0, 10) },
    };
    outcomes.push(outcome);
    save();
    const said = outcome.equal ? 'equal' : 'differs';
    process.stderr.write(`${name} on ${outcome.array}: ${said}, ${sum.cycles} cycles, ${outcome.seconds} s\n`);
    if (!outcome.equal) process.exitCode = 1;
  }
}
