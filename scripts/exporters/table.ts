/** The stored outcomes as a table, with the reasons of what failed behind it. */

import { type ExportedModel, models } from './models.ts';
import { type StepName, stepNames } from './steps.ts';

export interface Outcome {
  readonly ok: boolean;
  /** The table's figure, or the reason of a failure in one line. */
  readonly text: string;
  readonly seconds: number;
  readonly command: string;
  readonly date: string;
}

export interface Row {
  readonly model: string;
  readonly opset: string;
  /** SHA-256 of the file that was tried. */
  readonly file: string;
  readonly outcomes: { readonly [K in StepName]?: Outcome };
}

export interface Records {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly command: string;
  readonly rows: readonly Row[];
}

const titles: { readonly [K in StepName]: string } = {
  inspect: 'inspect: candidates of layers',
  cost: 'cost: MACs',
  float: 'export float',
  int8: 'export int8',
  compress: 'compress',
  runtime: 'runtime: error',
};

const familyOf = (name: string) => models.find((model: ExportedModel) => model.name === name)?.family ?? name;

const cell = (outcome: Outcome | undefined) => (outcome ? (outcome.ok ? outcome.text : 'no') : '');

/** Markdown. */
export function renderTable({ machine, versions, command, rows }: Records): string {
  const header = ['model', 'operator set', ...stepNames.map((name) => titles[name])];
  const lines = rows.map(({ model, opset, outcomes }) => [
    `${familyOf(model)} (\`${model}\`)`,
    opset,
    ...stepNames.map((name) => cell(outcomes[name])),
  ]);
  const failures = rows.flatMap(({ model, opset, outcomes }) =>
    stepNames.flatMap((name) => {
      const outcome = outcomes[name];
      return outcome && !outcome.ok
        ? [`| \`${model}\` | ${opset} | ${name} | ${outcome.text.replaceAll('|', '\\|')} |`]
        : [];
    }),
  );
  const first = rows.find(({ outcomes }) => stepNames.every((name) => outcomes[name]));
  const commands = first ? stepNames.map((name) => `    ${first.outcomes[name]!.command}`) : [];
  const dates = rows.flatMap(({ outcomes }) => Object.values(outcomes).map(({ date }) => date.slice(0, 10))).sort();
  return `# Files of PyTorch's exporter

Made by \`${command}\` (scripts/exporters of the repository); nothing in it is typed by hand.
torchvision's classifiers, the smallest of each family, with random weights (seeded, batch norms settled on random
images), exported as PyTorch does by default: a batch of 1, fixed sizes. What each column did:

- inspect: layers with weights, and how many of them can become filter banks
- cost: multiply-accumulates of one image
- export float, export int8: size of the file
- compress: size of the packed file, half of each bank's filters ternary with 1.5 hidden units each, no training
- runtime: the largest difference to onnxruntime-node over 20 random inputs, of the range of the scores; good below
  1e-4 with the same best class in all of them

${machine}; ${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}${dates.length > 0 ? `; ${[...new Set([dates[0], dates.at(-1)])].join(' to ')}` : ''}.

| ${header.join(' | ')} |
|${header.map((_, i) => (i < 2 ? '---' : '---:')).join('|')}|
${lines.map((line) => `| ${line.join(' | ')} |`).join('\n')}
${failures.length > 0 ? `\nWhat did not work:\n\n| model | operator set | step | answer |\n|---|---|---|---|\n${failures.join('\n')}\n` : ''}${
  commands.length > 0 ? `\nThe commands, of the first row:\n\n${commands.join('\n')}\n` : ''
}
\`results.json\` of the repository has every outcome with its command, seconds and date.
`;
}
