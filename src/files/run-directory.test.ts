import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Provenance } from './provenance.ts';
import { checkRunPlace, jsonCodec, RunDirectory, type RunDirectoryOptions, storedConfig } from './run-directory.ts';
import { runKinds } from './run-kinds.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-run-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const config = { model: 'net.onnx', seed: 1 };
const layout = ['first.json', 'second.json', /^events\./];
const open = (changes: Partial<RunDirectoryOptions> = {}) =>
  RunDirectory.open(directory, { config, layout, command: 'tritbank go', ...changes });
const at = (name: string) => join(directory, name);
const codec = jsonCodec<{ value: number }>();

/** Opens the directory, does `work` in it, and leaves it. */
async function inRun<T>(
  changes: Partial<RunDirectoryOptions>,
  work: (run: RunDirectory) => T | Promise<T>,
): Promise<T> {
  const run = open(changes);
  try {
    return await work(run);
  } finally {
    run.close();
  }
}

describe('stages', () => {
  test('are done once, and again by a new run', async () => {
    let done = 0;
    const stage = (run: RunDirectory) => run.stage('first', 'first.json', codec, () => ({ value: ++done }));
    expect(await inRun({}, stage)).toEqual({ value: 1 });
    expect(await inRun({ resume: true }, stage)).toEqual({ value: 1 });
    expect(await inRun({ force: true }, stage)).toEqual({ value: 2 });
  });

  test('whose file is damaged are an error that names the file', async () => {
    await inRun({}, (run) => run.stage('first', 'first.json', codec, () => ({ value: 1 })));
    for (const [text, found] of [
      ['{"value":', 'expected JSON, found'],
      ['', 'found an empty file'],
      ['[1]', 'expected a JSON object, found another value'],
    ] as const) {
      writeFileSync(at('first.json'), text);
      const again = inRun({ resume: true }, (run) => run.stage('first', 'first.json', codec, () => ({ value: 2 })));
      await expect(again).rejects.toMatchObject({ code: 'E_FORMAT', where: at('first.json') });
      await expect(again).rejects.toThrow(found);
    }
  });

  test('that are done again drop what was made from them', async () => {
    const order = ['first.json', 'second.json'];
    const both = async (run: RunDirectory) => {
      const { value } = await run.stage('first', 'first.json', codec, () => ({ value: 1 }));
      return run.stage('second', 'second.json', codec, () => ({ value: value + 1 }));
    };
    expect(await inRun({ order }, both)).toEqual({ value: 2 });
    writeFileSync(at('first.json'), '{"value":7}');
    expect(await inRun({ order, resume: true }, both)).toEqual({ value: 2 });
    rmSync(at('first.json'));
    writeFileSync(at('second.json'), '{"value":9}');
    expect(await inRun({ order, resume: true }, both)).toEqual({ value: 2 });
  });

  test('do not begin after the signal, and leave nothing where they fail', async () => {
    const controller = new AbortController();
    await inRun({ signal: controller.signal }, async (run) => {
      const failing = run.stage('first', 'first.json', codec, () => Promise.reject(new Error('no')));
      await expect(failing).rejects.toThrow('no');
      controller.abort(new Error('enough'));
      await expect(run.stage('second', 'second.json', codec, () => ({ value: 1 }))).rejects.toThrow('enough');
      expect(run.seconds).toEqual({});
    });
    expect(existsSync(at('first.json')) || existsSync(at('second.json'))).toBe(false);
  });

  test('have times of their own, those of earlier commands added', async () => {
    let clock = 0;
    const now = vi.spyOn(performance, 'now').mockImplementation(() => clock);
    const work = (milliseconds: number) => async () => {
      clock += milliseconds;
    };
    await inRun({}, async (run) => {
      await run.timed('outer', async () => {
        clock += 1000;
        await run.timed('inner', work(5000));
        clock += 2000;
      });
      expect(run.seconds).toEqual({ inner: 5, outer: 3 });
    });
    await inRun({ resume: true }, async (run) => {
      await run.timed('inner', work(500));
      expect(run.seconds).toEqual({ inner: 5.5, outer: 3 });
    });
    now.mockRestore();
  });
});

describe('a new run', () => {
  test('that is forced removes what one of its kind left, and nothing else', async () => {
    for (const name of ['first.json', 'events.1', 'notes.txt']) writeFileSync(at(name), '{}');
    mkdirSync(at('second.json'));
    await inRun({ force: true }, () => {});
    expect(readdirSync(directory).sort()).toEqual(['config.json', 'notes.txt', 'provenance.jsonl']);
    expect(storedConfig(directory)).toEqual(config);
  });

  test.each(['first.json', 'events.1', 'config.json', 'provenance.jsonl'])(
    'keeps out of the way of %s',
    async (name) => {
      writeFileSync(at(name), '{}');
      const place = { layout, resume: name !== 'config.json' };
      const refusal = expect.objectContaining({
        code: 'E_USAGE',
        message: expect.stringContaining(`found ${name} in`),
      });
      expect(() => checkRunPlace(directory, place)).toThrow(refusal);
      expect(() => open(place)).toThrow(refusal);
      expect(readdirSync(directory)).toEqual([name]);
    },
  );

  test('never removes what it reads, forced or not, under whatever name', () => {
    mkdirSync(at('second.json'));
    for (const name of ['first.json', 'second.json/inner']) writeFileSync(at(name), 'mine');
    symlinkSync(directory, `${directory}-link`);
    try {
      for (const input of [at('first.json'), join(`${directory}-link`, 'first.json'), at('second.json/inner')]) {
        const place = { force: true, inputs: ['mnist', input] };
        expect(() => open(place)).toThrow(`found ${input} in ${directory}`);
        expect(readdirSync(directory).sort()).toEqual(['first.json', 'second.json']);
      }
    } finally {
      rmSync(`${directory}-link`);
    }
  });

  test('that is forced keeps what it has copied', async () => {
    for (const name of ['first.json', 'second.json']) writeFileSync(at(name), 'mine');
    await inRun({ force: true, keep: [at('first.json'), undefined] }, () => {});
    expect(readdirSync(directory).sort()).toEqual(['config.json', 'first.json', 'provenance.jsonl']);
  });

  test('goes on only with the same configuration', async () => {
    await inRun({}, () => {});
    expect(() => open({ resume: true, config: { ...config, seed: 2, more: true } })).toThrow(
      'expected seed 1 as it was begun with, found 2 (and more differs)',
    );
    const upgrade = (stored: object) => ({ ...stored, more: true });
    await inRun({ resume: true, config: { ...config, more: true }, upgrade }, (run) =>
      expect(run.isResumed).toBe(true),
    );
    // what failed left no lock
    expect(existsSync(at('.lock'))).toBe(false);
  });
});

