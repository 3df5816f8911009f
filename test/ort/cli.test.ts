/** The program as users meet it: help, errors with their exit status, and a run from training to evaluation. */

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { devices as engineDevices } from '../../src/engine/index.ts';
import { devices } from '../../src/train/recipe-options.ts';
import type { RunResult } from '../../src/train/records.ts';
import { expectGolden } from '../golden.ts';
import { program, startProgram } from '../program.ts';

const root = resolve(import.meta.dirname, '../..');
const entry = join(root, 'src/cli/main.ts');
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-cli-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the program in the test's directory; `watch` sees what it writes to stderr. */
const start = (args: readonly string[], watch?: Parameters<typeof startProgram>[2]) =>
  startProgram(args, directory, watch);

const tiny = '--data synthetic --width 0.25 --train-samples 256 --batch-size 32 --reestimate-batches 2';

describe('help', () => {
  test.each([
    ['tritbank', []],
    ['train', ['train']],
    ['fine-tune', ['fine-tune']],
    ['eval', ['eval']],
    ['demo', ['demo']],
    ['cost', ['cost']],
    ['table1', ['table1']],
    ['convert', ['convert']],
    ['mcu', ['mcu']],
    ['studio', ['studio']],
    ['zoo', ['zoo']],
    ['zoo-list', ['zoo', 'list']],
    ['zoo-get', ['zoo', 'get']],
    ['hardware', ['hardware']],
    ['hardware-synthesize', ['hardware', 'synthesize']],
    ['hardware-energy', ['hardware', 'energy']],
    ['hardware-simulate', ['hardware', 'simulate']],
    ['hardware-explore', ['hardware', 'explore']],
    ['doctor', ['doctor']],
    ['completion', ['completion']],
    ['compare', ['compare']],
    ['sweep', ['sweep']],
    ['data', ['data']],
    ['data-pack', ['data', 'pack']],
    ['bench-mpi', ['bench', 'mpi']],
  ])('%s', async (name, args) => {
    const { status, stdout, stderr } = await start([...args, '--help']);
    expect([status, stderr]).toEqual([0, '']);
    expectGolden(`help-${name}`, stdout);
  });

  test('loads neither the runtime nor the data', () => {
    const outside = importsOf(entry).filter((f) => !/^(node:|cli\/|cluster\/|ir\/|files\/|options\/)/.test(f));
    expect(outside.sort()).toEqual([
      'classifier/form-options.ts',
      'classifier/image-form.ts',
      'commander',
      'compress/defaults.ts',
      'compress/options.ts',
      'export/c/layout-names.ts',
      'export/c/optimize.ts',
      'images/size.ts',
      'mcu/cores.ts',
      'targets/limits.ts',
      'targets/target.ts',
      // those in which ranks watch each other
      'threads/worker.ts',
      'train/config.ts',
      'train/fine-tune-config.ts',
      'train/options.ts',
      'train/recipe-options.ts',
      'train/records.ts',
      'train/run-layout.ts',
    ]);
  });

  test('tritbank/graph loads neither the runtime nor an image library', () => {
    const packages = importsOf(join(root, 'src/graph.ts')).filter((f) => !f.endsWith('.ts') && !f.startsWith('node:'));
    expect(packages.sort()).toEqual(['fflate', 'flatbuffers', 'pbf']);
  });

  test('knows the devices of the engine', () => {
    expect(devices).toEqual(engineDevices);
  });

  test('version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(await start(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });
});

/** What a source file loads, itself included: files by their path in `src`, packages by their names. */
function importsOf(file: string): string[] {
  const reached = new Set<string>();
  const visit = (one: string) => {
    if (reached.has(one)) return;
    reached.add(one);
    if (!one.endsWith('.ts')) return;
    const imports = readFileSync(one, 'utf8').matchAll(/^(?:import|export)(?! type)[^;]*? from '([^']+)'/gm);
    for (const [, name] of imports) visit(name!.startsWith('.') ? resolve(dirname(one), name!) : name!);
  };
  visit(file);
  return [...reached].map((one) => one.replace(`${root}/src/`, ''));
}

