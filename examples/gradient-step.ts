/** Builds a small network as an ONNX graph, appends its gradient to it, and takes one gradient step by hand. */

// Elsewhere: from 'tritbank'.
import { batches, compile, differentiate, f32, inferShapes, NetworkBuilder, openDataset } from '../src/index.ts';

const { train } = await openDataset('mnist');
const { value: batch } = await batches(train, { batchSize: 64, smoothing: 0.1 }).next();
if (!batch?.targets) throw new Error('no images');

const network = new NetworkBuilder('small', 1);
const b = network.build;
const hidden = b.relu(network.conv('conv', network.input(1, 28), { filters: 16, kernel: 3, stride: 2 }));
const graph = inferShapes(network.classifier(hidden, 10), { bind: { N: 64 } });
const weights = graph.initializers.filter((value) => value.dtype === 'float32');
const targets = graph.input('targets', 'float32', [64, 10]);
const loss = b.mul(b.reduceSum(b.mul(targets, b.op('LogSoftmax', [graph.value('logits')])), [0, 1]), -1 / 64);
const gradients = differentiate(graph, loss, weights);
graph.outputs = [loss, ...gradients.values()];

const images = Float32Array.from(batch.images, (pixel) => pixel / 255);
const feeds = { input: f32([64, 1, 28, 28], images), targets: f32([64, 10], batch.targets) };
const before = await (await compile(graph)).run(feeds);
for (const [weight, gradient] of gradients) {
  const slopes = before[gradient.name]!.data as Float32Array;
  const values = weight.constant!.data as Float32Array;
  weight.constant = f32(
    weight.dims,
    values.map((value, i) => value - 0.5 * slopes[i]!),
  );
}
const after = await (await compile(graph)).run(feeds);
console.log(`loss ${before[loss.name]!.data[0]} -> ${after[loss.name]!.data[0]}`);
