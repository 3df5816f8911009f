/** Programs that synthesis runs: yosys and nextpnr, from npm packages or as they are installed. */

import { TritbankError } from '../../ir/index.ts';

export interface ToolJob {
  readonly args: readonly string[];
  /** What the program finds in its folder, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Names of the files that it makes and that are wanted. */
  readonly outputs: readonly string[];
  /** Called with each line that the program writes. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface ToolOutcome {
  /** 0: done. */
  readonly status: number;
  /** Both streams. */
  readonly lines: readonly string[];
  /** Those of the wanted files that were made. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Tool {
  /** `yosys 0.55 (npm)`, with its version, as results name it. */
  readonly name: string;
  run(job: ToolJob): Promise<ToolOutcome>;
}

/** Where a program comes from: its npm package, or the one in the search path. */
export const toolOrigins = ['npm', 'native'] as const;
export type ToolOrigin = (typeof toolOrigins)[number];

/** A program under its two names. */
export interface ToolNames {
  /** `@yowasp/yosys`. */
  readonly package: string;
  /** What the package exports: `runYosys`. */
  readonly export: string;
  /** `yosys`. */
  readonly command: string;
  /** Has the command print its version. */
  readonly versionFlag: string;
}

export function missingTool({ package: name, command }: ToolNames, origin: ToolOrigin | undefined): TritbankError {
  const expected =
    origin === 'native'
      ? `the program ${command} in the search path`
      : `the package: npm install ${name}${origin ? '' : `, or the program ${command} in the search path`}`;
  return new TritbankError('E_FILE', origin === 'native' ? command : name, `expected ${expected}, found none`);
}

/** Collects what streams write, as lines. */
export class LineCollector {
  readonly lines: string[] = [];
  private rest = '';
  private readonly decoder = new TextDecoder();

  constructor(private readonly onLine: ((line: string) => void) | undefined) {}

  take(bytes: Uint8Array): void {
    const parts = (this.rest + this.decoder.decode(bytes, { stream: true })).split('\n');
    this.rest = parts.pop()!;
    for (const line of parts) this.add(line);
  }

  end(): readonly string[] {
    if (this.rest !== '') this.add(this.rest);
    this.rest = '';
    return this.lines;
  }

  private add(line: string): void {
    const text = line.trimEnd();
    this.lines.push(text);
    this.onLine?.(text);
  }
}
