/**
 * ONNX Runtime's profile as a table: time by operator type and by operator with its shapes, and the arithmetic of the
 * matrix products from those shapes. The file is a list of Chrome trace events; a run is a `model_run`, a kernel an event
 * of category `Node` whose name ends in `_kernel_time`. Constants that the runtime packed at load time are absent from
 * the shapes, and whether an operand is transposed is not said, so the inner dimension is derived from the first operand
 * and the output.
 */

interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly ts: number;
  readonly dur: number;
  readonly args: {
    readonly op_name?: string;
    /** `[{ "float": [64, 10] }, ...]` */
    readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

/** Time of all kernels of one kind, per step. */
export interface OperatorTime {
  readonly operator: string;
  /** `[64, 10] [10] -> [64, 10]`; absent where operators of all shapes are summed. */
  readonly shapes?: string;
  readonly calls: number;
  readonly milliseconds: number;
  /** Of the time of all kernels. */
  readonly share: number;
  /** Floating-point operations, two a multiply-accumulate; matrix products only. */
  readonly flop?: number;
  readonly gflops?: number;
}

export interface TraceSummary {
  readonly steps: number;
  /** Of a run, and of the kernels in it, per step. The difference is the runtime's own work between kernels. */
  readonly runMilliseconds: number;
  readonly kernelMilliseconds: number;
  /** Both from the most to the least expensive. */
  readonly operators: readonly OperatorTime[];
  readonly shapes: readonly OperatorTime[];
}

const products: ReadonlySet<string> = new Set(['MatMul', 'Gemm', 'FusedMatMul', 'FusedGemm']);

export const isProduct = (operator: string) => products.has(operator);

const count = (dims: readonly number[]) => dims.reduce((product, d) => product * d, 1);

/**
 * Operations of a matrix product `[..., M, K] x [..., K, N] = [..., M, N]`, either operand possibly transposed, or
 * undefined where the shapes do not tell. The first operand has a K of its own for each row of the output, so
 * K = |a| N / |out|; where it is shared by a whole batch instead, K = |a| / M.
 */
export function productOperations(a: readonly number[], out: readonly number[]): number | undefined {
  const n = out.at(-1) ?? 1;
  const m = out.at(-2) ?? 1;
  const inner = [(count(a) * n) / count(out), count(a) / m].find((k) => a.includes(k));
  return inner === undefined ? undefined : 2 * count(out) * inner;
}

const shapesOf = (list: TraceEvent['args']['input_type_shape'] = []) => list.flatMap((entry) => Object.values(entry));

class Sum {
  calls = 0;
  microseconds = 0;
  flop: number | undefined = 0;

  add(microseconds: number, flop: number | undefined): void {
    this.calls++;
    this.microseconds += microseconds;
    this.flop = flop === undefined || this.flop === undefined ? undefined : this.flop + flop;
  }
}

/** Sums up a parsed profile, without its first `warmUp` runs. */
export function summariseTrace(events: readonly TraceEvent[], warmUp: number): TraceSummary {
  const all = events.filter((event) => event.name === 'model_run').sort((a, b) => a.ts - b.ts);
  const runs = all.slice(warmUp);
  if (runs.length === 0) throw new Error(`internal: ${all.length} runs in the profile, ${warmUp} of them to warm up`);
  const from = runs[0]!.ts;
  const byOperator = new Map<string, Sum>();
  const byShapes = new Map<string, Sum>();
  const add = (sums: Map<string, Sum>, key: string, microseconds: number, flop: number | undefined) => {
    const sum = sums.get(key) ?? new Sum();
    sums.set(key, sum);
    sum.add(microseconds, flop);
  };
  let total = 0;
  for (const { cat, name, ts, dur, args } of events) {
    if (cat !== 'Node' || ts < from || !name.endsWith('_kernel_time')) continue;
    const operator = args.op_name ?? 'unknown';
    const inputs = shapesOf(args.input_type_shape);
    const outputs = shapesOf(args.output_type_shape);
    const [a, out] = [inputs[0], outputs[0]];
    const flop = isProduct(operator) && a && out ? productOperations(a, out) : undefined;
    const print = (list: readonly (readonly number[])[]) => list.map((dims) => `[${dims.join(', ')}]`).join(' ');
    total += dur;
    add(byOperator, operator, dur, flop);
    add(byShapes, `${operator}|${print(inputs)} -> ${print(outputs)}`, dur, flop);
  }
  const steps = runs.length;
  const rows = (sums: Map<string, Sum>): OperatorTime[] =>
    [...sums]
      .sort(([, a], [, b]) => b.microseconds - a.microseconds)
      .map(([key, { calls, microseconds, flop }]) => {
        const [operator, shapes] = key.split('|') as [string, string?];
        return {
          operator,
          ...(shapes === undefined ? {} : { shapes }),
          calls: calls / steps,
          milliseconds: microseconds / 1000 / steps,
          share: microseconds / total,
          ...(flop === undefined ? {} : { flop: flop / steps, gflops: flop / microseconds / 1000 }),
        };
      });
  return {
    steps,
    runMilliseconds: runs.reduce((sum, run) => sum + run.dur, 0) / 1000 / steps,
    kernelMilliseconds: total / 1000 / steps,
    operators: rows(byOperator),
    shapes: rows(byShapes),
  };
}
