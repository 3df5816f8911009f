/**
 * Runs yosys scripts on Verilog. A design that yosys warns of, or that has latches, is refused: both are mistakes that
 * simulations do not show.
 */

import { TritbankError } from '../ir/index.ts';
import { findTool } from './tools/find.ts';
import type { Tool, ToolNames, ToolOrigin } from './tools/tool.ts';

const names: ToolNames = { package: '@yowasp/yosys', export: 'runYosys', command: 'yosys', versionFlag: '-V' };

/** Yosys as it is asked for; E_FILE, with what to install, where it is not there. */
export const findYosys = (origin?: ToolOrigin): Tool => findTool(names, origin);

export interface YosysJob {
  /** Commands, one after the other. `log step: TEXT` is reported as progress. */
  readonly script: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly outputs: readonly string[];
  readonly onStep?: (step: string) => void;
  readonly signal?: AbortSignal;
}

/** Errors and warnings of yosys name files, lines and signals: longer than what users type. */
const shorten = (text: string) => (text.length > 240 ? `${text.slice(0, 237)}...` : text);

/** What is said of every library and every netlist; nothing about the design. */
const harmless = [/^ABC: /, /Detected \d+ multi-output/];

/** The lines that speak of a mistake in the design. */
function complaints(lines: readonly string[]): string[] {
  const latches = lines.flatMap((line) => /Latch inferred for signal `\\?([^']+)'/.exec(line)?.[1] ?? []);
  const warnings = lines.flatMap((line) => {
    const found = /^Warning: (.*)/.exec(line)?.[1];
    return found === undefined || harmless.some((pattern) => pattern.test(line)) ? [] : found;
  });
  const named = latches.map((signal) => `a latch for ${signal.replaceAll('\\', '')}`);
  return [...new Set([...named, ...warnings.map((text) => `the warning '${shorten(text)}'`)])];
}

/** Abc ends without a result where it cannot read the library. */
function refusedByAbc({ name }: Tool, lines: readonly string[]): TritbankError {
  const said = lines.flatMap((line) => /^ABC: (?!Memory|\+|Warning)(.+)/.exec(line)?.[1] ?? []).at(-1) ?? 'nothing';
  const expected = 'a cell library that abc takes, with gates and tables over load and transition';
  return new TritbankError('E_FORMAT', name, `expected ${expected}, found '${shorten(said)}'`);
}

/**
 * Runs a script; the wanted files by name. E_FORMAT where yosys fails, warns or finds latches, with what it says.
 */
export async function runYosys(tool: Tool, job: YosysJob): Promise<Readonly<Record<string, string>>> {
  const { script, files, outputs, onStep, signal } = job;
  const onLine = (line: string) => {
    const step = /^step: (.*)/.exec(line)?.[1] ?? /Extracting gate netlist of module `\\?([^']+)'/.exec(line)?.[1];
    if (step !== undefined) onStep?.(step);
  };
  const args = ['-p', script.join('; ')];
  const outcome = await tool.run({ args, files, outputs, onLine, ...(signal && { signal }) });
  const refuse = (found: string) => new TritbankError('E_FORMAT', tool.name, `expected a sound design, found ${found}`);
  const error = outcome.lines.find((line) => /ERROR: /.test(line));
  if (error?.includes('ABC output file')) throw refusedByAbc(tool, outcome.lines);
  if (outcome.status !== 0 || error !== undefined) {
    const [first, ...more] = complaints(outcome.lines);
    const said = error ?? outcome.lines.at(-1) ?? `status ${outcome.status}`;
    const hint = first === undefined ? '' : `, after ${first}${more.length > 0 ? ` and ${more.length} more` : ''}`;
    throw refuse(`'${shorten(said)}'${hint}`);
  }
  const [first, ...more] = complaints(outcome.lines);
  if (first !== undefined) throw refuse(`${first}${more.length > 0 ? `, and ${more.length} more` : ''}`);
  const missing = outputs.find((name) => outcome.files[name] === undefined);
  if (missing !== undefined) throw new Error(`internal: yosys made no ${missing}`);
  return outcome.files;
}
