/** `tritbank studio`: the studio's page, served to this machine. */

import { whole } from '../options/values.ts';
import { type CommonOptions, printResult, type TritbankCommand, ValueOption } from './command.ts';
import { writeLine } from './output.ts';

const example = `tritbank studio
tritbank studio runs/ --port 8080`;

interface Options extends CommonOptions {
  readonly port: number;
}

export function addStudio(program: TritbankCommand): void {
  const command = program.command('studio');
  command
    .summary('a page to see, plan, compress and train networks in the browser')
    .description(
      'Serve the studio until it is stopped: a page that shows the filters of a network, plans, compresses on your own ' +
        'images, trains, and compares run directories. It computes in the browser. The server answers this machine ' +
        'only, writes nothing, and hands out of run directories configurations, records and plans, to whoever has the ' +
        'address that is printed.',
    )
    .argument('[RUNS_DIR]', 'a run directory, or a folder of some, for the panel Runs');
  command.optionsGroup('Server:');
  command.addOption(
    new ValueOption(
      '--port <number>',
      'port on 127.0.0.1; 0 takes one that is free',
      whole({ from: 0, to: 65535 }),
    ).default(0),
  );
  command.action(run);
  command.common(example);
}

async function run(runs: string | undefined, { port, json, quiet }: Options): Promise<void> {
  const { serveStudio } = await import('../serve/studio.ts');
  const stopped = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
  const studio = await serveStudio({ port, ...(runs !== undefined && { runs }) });
  printResult({ json: json ?? false }, { url: studio.url }, () => studio.url);
  if (!quiet) writeLine('served to this machine until it is stopped (Ctrl-C)');
  await stopped;
  await studio.close();
}
