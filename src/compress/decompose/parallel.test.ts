import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { Random } from '../../ir/index.ts';
import { decomposeLayers, type LayerWeights } from './parallel.ts';

function layer(name: string, filters: number, inputs: number, width: number): LayerWeights {
  const random = new Random(filters, inputs);
  const weights = Float32Array.from({ length: filters * inputs }, () => random.normal());
  return { name, weights, filters, inputs, options: { width } };
}

const layers = [layer('small', 6, 8, 6), layer('large', 24, 20, 30), layer('middle', 16, 12, 16)];

function damaged(): LayerWeights {
  const bad = layer('bad', 4, 4, 4);
  bad.weights[5] = Number.NaN;
  return bad;
}

describe('layers', () => {
  it('come back in their order, whatever the number of threads', async () => {
    const order: string[] = [];
    const one = await decomposeLayers(layers, {
      threads: 0,
      onProgress: (done, total, name) => order.push(`${done}/${total} ${name}`),
    });
    expect(order).toEqual(['1/3 large', '2/3 middle', '3/3 small']);
    expect([...one.keys()]).toEqual(['small', 'large', 'middle']);
    expect(one.get('large')).toMatchObject({ filters: 24, inputs: 20, width: 30 });
    // what workers post: `ready`, and an answer per layer
    let messages = 0;
    const listen = (worker: Worker) => worker.on('message', () => messages++);
    process.on('worker', listen);
    try {
      expect(await decomposeLayers(layers, { threads: 1 })).toEqual(one);
      expect(messages).toBe(1 + 3);
      expect(await decomposeLayers(layers, { threads: 5 })).toEqual(one);
      expect(messages).toBe(1 + 3 + 3 + 3);
    } finally {
      process.off('worker', listen);
    }
  });

  it('stop at once when aborted in a thread', async () => {
    const controller = new AbortController();
    const abort = (worker: Worker) =>
      worker.on('message', () => setImmediate(() => controller.abort(new Error('enough'))));
    process.on('worker', abort);
    try {
      // minutes of work
      const huge = layer('huge', 1000, 1000, 2000);
      const work = decomposeLayers([huge], { threads: 1, signal: controller.signal });
      await expect(work).rejects.toThrow('enough');
    } finally {
      process.off('worker', abort);
    }
  });

  it('may be none', async () => {
    expect((await decomposeLayers([])).size).toBe(0);
  });

  it.each([0, 2])('report a mistake by name (%d threads)', async (threads) => {
    const where = { code: 'E_MODEL', where: "layer 'bad'" };
    await expect(decomposeLayers([...layers, damaged()], { threads })).rejects.toMatchObject(where);
  });

  it.each([0, 2])('stop when aborted (%d threads)', async (threads) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const done: string[] = [];
    const work = decomposeLayers(layers, {
      threads,
      signal: controller.signal,
      onProgress: (_, __, name) => {
        done.push(name);
        controller.abort(reason);
      },
    });
    await expect(work).rejects.toBe(reason);
    expect(done.length).toBeLessThan(3);
    await expect(decomposeLayers(layers, { threads, signal: controller.signal })).rejects.toBe(reason);
  });

  it('have different names, on a sensible number of threads', async () => {
    const twice = "expected different names, found 'small' twice";
    await expect(decomposeLayers([...layers, layers[0]!])).rejects.toMatchObject({ code: 'E_USAGE', detail: twice });
    const threads = { code: 'E_USAGE', where: 'threads', detail: 'expected an integer of 0 or more, found 1.5' };
    await expect(decomposeLayers(layers, { threads: 1.5 })).rejects.toMatchObject(threads);
  });
});
