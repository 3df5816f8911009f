/** The plan layer by layer, each of which a person may decide on instead of the planner. */

import { go } from '../address.ts';
import { Card, kilobytes, Legend, percent, Stack, short } from '../parts/basics.tsx';
import { analysis, edits, planned } from '../state.ts';
import type { PlannedLayer } from '../workshop/planning.ts';

function edit(name: string, change: { readonly alpha: number; readonly ratio: number } | null | undefined): void {
  const { [name]: _, ...rest } = edits.value;
  edits.value = change === undefined ? rest : { ...rest, [name]: change };
}

export function Layers() {
  const view = planned.value;
  if (!view) return null;
  const edited = Object.keys(edits.value).length;
  return (
    <Card
      title="Layer by layer"
      side={
        <button type="button" disabled={edited === 0} onClick={() => (edits.value = {})}>
          Let the planner decide all
        </button>
      }
    >
      <Legend
        items={[
          ['var(--full)', 'filters in full precision'],
          ['var(--ternary)', 'ternary filters'],
        ]}
      />
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Layer</th>
              <th>Filters</th>
              <th class="right">Full</th>
              <th class="right">Hidden units</th>
              <th class="right">Bytes</th>
              <th class="right">Loss</th>
              <th>By hand</th>
            </tr>
          </thead>
          <tbody>
            {view.layers.map((layer) => (
              <LayerRow key={layer.name} layer={layer} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function LayerRow({ layer: { name, filters, plan, loss, bytes, isEdited } }: { readonly layer: PlannedLayer }) {
  const isBank = plan.method === 'strassen' || plan.method === 'hybrid';
  const kept = isBank ? plan.fullPrecision.length : filters;
  const hidden = isBank ? plan.hidden : 0;
  const share = kept / filters;
  const ratios = analysis.value!.ratios;
  const ratio = isBank ? hidden / (filters - kept) : 1;
  const own = edits.value[name];
  const nearest = ratios.reduce((a, b) => (Math.abs(b - ratio) < Math.abs(a - ratio) ? b : a));
  const alpha = own ? own.alpha : Math.round(8 * share) / 8;
  const now = own ?? { alpha: Math.min(alpha, 0.875), ratio: nearest };
  return (
    <tr class={isEdited ? 'own' : ''}>
      <th scope="row">
        <button type="button" class="link" onClick={() => go({ panel: 'inspect', layer: name })}>
          {name}
        </button>
      </th>
      <td>
        <Stack share={share} label={`${kept} of ${filters} filters in full precision`} />
      </td>
      <td class="right">
        {kept} / {filters}
      </td>
      <td class="right">{isBank ? hidden : '–'}</td>
      <td class="right">{kilobytes(bytes)}</td>
      <td class="right">{short(loss)}</td>
      <td>
        <div class="row nowrap">
          <select
            aria-label={`Share of ${name} in full precision`}
            value={own === null ? '1' : `${own === undefined ? 'auto' : now.alpha}`}
            onChange={({ currentTarget: { value } }) => {
              if (value === 'auto') edit(name, undefined);
              else if (value === '1') edit(name, null);
              else edit(name, { alpha: Number(value), ratio: now.ratio });
            }}
          >
            <option value="auto">planner</option>
            {[0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875].map((a) => (
              <option key={a} value={`${a}`}>
                {percent(a, a * 100 === Math.round(a * 100) ? 0 : 1)} full
              </option>
            ))}
            <option value="1">as it is</option>
          </select>
          <select
            aria-label={`Hidden units per ternary filter of ${name}`}
            disabled={!own}
            value={`${now.ratio}`}
            onChange={({ currentTarget: { value } }) => edit(name, { alpha: now.alpha, ratio: Number(value) })}
          >
            {ratios.map((r) => (
              <option key={r} value={`${r}`}>
                r = {r}
              </option>
            ))}
          </select>
        </div>
      </td>
    </tr>
  );
}
