/**
 * Writes docs/accelerator.schema.json, the JSON Schema of accelerator models, from the schema in src/cost/accelerator.ts.
 *
 *   npx tsx scripts/accelerator-schema.ts
 */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { acceleratorSchema } from '../src/cost/accelerator.ts';

const path = fileURLToPath(new URL('../docs/accelerator.schema.json', import.meta.url));
writeFileSync(path, `${JSON.stringify(acceleratorSchema(), null, 2)}\n`);
execFileSync('npx', ['biome', 'format', '--write', path], { stdio: 'inherit' });
