/** Functions of one number, as plain data so that worker threads get them: formulas of the ONNX operators. */

export type UnaryFunction =
  | { readonly op: 'Clip'; readonly lower: number; readonly upper: number }
  | { readonly op: 'HardSigmoid' | 'Affine'; readonly alpha: number; readonly beta: number }
  | { readonly op: 'LeakyRelu' | 'Elu'; readonly alpha: number }
  | { readonly op: PlainFunction };

export type PlainFunction =
  | 'Abs'
  | 'Ceil'
  | 'Exp'
  | 'Floor'
  | 'HardSwish'
  | 'Log'
  | 'Neg'
  | 'Reciprocal'
  | 'Sigmoid'
  | 'Softplus'
  | 'Sqrt'
  | 'Tanh';

const plain: { readonly [K in PlainFunction]: (x: number) => number } = {
  Abs: Math.abs,
  Ceil: Math.ceil,
  Exp: Math.exp,
  Floor: Math.floor,
  HardSwish: (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
  Log: Math.log,
  Neg: (x) => -x,
  Reciprocal: (x) => 1 / x,
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  Sqrt: Math.sqrt,
  Tanh: Math.tanh,
};

export const plainFunctions = Object.keys(plain) as PlainFunction[];

/** The function as code. */
export function compileFunction(f: UnaryFunction): (x: number) => number {
  switch (f.op) {
    case 'Clip':
      return (x) => Math.min(Math.max(x, f.lower), f.upper);
    case 'Affine':
      return (x) => f.alpha * x + f.beta;
    case 'HardSigmoid':
      return (x) => Math.min(Math.max(f.alpha * x + f.beta, 0), 1);
    case 'LeakyRelu':
      return (x) => (x < 0 ? f.alpha * x : x);
    case 'Elu':
      return (x) => (x < 0 ? f.alpha * Math.expm1(x) : x);
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
