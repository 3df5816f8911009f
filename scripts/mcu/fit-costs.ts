import { existsSync, readFileSync } from 'node:fs';
import { encodeLists } from '../../src/export/c/encode.ts';
import { writeFileAtomic } from '../../src/files/index.ts';
import { Random } from '../../src/ir/index.ts';
import { hasVectors } from '../../src/mcu/cores.ts';
import type { CoreCosts, Costs } from '../../src/mcu/costs/coefficients.ts';
import { countedColumns } from '../../src/mcu/costs/gaps.ts';
import { workOf } from '../../src/mcu/costs/steps.ts';
import type { KernelName, Work } from '../../src/mcu/costs/terms.ts';
import { type CoreName, coreNames } from '../../src/mcu/index.ts';
import { count, describeErrors } from './count.ts';
import { codeNetworks, gridNetworks } from './grid.ts';
import { nonNegativeLeastSquares } from './least-squares.ts';

const target = 'kernels-c/mcu/costs.json';

const round = (value: number) => Number(value.toPrecision(5));

interface Sample {
  readonly work: Work;
  readonly instructions: number;
  readonly estimatedCycles: number;
}

/** Coefficients of each kernel: the least relative errors. */
function coefficientsOf(
  samples: readonly Sample[],
  key: 'instructions' | 'estimatedCycles',
): CoreCosts['instructions'] {
  const kernels = [...new Set(samples.map(({ work }) => work.kernel))];
  const result: { [K in KernelName]?: Record<string, number> } = {};
  for (const kernel of kernels) {
    const own = samples.filter(({ work }) => work.kernel === kernel);
    const names = [...new Set(own.flatMap(({ work }) => Object.keys(work.terms)))];
    const rows = own.map(({ work, [key]: value }) =>
      [1, ...names.map((name) => work.terms[name] ?? 0)].slice(1).map((n) => n / value),
    );
    const found = nonNegativeLeastSquares(
      rows,
      own.map(() => 1),
    );
    result[kernel] = Object.fromEntries(names.map((name, i) => [name, round(found[i]!)]).filter(([, v]) => v !== 0));
  }
  return result;
}

function residuals(
  samples: readonly Sample[],
  costs: CoreCosts['instructions'],
  key: 'instructions' | 'estimatedCycles',
) {
  return samples.map(({ work, [key]: value }) => {
    const terms = Object.entries(work.terms);
    const sum = terms.reduce((total, [name, n]) => total + n * (costs[work.kernel]?.[name] ?? 0), 0);
    return { kernel: work.kernel, error: sum / value - 1, work };
  });
}

/** Gaps a weight, of drawn matrices. */
function drawnGaps(): [number, number][] {
  const [rows, columns] = [64, countedColumns];
  const random = new Random(1, 'gaps');
  return [0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4].map((share) => {
    const values = Int8Array.from({ length: rows * columns }, () => {
      const u = random.float();
      return u < share ? 1 : u < 2 * share ? -1 : 0;
    });
    const nonZeros = values.reduce((n, v) => n + Math.abs(v), 0);
    const chunks = rows * Math.max(1, Math.ceil((2 * share * columns) / 255));
    const gaps = 2 * (encodeLists(values, rows).length - 2 * chunks);
    return [share, round((gaps - rows) / nonZeros)];
  });
}

async function fitCore(core: CoreName): Promise<CoreCosts> {
  const samples: Sample[] = [];
  let stack = 0;
  for (const network of gridNetworks()) {
    const counted = await count(network, core);
    stack = Math.max(stack, counted.stack);
    for (const [i, step] of counted.program.steps.entries()) {
      if (step.name === 'first pixel' || step.name === 'score') continue;
      samples.push({ work: workOf(step, hasVectors(core)), ...counted.steps[i]! });
    }
    process.stderr.write(`${core} ${network.name}\n`);
  }
  const code: Record<string, number> = {};
  for (const { kind, network } of codeNetworks()) {
    const { flash, program } = await count(network, core);
    code[kind] = flash - program.flash.reduce((a, b) => a + b, 0) - (code.none ?? 0);
  }
  const instructions = coefficientsOf(samples, 'instructions');
  const cycles = coefficientsOf(samples, 'estimatedCycles');
  const missed = residuals(samples, instructions, 'instructions');
  const kernels = [...new Set(missed.map(({ kernel }) => kernel))];
  for (const kernel of kernels) {
    const own = missed.filter((sample) => sample.kernel === kernel);
    const worst = own.reduce((a, b) => (Math.abs(a.error) > Math.abs(b.error) ? a : b));
    console.log(
      `${core} ${kernel}: ${describeErrors(own.map(({ error }) => error))}`,
      process.env.VERBOSE ? JSON.stringify(worst) : '',
    );
  }
  console.log(`${core} instructions: ${describeErrors(missed.map(({ error }) => error))}`);
  console.log(
    `${core} cycles: ${describeErrors(residuals(samples, cycles, 'estimatedCycles').map(({ error }) => error))}`,
  );
  return { instructions, cycles, code, stack };
}

const names = process.argv.slice(2) as CoreName[];
const before: Costs = existsSync(target) ? JSON.parse(readFileSync(target, 'utf8')) : { gaps: [], cores: {} };
let costs: Costs = { ...before, gaps: drawnGaps() };
const save = () => writeFileAtomic(target, `${JSON.stringify(costs, null, 1)}\n`);
save();
for (const core of names.length > 0 ? names : coreNames) {
  costs = { ...costs, cores: { ...costs.cores, [core]: await fitCore(core) } };
  save();
}
