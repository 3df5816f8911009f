/**
 * `npm run exporters`: exports torchvision's classifiers (Debian's python3-torch, python3-torchvision, python3-onnx), tries
 * each in the program, and writes results/exporters. Goes on where it was stopped: a step that is stored is not done again
 * unless its file is another one, or with --again.
 *
 *   npm run exporters -- --models mobilenet_v2,resnet18 --steps inspect,runtime --opsets default,11,13,17 --again
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, version, writeFileAtomic } from '../../src/files/index.ts';
import { drawImages } from './images.ts';
import { models } from './models.ts';
import { type Answer, type Place, type StepName, stepNames, steps } from './steps.ts';
import { type Outcome, type Records, type Row, renderTable } from './table.ts';

const here = import.meta.dirname;
const root = resolve(here, '..', '..');

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: models.map(({ name }) => name).join(',') },
    steps: { type: 'string', default: stepNames.join(',') },
    opsets: { type: 'string', default: 'default' },
    cache: { type: 'string', default: join(tmpdir(), 'tritbank-exporters') },
    out: { type: 'string', default: join(root, 'results', 'exporters') },
    python: { type: 'string', default: '/usr/bin/python3' },
    minutes: { type: 'string', default: '15' },
    again: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  const options = `[--models a,b] [--steps ${stepNames.join(',')}] [--opsets default,11,13,17] [--cache DIR] [--out DIR]`;
  process.stdout.write(`npm run exporters -- ${options} [--python FILE] [--minutes N a step] [--again]\n`);
  process.exit();
}

const store = join(values.out, 'results.json');
const say = (line: string) => process.stderr.write(`${line}\n`);

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(command: string, args: readonly string[], cwd: string, milliseconds: number): Promise<Ended> {
  const child = spawn(command, args, { cwd, timeout: milliseconds, env: { ...process.env, TRITBANK_CACHE: 'off' } });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (status) => done({ status, ...output }));
  });
}

/** The model's file, exported if it is not there; what the exporter says where it cannot. */
async function exportModel(name: string, opset: string): Promise<string> {
  const path = join(values.cache, opset === 'default' ? `${name}.onnx` : `${name}-opset${opset}.onnx`);
  if (existsSync(path)) return path;
  const script = join(here, 'torchvision_models.py');
  const args = [script, '--out', values.cache, '--models', name, '--opsets', opset];
  const { stdout, stderr } = await start(values.python, args, root, 20 * 60_000);
  if (existsSync(path)) return path;
  throw new Error((stdout || stderr).trim().split('\n').at(-1) ?? 'no file');
}

/** The last line that says why, without paths of this machine. */
function reasonOf({ status, stderr }: Ended): string {
  if (status === null) return `not done after ${values.minutes} minutes`;
  const lines = stderr.trim().split('\n');
  const line = lines.findLast((text) => /^(error|\w*Error)\b/.test(text)) ?? lines.at(-1) ?? 'no reason';
  return line.replaceAll(`${values.cache}/`, '').replaceAll(`${root}/`, '');
}

async function perform(name: StepName, place: Place): Promise<Outcome> {
  const step = steps[name];
  const args = step.args(place);
  const isProgram = step.run === 'tritbank';
  const script = isProgram ? join(root, 'src/cli/main.ts') : join(here, step.run);
  const shown = args.map((arg) => (arg.startsWith(values.cache) ? relative(values.cache, arg) : arg)).join(' ');
  const began = performance.now();
  const minutes = Number(values.minutes);
  const ended = await start(process.execPath, ['--import', 'tsx', script, ...args], root, minutes * 60_000);
  const command = `${isProgram ? 'tritbank' : `tsx scripts/exporters/${step.run}`} ${shown}`;
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const facts = { seconds, command, date: new Date().toISOString() };
  if (ended.status !== 0) return { ok: false, text: reasonOf(ended), ...facts };
  const answer = JSON.parse(ended.stdout) as Answer;
  const fault = step.fault?.(answer);
  return { ok: fault === undefined, text: fault ?? step.figure(answer), ...facts };
}

const readRows = (): readonly Row[] =>
  existsSync(store) ? (JSON.parse(readFileSync(store, 'utf8')) as Records).rows : [];

async function main(): Promise<void> {
  mkdirSync(values.out, { recursive: true });
  const images = join(values.cache, 'images');
  if (!existsSync(join(images, 'classes.json'))) await drawImages(images);
  const asked = await start(values.python, [join(here, 'torchvision_models.py'), '--versions'], root, 120_000);
  if (asked.status !== 0)
    throw new Error(`expected python3-torch, python3-torchvision and python3-onnx: ${reasonOf(asked)}`);
  const versions = { tritbank: version, ...(JSON.parse(asked.stdout) as Record<string, string>) };
  const rows = new Map(readRows().map((row) => [`${row.model} ${row.opset}`, row]));
  const jobs = values.models
    .split(',')
    .flatMap((name) => values.opsets.split(',').map((opset) => [name, opset] as const));
  const rank = ({ model, opset }: Row) => [models.findIndex(({ name }) => name === model), opset] as const;
  const save = () => {
    const ordered = [...rows.values()].sort((a, b) => rank(a)[0] - rank(b)[0] || (rank(a)[1] < rank(b)[1] ? -1 : 1));
    const records: Records = { machine: describeMachine(), versions, command: 'npm run exporters', rows: ordered };
    writeFileAtomic(store, `${JSON.stringify(records, null, 1)}\n`);
    writeFileAtomic(join(values.out, 'README.md'), renderTable(records));
  };
  for (const [i, [name, opset]] of jobs.entries()) {
    const label = `${i + 1}/${jobs.length} ${name} (${opset})`;
    let model: string;
    try {
      model = await exportModel(name, opset);
    } catch (error) {
      say(`${label}: not exported: ${(error as Error).message}`);
      continue;
    }
    const file = createHash('sha256').update(readFileSync(model)).digest('hex');
    const known = rows.get(`${name} ${opset}`);
    let row: Row = known?.file === file ? known : { model: name, opset, file, outcomes: {} };
    const scratch = join(values.cache, basename(model, '.onnx'));
    mkdirSync(scratch, { recursive: true });
    for (const step of values.steps.split(',') as StepName[]) {
      if (row.outcomes[step] && !values.again) continue;
      const outcome = await perform(step, { model, images, scratch });
      say(`${label} ${step}: ${outcome.ok ? '' : 'no: '}${outcome.text}  ${outcome.seconds} s`);
      row = { ...row, outcomes: { ...row.outcomes, [step]: outcome } };
      rows.set(`${name} ${opset}`, row);
      save();
    }
  }
  save();
}

await main();
