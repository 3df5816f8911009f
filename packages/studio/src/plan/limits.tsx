/** What a plan has to keep: size, energy, throughput, the time on a machine, each on its slider. */

import { address, go } from '../address.ts';
import { Card, Choice, download, percent, Slider } from '../parts/basics.tsx';
import { planned, planning, planProblem } from '../state.ts';

/** Logarithmic: 0.4 to 0.5 matters as much as 0.2 to 0.25. */
const toSlider = (value: number) => Math.round(1000 * Math.log10(value));
const fromSlider = (value: number) => 10 ** (value / 1000);
const twoDigits = (value: number) => Number(value.toPrecision(3));

function Limit({
  name,
  label,
  min,
  max,
  usual,
  show,
  note,
}: {
  readonly name: 'size' | 'energy' | 'throughput' | 'time';
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly usual: number;
  readonly show: (value: number) => string;
  readonly note: string;
}) {
  const value = address.value[name];
  return (
    <div class="limit">
      <label class="row small">
        <input
          type="checkbox"
          checked={value !== null}
          onChange={({ currentTarget }) => go({ [name]: currentTarget.checked ? usual : null })}
        />
        {label}
      </label>
      <Slider
        label={note}
        min={toSlider(min)}
        max={toSlider(max)}
        step={1}
        value={toSlider(value ?? usual)}
        disabled={value === null}
        show={(at) => (value === null ? 'no limit' : show(fromSlider(at)))}
        onChange={(at) => go({ [name]: twoDigits(fromSlider(at)) })}
      />
    </div>
  );
}

const targets = [
  'wasm',
  'cortex-m0plus',
  'cortex-m4',
  'cortex-m7',
  'cortex-m55',
  'rv32imc',
  'mac',
  'lists',
  'trits',
] as const;

/** What is known of the plan that is shown: its time, and how near it is to the best one. */
function howPlanned(gap: number): string {
  const { first, refined, isRefining } = planning.value;
  const milliseconds = (time: number) => `${Math.max(1, Math.round(time))} ms`;
  const near = `within ${percent(gap, 1)} of the least predicted loss`;
  if (refined !== undefined) return `Planned in ${milliseconds(first)}, refined in ${milliseconds(refined)}: ${near}.`;
  return `Planned in ${milliseconds(first)}, ${near}${isRefining ? '; it is refined when the limits rest' : ''}.`;
}

export function Limits() {
  const { bits, target } = address.value;
  const view = planned.value;
  const fault = planProblem.value;
  return (
    <Card title="Limits">
      <div class="spread">
        <span>Filters in full precision</span>
        <Choice
          name="Bits of filters in full precision"
          options={[
            ['fp16', '16 bits'],
            ['int8', '8 bits'],
          ]}
          value={bits}
          onChange={(value) => go({ bits: value })}
        />
      </div>
      <Limit
        name="size"
        label="Limit the size"
        note="at most, of 16 bits"
        {...{ min: 0.08, max: 1, usual: 0.49, show: percent }}
      />
      <Limit
        name="energy"
        label="Limit the energy"
        note="at most, of the arithmetic"
        {...{ min: 0.08, max: 1, usual: 0.72, show: percent }}
      />
      <Limit
        name="throughput"
        label="Ask for throughput"
        note="at least, on the same area"
        {...{ min: 0.5, max: 20, usual: 1, show: (value: number) => `${value.toFixed(2)} ×` }}
      />
      <label class="row">
        Machine
        <select
          value={target ?? ''}
          onChange={({ currentTarget: { value } }) =>
            go(value === '' ? { target: null, time: null } : { target: value, time: address.value.time ?? 1 })
          }
        >
          <option value="">none</option>
          {targets.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {target !== null && (
        <Limit
          name="time"
          label={`Limit the time on ${target}`}
          note="at most, of the uncompressed int8 network"
          {...{ min: 0.3, max: 3, usual: 1, show: (value: number) => `${value.toFixed(2)} ×` }}
        />
      )}
      <p class="small" role="status" style={{ minHeight: '3em', ...(fault && { color: 'var(--bad)' }) }}>
        {fault ?? (view ? howPlanned(view.gap) : 'Planning …')}
      </p>
      <div class="row">
        <button
          type="button"
          disabled={!view}
          onClick={() => view && download('plan.json', view.text, 'application/json')}
        >
          Download the plan
        </button>
        <button type="button" class="primary" disabled={!view} onClick={() => go({ panel: 'compress' })}>
          Compress with it
        </button>
      </div>
    </Card>
  );
}
