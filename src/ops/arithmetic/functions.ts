/**
 * Functions of one number: formulas of the ONNX operators in double precision. As plain data they can be given to
 * worker threads.
 */

import type { Node } from '../../ir/index.ts';
import type { OpType } from '../names.ts';
import { roundEven } from './numbers.ts';

/** Operators without attributes. */
const plain = {
  Abs: Math.abs,
  Ceil: Math.ceil,
  Exp: Math.exp,
  Floor: Math.floor,
  HardSwish: (x: number) => x * unit(x / 6 + 0.5),
  Log: Math.log,
  Neg: (x: number) => -x,
  Reciprocal: (x: number) => 1 / x,
  Relu: (x: number) => Math.max(x, 0),
  Round: roundEven,
  Sigmoid: (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  Sign: Math.sign,
  Softplus: (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  Sqrt: Math.sqrt,
  Tanh: Math.tanh,
} as const satisfies { readonly [K in OpType]?: (x: number) => number };

const unit = (x: number) => Math.min(Math.max(x, 0), 1);

export type PlainFunction = keyof typeof plain;

export type UnaryFunction =
  | { readonly op: 'Clip'; readonly lower: number; readonly upper: number }
  | { readonly op: 'HardSigmoid'; readonly alpha: number; readonly beta: number }
  | { readonly op: 'LeakyRelu' | 'Elu'; readonly alpha: number }
  | { readonly op: PlainFunction };

const isPlain = (op: string): op is PlainFunction => Object.hasOwn(plain, op);

/** What a node without operands but one does to each element. Attributes are float32, as a file stores them. */
export function functionOf(node: Node): UnaryFunction {
  const { op } = node;
  const attribute = (name: string, fallback: number) => Math.fround(node.float(name, fallback));
  if (op === 'Elu') return { op, alpha: attribute('alpha', 1) };
  if (op === 'HardSigmoid') return { op, alpha: attribute('alpha', 0.2), beta: attribute('beta', 0.5) };
  if (op === 'LeakyRelu') return { op, alpha: attribute('alpha', 0.01) };
  if (isPlain(op)) return { op };
  throw new Error(`internal: ${node.label} taken for a function of one number`);
}

/** The function as code. */
export function compileFunction(f: UnaryFunction): (x: number) => number {
  switch (f.op) {
    case 'Clip':
      return (x) => Math.min(Math.max(x, f.lower), f.upper);
    case 'Elu':
      return (x) => (x < 0 ? f.alpha * Math.expm1(x) : x);
    case 'HardSigmoid':
      return (x) => unit(f.alpha * x + f.beta);
    case 'LeakyRelu':
      return (x) => (x < 0 ? f.alpha * x : x);
    default:
      return plain[f.op];
  }
}

/** One after the other, each result a float32. */
export function compileFunctions(functions: readonly UnaryFunction[]): (x: number) => number {
  const compiled = functions.map(compileFunction);
  const [first, second] = compiled;
  if (!first) return (x) => x;
  if (!second) return first;
  return (x) => compiled.reduce((v, f) => Math.fround(f(v)), x);
}
