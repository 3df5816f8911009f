/** `tritbank zoo`: the measured models, and how to have one. */

import { TritbankError } from '../ir/errors.ts';
import { text } from '../options/values.ts';
import type { ModelCard } from '../zoo/index.ts';
import { type CommonOptions, printResult, type TritbankCommand, ValueOption } from './command.ts';
import { warn } from './output.ts';

const example = `tritbank zoo list
tritbank zoo get mobilenet-v1-0.5-cifar10-quarter --out quarter.onnx
tritbank run tritbank/mobilenet-v1-0.5-cifar10-quarter photo.jpg`;

const listExample = `tritbank zoo list --json | jq -r '.models[] | [.name, .accuracy.top1, .file.bytes] | @tsv'`;
const getExample = 'tritbank zoo get mobilenet-v1-0.5-cifar10-quarter --out quarter.onnx';

const source =
  'From the folder or the address in TRITBANK_ZOO, else from the installed package @tritbank/zoo; nothing is downloaded ' +
  'unless TRITBANK_ZOO is an address.';

export function addZoo(program: TritbankCommand): void {
  const zoo = program.command('zoo');
  zoo
    .summary('measured models: their cards, and their files')
    .description(
      `Measured models with accuracy, size, energy and the command that made each. ${source} Commands take ` +
        "'tritbank/NAME' where they take a model.",
    )
    .helpCommand(false)
    .argument('[action]', 'list or get')
    .action((found?: string) => {
      throw new TritbankError(
        'E_USAGE',
        'zoo',
        `expected list or get, found ${found === undefined ? 'none' : `'${found}'`}`,
      );
    })
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', `\nExample:\n${example.replace(/^/gm, '  ')}`);
  const listed = zoo
    .command('list')
    .summary('the models, with what was measured')
    .description(`List the models. ${source}`)
    .action(list);
  listed.common(listExample);
  const got = zoo
    .command('get')
    .summary('the file of a model')
    .description(`Print where the file of a model is, its content checked, or write a copy of it. ${source}`)
    .argument('<NAME>', 'a name of the list, with or without tritbank/ in front');
  got.optionsGroup('Output:');
  got.addOption(new ValueOption('--out <file>', 'write a copy of the model there', text('a file')));
  got.replacing().action(get);
  got.common(getExample);
}

async function list(options: CommonOptions): Promise<void> {
  const [{ listZoo }, { alignTable }] = await Promise.all([
    import('../zoo/index.ts'),
    import('../report/text-table.ts'),
  ]);
  const models = await listZoo({ warn });
  printResult(options, { models }, () => {
    const head = ['model', 'top-1 (%)', '95 %', 'bytes', 'energy', 'latency (ms)', 'licence'];
    return alignTable(head, models.map(row));
  });
}

const percent = (share: number) => (100 * share).toFixed(2);
const row = ({ name, accuracy, file, energy, latency, licence }: ModelCard): string[] => [
  name,
  percent(accuracy.top1),
  accuracy.interval.map(percent).join('–'),
  file.bytes.toLocaleString('en-US'),
  energy.zerosSkipped.toFixed(3),
  latency ? latency.milliseconds.toFixed(2) : '–',
  licence,
];

interface GetOptions extends CommonOptions {
  readonly out?: string;
  readonly force?: boolean;
}

async function get(name: string, { out, force, ...options }: GetOptions): Promise<void> {
  const [{ getFromZoo }, { claimOutputs }, { createProgress }] = await Promise.all([
    import('../zoo/index.ts'),
    import('../files/outputs.ts'),
    import('./progress.ts'),
  ]);
  if (out !== undefined) claimOutputs({ '--out': out }, { force, inputs: [] });
  let progress: ReturnType<typeof createProgress> | undefined;
  const onProgress = (done: number, total: number) => {
    progress ??= createProgress({ label: 'download', total, unit: 'bytes', quiet: options.quiet ?? false });
    progress.update(done);
  };
  const { card, path } = await getFromZoo(name, { onProgress, warn }).finally(() => progress?.stop());
  if (out !== undefined) {
    const [{ readFileSync }, { writeFileAtomic }] = await Promise.all([import('node:fs'), import('../files/index.ts')]);
    writeFileAtomic(out, readFileSync(path));
  }
  const { printPairs } = await import('../report/text-table.ts');
  printResult(options, { ...card, path: out ?? path }, () => printPairs(describe(card, out ?? path)));
}

const pair = (term: string, text: string): [string, string] => [term, text];

function describe(card: ModelCard, path: string): [string, string][] {
  const { accuracy, energy, throughput, latency } = card;
  const [low, high] = accuracy.interval.map(percent);
  return [
    ['model', `${card.name}: ${card.description}`],
    ['classes', `${card.classes} of ${card.data}`],
    ['top-1', `${percent(accuracy.top1)} % (${low} to ${high}) of ${accuracy.samples} test images`],
    ['size', `${card.file.bytes.toLocaleString('en-US')} bytes, ${card.parameters.toLocaleString('en-US')} parameters`],
    ['energy', `${energy.dense.toFixed(3)} of the original's, ${energy.zerosSkipped.toFixed(3)} with zeros skipped`],
    ['throughput', `${throughput.dense.toFixed(3)}, ${throughput.zerosSkipped.toFixed(3)} with zeros skipped`],
    ...(latency
      ? [pair('latency', `${latency.milliseconds} ms on one thread (${latency.machine}, ${latency.date})`)]
      : []),
    ...(card.plan ? [pair('plan', card.plan.path)] : []),
    ['recipe', card.recipe],
    ['licence', card.licence],
    ['sha256', card.file.sha256],
    ['file', path],
  ];
}
