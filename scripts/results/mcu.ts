/** `results/bench/mcu.md`: tables of what `bench mcu` stored in `results/bench`. */

import { figures, type McuAccuracy, type McuReport, type McuRow } from '../../bench/mcu/report.ts';
import type { LayersRow } from '../mcu/check-layers.ts';

const folder = 'results/bench';

const files = [
  ...['mcu.json', 'mcu-cortex-m7.json', 'mcu-cortex-m55.json', 'mcu-cortex-m3.json', 'mcu-cortex-m0plus.json'],
  ...['m4', 'm7', 'm55', 'm3', 'm0plus'].map((core) => `mcu-planned-160-cortex-${core}.json`),
  ...['m4', 'm55', 'm3', 'm0plus'].map((core) => `mcu-planned-96-cortex-${core}.json`),
  ...['mcu-other-a.json', 'mcu-other-b.json'],
];

/** What `npm run mcu:layers` found. */
interface LayersReport {
  readonly date: string;
  readonly command: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly LayersRow[];
}

/** Networks by row, where they ran by column: how many images were equal. */
function layersText({ date, command, versions, rows }: LayersReport): string {
  const unique = (key: 'network' | 'on') => [...new Set(rows.map((row) => row[key]))];
  const places = unique('on');
  const lines = unique('network').map((network) => {
    const own = rows.filter((row) => row.network === network);
    const cells = places.map((on) => {
      const found = own
        .filter((row) => row.on === on)
        .map((row) => (row.found === `EQUAL ${row.images}` ? row.images : 0));
      return found.join(', ');
    });
    return `| ${network} | ${own[0]!.steps} | ${cells.join(' | ')} |`;
  });
  const tools = Object.entries(versions).map(([tool, version]) => `${tool}: ${version}`);
  return `## Every layer equal

\`${command}\`, ${date.slice(0, 10)}: drawn images of which every layer gives what the
runtime gives, at \`-O0\` and at \`-O3\`;
0 where one differs.

| | layers | ${places.join(' | ')} |
|---|---:|${places.map(() => '---:|').join('')}
${lines.join('\n')}

${tools.join(';\n')}.
`;
}

const percent = (share: number) => (100 * share).toFixed(1);

/** A trained network: accuracies beside those of int8, and whether both aims are reached. */
function verdictOf(rows: readonly McuRow[]): string {
  const control = rows.find(({ contestant }) => contestant === 'int8')?.accuracy;
  const lines = rows.flatMap(({ contestant, accuracy, overControl: { instructions } }) => {
    if (!accuracy || !control || contestant === 'int8') return [];
    const of = ({ top1, interval: [low, high] }: McuAccuracy) =>
      `${percent(top1)} % (${percent(low)} to ${percent(high)})`;
    const isShown = accuracy.interval[0] > control.interval[1] - 0.01;
    const isRefuted = accuracy.interval[1] < control.interval[0] - 0.01;
    const less = `no, ${percent(control.top1 - accuracy.top1)} points less`;
    const near = isShown ? 'yes' : isRefuted ? less : 'not shown, the intervals are wider than that';
    const verdict = `at most 0.9 of int8's instructions: ${instructions <= 0.9 ? 'yes' : 'no'}, ${instructions}; within a point of its\naccuracy: ${near}`;
    const images = `top-1 on ${accuracy.samples} images`;
    return [`\n\`${contestant}\`: ${images}: ${of(accuracy)}, int8 ${of(control)}.\n${verdict}.\n`];
  });
  return lines.join('');
}

function tableOf(rows: readonly McuRow[]): string {
  const count = (n: number) => n.toLocaleString('en-US');
  const lines = rows.map((row) => {
    const over = figures.map((key) => row.overCmsis?.[key].toFixed(2) ?? '');
    const own = [row.contestant, count(row.instructions), count(row.flash), count(row.ram)];
    return `| ${[...own, ...over, row.overControl.instructions.toFixed(2)].join(' | ')} |`;
  });
  return [
    '| | instructions | flash | RAM | over CMSIS-NN: instructions | cycles | flash | RAM | over int8: instructions |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...lines,
  ].join('\n');
}

/** The page and its text. `read` gives the text of a file. */
export function makeMcuPage(read: (file: string) => string): [path: string, text: string] {
  const reports = files.map((name) => JSON.parse(read(`${folder}/${name}`)) as McuReport);
  const rows = reports.flatMap((report) => report.rows);
  const { cmsis, compiler, flags, date } = reports[0]!;
  const names = files.map((name) => `\`${name}\``).join(',\n');
  const commands = reports.map(({ command }) => command).join('\n');
  const tables = [...new Set(rows.map(({ core, network }) => `${network}, ${core}`))].map((title) => {
    const own = rows.filter(({ core, network }) => `${network}, ${core}` === title);
    return `## ${title}\n\n${tableOf(own)}\n${verdictOf(own)}`;
  });
  const most = Math.max(...rows.map(({ difference = 0 }) => difference));
  return [
    `${folder}/mcu.md`,
    `# Microcontrollers beside CMSIS-NN

Made by \`npm run results\` from ${names}, ${date.slice(0, 10)}:

\`\`\`sh
${commands}
\`\`\`

Counted on QEMU; cycles are estimated by a table of timings, no hardware was measured. Networks have drawn weights but
for those that are called trained.
CMSIS-NN ${cmsis ?? '(absent)'} is built from its own source with the flags of ours, \`${flags}\`,
${compiler}; its scores differ from ours by ${most} steps of 8 bits at the most.
RAM is the arena and the stack. \`int8\` is the control: the same uncompressed network by our kernels.
\`quarter\` has about the hidden units and zeros of a trained MobileNet-V1 0.5 (CIFAR-10, 25 % of the size). \`mixed\`
keeps the first three pointwise layers in int8 and has at most three quarters of the filters as hidden units and at
least 75 % zeros elsewhere: nobody has trained it, so that it says what such a plan costs, not what it is worth.
ResNet-8 and DS-CNN have one plan under both names.
\`planned\` was made of pretrained weights (ImageNet), calibrated without labels, not fine-tuned:
\`tritbank compress mobilenet_v1_0.5_160.onnx --data imagenette160 --images 256 --calibrate-only --activations int8\`
\`--target cortex-m4 --max-instructions 0.87 --max-flash 0.44 --samples 500\`, and of mobilenet_v1_0.25_224.onnx with its
input made 96 pixels wide, \`--max-instructions 0.88 --max-flash 0.5\`: that network was trained at 224 pixels, and is a
poor one at 96. Their images, of calibration and test, show ten of the 1000 classes: accuracies say nothing of the
others. \`other images\` does: the same command with one image of each of 500 classes (\`--images 500\`), drawn by a
seed, for calibration, evaluated on one image of each of the other 500 (\`tritbank eval --labels index --json\`); \`b\`
has the halves exchanged.

${tables.join('\n')}
${layersText(JSON.parse(read(`${folder}/mcu-layers.json`)) as LayersReport)}`,
  ];
}
