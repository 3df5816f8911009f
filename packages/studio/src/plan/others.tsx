/** What a plan is compared with: the best plans of other sizes, and other methods. */

import { address } from '../address.ts';
import { Card, Legend, percent, short } from '../parts/basics.tsx';
import { Chart } from '../parts/chart.tsx';
import { analysis, frontPoints, frontWithin, planned, rivals } from '../state.ts';

const colours: Readonly<Record<string, string>> = {
  int8: 'var(--full)',
  int4: 'var(--macs)',
  TWN: 'var(--twn)',
  StrassenNets: 'var(--strassen)',
  uniform: 'var(--ternary)',
};

export function Front() {
  const view = planned.value;
  const points = frontPoints.value;
  const within = frontWithin.value;
  const others = rivals.value.filter(({ loss }) => loss !== null && loss > 0);
  const unit = analysis.value!.lossUnit;
  return (
    <Card title="What size costs">
      <Chart
        label="Predicted loss of the best plans by size, with the present plan and other methods"
        height={380}
        of={[view, points, within, others]}
        draw={(plot, width) => ({
          marginLeft: 56,
          marginRight: 24,
          x: { label: 'size, % of 16 bits →', grid: true, domain: [0, 100] },
          y: {
            label: `↑ predicted loss, ${unit}`,
            type: 'log',
            grid: true,
            ticks: 5,
            tickFormat: '~g',
            insetTop: 12,
            insetBottom: 12,
          },
          marks: [
            plot.line(
              points.filter(({ loss }) => loss > 0),
              { x: (p) => 100 * p.size, y: 'loss', stroke: 'var(--ternary)', strokeWidth: 2, marker: true },
            ),
            plot.line(
              within.filter(({ loss }) => loss > 0),
              {
                x: (p) => 100 * p.size,
                y: 'loss',
                stroke: 'var(--plus)',
                strokeWidth: 2,
                strokeDasharray: '5 4',
              },
            ),
            plot.dot(others, {
              x: (p) => 100 * p.relative.size,
              y: 'loss',
              r: 6,
              fill: (p) => colours[p.name]!,
              stroke: 'var(--card)',
            }),
            plot.text(others, {
              x: (p) => 100 * p.relative.size,
              y: 'loss',
              text: 'name',
              dx: width < 500 ? 0 : 10,
              dy: width < 500 ? 14 : 0,
              textAnchor: width < 500 ? 'middle' : 'start',
              fill: 'var(--ink)',
              stroke: 'var(--card)',
              strokeWidth: 4,
            }),
            ...(view && view.loss > 0
              ? [
                  plot.dot([view], {
                    x: (p) => 100 * p.relative.size,
                    y: 'loss',
                    r: 9,
                    fill: 'none',
                    stroke: 'var(--plus)',
                    strokeWidth: 3,
                  }),
                ]
              : []),
          ],
        })}
      />
      <Legend
        items={[
          ['var(--ternary)', 'best plans, size limited alone'],
          [
            'var(--plus)',
            'the present plan, and the best ones of other sizes within its limits on energy and throughput',
          ],
        ]}
      />
      <p class="small muted">
        Losses are predictions before anything is refitted or trained: good for the order of methods, not for
        accuracies.
      </p>
    </Card>
  );
}

export function Rivals() {
  const view = planned.value;
  const rows = [
    ...(view
      ? [
          {
            name: 'this plan',
            note: `planned layer by layer, ${address.value.bits === 'int8' ? 8 : 16}-bit filters`,
            relative: view.relative,
            loss: view.loss,
          },
        ]
      : []),
    ...rivals.value,
  ];
  return (
    <Card title="Beside other methods">
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Method</th>
              <th class="right">Size</th>
              <th class="right">Energy</th>
              <th class="right">Throughput</th>
              <th class="right">Multiplications</th>
              <th class="right">Predicted loss</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, note, relative, loss }, i) => (
              <tr key={name} class={i === 0 && view ? 'own' : ''}>
                <th scope="row">
                  {name}
                  <div class="muted small">{note}</div>
                </th>
                <td class="right">{percent(relative.size, 1)}</td>
                <td class="right">{percent(relative.energy, 1)}</td>
                <td class="right">{relative.throughput.toFixed(2)} ×</td>
                <td class="right">{percent(relative.multiplications, 1)}</td>
                <td class="right">{loss === null ? 'next to nothing' : short(loss)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="small muted">
        Relative to the network with 16-bit weights and arithmetic, on the accelerator model of the paper.
      </p>
    </Card>
  );
}
