/** `bench graph-size`: what a graph of many small nodes takes to read, to rewrite, to count and to plan. */

import { writeFileSync } from 'node:fs';
import { printResult, type TritbankCommand, ValueOption } from '../../src/cli/command.ts';
import { inspectModel } from '../../src/compress/inspect.ts';
import { measureCost } from '../../src/cost/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { whole } from '../../src/options/values.ts';
import { normalizeNetwork } from '../../src/passes/index.ts';
import { InferenceSession } from '../../src/runtime/node.ts';
import { describeEnvironment } from '../environment.ts';
import { formatTable } from '../table.ts';
import { type NetworkName, networks } from './networks.ts';

interface Row {
  readonly network: string;
  readonly nodes: number;
  /** Seconds of one run of each. */
  readonly seconds: Readonly<Record<string, number>>;
}

const tasks: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  read: (bytes) => readModel(bytes),
  normalize: (bytes) => normalizeNetwork(readModel(bytes)),
  cost: (bytes) => measureCost(readModel(bytes)),
  inspect: (bytes) => inspectModel(readModel(bytes)),
  session: async (bytes) => (await InferenceSession.create(bytes)).release(),
};

async function measure(network: NetworkName, nodes: number): Promise<Row> {
  const bytes = writeModel(networks[network](nodes));
  const seconds: Record<string, number> = {};
  for (const [name, work] of Object.entries(tasks)) {
    const started = performance.now();
    await work(bytes);
    seconds[name] = (performance.now() - started) / 1000;
  }
  return { network, nodes, seconds };
}

interface Options {
  readonly most: number;
  readonly out?: string;
  readonly json?: boolean;
}

async function run({ most, out, ...common }: Options): Promise<void> {
  const rows: Row[] = [];
  for (const name of Object.keys(networks) as NetworkName[]) {
    for (let nodes = 1000; nodes <= most; nodes *= 10) {
      // the first one of a process compiles what the others find
      if (rows.length === 0) await measure(name, 1000);
      const row = await measure(name, nodes);
      rows.push(row);
      process.stderr.write(`${row.network} ${row.nodes}\n`);
    }
  }
  const result = { environment: describeEnvironment(), rows };
  if (out !== undefined) writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`);
  const text = () =>
    formatTable<Row>(
      [
        { head: 'network', cell: (row) => row.network, align: 'left' },
        { head: 'nodes', cell: (row) => String(row.nodes) },
        ...Object.keys(tasks).map((task) => ({ head: `${task} s`, cell: (row: Row) => row.seconds[task]!.toFixed(2) })),
      ],
      rows,
    );
  printResult(common, result, text);
}

export function addGraphSize(program: TritbankCommand): void {
  program
    .command('graph-size')
    .description('Seconds to read, rewrite, count and plan graphs of 1,000 to 100,000 nodes.')
    .addOption(
      new ValueOption('--most <n>', 'nodes of the largest graph', whole({ from: 1000, to: 1_000_000 })).default(
        100_000,
      ),
    )
    .option('--out <file>', 'write the result as JSON, too')
    .common('npm run bench -- graph-size')
    .action((options: Options) => run(options));
}
