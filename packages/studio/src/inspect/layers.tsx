/** The network as a graph beside a table: each layer, what it is joined to, and whether it can become a filter bank. */

import type { LayerReport } from '#toolkit/compress/inspect.ts';
import { address, go } from '../address.ts';
import { Card, count, Legend } from '../parts/basics.tsx';
import { type LaneRow, Lanes, lanesOf, laneWidth } from '../parts/lanes.tsx';
import { network } from '../state.ts';
import type { Joint } from '../workshop/wiring.ts';

/** The beginning of a reason, for a narrow column; all of it is in the title and beside the filters. */
const shortReason = (reason = '') =>
  (/^[^:(]*/.exec(reason)?.[0] ?? reason).replace('one input channel per filter', 'one input each');

/** Where the results come from that a joint sees. */
const fromWhere = (joints: readonly Joint[], { from }: Joint) =>
  from.length > 0 ? `after ${from.map((i) => joints[i]!.name).join(', ')}` : 'after the input';

const colourOf = (layer: LayerReport | undefined) =>
  layer ? (layer.candidate ? 'var(--ternary)' : 'var(--full)') : 'var(--ink)';

export function Layers() {
  const { report: model, wiring } = network.value!;
  const { layers } = model;
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  // a layer that the wiring does not have is shown all the same
  const wired = new Set(wiring.map(({ name }) => name));
  const loose = layers.flatMap(({ name, op }) => (wired.has(name) ? [] : [{ name, op, isLayer: true, from: [] }]));
  const joints: readonly Joint[] = [...wiring, ...loose];
  const lanes = lanesOf(joints);
  const width = laneWidth(lanes);
  const most = Math.max(1, ...layers.map(({ macs }) => macs ?? 0));
  return (
    <Card title={`${layers.length} layers`}>
      <Legend
        items={[
          ['var(--ternary)', 'can become a filter bank'],
          ['var(--full)', 'stays as it is'],
          ...(joints.length > layers.length ? ([['var(--ink)', 'results meet']] as const) : []),
        ]}
      />
      <section class="scroll tall layers" aria-label="Layers of the network" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th style={{ minWidth: `${width}px` }}>
                <span class="visually-hidden">Joined to</span>
              </th>
              <th>Layer</th>
              <th>Filters × weights</th>
              <th>Output</th>
              <th class="right">Parameters</th>
              <th>MACs</th>
              <th>Filter bank</th>
            </tr>
          </thead>
          <tbody>
            {joints.map((joint, i) => (
              <Row
                key={joint.name}
                {...{ joint, most }}
                layer={byName.get(joint.name)}
                lanes={lanes[i]!}
                where={fromWhere(joints, joint)}
              />
            ))}
          </tbody>
        </table>
      </section>
    </Card>
  );
}

interface RowProps {
  readonly joint: Joint;
  /** Undefined for an operator without weights. */
  readonly layer: LayerReport | undefined;
  readonly lanes: LaneRow;
  readonly where: string;
  /** Multiply-accumulates of the largest layer. */
  readonly most: number;
}

function Row({ joint: { name, op }, layer, lanes, where, most }: RowProps) {
  const drawing = (
    <td class="joined" title={where}>
      <Lanes row={lanes} colour={colourOf(layer)} label={where} />
    </td>
  );
  if (!layer) {
    return (
      <tr>
        {drawing}
        <td class="muted small" colSpan={6}>
          {op}
        </td>
      </tr>
    );
  }
  const { kind, filters, inputs, kernel, outputShape, parameters, macs, candidate, reason } = layer;
  return (
    <tr aria-selected={name === address.value.layer}>
      {drawing}
      <th scope="row">
        <button type="button" class="link" onClick={() => go({ layer: name })}>
          {name}
        </button>
        <div class="muted small">{kind === 'other' ? op : kind}</div>
      </th>
      <td>
        {filters ?? '?'} × {inputs ?? '?'}
        {kernel.some((k) => k > 1) && ` × ${kernel.join(' × ')}`}
      </td>
      <td class="nowrap">{outputShape?.slice(1).join(' × ') ?? '?'}</td>
      <td class="right">{count(parameters)}</td>
      <td>
        <div class="stack" title={macs === null ? 'unknown' : count(macs)}>
          <i style={{ width: `${(100 * (macs ?? 0)) / most}%`, background: 'var(--macs)' }} />
        </div>
      </td>
      <td>
        {candidate ? (
          <span class="tag yes">can be one</span>
        ) : (
          <span class="tag" title={reason}>
            {shortReason(reason)}
          </span>
        )}
      </td>
    </tr>
  );
}
