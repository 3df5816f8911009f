/**
 * `npm run test:relaxed`: the runtime with relaxed SIMD and without. Its tests run in this Node and in later ones from npm,
 * its kernels are compared with the reference in Chromium; then test images are classified by plain kernels, by those with
 * relaxed SIMD and on WebGPU, and a table says whether the classes are the same. Status 1 where something fails, or where a
 * network of integers has other scores than the plain kernels in this Node.
 *
 *   npm run test:relaxed -- [--nodes 22,24] [--images 100] [--table]
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { TritbankError } from '../../src/ir/index.ts';
import { alignTable } from '../../src/report/text-table.ts';
import { openRuntimePage, type RuntimePage } from '../../test/browser/runtime-page.ts';
import type { NodeScores } from './in-node.ts';
import { type Network, readNetworks } from './networks.ts';
import { findNode, runProgram, runTests } from './node-versions.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '22,24' },
    images: { type: 'string', default: '100' },
    /** The table only. */
    table: { type: 'boolean', default: false },
  },
});
const images = Number(values.images);
if (!Number.isInteger(images) || images < 1) {
  process.stderr.write(`error E_USAGE: --images: expected a whole number of at least 1, found '${values.images}'\n`);
  process.exit(2);
}
const say = (line: string) => process.stdout.write(`${line}\n`);

interface Outcome {
  readonly network: string;
  readonly engine: string;
  readonly kernels: 'plain' | 'relaxed' | 'webgpu';
  readonly scores: readonly (readonly number[])[];
}

async function inNode(node: string, version: string, networks: readonly Network[]): Promise<Outcome[]> {
  const found = JSON.parse(await runProgram(node, 'in-node.ts', JSON.stringify(networks))) as NodeScores[];
  return found.map(({ network, isRelaxed, scores }) => {
    return { network, engine: `Node ${version}`, kernels: isRelaxed ? 'relaxed' : 'plain', scores };
  });
}

async function inChromium(page: RuntimePage, networks: readonly Network[]): Promise<Outcome[]> {
  const forms = { plain: { relaxedSimd: false }, relaxed: {}, webgpu: { device: 'webgpu' } } as const;
  const found: Outcome[] = [];
  for (const [i, { name, images: all }] of networks.entries()) {
    for (const kernels of ['plain', 'relaxed', 'webgpu'] as const) {
      const { scores } = await page.runNetwork(`${i}.onnx`, all, forms[kernels]);
      found.push({ network: name, engine: `Chromium ${page.browser.version().split('.')[0]}`, kernels, scores });
    }
  }
  return found;
}

const argMax = (scores: readonly number[]) => scores.indexOf(Math.max(...scores));
const percent = (part: number, all: number) => ((100 * part) / all).toFixed(1);

/** A row of the table, and whether it is as it has to be. */
function judge(outcome: Outcome, plain: Outcome, { labels }: Network): { row: string[]; isRight: boolean } {
  const classes = outcome.scores.map(argMax);
  const right = classes.filter((found, i) => found === labels[i]).length;
  const same = classes.filter((found, i) => found === argMax(plain.scores[i]!)).length;
  let difference = 0;
  for (const [i, scores] of outcome.scores.entries()) {
    for (const [k, score] of scores.entries()) {
      difference = Math.max(difference, Math.abs(score - plain.scores[i]![k]!));
    }
  }
  const { network, engine, kernels } = outcome;
  const row = [network, engine, kernels, percent(right, labels.length), percent(same, labels.length)];
  const isExact = network.endsWith('floats') ? difference < 1e-3 : difference === 0;
  return {
    row: [...row, difference === 0 ? '0' : difference.toExponential(1)],
    isRight: isExact && same === labels.length,
  };
}

let failures = 0;
const check = (isRight: boolean, what: string) => {
  if (isRight) return;
  failures += 1;
  say(`failed: ${what}`);
};

const networks = await readNetworks(images, say);
const nodes = [[process.versions.node, process.execPath] as const];
for (const version of values.nodes.split(',').filter((one) => one !== '')) {
  const path = findNode(version);
  check(path !== undefined, `node@${version} from npm`);
  if (path) nodes.push([version, path]);
}
if (!values.table) {
  for (const [version, path] of nodes) {
    say(`tests in Node ${version}`);
    check(runTests(path), `tests in Node ${version}`);
  }
}
const outcomes: Outcome[] = [];
for (const [version, path] of nodes) outcomes.push(...(await inNode(path, version, networks)));
const page = await openRuntimePage(new Map(networks.map(({ path }, i) => [`${i}.onnx`, readFileSync(path)]))).catch(
  (error: unknown) => {
    if (!(error instanceof TritbankError)) throw error;
    say(`left out: ${error.message}`);
    return undefined;
  },
);
if (page) {
  for (const name of values.table ? [] : await page.propertyNames('wasm')) {
    const problem = await page.checkProperty(name, 60, 1);
    check(problem === '', `${name} in Chromium: ${problem}`);
  }
  outcomes.push(...(await inChromium(page, networks)));
  await page.close();
}
const rows = networks.flatMap((network) => {
  const own = outcomes.filter((outcome) => outcome.network === network.name);
  return own.map((outcome) => {
    const { row, isRight } = judge(outcome, own[0]!, network);
    check(isRight, row.slice(0, 3).join(', '));
    return row;
  });
});
const head = ['network', 'engine', 'kernels', 'top-1 (%)', 'same class (%)', 'largest difference'];
say(alignTable(head, rows));
say(`${images} test images; "same class" and differences of scores: beside the plain kernels in Node ${nodes[0]![0]}`);
process.exitCode = failures > 0 ? 1 : 0;
