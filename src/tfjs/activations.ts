/** Activations by the names that Keras has for them. */

import { float, int, str, type Value } from '../ir/index.ts';
import type { Builder } from '../ops/builder.ts';

type Activation = (b: Builder, x: Value) => Value;

const one =
  (op: string): Activation =>
  (b, x) =>
    b.op(op, [x]);
const last =
  (op: string): Activation =>
  (b, x) =>
    b.op(op, [x], { axis: int(-1) });

const table: Readonly<Record<string, Activation>> = {
  elu: (b, x) => b.op('Elu', [x], { alpha: float(1) }),
  gelu: (b, x) => b.op('Gelu', [x], { approximate: str('none') }),
  gelunew: (b, x) => b.op('Gelu', [x], { approximate: str('tanh') }),
  hardsigmoid: (b, x) => b.op('HardSigmoid', [x], { alpha: float(0.2), beta: float(0.5) }),
  linear: (_, x) => x,
  logsoftmax: last('LogSoftmax'),
  mish: one('Mish'),
  relu: one('Relu'),
  relu6: (b, x) => b.op('Clip', [x, b.scalar(0), b.scalar(6)]),
  selu: one('Selu'),
  sigmoid: one('Sigmoid'),
  silu: (b, x) => b.mul(x, b.op('Sigmoid', [x])),
  softmax: last('Softmax'),
  softplus: one('Softplus'),
  softsign: (b, x) => b.div(x, b.add(1, b.abs(x))),
  swish: (b, x) => b.mul(x, b.op('Sigmoid', [x])),
  tanh: one('Tanh'),
};

/** `hard_sigmoid` and `hardSigmoid` are the same; undefined for one that is not known. */
export const activationOf = (name: string): Activation | undefined => table[name.replaceAll('_', '').toLowerCase()];
