/** What the panels share, beside the address: the network, what was found out about it, and work that is under way. */

import { batch, computed, signal } from '@preact/signals';
import type { Analysis } from '#toolkit/compress/sensitivity.ts';
import { TritbankError } from '#toolkit/ir/errors.ts';
import { address } from './address.ts';
import { keepAll } from './offline.ts';
import { type CallOptions, connect } from './rpc.ts';
import type { Runner } from './runner/worker.ts';
import type { OpenedNetwork, OpenRequest } from './workshop/bench.ts';
import type { Compressed } from './workshop/compress.ts';
import type { FrontPoint, FrontRequest, PlanRequest, PlanView, Rival } from './workshop/planning.ts';
import type { Workshop } from './workshop/worker.ts';

export const workshop = connect<Workshop>(
  () => new Worker(new URL('./workshop/worker.ts', import.meta.url), { type: 'module' }),
);
export const runner = connect<Runner>(
  () => new Worker(new URL('./runner/worker.ts', import.meta.url), { type: 'module' }),
);

/** Work that takes longer than a moment. */
export interface Task {
  readonly name: string;
  readonly share: number;
  readonly words: string;
  readonly stop: () => void;
}

export const network = signal<OpenedNetwork | null>(null);
export const analysis = signal<Analysis | null>(null);
export const pictures = signal<readonly File[]>([]);
export const pictureNote = signal('');
export const edits = signal<PlanRequest['edits']>({});
export const planned = signal<PlanView | null>(null);
export const planProblem = signal<string | null>(null);
export const frontPoints = signal<readonly FrontPoint[]>([]);
/** The same within the limits on energy and throughput; empty where there are none. */
export const frontWithin = signal<readonly FrontPoint[]>([]);
export const rivals = signal<readonly Rival[]>([]);
export const compressed = signal<Compressed | null>(null);
export const task = signal<Task | null>(null);
export const problem = signal<string | null>(null);

