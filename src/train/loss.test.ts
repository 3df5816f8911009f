import { describe, expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../test/evaluate.ts';
import { differentiate } from '../autodiff/differentiate.ts';
import { f32, Graph, type Tensor, toNumbers, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { countCorrect, crossEntropy, distillationLoss, lossFormOf, lossForms } from './loss.ts';

const [rows, classes] = [3, 4];
const logits = normal(1, [rows, classes]);
const teacher = normal(2, [rows, classes]);
/** One-hot, smoothed, mixed: rows sum to 1. */
const targets = f32([rows, classes], [0, 1, 0, 0, 0.05, 0.05, 0.85, 0.05, 0.75, 0, 0, 0.25]);

const rowsOf = (t: Tensor) => {
  const all = toNumbers(t);
  return Array.from({ length: rows }, (_, i) => all.slice(i * classes, (i + 1) * classes));
};

/** Softmax with temperature, written out. */
function softmax(row: readonly number[], temperature = 1): number[] {
  const exps = row.map((v) => Math.exp(v / temperature));
  return exps.map((e) => e / exps.reduce((a, b) => a + b, 0));
}

/** Mean over rows of -sum t log p. */
function meanEntropy(t: number[][], p: number[][]): number {
  const of = (i: number) => t[i]!.reduce((sum, v, k) => sum - v * Math.log(p[i]![k]!), 0);
  return t.reduce((sum, _, i) => sum + of(i), 0) / t.length;
}

function graphOf(emit: (b: Builder, logits: Value, targets: Value, teacher: Value) => Value): Graph {
  const graph = new Graph('loss');
  const inputs = ['logits', 'targets', 'teacher'].map((name) => graph.input(name, 'float32', [rows, classes]));
  graph.outputs = [emit(new Builder(graph), ...(inputs as [Value, Value, Value]))];
  return graph;
}

const feeds = { logits, targets, teacher };

describe('crossEntropy', () => {
  it('is the mean over rows of -sum t log softmax', () => {
    const expected = meanEntropy(
      rowsOf(targets),
      rowsOf(logits).map((r) => softmax(r)),
    );
    const found = evaluate(graphOf(crossEntropy), feeds);
    expect(found).toHaveLength(1);
    expect(relativeError(found, [expected])).toBeLessThan(1e-6);
  });

  it('has the gradient (softmax - t) / rows', () => {
    const graph = graphOf(crossEntropy);
    const [x] = graph.inputs;
    graph.outputs = [differentiate(graph, graph.outputs[0]!, [x!]).get(x!)!];
    const t = rowsOf(targets);
    const expected = rowsOf(logits).flatMap((r, i) => softmax(r).map((p, k) => (p - t[i]![k]!) / rows));
    expect(relativeError(evaluate(graph, feeds), expected)).toBeLessThan(1e-6);
  });
});

describe('distillationLoss', () => {
  const soften = (t: Tensor, temperature: number) => rowsOf(t).map((r) => softmax(r, temperature));
  const withOptions = (weight: number, temperature: number) =>
    graphOf((b, x, t, y) => distillationLoss(b, x, t, y, { weight, temperature }));

  it.each([
    [0.5, 4],
    [0.25, 1],
    [1, 2],
    [0, 3],
  ])('weighs truth and imitation: w %f, T %f', (weight, temperature) => {
    const truth = meanEntropy(rowsOf(targets), soften(logits, 1));
    const imitation = meanEntropy(soften(teacher, temperature), soften(logits, temperature));
    const expected = (1 - weight) * truth + weight * temperature ** 2 * imitation;
    expect(relativeError(evaluate(withOptions(weight, temperature), feeds), [expected])).toBeLessThan(1e-6);
  });

  /** Pearson's correlation with 1e-8 added to both sums of squares. */
  function correlation(x: readonly number[], y: readonly number[]): number {
    const centre = (v: readonly number[]) => v.map((e) => e - v.reduce((a, b) => a + b, 0) / v.length);
    const [p, q] = [centre(x), centre(y)];
    const dot = (a: readonly number[], b: readonly number[]) => a.reduce((s, e, i) => s + e * b[i]!, 0);
    return dot(p, q) / Math.sqrt((dot(p, p) + 1e-8) * (dot(q, q) + 1e-8));
  }
  const columnsOf = (all: readonly (readonly number[])[]) => all[0]!.map((_, k) => all.map((row) => row[k]!));
  const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const distOptions = (weight: number, temperature: number) =>
    graphOf((b, x, t, y) => distillationLoss(b, x, t, y, { kind: 'dist', weight, temperature }));

  it.each([
    [1, 1],
    [0.3, 2],
  ])('takes correlations over classes and over images for the imitation: w %f, T %f', (weight, temperature) => {
    const [s, t] = [soften(logits, temperature), soften(teacher, temperature)];
    const between = meanOf(s.map((row, i) => correlation(row, t[i]!)));
    const within = meanOf(columnsOf(s).map((column, k) => correlation(column, columnsOf(t)[k]!)));
    const truth = meanEntropy(rowsOf(targets), soften(logits, 1));
    const expected = (1 - weight) * truth + weight * temperature ** 2 * (2 - between - within);
    expect(relativeError(evaluate(distOptions(weight, temperature), feeds), [expected])).toBeLessThan(1e-6);
  });

  it('is zero for a student of the same preferences and falls along its gradient', () => {
    const graph = distOptions(1, 1);
    expect(Math.abs(evaluate(graph, { ...feeds, logits: teacher })[0]!)).toBeLessThan(1e-5);
    const value = evaluate(graph, feeds)[0]!;
    const [x] = graph.inputs as [Value];
    graph.outputs = [differentiate(graph, graph.outputs[0]!, [x]).get(x)!];
    const slope = evaluate(graph, feeds);
    const step = 1e-4;
    const moved = f32(
      [rows, classes],
      toNumbers(logits).map((v, i) => v - step * slope[i]!),
    );
    const fall = value - evaluate(distOptions(1, 1), { ...feeds, logits: moved })[0]!;
    expect(fall / (step * slope.reduce((s, g) => s + g * g, 0))).toBeCloseTo(1, 2);
    // constant rows and columns have no direction
    const flat = evaluate(graph, { ...feeds, logits: f32([rows, classes]) });
    expect(flat.every(Number.isFinite)).toBe(true);
  });

  it('sends T (softmax(x / T) - softmax(teacher / T)) / rows to the student and nothing to the teacher', () => {
    const graph = withOptions(1, 2);
    const [x, , y] = graph.inputs as [Value, Value, Value];
    const gradients = differentiate(graph, graph.outputs[0]!, [x]);
    expect(gradients.has(y)).toBe(false);
    graph.outputs = [gradients.get(x)!];
    const soft = soften(teacher, 2);
    const expected = soften(logits, 2).flatMap((r, i) => r.map((p, k) => (2 * (p - soft[i]![k]!)) / rows));
    expect(relativeError(evaluate(graph, feeds), expected)).toBeLessThan(1e-6);
  });
});

describe('countCorrect', () => {
  it('counts rows whose largest logit is at the largest target', () => {
    const scores = f32([rows, classes], [0, 5, 1, 2, 9, 0, 8, 0, 3, 0, 0, 1]);
    expect(evaluate(graphOf(countCorrect), { ...feeds, logits: scores })).toEqual([2]);
  });
});

describe('losses of independent scores', () => {
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  const soft = rowsOf(teacher).map((row) => row.map(sigmoid));
  /** Mean over rows of sum_k -t ln p - (1 - t) ln(1 - p), p = sigmoid(z / T). */
  const binary = (t: number[][], temperature = 1) =>
    rowsOf(logits)
      .flatMap((row, i) =>
        row.map((z, k) => {
          const p = sigmoid(z / temperature);
          return -t[i]![k]! * Math.log(p) - (1 - t[i]![k]!) * Math.log(1 - p);
        }),
      )
      .reduce((a, b) => a + b, 0) / rows;

  it('is the sum over classes of the binary cross-entropy', () => {
    const graph = graphOf((b, x, t) => lossForms.independent.crossEntropy(b, x, t));
    expect(evaluate(graph, feeds)[0]).toBeCloseTo(binary(rowsOf(targets)), 5);
    const gradients = differentiate(graph, graph.outputs[0]!, [graph.value('logits')]);
    graph.outputs = [gradients.get(graph.value('logits'))!];
    // (sigmoid(z) - t) / rows
    const expected = rowsOf(logits).flatMap((row, i) =>
      row.map((z, k) => (sigmoid(z) - rowsOf(targets)[i]![k]!) / rows),
    );
    expect(relativeError(evaluate(graph, feeds), expected)).toBeLessThan(1e-5);
  });

  it("takes the teacher's sigmoids as targets", () => {
    const options = { weight: 1, temperature: 1 } as const;
    const graph = graphOf((b, x, t, s) => distillationLoss(b, x, t, s, options, lossFormOf('independent')));
    expect(evaluate(graph, feeds)[0]).toBeCloseTo(binary(soft), 5);
    expect(lossFormOf('probabilities')).toBe(lossFormOf('logits'));
  });
});
