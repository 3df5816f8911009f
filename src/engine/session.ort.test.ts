import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { f32, Graph, toNumbers } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { availableDevices, compile, deviceError } from './session.ts';

function double(): Graph {
  const graph = new Graph('double');
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 2]);
  const y = b.mul(x, 2);
  graph.outputs = [y, b.relu(y)];
  graph.rename(y, 'y');
  graph.rename(graph.outputs[1]!, 'z');
  return graph;
}

describe('compile', () => {
  it('runs a graph: inputs and outputs by name, any batch', async () => {
    const engine = await compile(double(), { threads: 1 });
    expect(engine.device).toBe('cpu');
    for (const rows of [1, 3]) {
      const data = Array.from({ length: 2 * rows }, (_, i) => i - 2);
      const found = await engine.run({ x: f32([rows, 2], data) });
      expect(Object.keys(found)).toEqual(['y', 'z']);
      expect([found.y!.dims, found.y!.dtype]).toEqual([[rows, 2], 'float32']);
      expect(toNumbers(found.y!)).toEqual(data.map((v) => 2 * v));
      expect(toNumbers(found.z!)).toEqual(data.map((v) => Math.max(0, 2 * v)));
    }
    await engine.release();
  });

  it('takes and returns other element types', async () => {
    const graph = new Graph('types');
    const b = new Builder(graph);
    const x = graph.input('x', 'uint8', [4]);
    const wide = b.cast(x, 'int64');
    graph.outputs = [wide, b.cast(wide, 'bool')];
    const engine = await compile(graph, { optimize: false });
    const found = await engine.run({ x: { dtype: 'uint8', dims: [4], data: Uint8Array.of(0, 1, 128, 255) } });
    await engine.release();
    expect(graph.outputs.map((o) => found[o.name]!)).toMatchObject([
      { dtype: 'int64', dims: [4], data: BigInt64Array.of(0n, 1n, 128n, 255n) },
      { dtype: 'bool', dims: [4], data: Uint8Array.of(0, 1, 1, 1) },
    ]);
  });

  it('refuses what the runtime refuses', async () => {
    const graph = double();
    graph.outputs = [graph.add('NoSuchOperator', [graph.outputs[0]!]).output()];
    await expect(compile(graph)).rejects.toMatchObject({
      code: 'E_DEVICE',
      message: expect.stringMatching(
        /^graph 'double' on cpu: expected a graph that the runtime loads, found: .*NoSuch/,
      ),
    });
  });

  it('says which run failed', async () => {
    const engine = await compile(double());
    await expect(engine.run({ x: f32([1, 3]) })).rejects.toMatchObject({ code: 'E_DEVICE', where: "graph 'double'" });
    await expect(engine.run({})).rejects.toMatchObject({ code: 'E_DEVICE' });
    await engine.release();
  });

  it('writes a profile where asked to', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tritbank-profile-'));
    const engine = await compile(double(), { profile: join(directory, 'run') });
    await engine.run({ x: f32([1, 2]) });
    await engine.release();
    const [file] = readdirSync(directory);
    expect(file).toMatch(/^run.*\.json$/);
    rmSync(directory, { recursive: true });
    expect(existsSync(directory)).toBe(false);
  });
});

describe('deviceError', () => {
  it('tells a lack of memory apart', () => {
    const where = "graph 'g'";
    const memory = deviceError(where, 'a step', new Error('Failed to allocate memory for requested buffer of size 8'));
    expect(memory.line).toMatch(/^error E_DEVICE: graph 'g': expected enough memory, found \d+ MB free \(Failed to/);
    expect(deviceError(where, 'a step', new Error('one\ntwo')).detail).toBe('expected a step, found: one');
    expect(deviceError(where, 'a step', 'text').detail).toBe('expected a step, found: text');
  });
});

it('lists the CPU among the devices', () => {
  expect(availableDevices()).toContain('cpu');
});