/** One line for people; nothing for work that was stopped. */
export function wordsOf(error: unknown): string | null {
  if (error instanceof Error && error.name === 'AbortError') return null;
  if (error instanceof TritbankError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

export function report(error: unknown): void {
  const words = wordsOf(error);
  if (words !== null) problem.value = words;
}

/** Says that something was stopped for other work; a network that is opened replaces all, and needs no words. */
const wordsOfStop = (stopped: Task | null, next: string): string | null =>
  stopped && next !== 'Opening' && stopped.name !== next
    ? `${stopped.name} was stopped before it was done: ${next.toLowerCase()} began.`
    : null;

/** Runs one piece of work with its progress shown; undefined where it failed or was stopped. */
export async function during<T>(name: string, work: (options: CallOptions) => Promise<T>): Promise<T | undefined> {
  const before = task.value;
  before?.stop();
  const control = new AbortController();
  const own: Task = { name, share: 0, words: '', stop: () => control.abort() };
  task.value = own;
  let current = own;
  const show = (change: Partial<Task>) => {
    if (task.value !== current) return;
    current = { ...current, ...change };
    task.value = current;
  };
  problem.value = wordsOfStop(before, name);
  try {
    return await work({ signal: control.signal, onProgress: (share, words) => show({ share, words }) });
  } catch (error) {
    report(error);
    return undefined;
  } finally {
    if (task.value === current) task.value = null;
  }
}

let request: OpenRequest | undefined;
let openings = 0;

/** Networks above this are analysed when that is asked for. */
const quickParameters = 3e6;

/** Opens a model, and begins to look into it where that is soon done. What is opened later is what counts. */
export async function openNetwork(read: () => OpenRequest | Promise<OpenRequest>): Promise<void> {
  const own = ++openings;
  const found = await during('Opening', async () => {
    const next = await read();
    return own === openings ? { next, opened: await workshop.call('open', next) } : undefined;
  });
  if (!found) return;
  const { next, opened } = found;
  request = next;
  stopPlanning();
  batch(() => {
    network.value = opened;
    analysis.value = null;
    planned.value = null;
    planProblem.value = null;
    compressed.value = null;
    pictures.value = [];
    pictureNote.value = '';
    edits.value = {};
    frontPoints.value = [];
    frontWithin.value = [];
    rivals.value = [];
  });
  keepAll();
  if (own === openings && !opened.obstacle && opened.report.parameters <= quickParameters) await analyse();
}

/** The same file, with what it does not say itself. */
export async function openAgain(normalisation: NonNullable<OpenRequest['normalisation']>): Promise<void> {
  const same = request;
  if (same) await openNetwork(() => ({ ...same, normalisation }));
}

export async function analyse(): Promise<void> {
  const found = await during('Analysing', (options) => workshop.call('analyse', null, options));
  if (!found) return;
  analysis.value = found;
  await replan();
  await compareMethods();
}

export async function takePictures(files: readonly File[]): Promise<void> {
  const found = await during('Reading images', (options) => workshop.call('pictures', { files }, options));
  if (!found) return;
  const { count, refused } = found;
  const others =
    refused.length > 0 ? `; ${refused.length} files are no images (${refused.slice(0, 3).join(', ')})` : '';
  batch(() => {
    pictures.value = files.filter(({ name }) => !refused.includes(name));
    pictureNote.value = `${count} images${others}`;
  });
}

const request$ = computed((): PlanRequest => {
  const { size, energy, throughput, bits, target, time } = address.value;
  const budget = {
    ...(size !== null && { size }),
    ...(energy !== null && { energy }),
    ...(throughput !== null && { throughput }),
  };
  return { budget, bits, edits: edits.value, target, time };
});

/** How the plan that is shown came about: milliseconds of the first answer, and of the solver's where it is one. */
export interface Planning {
  readonly first: number;
  readonly refined?: number;
  readonly isRefining: boolean;
}

export const planning = signal<Planning>({ first: 0, isRefining: false });

/** A slider that has not been moved for so long rests. */
const restMilliseconds = 250;
let rest: ReturnType<typeof setTimeout> | undefined;
let refining = new AbortController();

function stopPlanning(): void {
  clearTimeout(rest);
  refining.abort();
}

/** Takes the solver's plan for the limits as they are, unless they change before it is there. */
async function refine(): Promise<void> {
  const { signal } = refining;
  try {
    const found = await workshop.call('refine', request$.value, { signal });
    if (signal.aborted) return;
    batch(() => {
      planned.value = found;
      planning.value = { ...planning.value, refined: found.milliseconds, isRefining: false };
    });
  } catch (error) {
    if (signal.aborted) return;
    // then the first plan stands
    planning.value = { ...planning.value, isRefining: false };
    report(error);
  }
}

let isPlanning = false;
let isStale = false;

/**
 * The plan for the limits as they are now; moves that come while one is made are taken together. What is shown at once is
 * near the best plan, and is refined when the limits rest.
 */
export async function replan(): Promise<void> {
  isStale = true;
  stopPlanning();
  if (isPlanning) return;
  isPlanning = true;
  try {
    while (isStale && analysis.value) {
      isStale = false;
      await planOnce(analysis.value);
    }
  } finally {
    isPlanning = false;
  }
  if (planProblem.value !== null || !analysis.value) return;
  const started = new AbortController();
  refining = started;
  rest = setTimeout(() => void refine().then(() => drawFrontWithin(started.signal)), restMilliseconds);
}

/** What is found of a network that is open no more is forgotten. */
async function planOnce(of: Analysis): Promise<void> {
  try {
    const found = await workshop.call('plan', request$.value);
    if (analysis.value !== of) return;
    batch(() => {
      planned.value = found;
      planning.value = { first: found.milliseconds, isRefining: true };
      planProblem.value = null;
    });
  } catch (error) {
    if (analysis.value === of) planProblem.value = wordsOf(error);
  }
}

/** From an eighth of the network to all of it, evenly in logarithms. */
const frontSizes = Array.from({ length: 15 }, (_, k) => 0.12 * (1 / 0.12) ** (k / 14));

/** Best plans of several sizes, one at a time, so that a slider need not wait for all of them; until it `isOver`. */
async function drawFront(
  limits: FrontRequest['limits'],
  isOver: () => boolean,
  show: (points: readonly FrontPoint[]) => void,
): Promise<void> {
  const { bits } = address.value;
  const points: FrontPoint[] = [];
  for (const size of frontSizes) {
    const point = await workshop.call('frontPoint', { bits, size, limits });
    if (isOver()) return;
    if (point) points.push(point);
    show([...points]);
  }
}

/** What `frontWithin` was drawn for. */
let drawnFor: readonly unknown[] = [];

/** The front within the other limits, once these rest. */
async function drawFrontWithin(signal: AbortSignal): Promise<void> {
  const { energy, throughput, bits } = address.value;
  const of = [analysis.value, bits, energy, throughput];
  if (of.every((value, i) => value === drawnFor[i])) return;
  const limits = { ...(energy !== null && { energy }), ...(throughput !== null && { throughput }) };
  try {
    if (Object.keys(limits).length === 0) frontWithin.value = [];
    else
      await drawFront(
        limits,
        () => signal.aborted,
        (points) => (frontWithin.value = points),
      );
    if (!signal.aborted) drawnFor = of;
  } catch (error) {
    if (!signal.aborted) report(error);
  }
}

/** The other methods, and the front of best plans. */
export async function compareMethods(): Promise<void> {
  const of = analysis.value;
  if (!of) return;
  const { bits } = address.value;
  const isOver = () => address.value.bits !== bits || analysis.value !== of;
  try {
    const found = await workshop.call('rivals', { bits });
    if (isOver()) return;
    rivals.value = found;
    await drawFront({}, isOver, (points) => (frontPoints.value = points));
  } catch (error) {
    if (!isOver()) report(error);
  }
}

/** Calibrates and packs the planned network, and loads it and the original to be run. */
export async function compressHere(): Promise<void> {
  const view = planned.value;
  const opened = network.value;
  if (!view || !opened) return;
  const { bits } = address.value;
  const labels = opened.labels;
  const result = await during('Compressing', async (options) => {
    const found = await workshop.call('compress', { plan: view.plan, bits, labels }, options);
    await runner.call('load', { name: 'original', bytes: found.original });
    await runner.call('load', { name: 'int8', bytes: found.control });
    await runner.call('load', { name: 'hybrid', bytes: found.model });
    return found;
  });
  if (result) compressed.value = result;
}
