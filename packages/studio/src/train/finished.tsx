/** The networks that were trained in this page, to be taken away or looked into. */

import { go } from '../address.ts';
import { Card, download, kilobytes, percent } from '../parts/basics.tsx';
import { openNetwork, report } from '../state.ts';
import type { StepRecord } from '../trainer/trainer.ts';
import { nameOf, runs } from './session.ts';

/** A line per step. */
const curveOf = (steps: readonly StepRecord[]) =>
  ['step,epoch,phase,loss,top1', ...steps.map((s) => [s.step, s.epoch, s.phase, s.loss, s.top1].join())].join('\n');

export function Finished() {
  if (runs.value.length === 0) return null;
  return (
    <Card title="Runs in this page">
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Run</th>
              <th class="right">Epochs</th>
              <th class="right">Top-1</th>
              <th class="right">Size</th>
              <th class="right">File</th>
              <th>The network</th>
            </tr>
          </thead>
          <tbody>
            {runs.value.map(({ id, settings: { method, width }, steps, epochs, file }) => (
              <tr key={id}>
                <th scope="row">
                  {id}. {nameOf(method)}, width {width}
                </th>
                <td class="right">{epochs.length}</td>
                <td class="right">{percent(file?.top1 ?? epochs.at(-1)?.top1 ?? 0, 1)}</td>
                <td class="right">{file ? kilobytes(file.stored) : '–'}</td>
                <td class="right">{file ? kilobytes(file.bytes.length) : '–'}</td>
                <td>
                  {file && (
                    <div class="row">
                      <button type="button" onClick={() => download(`${method}-${id}.onnx`, file.bytes as BlobPart)}>
                        Download
                      </button>
                      <button type="button" onClick={() => download(`${method}-${id}.csv`, curveOf(steps), 'text/csv')}>
                        Curve
                      </button>
                      <button
                        type="button"
                        onClick={() => {
                          go({ panel: 'inspect' });
                          openNetwork(() => ({ name: `${method}-${id}.onnx`, bytes: file.bytes })).catch(report);
                        }}
                      >
                        Inspect
                      </button>
                    </div>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
