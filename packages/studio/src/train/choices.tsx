/** What a training starts from: images, a method and its settings. */

import type { Method } from '#toolkit/train/records.ts';
import { Card, count, Drop, percent, Slider } from '../parts/basics.tsx';
import { FileButton } from '../parts/file-button.tsx';
import { task } from '../state.ts';
import type { TrainSettings } from '../trainer/trainer.ts';
import { data, methodNames, mode, resume, settings, start, takeData } from './session.ts';

export function Data() {
  const isBusy = mode.value !== 'idle' || task.value !== null;
  const found = data.value;
  return (
    <Card title="Images">
      <p class="small" role="status">
        {found
          ? `${found.name}: ${count(found.train)} to train on, ${count(found.test)} to test, ${found.classes.length} classes, ${found.width} × ${found.height}.`
          : 'Digits that the page draws, unless you choose something else.'}
      </p>
      <div class="row">
        <button type="button" disabled={isBusy} onClick={() => void takeData({ kind: 'drawn' })}>
          Drawn digits
        </button>
        <FileButton
          label="A folder of classes"
          isFolder
          disabled={isBusy}
          onFiles={(files) => {
            const images = files.filter(({ type }) => type.startsWith('image/'));
            const named = images.map((file) => ({ path: file.webkitRelativePath || file.name, file }));
            if (named.length > 0) void takeData({ kind: 'folder', files: named, size: 32 });
          }}
        >
          A folder of classes
        </FileButton>
      </div>
      <Drop
        slim
        multiple
        label="Choose MNIST's IDX files"
        accept=""
        onFiles={(files) => void takeData({ kind: 'idx', files })}
      >
        <span class="small muted">or the four files of MNIST, gzipped or not</span>
      </Drop>
    </Card>
  );
}

export function Settings() {
  const now = settings.value;
  const set = (change: Partial<TrainSettings>) => {
    settings.value = { ...now, ...change };
  };
  return (
    <Card title="Training">
      <label class="row">
        Method
        <select value={now.method} onChange={({ currentTarget }) => set({ method: currentTarget.value as Method })}>
          {methodNames.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Slider
        label="Epochs"
        {...{ min: 1, max: 20, step: 1, value: now.epochs }}
        show={String}
        onChange={(epochs) => set({ epochs })}
      />
      <Slider
        label="Width"
        {...{ min: 0.125, max: 1, step: 0.125, value: now.width }}
        show={String}
        onChange={(width) => set({ width })}
      />
      <Slider
        label="Filters in full precision"
        {...{ min: 0, max: 0.875, step: 0.125, value: now.alpha, disabled: now.method !== 'hybrid' }}
        show={(value) => percent(value, 1)}
        onChange={(alpha) => set({ alpha })}
      />
      <Slider
        label="Hidden units per ternary filter"
        {...{ min: 0.25, max: 2, step: 0.25, value: now.widthRatio, disabled: now.method !== 'hybrid' }}
        show={String}
        onChange={(widthRatio) => set({ widthRatio })}
      />
      <Slider
        label="Learning rate"
        {...{ min: 0.005, max: 0.2, step: 0.005, value: now.learningRate }}
        show={(value) => value.toFixed(3)}
        onChange={(learningRate) => set({ learningRate })}
      />
      <div class="row">
        {mode.value === 'idle' && (
          <button type="button" class="primary" disabled={task.value !== null} onClick={() => void start()}>
            Train
          </button>
        )}
        {mode.value === 'running' && (
          <button type="button" class="primary" onClick={() => (mode.value = 'paused')}>
            Pause
          </button>
        )}
        {mode.value === 'paused' && (
          <>
            <button type="button" class="primary" onClick={resume}>
              Resume
            </button>
            <button type="button" onClick={() => (mode.value = 'idle')}>
              Give up
            </button>
          </>
        )}
      </div>
    </Card>
  );
}
