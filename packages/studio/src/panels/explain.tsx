/** Explain: what a hybrid filter bank is, by one that computes; then the banks of the network that is open. */

import { useEffect, useMemo, useState } from 'preact/hooks';
import { address } from '../address.ts';
import {
  type DrawnBank,
  filterCount,
  filterNames,
  flow,
  imageSide,
  inputs,
  makeBank,
  patchAt,
  side,
  workOf,
} from '../explain/bank.ts';
import { Figure, type Pointed } from '../explain/figure.tsx';
import { Card, count, Legend, percent, Slider, Tiles } from '../parts/basics.tsx';
import { Matrices } from '../parts/heat.tsx';
import { network, planned, report, workshop } from '../state.ts';
import type { PlannedBank } from '../workshop/banks.ts';

export function Explain() {
  const [hidden, setHidden] = useState(6);
  const [kept, setKept] = useState(2);
  const [[column, row], setPlace] = useState<readonly [number, number]>([10, 4]);
  const [pointed, setPointed] = useState<Pointed>(null);
  const bank = useMemo(() => makeBank(kept, hidden), [kept, hidden]);
  const values = useMemo(() => flow(bank, patchAt(column, row)), [bank, column, row]);
  return (
    <>
      <p class="lead">
        In a hybrid filter bank a few filters stay as they are. The others share hidden sums: Wb adds and subtracts
        pixels, a scales each sum once, Wc adds and subtracts the sums. Almost all multiplications are gone.
      </p>
      <Card title="A patch through a filter bank">
        <section class="scroll" aria-label="The figure" tabIndex={0}>
          <Figure
            {...{ bank, values, column, row, pointed }}
            onPoint={setPointed}
            onMove={(x, y) => setPlace([x, y])}
          />
        </section>
        <Legend
          items={[
            ['var(--plus)', '+1, added'],
            ['var(--zero)', '0, nothing to do'],
            ['var(--minus)', '−1, subtracted'],
            ['var(--full)', 'full-precision filter'],
            ['var(--ternary)', 'ternary filter'],
          ]}
        />
        <p class="explanation" role="status">
          {describe(bank, pointed)}
        </p>
        <div class="controls">
          <Slider
            label="Hidden units r"
            {...{ min: 1, max: 9, step: 1, value: hidden }}
            show={String}
            onChange={setHidden}
          />
          <Slider
            label="Filters in full precision"
            {...{ min: 0, max: filterCount - 2, step: 1, value: kept }}
            show={(value) => `${value} of ${filterCount}`}
            onChange={setKept}
          />
          <Slider
            label="Patch, column"
            {...{ min: 0, max: imageSide - side, step: 1, value: column }}
            show={String}
            onChange={(x) => setPlace([x, row])}
          />
          <Slider
            label="Patch, row"
            {...{ min: 0, max: imageSide - side, step: 1, value: row }}
            show={String}
            onChange={(y) => setPlace([column, y])}
          />
        </div>
      </Card>
      <ArrayCard bank={bank} />
      <OwnBank />
    </>
  );
}

/** A sentence on what is pointed at. */
function describe(bank: DrawnBank, pointed: Pointed): string {
  const { ternary, hidden, wb, wc, residuals } = bank;
  const usersOf = (k: number) => ternary.filter((_, i) => wc[i * hidden + k] !== 0);
  if (!pointed) return 'Point at a filter or a hidden unit (or reach them with the Tab key) to see what it is made of.';
  if (pointed.kind === 'unit') {
    const k = pointed.index;
    const own = wb.subarray(k * inputs, (k + 1) * inputs).filter((trit) => trit !== 0).length;
    const users = usersOf(k);
    const names = users.map((f) => filterNames[f]).join(', ');
    return `Hidden unit ${k + 1} adds or subtracts ${own} of ${inputs} pixels, is scaled by one multiplication, and is computed once for ${users.length} filters (${names || 'none'}).`;
  }
  const row = ternary.indexOf(pointed.index);
  const name = filterNames[pointed.index];
  if (row < 0) return `${name} stays in full precision: ${inputs} multiply-accumulates, and exactly what it was.`;
  const terms = Array.from({ length: hidden }, (_, k) => wc[row * hidden + k]!).flatMap((sign, k) =>
    sign === 0 ? [] : [`${sign > 0 ? '+' : '−'} h${k + 1}`],
  );
  const shared =
    terms.length -
    Array.from({ length: hidden }, (_, k) => k).filter((k) => wc[row * hidden + k] !== 0 && usersOf(k).length === 1)
      .length;
  return `${name} = ${terms.join(' ')}: ${terms.length} additions and no multiplication of its own; ${shared} of these hidden units serve other filters, too. What is left of it as error: ${percent(residuals[row]!, 1)} of its energy.`;
}

