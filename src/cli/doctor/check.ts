/** One thing that `tritbank doctor` looks at. */

export interface Check {
  readonly name: string;
  /** `missing`: not there, or broken; `warn`: there, and in the way of something. */
  readonly status: 'ok' | 'warn' | 'missing';
  readonly found: string;
  /** What to do, where something is to be done. */
  readonly advice?: string;
  /** Without it Tritbank does not work. */
  readonly required: boolean;
}

export const fine = (name: string, found: string, required = false): Check => ({ name, status: 'ok', found, required });

/** A check that `look` answers; what it throws is what was found. */
export async function checkThat(
  name: string,
  look: () => string | Promise<string>,
  { advice, required = false }: { readonly advice: string; readonly required?: boolean },
): Promise<Check> {
  try {
    return fine(name, await look(), required);
  } catch (error) {
    const found = (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
    return { name, status: 'missing', found, advice, required };
  }
}
