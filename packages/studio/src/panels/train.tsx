/** Train: a small MobileNet in this page, by four methods, its curves and its matrices as they become ternary. */

import { Data, Settings } from '../train/choices.tsx';
import { Finished } from '../train/finished.tsx';
import { Curves, Watch } from '../train/progress.tsx';

export function Train() {
  return (
    <>
      <p class="lead">
        The toolkit's training step, one static graph with its backward pass, runs here on ONNX Runtime in WebAssembly.
      </p>
      <div class="split side">
        <div class="column">
          <Data />
          <Settings />
        </div>
        <div class="column">
          <Curves />
          <Watch />
        </div>
      </div>
      <Finished />
    </>
  );
}
