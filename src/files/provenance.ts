/**
 * `provenance.jsonl` of a run directory: every command that worked on the run and every stage that was done, one line
 * each, appended and never replaced. So a run that was continued still says what began it, and how long each stage took.
 */

import { existsSync } from 'node:fs';
import { appendLine, readLines, truncateLines } from './files.ts';
import { describeMachine, version } from './machine.ts';

export interface CommandRecord {
  readonly kind: 'command';
  readonly command: string;
  readonly resumed: boolean;
  readonly version: string;
  readonly machine: string;
  readonly date: string;
}

export interface StageRecord {
  readonly kind: 'stage';
  readonly stage: string;
  /** Wall time. */
  readonly seconds: number;
  readonly date: string;
}

type ProvenanceRecord = CommandRecord | StageRecord;

export class Provenance {
  constructor(private readonly path: string) {}

  /** Notes a command; `resumed` where it goes on with what others began. */
  begin(command: string, resumed: boolean): void {
    // a line that a kill tore would make the next one unreadable
    if (existsSync(this.path)) truncateLines(this.path, () => true);
    const kind = 'command';
    appendLine(this.path, {
      kind,
      command,
      resumed,
      version,
      machine: describeMachine(),
      date: new Date().toISOString(),
    });
  }

  stage(stage: string, seconds: number): void {
    appendLine(this.path, { kind: 'stage', stage, seconds, date: new Date().toISOString() });
  }

  /** All commands, the one that began the run first. */
  get commands(): CommandRecord[] {
    return this.records().filter((record) => record.kind === 'command');
  }

  /** Seconds by stage, of all commands together, in the order in which the stages were first done. */
  get seconds(): Record<string, number> {
    const seconds: Record<string, number> = {};
    for (const record of this.records()) {
      if (record.kind === 'stage') seconds[record.stage] = (seconds[record.stage] ?? 0) + record.seconds;
    }
    return seconds;
  }

  private records(): ProvenanceRecord[] {
    return existsSync(this.path) ? readLines<ProvenanceRecord>(this.path) : [];
  }
}
