/** What one sees first: what this is, and three ways to begin. */

import { go } from '../address.ts';
import { examples, fetchExample } from '../examples.ts';
import { Drop } from '../parts/basics.tsx';
import { openNetwork, problem, report } from '../state.ts';

/** Files of models are read whole. */
const mostBytes = 400 * 2 ** 20;

export async function openFile(file: File): Promise<void> {
  if (file.size > mostBytes) {
    problem.value = `${file.name}: expected a model of at most 400 MB in a page, found ${Math.round(file.size / 2 ** 20)} MB`;
    return;
  }
  try {
    await openNetwork({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
  } catch (error) {
    report(error);
  }
}

export function OpenModel({ slim = false }: { readonly slim?: boolean }) {
  const start = (example: (typeof examples)[number]) => {
    fetchExample(example).then(openNetwork).catch(report);
  };
  return (
    <Drop label="Choose a model file" accept=".onnx,.tflite" slim={slim} onFiles={([file]) => void openFile(file!)}>
      {!slim && <h2>Open a network</h2>}
      <p class="muted">Drop an .onnx or .tflite classifier here. It stays in this page: nothing is sent anywhere.</p>
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
