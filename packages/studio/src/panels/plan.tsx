/** Plan: limits on sliders, the best plan within them at once, its layers to be edited, and what it is compared with. */

import { useEffect } from 'preact/hooks';
import { address } from '../address.ts';
import { Card, count, kilobytes, percent, short, Tiles } from '../parts/basics.tsx';
import { Layers } from '../plan/layers.tsx';
import { Limits } from '../plan/limits.tsx';
import { Front, Rivals } from '../plan/others.tsx';
import { analyse, analysis, compareMethods, edits, network, planned, replan } from '../state.ts';
import { Start } from './start.tsx';

export function NeedsAnalysis() {
  const opened = network.value!;
  if (opened.obstacle) {
    return (
      <Card title="This network cannot be compressed here">
        <p>{opened.obstacle}</p>
      </Card>
    );
  }
  return (
    <Card title="The filters have to be analysed first">
      <p class="muted">How much each of them loses when it becomes ternary: seconds to minutes, in this page.</p>
      <div class="row">
        <button type="button" class="primary" onClick={() => void analyse()}>
          Analyse
        </button>
      </div>
    </Card>
  );
}

export function Plan() {
  const { size, energy, throughput, bits, target, time } = address.value;
  useEffect(() => {
    void replan();
  }, [size, energy, throughput, bits, target, time, edits.value, analysis.value]);
  useEffect(() => {
    void compareMethods();
  }, [bits, analysis.value]);
  if (!network.value)
    return <Start lead="Choose how small and how cheap the network has to be, and see what that costs." />;
  if (!analysis.value) return <NeedsAnalysis />;
  return (
    <>
      <Figures />
      <div class="split side">
        <Limits />
        <Front />
      </div>
      <Rivals />
      <Layers />
    </>
  );
}

/** What a loss is, and what is not counted in it: hidden units are rounded to 8 bits by ranges that only images tell. */
function describeLoss(unit: string, bits: 'fp16' | 'int8'): string {
  if (unit === 'nats') return 'nats of cross-entropy, before refitting';
  return bits === 'int8'
    ? 'noise-to-signal of weights; what rounding in 8 bits costs only images tell (Compress)'
    : 'noise-to-signal, weights alone';
}

function Figures() {
  const view = planned.value;
  const unit = analysis.value!.lossUnit;
  const machine = view?.machine;
  const figures = machine && Object.entries(machine.totals)[0];
  return (
    <Tiles
      items={[
        [
          'Size',
          view ? percent(view.relative.size, 1) : '…',
          view ? `${kilobytes(view.bytes)} of ${kilobytes(view.referenceBytes)}` : '',
        ],
        ['Energy', view ? percent(view.relative.energy, 1) : '…', 'of the arithmetic at 16 bits'],
        ['Throughput', view ? `${view.relative.throughput.toFixed(2)} ×` : '…', 'on an array of the same area'],
        ['Multiplications', view ? percent(view.relative.multiplications, 1) : '…', 'the others become additions'],
        ['Predicted loss', view ? short(view.loss) : '…', describeLoss(unit, address.value.bits)],
        ...(figures
          ? ([
              [
                machine.name,
                `${(figures[1] / machine.control[figures[0] as keyof typeof machine.control]!).toFixed(2)} ×`,
                `${count(figures[1])} ${figures[0]}, of int8`,
              ],
            ] as const)
          : []),
      ]}
    />
  );
}
