import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { drawnIntegerNetwork } from '../../../test/integer-networks.ts';
import { defaultArray } from '../../accelerator/index.ts';
import { writeVerilogProject, writeVerilogProjectInTurns } from './project.ts';

const folder = mkdtempSync(join(tmpdir(), 'tritbank-project-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const network = drawnIntegerNetwork(2);
const array = { ...defaultArray, lanes: 8, images: 1 };
const { channels, height, width } = network.input.tensor;
const image = new Int8Array(channels * height * width).fill(3);

it('writes the same in turns', async () => {
  const [whole, turns] = [join(folder, 'whole'), join(folder, 'turns')];
  const { outputs } = writeVerilogProject(whole, network, array, [image]);
  expect((await writeVerilogProjectInTurns(turns, network, array, [image])).outputs).toEqual(outputs);
  const files = readdirSync(whole, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name));
  expect(files.length).toBeGreaterThan(20);
  for (const file of files) expect(readFileSync(join(turns, file))).toEqual(readFileSync(join(whole, file)));
});

it('writes nothing when it is stopped', async () => {
  const controller = new AbortController();
  const stopped = writeVerilogProjectInTurns(join(folder, 'stopped'), network, array, [image], controller.signal);
  setImmediate(() => controller.abort());
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  expect(readdirSync(folder)).not.toContain('stopped');
});