function ArrayCard({ bank }: { readonly bank: DrawnBank }) {
  const [adders, setAdders] = useState(2);
  const [skips, setSkips] = useState(true);
  const { macs, additions, dense } = workOf(bank);
  const adderWork = skips ? additions : dense;
  const adderCycles = Math.ceil(adderWork / adders);
  const cycles = Math.max(macs, adderCycles);
  const units = [
    { name: 'MAC unit', busy: macs, colour: 'var(--macs)' },
    ...Array.from({ length: adders }, (_, i) => ({
      name: `Adder ${i + 1}`,
      busy: Math.floor(adderWork / adders) + (i < adderWork % adders ? 1 : 0),
      colour: 'var(--ternary)',
    })),
  ];
  const plain = filterCount * inputs;
  return (
    <Card title="The same on an array of one MAC unit and some adders">
      <Tiles
        items={[
          ['Multiplications', `${macs}`, `instead of ${plain}`],
          [
            'Additions',
            `${adderWork}`,
            skips ? `${dense - additions} zeros are skipped` : `${dense - additions} of them by zeros`,
          ],
          ['Cycles a patch', `${cycles}`, `${plain} on a MAC unit alone`],
        ]}
      />
      <div class="controls">
        <Slider label="Adders" {...{ min: 1, max: 6, step: 1, value: adders }} show={String} onChange={setAdders} />
        <label class="row">
          <input type="checkbox" checked={skips} onChange={({ currentTarget }) => setSkips(currentTarget.checked)} />
          Skip zeros
        </label>
      </div>
      <ul class="units">
        {units.map(({ name, busy, colour }) => (
          <li key={name}>
            <span>{name}</span>
            <div class="stack" role="img" aria-label={`${name}: busy ${busy} of ${cycles} cycles`}>
              <i style={{ width: `${(100 * busy) / cycles}%`, background: colour }} />
            </div>
            <span class="number muted">{percent(busy / cycles)} busy</span>
          </li>
        ))}
      </ul>
      <p class="small muted">
        {macs > adderCycles
          ? 'The adders wait for the MAC unit: fewer full-precision filters would make it faster.'
          : macs < adderCycles
            ? 'The MAC unit waits for the adders: fewer hidden units, more zeros or another adder would make it faster.'
            : 'Nobody waits.'}{' '}
        The toolkit's accelerator has both kinds of units; hidden sums go from the adders to the MAC unit and back.
      </p>
    </Card>
  );
}

/** A bank of the present plan: the matrices that would be stored. */
function OwnBank() {
  const view = planned.value;
  const banks = view?.layers.filter(({ plan }) => plan.method === 'hybrid' || plan.method === 'strassen') ?? [];
  const [name, setName] = useState<string>();
  const [found, setFound] = useState<PlannedBank>();
  const chosen = banks.find((one) => one.name === (name ?? address.value.layer)) ?? banks[0];
  useEffect(() => {
    setFound(undefined);
    if (!chosen) return;
    let isLate = false;
    workshop.call('bank', { layer: chosen.name, plan: chosen.plan }).then(
      (bank) => isLate || setFound(bank),
      (error: unknown) => isLate || report(error),
    );
    return () => {
      isLate = true;
    };
  }, [chosen?.name, chosen?.plan]);
  if (!network.value || !chosen) {
    return (
      <Card title="The banks of your network">
        <p class="muted">Open a network and plan it: its own ternary matrices are shown here.</p>
      </Card>
    );
  }
  return (
    <Card
      title={`A bank of your network: ${chosen.name}`}
      side={
        <select aria-label="Layer" value={chosen.name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
          {banks.map((one) => (
            <option key={one.name} value={one.name}>
              {one.name}
            </option>
          ))}
        </select>
      }
    >
      {found ? (
        <>
          <Matrices
            of={[
              {
                title: `Wb, ${found.hidden} × ${found.inputs}: ${percent(found.zeros.wb)} zeros`,
                label: 'Wb',
                ...{ rows: found.hidden, columns: found.inputs, values: found.wb, height: 260 },
              },
              {
                title: `Wc, ${found.ternary} × ${found.hidden}: ${percent(found.zeros.wc)} zeros`,
                label: 'Wc',
                ...{ rows: found.ternary, columns: found.hidden, values: found.wc, height: 260 },
              },
            ]}
          />
          <p>
            {count(found.ternary)} ternary filters share {count(found.hidden)} hidden units; each unit serves{' '}
            {found.reuse.toFixed(1)} filters on average. A position takes {count(found.additions)} additions and{' '}
            {count(found.hidden)} multiplications instead of {count(found.ternary * found.inputs)} multiply-accumulates.
            Relative error of the weights: {percent(found.error, 1)}.
          </p>
        </>
      ) : (
        <p class="muted">Decomposing …</p>
      )}
    </Card>
  );
}
