/** The frame: which panel is shown, the network that is open, work that is under way, what went wrong. */

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { address, go, type Panel, panels } from './address.ts';
import { haveModel } from './model-files.ts';
import { Compress } from './panels/compress.tsx';
import { Explain } from './panels/explain.tsx';
import { Inspect } from './panels/inspect.tsx';
import { Plan } from './panels/plan.tsx';
import { Runs } from './panels/runs.tsx';
import { openFiles } from './panels/start.tsx';
import { Train } from './panels/train.tsx';
import { kilobytes } from './parts/basics.tsx';
import { droppedFiles } from './parts/dropped.ts';
import { network, problem, takePictures, task } from './state.ts';
import { switchTheme, theme } from './theme.ts';
import { mode } from './train/session.ts';

const names: { readonly [P in Panel]: string } = {
  inspect: 'Inspect',
  plan: 'Plan',
  compress: 'Compress',
  explain: 'Explain',
  train: 'Train',
  runs: 'Runs',
};

const views: { readonly [P in Panel]: () => ComponentChildren } = {
  inspect: Inspect,
  plan: Plan,
  compress: Compress,
  explain: Explain,
  train: Train,
  runs: Runs,
};

function Tabs() {
  const list = useRef<HTMLDivElement>(null);
  const { panel } = address.value;
  const move = (event: KeyboardEvent) => {
    const at = panels.indexOf(panel);
    const places: Readonly<Record<string, number>> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 };
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    const next = panels.at(place % panels.length)!;
    go({ panel: next });
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  useEffect(() => {
    list.current?.querySelector(`#tab-${panel}`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [panel]);
  return (
    <div class="tabs" role="tablist" aria-label="Panels" tabIndex={-1} ref={list} onKeyDown={move}>
      {panels.map((one) => (
        <button
          key={one}
          id={`tab-${one}`}
          type="button"
          role="tab"
          aria-selected={one === panel}
          aria-controls="panel"
          tabIndex={one === panel ? 0 : -1}
          onClick={() => go({ panel: one })}
        >
          {names[one]}
        </button>
      ))}
    </div>
  );
}

function Status() {
  const opened = network.value;
  const work = task.value;
  return (
    <div class="status">
      <div>
        {opened ? (
          <>
            <span class="name" title={opened.name}>
              {opened.name}
            </span>
            <span class="muted">{kilobytes(opened.fileBytes)}</span>
          </>
        ) : (
          <span class="muted">No network is open.</span>
        )}
        <div class="work" role="status">
          {work && (
            <>
              <span class="words">
                {work.name}
                {work.words && `: ${work.words}`}
              </span>
              <progress value={work.share} max={1} aria-label={work.name} />
              <button type="button" class="quiet" onClick={work.stop}>
                Stop
              </button>
            </>
          )}
        </div>
      </div>
    </div>
  );
}

function Problem() {
  const words = problem.value;
  if (words === null) return null;
  return (
    <div class="problem" role="alert">
      <p>{words}</p>
      <button type="button" class="quiet" onClick={() => (problem.value = null)}>
        Close
      </button>
    </div>
  );
}

/** Files that were dropped beside every place for them. */
function takeFiles(files: readonly File[]): void {
  const areImages = !haveModel(files) && files.some(({ type }) => type.startsWith('image/'));
  if (areImages && address.value.panel === 'compress' && network.value?.image) void takePictures(files);
  else if (files.length > 0) openFiles(files);
}

export function App() {
  const { panel } = address.value;
  const View = views[panel];
  useEffect(() => {
    // a model that is dropped beside its place is opened all the same, and never shown as a page
    const allow = (event: DragEvent) => event.preventDefault();
    const take = (event: DragEvent) => {
      if (event.defaultPrevented) return;
      event.preventDefault();
      void droppedFiles(event.dataTransfer).then(takeFiles);
    };
    const close = ({ key }: KeyboardEvent) => {
      if (key === 'Escape') problem.value = null;
    };
    // what takes minutes is not lost by a slip
    const ask = (event: BeforeUnloadEvent) => {
      if (mode.value !== 'idle' || task.value?.name === 'Compressing') event.preventDefault();
    };
    addEventListener('dragover', allow);
    addEventListener('drop', take);
    addEventListener('keydown', close);
    addEventListener('beforeunload', ask);
    return () => {
      removeEventListener('keydown', close);
      removeEventListener('beforeunload', ask);
      removeEventListener('dragover', allow);
      removeEventListener('drop', take);
    };
  }, []);
  useEffect(() => {
    document.title = `${names[panel]} · Tritbank studio`;
  }, [panel]);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('panel')?.focus()}>
        Skip to the panel
      </button>
      <header class="top">
        <div class="bar">
          <div class="brand">
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <rect x="1" y="1" width="22" height="22" rx="5" fill="var(--tint)" />
              <path d="M6 7h5" stroke="var(--minus)" stroke-width="3" />
              <circle cx="16.5" cy="7" r="1.7" fill="var(--zero)" />
              <path d="M6 16.5h5M8.500 14v5M14 16.5h5" stroke="var(--plus)" stroke-width="2.4" />
            </svg>
            <h1>Tritbank studio</h1>
          </div>
          <Tabs />
          <button type="button" class="quiet" onClick={switchTheme}>
            {theme.value === 'dark' ? 'Light' : 'Dark'}
          </button>
        </div>
        <Status />
      </header>
      <main>
        <div id="panel" role="tabpanel" aria-labelledby={`tab-${panel}`} tabIndex={-1}>
          <Problem />
          <View />
        </div>
      </main>
    </>
  );
}
