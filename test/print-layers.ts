/** The layers that a graph is lowered to, as text: one line each, planes numbered in the order in which they are written. */

import { type Layer, readsOf } from '../src/runtime/lower/layers.ts';
import type { Lowered } from '../src/runtime/lower/lower.ts';
import type { Activation, Plane, Quantization } from '../src/runtime/lower/operand.ts';

const numbers = (values: ArrayLike<number>) => `[${Array.from(values, (v) => Number(v.toPrecision(6))).join(', ')}]`;

const quantized = ({ scale, zeroPoint, dtype }: Quantization) => `${scale}(q - ${zeroPoint}) ${dtype}`;

function detailsOf(layer: Layer): (string | false | undefined)[] {
  switch (layer.kind) {
    case 'conv': {
      const { window, groups, weights, scales, multipliers, biases } = layer;
      const { kernel, strides, dilations, pads } = window;
      return [
        `${kernel.join('x')} ${weights.kind}`,
        strides.some((s) => s > 1) && `strides ${strides.join()}`,
        dilations.some((d) => d > 1) && `dilations ${dilations.join()}`,
        pads.some((p) => p !== 0) && `pads ${pads.join()}`,
        groups > 1 && `groups ${groups}`,
        scales && `scales ${numbers(scales)}`,
        multipliers && `by ${numbers(multipliers)}`,
        biases.some((b) => b !== 0) && `plus ${numbers(biases)}`,
      ];
    }
    case 'pool':
      return [layer.method, layer.window.kernel.join('x'), layer.countPads && 'pads counted'];
    case 'affine':
      return [`by ${numbers(layer.multipliers)}`, `plus ${numbers(layer.biases)}`];
    case 'unary':
      return [layer.functions.map((f) => f.op).join()];
    case 'binary':
      return [layer.operator, layer.b.kind === 'values' && numbers(layer.b.values)];
    case 'move':
      return [`dims ${layer.dims.join()}`, `strides ${layer.strides.join()}`, `from ${layer.offset}`];
    case 'channels':
      return [numbers(layer.indices)];
    case 'pad':
      return [`pads ${layer.pads.join()}`, `channels ${layer.channels.join()}`, `value ${layer.value}`];
    case 'softmax':
      return [`size ${layer.size}`, `inner ${layer.inner}`, layer.isLog && 'log'];
    default:
      return [];
  }
}

function boundsOf(layer: Layer): string | undefined {
  if (!('lower' in layer) || (layer.lower === -Infinity && layer.upper === Infinity)) return undefined;
  return `in ${layer.lower}..${typeof layer.upper === 'number' ? layer.upper : numbers(layer.upper)}`;
}

export function printLayers({ layers, inputs, outputs }: Pick<Lowered, 'layers' | 'inputs' | 'outputs'>): string {
  const names = new Map<Plane, string>();
  const nameOf = (plane: Plane): string => {
    const known = names.get(plane) ?? `p${names.size}`;
    names.set(plane, known);
    return known;
  };
  const view = ({ plane, dims, order, quantization }: Activation) => {
    const parts = [nameOf(plane), order && `as ${order.join()}`, quantization && quantized(quantization)];
    return `${parts.filter(Boolean).join(' ')} [${dims.join(', ')}]`;
  };
  for (const [name, { plane }] of inputs) names.set(plane, name);
  const lines = layers.map((layer) => {
    const { y } = layer;
    const reads = readsOf(layer);
    const from = reads.map(view).join(' and ');
    const to = `${nameOf(y)} ${y.type} ${y.channels}x${y.height}x${y.width}`;
    const home = y.home && `at ${nameOf(y.home.plane)}:${y.home.channel}`;
    const quantization = 'quantization' in layer && layer.quantization && quantized(layer.quantization);
    const details = [...detailsOf(layer), boundsOf(layer), quantization, home].filter(Boolean).join('; ');
    return `${layer.kind} ${from} -> ${to}${details && `: ${details}`}`;
  });
  for (const [name, output] of outputs) {
    lines.push(
      `output ${name}: ${output.kind === 'activation' ? view(output) : `constant [${output.dims.join(', ')}]`}`,
    );
  }
  return lines.join('\n');
}
