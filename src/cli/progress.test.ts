import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { writeWholeLine } from './lines.ts';
import { createProgress, type ProgressOptions } from './progress.ts';

/** A stream that keeps what is written; with columns it takes the part of a terminal. */
function sink(columns?: number) {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  const terminal = Object.assign(stream, columns ? { isTTY: true, columns } : {}) as unknown as NodeJS.WriteStream;
  return { stream: terminal, lines: () => text.split('\n').slice(0, -1), text: () => text };
}

function start(options: Partial<ProgressOptions> = {}, columns?: number) {
  const out = sink(columns);
  const clock = { time: 0 };
  const progress = createProgress({
    label: 'train 3/5 epochs',
    total: 60_000,
    stream: out.stream,
    now: () => clock.time,
    ...options,
  });
  return { progress, clock, out };
}

describe('plain lines', () => {
  test('at most every five seconds, and the last state once', () => {
    const { progress, clock, out } = start();
    for (clock.time = 100; clock.time <= 12_000; clock.time += 100) progress.update(clock.time, { loss: 0.314159 });
    progress.stop();
    progress.stop();
    expect(out.lines()).toEqual([
      'train 3/5 epochs  5,000/60,000 images  1,000 images/s  ETA 0:55  loss 0.3142',
      'train 3/5 epochs  10,000/60,000 images  1,000 images/s  ETA 0:50  loss 0.3142',
      'train 3/5 epochs  12,000/60,000 images  1,000 images/s  ETA 0:48  loss 0.3142',
    ]);
  });

  test('the rate follows the last ten seconds', () => {
    const { progress, clock, out } = start({ total: 100_000 });
    let done = 0;
    for (clock.time = 100; clock.time <= 90_000; clock.time += 100) {
      done += clock.time <= 60_000 ? 1 : 100;
      progress.update(done);
    }
    expect(out.lines().at(-1)).toBe('train 3/5 epochs  30,600/100,000 images  1,000 images/s  ETA 1:09');
  });

  test('what is done aside takes no time from the rate', () => {
    const { progress, clock, out } = start();
    for (clock.time = 100; clock.time <= 4_000; clock.time += 100) progress.update(clock.time);
    for (; clock.time <= 60_000; clock.time += 100) progress.aside({ evaluated: '5/10' });
    for (let done = 4_100; done <= 4_900; clock.time += 100, done += 100) progress.update(done);
    progress.stop();
    expect(out.lines()[0]).toBe('train 3/5 epochs  4,000/60,000 images  1,000 images/s  ETA 0:56  evaluated 5/10');
    expect(out.lines().at(-1)).toBe('train 3/5 epochs  4,900/60,000 images  1,000 images/s  ETA 0:55  evaluated 5/10');
  });

  test('units done before a resumed run do not count into the rate', () => {
    const { progress, clock, out } = start({ initial: 50_000 });
    clock.time = 5_000;
    progress.update(50_010);
    expect(out.lines()).toEqual(['train 3/5 epochs  50,010/60,000 images  2.0 images/s  ETA 1:23:15']);
  });

  test('starting over, and an unknown total', () => {
    const { progress, clock, out } = start({ total: 0, label: 'read', unit: 'files' });
    clock.time = 6_000;
    progress.update(600);
    clock.time = 12_000;
    progress.update(10);
    expect(out.lines()).toEqual(['read  600 files  100 files/s', 'read  10 files']);
  });

  test('notes', () => {
    const { progress, out } = start();
    progress.note('3 images skipped');
    progress.stop();
    expect(out.text()).toBe('3 images skipped\n');
  });
});

describe('on a terminal', () => {
  test('a bar that fits the width, with a note above it', () => {
    const { progress, clock, out } = start({}, 60);
    clock.time = 1_000;
    progress.update(30_000);
    progress.note('a note');
    progress.stop();
    const drawn = out.text();
    expect(drawn).toContain('█████░░░░░ train 3/5 epochs  30,000/60,000 images  ETA 0:01');
    expect(drawn).toContain('\r\x1b[Ka note\n\x1b7');
    const visible = stripVTControlCharacters(drawn.replaceAll('\x1b', '\n\x1b'));
    const written = visible.split(/[\r\n]/).map((part) => part.length);
    expect(Math.max(...written)).toBeLessThanOrEqual(59);
    const length = drawn.length;
    progress.update(60_000);
    expect(out.text().length).toBe(length);
  });

  test('lines of others go above the bar while it is drawn', () => {
    const { progress, clock, out } = start({}, 60);
    writeWholeLine(out.stream, 'before');
    clock.time = 1_000;
    progress.update(30_000);
    writeWholeLine(out.stream, 'warning: during');
    progress.stop();
    const length = out.text().length;
    writeWholeLine(out.stream, 'after');
    expect(out.text()).toMatch(/^before\n/);
    const during = out.text().indexOf('\r\x1b[Kwarning: during\n\x1b7');
    expect(during).toBeGreaterThan(0);
    // drawn again below it
    expect(out.text().slice(during)).toContain('30,000/60,000 images');
    expect(out.text().slice(length)).toBe('after\n');
  });

  test.each([
    [
      120,
      '████████████░░░░░░░░░░░░ fine-tune  30,000/60,000 images  10,000 images/s  ETA 0:03  epoch 3/5 ternary  loss 0.3142',
    ],
    [80, '███████████░░░░░░░░░░░ fine-tune  50 %  ETA 0:03  epoch 3/5 ternary  loss 0.3142'],
    [60, '███████░░░░░░ 50 %  ETA 0:03  epoch 3/5 ternary  loss 0.3142'],
    [40, 'ETA 0:03  epoch 3/5 ternary  loss 0.3142'],
  ])('at %i columns: epoch, loss and time left stay', (columns, line) => {
    const { progress, clock, out } = start({ label: 'fine-tune' }, columns + 1);
    clock.time = 3_000;
    progress.update(30_000, { epoch: '3/5 ternary', loss: 0.314159 });
    progress.stop();
    const drawn = stripVTControlCharacters(out.text());
    expect(line.length).toBeLessThanOrEqual(columns);
    expect(drawn).toContain(line);
  });

  test('shares of work have no rate, and what was done before says nothing of the pace', () => {
    const { progress, clock, out } = start({ label: 'analysis', unit: '%', total: 100, initial: 40 });
    clock.time = 1;
    progress.update(40, { layer: 'conv_1' });
    clock.time = 10_001;
    progress.update(60, { layer: 'conv_2' });
    progress.update(61);
    progress.stop();
    expect(out.lines()).toEqual(['analysis  60 %  ETA 0:20  layer conv_2', 'analysis  61 %  ETA 0:19  layer conv_2']);
  });

  test('a long step late in shares of work does not make the rest seem endless', () => {
    const { progress, clock, out } = start({ label: 'calibrate', unit: '%', total: 100 });
    clock.time = 50_000;
    progress.update(49.5);
    clock.time = 99_000;
    progress.update(49.9);
    clock.time = 100_000;
    progress.update(50);
    progress.stop();
    // in the last ten seconds 0.1 %
    expect(out.lines().at(-1)).toBe('calibrate  50 %  ETA 1:40');
  });

  test('nothing without an update', () => {
    const { progress, out } = start({}, 80);
    progress.stop();
    expect(out.text()).toBe('');
  });
});

test('quiet', () => {
  const { progress, clock, out } = start({ quiet: true });
  clock.time = 9_000;
  progress.update(1);
  progress.note('a note');
  progress.stop();
  expect(out.text()).toBe('');
});
