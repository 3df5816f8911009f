/**
 * Functions of one number: formulas of the ONNX operators in double precision. As plain data they can be given to
 * worker threads.
 */

import type { Node } from '../../ir/index.ts';
import type { OpType } from '../names.ts';
import { erf } from './error-function.ts';
import { roundEven } from './numbers.ts';

const unit = (x: number) => Math.min(Math.max(x, 0), 1);

const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Operators without attributes. */
const plain = {
  Abs: Math.abs,
  Ceil: Math.ceil,
  Erf: erf,
  Exp: Math.exp,
  Floor: Math.floor,
  HardSwish: (x: number) => x * unit(x / 6 + 0.5),
  Log: Math.log,
  Mish: (x: number) => x * Math.tanh(softplus(x)),
  Neg: (x: number) => -x,
  Reciprocal: (x: number) => 1 / x,
  Relu: (x: number) => Math.max(x, 0),
  Round: roundEven,
  Sigmoid: (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  Sign: Math.sign,
  Softplus: softplus,
  Softsign: (x: number) => x / (1 + Math.abs(x)),
  Sqrt: Math.sqrt,
  Tanh: Math.tanh,
} as const satisfies { readonly [K in OpType]?: (x: number) => number };

export type PlainFunction = keyof typeof plain;

export type UnaryFunction =
  | { readonly op: 'Clip'; readonly lower: number; readonly upper: number }
  | { readonly op: 'HardSigmoid'; readonly alpha: number; readonly beta: number }
  | { readonly op: 'LeakyRelu' | 'Elu' | 'Celu'; readonly alpha: number }
  | { readonly op: 'Selu'; readonly alpha: number; readonly gamma: number }
  | { readonly op: 'Gelu'; readonly isTanh: boolean }
  | { readonly op: 'Pow'; readonly exponent: number }
  | { readonly op: PlainFunction };

/** Selu's fixed point has mean 0 and variance 1 with these (Klambauer et al., arXiv 1706.02515). */
const seluAlpha = 1.6732631921768188;
const seluGamma = 1.0507010221481323;

const isPlain = (op: string): op is PlainFunction => Object.hasOwn(plain, op);

/** What a node without operands but one does to each element. Attributes are float32, as a file stores them. */
export function functionOf(node: Node): UnaryFunction {
  const { op } = node;
  const attribute = (name: string, fallback: number) => Math.fround(node.float(name, fallback));
  if (op === 'Celu') return { op, alpha: attribute('alpha', 1) };
  if (op === 'Selu') return { op, alpha: attribute('alpha', seluAlpha), gamma: attribute('gamma', seluGamma) };
  if (op === 'Gelu') return { op, isTanh: node.string('approximate', 'none') === 'tanh' };
  if (op === 'Elu') return { op, alpha: attribute('alpha', 1) };
  if (op === 'HardSigmoid') return { op, alpha: attribute('alpha', 0.2), beta: attribute('beta', 0.5) };
  if (op === 'LeakyRelu') return { op, alpha: attribute('alpha', 0.01) };
  if (isPlain(op)) return { op };
  throw new Error(`internal: ${node.label} taken for a function of one number`);
}

const geluTanh = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

function powerOf(exponent: number): (x: number) => number {
  if (exponent === 2) return (x) => x * x;
  if (exponent === 3) return (x) => x * x * x;
  return exponent === 0.5 ? Math.sqrt : (x) => x ** exponent;
}

/** The function as code. */
export function compileFunction(f: UnaryFunction): (x: number) => number {
  switch (f.op) {
    case 'Clip':
      return (x) => Math.min(Math.max(x, f.lower), f.upper);
    case 'Celu':
      return (x) => Math.max(x, 0) + Math.min(0, f.alpha * Math.expm1(x / f.alpha));
    case 'Gelu':
      return f.isTanh ? geluTanh : (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2));
    case 'Pow':
      return powerOf(f.exponent);
    case 'Selu':
      return (x) => f.gamma * (x < 0 ? f.alpha * Math.expm1(x) : x);
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
