/** What one sees first: what this is, and three ways to begin. */

import { go } from '../address.ts';
import { examples, fetchExample } from '../examples.ts';
import { modelFiles, readModelFiles } from '../model-files.ts';
import { Drop } from '../parts/basics.tsx';
import { openNetwork, report } from '../state.ts';

export function openFiles(files: readonly File[]): void {
  openNetwork(() => readModelFiles(files)).catch(report);
}

export function OpenModel({ slim = false }: { readonly slim?: boolean }) {
  const start = (example: (typeof examples)[number]) => {
    openNetwork(() => fetchExample(example)).catch(report);
  };
  return (
    <Drop label="Choose a model" accept={modelFiles} multiple slim={slim} onFiles={openFiles}>
      {!slim && <h2>Open a network</h2>}
      <p class="muted">
        Drop a classifier here: an .onnx or .tflite file, or the files of a TensorFlow.js model. It stays in this page:
        nothing is sent anywhere.
      </p>
      <div class="row examples">
        {examples.map((example) => (
          <button key={example.name} type="button" class="primary" onClick={() => start(example)}>
            {example.name}
            <span class="small note">{example.note}</span>
          </button>
        ))}
      </div>
    </Drop>
  );
}

const withoutNetwork = [
  ['explain', 'see what a filter bank is'],
  ['train', 'train one'],
  ['runs', 'compare runs'],
] as const;

export function Start({ lead }: { readonly lead: string }) {
  return (
    <>
      <p class="lead">{lead}</p>
      <OpenModel />
      <div class="row">
        <span class="muted">Without a network:</span>
        {withoutNetwork.map(([panel, words]) => (
          <button key={panel} type="button" class="quiet" onClick={() => go({ panel })}>
            {words}
          </button>
        ))}
      </div>
    </>
  );
}
