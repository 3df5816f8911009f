/** `tritbank compare`: one table and one page of many run directories. */

import { text } from '../options/values.ts';
import { type CommonOptions, commandLine, printResult, type TritbankCommand, ValueOption, version } from './command.ts';

interface Options extends CommonOptions {
  readonly report?: string;
  readonly force?: boolean;
}

const example = `tritbank compare runs/*
tritbank compare runs/alpha-* --report alpha.html --json`;

export function addCompare(program: TritbankCommand): void {
  const command = program.command('compare');
  command
    .summary('many run directories in one table and report')
    .description(
      'Show runs of train, fine-tune and compress beside one another: runs that differ in nothing but the seed in groups, with ' +
        'mean and standard deviation, and the curves of all. Runs that are not finished are shown as far as they are.',
    )
    .argument('<RUN...>', 'run directories');
  command.optionsGroup('Output:');
  command.addOption(new ValueOption('--report <file>', 'write an HTML page with curves', text('a file')));
  command.replacing().action(compare);
  command.common(example);
}

async function compare(paths: readonly string[], options: Options): Promise<void> {
  const { claimOutputs } = await import('../files/outputs.ts');
  const { report, force } = options;
  claimOutputs({ '--report': report }, { force });
  const { compareRuns, printComparison, readComparedRun, renderCompareReport } = await import('../report/index.ts');
  const comparison = compareRuns(paths.map(readComparedRun));
  if (report !== undefined) {
    const { writeFileAtomic } = await import('../files/index.ts');
    const page = { title: 'Runs', generatedBy: `tritbank ${version}`, command: commandLine(), comparison };
    writeFileAtomic(report, await renderCompareReport(page));
  }
  printResult(options, { ...comparison, ...(report !== undefined && { report }) }, () => {
    const shown = printComparison(comparison);
    return report === undefined ? shown : `${shown}\n\nreport  ${report}`;
  });
}