test('commands are added to the record, and the first one stays the first', async () => {
  await inRun({ command: 'tritbank one' }, (run) => expect(run.isResumed).toBe(false));
  await inRun({ command: 'tritbank two', resume: true }, (run) => {
    expect(run.command).toBe('tritbank one');
    expect(run.commands).toEqual(['tritbank one', 'tritbank two']);
  });
  // a line that a kill tore
  writeFileSync(at('provenance.jsonl'), '{"kind":"sta', { flag: 'a' });
  await inRun({ command: 'tritbank three', resume: true }, (run) => expect(run.commands).toHaveLength(3));
  const [first] = new Provenance(at('provenance.jsonl')).commands;
  expect(first).toMatchObject({ kind: 'command', resumed: false, machine: expect.stringContaining('Node') });
});

describe('a run of another kind', () => {
  const compressed = { model: 'net.onnx', training: { epochs: 3 }, budget: {} };
  const trained = { model: 'mobilenet-v1', width: 0.5, epochs: 3 };
  const files = ['analysis.json', 'network.onnx', 'training', 'plan.json'];
  const layouts = { compress: runKinds.compress.layout, train: runKinds.train.layout };

  const leave = async () => {
    await inRun({ config: compressed, layout: layouts.compress }, () => {
      for (const name of files) mkdirSync(at(name));
    });
    for (const name of ['notes.txt', 'checkpoint.safetensors']) writeFileSync(at(name), 'mine');
  };

  test('is replaced as a whole, and nothing else is', async () => {
    await leave();
    await inRun({ config: trained, layout: ['plan.json'], force: true }, () => {});
    expect(readdirSync(directory).sort()).toEqual([
      'checkpoint.safetensors',
      'config.json',
      'notes.txt',
      'provenance.jsonl',
    ]);
  });

  test('without a run, files of its names are of no one', async () => {
    for (const name of files) writeFileSync(at(name), 'mine');
    await inRun({ config: trained, layout: ['plan.json'], force: true }, () => {});
    expect(readdirSync(directory)).toEqual(expect.arrayContaining(['analysis.json', 'network.onnx', 'training']));
  });

  test('does not go on', async () => {
    await leave();
    const go = (config: object) => () => open({ config, layout: layouts.train, resume: true });
    const detail = 'expected the configuration of a run of tritbank train, found that of tritbank compress';
    expect(go(trained)).toThrow(expect.objectContaining({ code: 'E_RESUME', where: at('config.json'), detail }));
    expect(go({ calibrationBatches: 8 })).toThrow('a run of tritbank fine-tune, found that of tritbank compress');
    expect(go({ ...compressed, training: { epochs: 4 } })).toThrow(
      'expected training.epochs 3 as it was begun with, found 4',
    );
  });
});

describe('the lock', () => {
  const lockOf = (owner: object) => writeFileSync(at('.lock'), JSON.stringify({ host: hostname(), ...owner }));

  test('keeps a second process out, and says who is there', async () => {
    await inRun({ command: 'tritbank first' }, () => {
      expect(() => open({ resume: true })).toThrow(
        expect.objectContaining({ code: 'E_BUSY', where: directory, exitStatus: 2 }),
      );
      expect(() => open()).toThrow(`found process ${process.pid} on ${hostname()} since`);
      expect(() => open()).toThrow('(tritbank first)');
    });
    expect(existsSync(at('.lock'))).toBe(false);
  });

  test('of a process that is gone is taken over', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    lockOf({ pid: child.pid, since: 'then', command: 'killed' });
    await inRun({}, () => expect(readFileSync(at('.lock'), 'utf8')).toContain(`"pid":${process.pid}`));
    expect(readdirSync(directory).filter((name) => name.startsWith('.lock'))).toEqual([]);
  });

  test.skipIf(!existsSync('/proc/self/stat'))('of an earlier process with this id is taken over (Linux)', async () => {
    lockOf({ pid: process.pid, started: '1', since: 'then', command: 'killed' });
    await inRun({}, () => {});
  });

  test('of another machine, or one that cannot be read, is left to a person', () => {
    lockOf({ pid: 1, host: 'elsewhere', since: 'then', command: 'tritbank train' });
    expect(() => open()).toThrow(/on elsewhere since then \(tritbank train\); remove .*\.lock if that process is gone/);
    writeFileSync(at('.lock'), 'x');
    expect(() => open()).toThrow(/found a lock that cannot be read; remove .*\.lock/);
  });
});