describe('wrong usage', () => {
  const commands =
    'one of demo, train, fine-tune, eval, inspect, analyze, compress, cost, export, convert, run, bench, mcu, table1, hardware, compare, sweep, data, zoo, studio, doctor, completion';
  test.each([
    ['', `command: expected ${commands}, found none`],
    ['trian', `command: expected ${commands}, found 'trian', did you mean train?`],
    ['help nonsense', `command: expected ${commands}, found 'nonsense'`],
    [
      'train --alhpa 0.5',
      "--alhpa: expected an option of 'tritbank train' (see its --help), found an unknown one, did you mean --alpha?",
    ],
    ['train --alpha', '--alpha: expected a number from 0 to 1, found none'],
    ['train --alpha abc', "--alpha: expected a number from 0 to 1, found 'abc'"],
    ['train --alpha 1.5', "--alpha: expected a number from 0 to 1, found '1.5'"],
    ['train --alpha -1', "--alpha: expected a number from 0 to 1, found '-1'"],
    ['train --alpha 0.5', '--alpha: expected --method hybrid with it, found --method fp'],
    ['train --width 1e9', "--width: expected a number above 0 and at most 4, found '1e9'"],
    ['train --epochs 2.5', "--epochs: expected a whole number of at least 1, found '2.5'"],
    ['train --epochs 0x10', "--epochs: expected a whole number of at least 1, found '0x10'"],
    ['train --method ternary', "--method: expected one of fp, twn, strassen, hybrid, found 'ternary'"],
    [
      'train --method twn --phases 1,2',
      "--phases: expected three numbers of at least 0, not all 0, separated by commas, found '1,2'",
    ],
    [
      'train --layers first,last',
      '--layers: expected one or more of first, pointwise, depthwise, conv, classifier, separated by commas, ' +
        "found 'first,last'",
    ],
    [
      'train --schedule step --milestones 3,2',
      "--milestones: expected rising numbers above 0, separated by commas, found '3,2'",
    ],
    ['cost', "MODEL.onnx: expected an argument of 'tritbank cost', found none"],
    ['cost m.onnx --dim H', "--dim: expected NAME=SIZE with a size of at least 1, found 'H'"],
    [
      'cost m.onnx --sweep alpha=0:2:0.5',
      '--sweep: expected alpha=FROM:TO:STEP (from 0 to 1) or width-ratio=FROM:TO:STEP (above 0), or numbers separated ' +
        "by commas, found 'alpha=0:2:0.5'",
    ],
    ['cost m.onnx --sweep alpha=0 --sweep alpha=1', '--sweep: expected alpha once, found it 2 times'],
    ['cost m.onnx --csv --json', '--csv: expected no --json with it, found both'],
    ['cost m.onnx --ternary sparse', "--ternary: expected one of dense, zero-skipping, found 'sparse'"],
    ['train --schedule step', "schedule: expected milestones with 'step', found none"],
    ['train --temperature 2', '--temperature: expected --teacher MODEL.onnx with it, found none'],
    ['train --optimizer adamw --momentum 0.5', '--momentum: expected --optimizer sgd with it, found --optimizer adamw'],
    ['train --model resnet', "--model: expected one of mobilenet-v1, mobilenet-v2, resnet-20, ds-cnn, found 'resnet'"],
    ['train extra', "tritbank train: expected no arguments, found 'extra' besides"],
    ['eval --data mnist', "MODEL.onnx: expected an argument of 'tritbank eval', found none"],
    ['eval a.onnx', '--data: expected a name or a directory, found none'],
    ['demo --resume', "--resume: expected an option of 'tritbank demo' (see its --help), found an unknown one"],
  ])('%s', async (line, message) => {
    const { status, stdout, stderr } = await start(line.split(' ').filter(Boolean));
    expect({ status, stdout, lastLine: stderr.trimEnd().split('\n').at(-1) }).toEqual({
      status: 2,
      stdout: '',
      lastLine: `error E_USAGE: ${message}`,
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('bad input', () => {
  test.each([
    ['train --data nowhere', /^error E_DATA: data set 'nowhere': expected a directory, or one of .*, found neither$/],
    ['train --teacher no.onnx', /^error E_FILE: --teacher: expected an ONNX model, found no file 'no.onnx'$/],
    [
      'compress model.onnx --data mnist --teacher no.onnx',
      /^error E_FILE: --teacher: expected an ONNX model, found no file 'no.onnx'$/,
    ],
    ['train --resume', /^error E_RESUME: --resume: expected a run in runs\/mobilenet-v1-fp, found none$/],
    ['eval no.onnx --data mnist', /^error E_FILE: no.onnx: expected .*, found .*$/],
    ['eval damaged.onnx --data mnist', /^error E_FORMAT: damaged.onnx: .*expected .*, found .*$/],
  ])('%s', async (line, message) => {
    const damaged = join(directory, 'damaged.onnx');
    writeFileSync(damaged, 'no model');
    const { status, stdout, stderr } = await start(line.split(' '));
    rmSync(damaged);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.trimEnd()).toMatch(message);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a damaged record of a run', async () => {
    mkdirSync(join(directory, 'broken'));
    writeFileSync(join(directory, 'broken/config.json'), '{');
    const { status, stderr } = await start(['train', '--resume', '--out', 'broken']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error E_FORMAT: broken\/config.json: expected JSON, found .*\n$/);
    rmSync(join(directory, 'broken'), { recursive: true });
  });

  test('--debug adds the stack', async () => {
    const { status, stderr } = await start(['train', '--resume', '--debug']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error E_RESUME: .*\nTritbankError: .*\n +at /);
  });

  test('a reader that goes away', async () => {
    const child = spawn(process.execPath, [...program, 'train', '--help'], { cwd: directory });
    child.stdout.destroy();
    const stderr: string[] = [];
    child.stderr.on('data', (chunk) => stderr.push(`${chunk}`));
    const status = await new Promise((done) => child.on('close', done));
    expect([status, stderr]).toEqual([0, []]);
  });
});

describe('runs', () => {
  const parse = (text: string) => JSON.parse(text) as Partial<RunResult> & { out: string; report: string };

  test('train, then eval', async () => {
    const trained = await start(`train ${tiny} --epochs 1 --method hybrid --out a --json`.split(' '));
    expect([trained.status, trained.stdout.split('\n').length]).toEqual([0, 2]);
    expect(trained.stderr).toContain('epoch 1/1');
    const result = parse(trained.stdout);
    expect(Object.keys(result).sort()).toEqual(
      [
        'architecture,bytes,bytes16,command,dataset,date,energy,epochs,imagesPerSecond,intervals,loss,machine,method,model,out',
        'parameters,report,seconds,seed,skipped,throughput,top1,top5',
      ].flatMap((line) => line.split(',')),
    );
    expect(result).toMatchObject({
      method: 'hybrid',
      epochs: 1,
      out: 'a',
      model: 'a/model.onnx',
      dataset: 'synthetic',
    });
    expect(result.command).toBe(`tritbank train ${tiny} --epochs 1 --method hybrid --out a --json`);
    expect(readFileSync(join(directory, 'a/report.html'), 'utf8')).toContain('synthetic');

    const evaluated = await start('eval a/model.onnx --data synthetic --json --quiet --confusion'.split(' '));
    expect([evaluated.status, evaluated.stderr]).toEqual([0, '']);
    const evaluation = JSON.parse(evaluated.stdout) as { samples: number; confusion: number[][] };
    const { top1, top5, skipped } = result;
    expect(evaluation).toMatchObject({ top1, top5, skipped, model: 'a/model.onnx', data: 'synthetic' });
    expect(evaluation.confusion.flat().reduce((sum, n) => sum + n, 0)).toBe(evaluation.samples);

    const shown = await start('eval a/model.onnx --data synthetic --samples 50 --confusion'.split(' '));
    expect(shown.status).toBe(0);
    expect(shown.stdout).toMatch(
      /^top-1 +[\d.]+ % \([\d.]+–[\d.]+\)\ntop-5 +[\d.]+ % \(.*\)\nloss +[\d.]+\nimages +50\n/,
    );
    expect(shown.stdout).toMatch(/\nlabel +0 +1 .*\n0 pattern 0( +\d+){10}\n/);

    // A finished run is neither replaced unasked nor continued with another configuration.
    const again = await start(`train ${tiny} --out a`.split(' '));
    expect([again.status, again.stderr.split(':')[1]]).toEqual([2, ' --out']);
    const other = await start('train --resume --out a --method hybrid --alpha 0.25'.split(' '));
    const expected = '--alpha: expected alpha 0.5 as in a/config.json, found 0.25';
    expect([other.status, other.stderr]).toEqual([2, `error E_RESUME: ${expected}\n`]);
    const resumed = await start('train --resume --out a --alpha 0.5 --quiet'.split(' '));
    expect([resumed.status, resumed.stderr]).toEqual([0, '']);
    expect(resumed.stdout).toMatch(
      /^method .*top-1 .*\n-+\nhybrid .*\n\nmodel +a\/model.onnx\nreport +a\/report.html\n$/,
    );
  });

  test('table1 writes its graphs; cost measures one and sweeps another', async () => {
    const shown = await start('table1'.split(' '));
    expect([shown.status, shown.stderr]).toEqual([0, '']);
    expectGolden('table1', shown.stdout);

    const table = await start('table1 --json --models t'.split(' '));
    const { rows, models } = JSON.parse(table.stdout) as { rows: { name: string; sizeKB: number }[]; models: string[] };
    expect(rows.find((row) => row.name === 'StrassenNets')!.sizeKB.toFixed(2)).toBe('1178.93');
    expect(models).toContain('t/hybrid.onnx');

    const hybrid = await start('cost t/hybrid.onnx --json --report c.html'.split(' '));
    expect([hybrid.status, hybrid.stderr]).toEqual([0, '']);
    const cost = JSON.parse(hybrid.stdout) as { bytes: number; model: string; layers: { kind: string }[] };
    const layers = cost.layers.filter(({ kind }) => kind !== 'other');
    // 1,564,894 ternary weights at 2 bits, 392,664 filter weights at 2 bytes, 31,174 other values at 2; rounded up
    expect([cost.model, cost.bytes, layers.length]).toEqual(['t/hybrid.onnx', 1_238_900, 28]);
    expect(readFileSync(join(directory, 'c.html'), 'utf8')).toContain('conv_pw_13');

    const sweep = await start(
      'cost t/fp.onnx --sweep alpha=0,0.5 --sweep width-ratio=1:2:0.5 --no-analysis --csv'.split(' '),
    );
    expect(
      sweep.stdout
        .trimEnd()
        .split('\r\n')
        .map((line) => line.split(',').slice(0, 2)),
    ).toEqual([
      ['alpha', 'widthRatio'],
      ['0', '1'],
      ['0', '1.5'],
      ['0', '2'],
      ['0.5', '1'],
      ['0.5', '1.5'],
      ['0.5', '2'],
    ]);
    const twice = await start('cost t/hybrid.onnx --sweep alpha=0'.split(' '));
    expect([twice.status, twice.stdout]).toEqual([2, '']);
    expect(twice.stderr).toMatch(/^error E_MODEL: .*found ternary weights\n$/);
  });

  test('a signal stops a run, which then continues', async () => {
    const stopAfterEpoch = (stderr: string, kill: (signal: NodeJS.Signals) => void) => {
      if (/epoch \d+\/500 /.test(stderr)) kill('SIGINT');
    };
    const stopped = await start(`train ${tiny} --epochs 500 --out b`.split(' '), stopAfterEpoch);
    expect([stopped.status, stopped.stdout]).toEqual([130, '']);
    expect(stopped.stderr).toMatch(/\nstopped by SIGINT; continue with: tritbank train --resume --out b\n$/);
    const done = readFileSync(join(directory, 'b/metrics.jsonl'), 'utf8').trimEnd().split('\n').length;

    const resumed = await start('train --resume --out b'.split(' '), (stderr, kill) => {
      if (/epoch \d+\/500 /.test(stderr)) kill('SIGTERM');
    });
    expect(resumed.status).toBe(143);
    expect(resumed.stderr).toMatch(new RegExp(`^epoch ${done + 1}/500 `));
  });

  test('demo: stopped, continued, and made anew from what is there', async () => {
    writeDigits('digits/train', 192);
    writeDigits('digits/t10k', 64);
    const line = 'demo --data digits --epochs 1 --out d';
    const stopped = await start(line.split(' '), (stderr, kill) => {
      if (stderr.includes('fp: epoch 1/1 ')) kill('SIGTERM');
    });
    expect([stopped.status, stopped.stdout]).toEqual([143, 'data set: digits (as asked for)\n']);
    expect(stopped.stderr).toMatch(/\nstopped by SIGTERM; the same command continues\n$/);

    const { status, stdout, stderr } = await start(line.split(' '));
    expect(status).toBe(0);
    expect(stderr).toMatch(/^fp: (finished before with the same configuration|continued from)/);
    const rows = 'method .*\n-+\nfull precision .*\nfull precision, int8 .*\nTWN .*\nStrassenNets .*\nhybrid .*\n';
    expect(stdout).toMatch(new RegExp(`^data set: digits .*\n\n${rows}\nreport {2}d/report.html\n$`));

    rmSync(join(directory, 'd/report.html'));
    const again = await start([...line.split(' '), '--json']);
    expect(again.status).toBe(0);
    const methods = ['fp', 'twn', 'strassen', 'hybrid'];
    const trained = methods.map((method) => ({ method, model: `d/${method}/model.onnx` }));
    const control = { method: 'fp', name: 'full precision, int8', model: 'd/int8.onnx' };
    const runs = [trained[0], control, ...trained.slice(1)];
    expect(JSON.parse(again.stdout)).toMatchObject({ data: 'digits', reused: methods, runs });
    expect(readFileSync(join(directory, 'd/report.html'), 'utf8')).toContain('StrassenNets');
  });
});

/** A data set in IDX format: `count` grey images of four classes, each a bar at its class's height. */
function writeDigits(prefix: string, count: number): void {
  const file = (kind: string, magic: number, sizes: number[], data: Uint8Array) => {
    const header = Buffer.alloc(4 + 4 * sizes.length);
    for (const [i, value] of [magic, ...sizes].entries()) header.writeUInt32BE(value, 4 * i);
    writeFileSync(join(directory, `${prefix}-${kind}`), Buffer.concat([header, data]));
  };
  mkdirSync(dirname(join(directory, prefix)), { recursive: true });
  const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => {
    const [image, row] = [Math.floor(i / 784), Math.floor(i / 28) % 28];
    return Math.floor(row / 7) === image % 4 ? 255 : (i * 37) % 64;
  });
  file('images-idx3-ubyte', 0x803, [count, 28, 28], pixels);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 4);
  file('labels-idx1-ubyte', 0x801, [count], labels);
}
