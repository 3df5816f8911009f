/**
 * Operators without a kernel of planes: a rule says what a dense kernel computes of the operands, in row-major order.
 * Where all of them are constants it is computed at once.
 */

import { type Node, type NumericDType, type Tensor, TritbankError } from '../../ir/index.ts';
import { misfit, printDims, unsupported } from '../../ops/arithmetic/errors.ts';
import { countOf, fromNumbers, integersOf, numbersOf } from '../../ops/arithmetic/numbers.ts';
import type { Elements } from '../dense/elements.ts';
import { type DenseKernel, runDense } from '../dense/kernel.ts';
import type { Lowering, LoweringRule } from './context.ts';
import type { Values } from './layers.ts';
import { type Activation, activationOf, constantOf, fileDims, newPlane, type Operand } from './operand.ts';

/** What a rule sees of an input. */
export interface DenseInput {
  readonly dims: readonly number[];
  readonly dtype: NumericDType;
  /** The constant, E_UNSUPPORTED for what is computed. */
  tensor(): Tensor;
}

export interface DenseResult {
  readonly kernel: DenseKernel;
  /** Slots of the inputs that the kernel reads. */
  readonly reads: readonly number[];
  readonly dims: readonly number[];
  /** Default: that of the first input that is read. */
  readonly dtype?: NumericDType;
  /** Images of a batch stay apart. */
  readonly keepsBatch: boolean;
}

/** By slot, undefined for what is omitted. */
export class DenseInputs {
  constructor(
    private readonly node: Node,
    readonly all: readonly (DenseInput | undefined)[],
  ) {}

  /** A required input. */
  at(slot: number): DenseInput {
    const input = this.all[slot];
    if (input) return input;
    throw misfit(this.node, `an input ${slot}`, 'none');
  }

  /** The elements of a constant; undefined where it is omitted. */
  integers(slot: number): number[] | undefined {
    return integersOf(this.all[slot]?.tensor(), this.node.label);
  }
}

export type DenseRule = (node: Node, inputs: DenseInputs) => DenseResult;

const activationTypes: readonly string[] = ['float32', 'bool', 'int32', 'int64'];

function inputOf(node: Node, operand: Operand | undefined): DenseInput | undefined {
  if (!operand) return undefined;
  if (operand.kind === 'activation') {
    const { dtype } = operand;
    return {
      dims: fileDims(operand),
      dtype,
      tensor: () => {
        throw unsupported(node, 'a constant', `a computed ${dtype}${printDims(fileDims(operand))}`);
      },
    };
  }
  const tensor = operand.tensor();
  if (tensor.dtype === 'string') throw unsupported(node, 'numbers', 'strings');
  return { dims: operand.dims, dtype: tensor.dtype, tensor: () => tensor };
}

/** What the first output is. */
export const dense =
  (rule: DenseRule): LoweringRule =>
  (lowering, node, inputs) =>
    applyDense(lowering, node, inputs, rule(node, denseInputs(node, inputs)));

export const denseInputs = (node: Node, inputs: readonly (Operand | undefined)[]): DenseInputs =>
  new DenseInputs(
    node,
    inputs.map((operand) => inputOf(node, operand)),
  );

export function applyDense(
  lowering: Lowering,
  node: Node,
  inputs: readonly (Operand | undefined)[],
  result: DenseResult,
): Operand {
  const { kernel, reads, dims } = result;
  const operands = reads.map((slot) => inputs[slot]!);
  const [first] = operands;
  const dtype = result.dtype ?? (first?.kind === 'activation' ? first.dtype : first?.tensor().dtype) ?? 'float32';
  const count = countOf(dims, node, dtype);
  if (operands.every((operand) => operand.kind === 'constant')) {
    const values = new Float64Array(count);
    const elements = operands.map((operand): Elements => Float64Array.from(numbersOf(operand.tensor(), node.label)));
    runDense(kernel, elements, values);
    const isFromShape = operands.some((operand) => operand.isFromShape);
    return constantOf(fromNumbers(dtype, dims, values), isFromShape);
  }
  if (count === 0) throw unsupported(node, 'a result with elements', printDims(dims));
  if (!activationTypes.includes(dtype)) throw unsupported(node, `one of ${activationTypes.join(', ')}`, dtype);
  const given = operands.map((operand): Activation | Values => {
    if (operand.kind === 'constant') {
      return { kind: 'values', values: Float32Array.from(numbersOf(operand.tensor(), node.label)) };
    }
    if (operand.plane.type === 'int8' && !operand.quantization) throw unsupported(node, 'floats', operand.dtype);
    return lowering.straighten(node, operand);
  });
  if (!result.keepsBatch) lowering.mixesBatch ??= node;
  const y = newPlane('float32', dims);
  lowering.add({ kind: 'dense', name: node.name, op: node.op, kernel, operands: given, y });
  return activationOf(y, dims, dtype as Activation['dtype']);
}

/** E_UNSUPPORTED where a node's further outputs are read. */
export function expectOneOutput(node: Node): void {
  const other = node.outputs.slice(1).find((output) => output && output.uses.size > 0);
  if (other) throw new TritbankError('E_UNSUPPORTED', node.label, `expected one output, found '${other.name}' in use`);
}
