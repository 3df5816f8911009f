/** Several threads compute what one does, to the bit: each output element is one thread's. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normal } from '../../../test/evaluate.ts';
import { tf2onnxMobileNet } from '../../../test/exporters.ts';
import { buildNetwork } from '../../models/index.ts';
import { writeModel } from '../../onnx/index.ts';
import { InferenceSession, Tensor } from '../node.ts';

const options = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 3 } as const;
const files = {
  'mobilenet-v2': { bytes: writeModel(buildNetwork('mobilenet-v2', options)), input: 'input', dims: [2, 3, 32, 32] },
  'resnet-20': { bytes: writeModel(buildNetwork('resnet-20', options)), input: 'input', dims: [2, 3, 32, 32] },
  tf2onnx: { ...tf2onnxMobileNet(), dims: [2, 16, 16, 3] },
};

describe.each(Object.entries(files))('%s', (name, { bytes, input, dims }) => {
  it.each(name === 'tf2onnx' ? (['reference', 'wasm'] as const) : (['wasm'] as const))(
    '%s kernels',
    async (kernels) => {
      const feeds = { [input]: new Tensor('float32', normal(1, dims).data, dims) };
      const one = await InferenceSession.create(bytes, { kernels });
      const expected = Object.values(await one.run(feeds))[0]!.data;
      const three = await InferenceSession.create(bytes, { kernels, threads: 3 });
      for (let i = 0; i < 5; i++) expect(Object.values(await three.run(feeds))[0]!.data).toEqual(expected);
      await three.release();
    },
  );
});

describe('a team', () => {
  let session: InferenceSession;
  beforeAll(async () => {
    session = await InferenceSession.create(files['resnet-20'].bytes, { threads: 2, profile: true });
  });
  afterAll(() => session.release());

  it('serves several sizes of batches and concurrent runs, and profiles', async () => {
    const run = (count: number) => {
      const dims = [count, 3, 32, 32];
      return session.run({ input: new Tensor('float32', normal(1, dims).data, dims) });
    };
    const results = await Promise.all([run(1), run(3), run(1)]);
    expect(results.map(({ logits }) => logits!.dims)).toEqual([
      [1, 10],
      [3, 10],
      [1, 10],
    ]);
    expect(results[2]!.logits!.data).toEqual(results[0]!.logits!.data);
    expect(session.profile().length).toBeGreaterThan(20);
  });
});
