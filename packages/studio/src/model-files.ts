/** Files that a model consists of: one, or one with its weights beside it. */

import { TritbankError } from '#toolkit/ir/errors.ts';
import { pathOf } from './parts/dropped.ts';
import type { OpenRequest } from './workshop/bench.ts';

/** What a model is asked for by. */
export const modelFiles = '.onnx,.tflite,.json,.data,.bin';

/** Files of models are read whole. */
const mostBytes = 400 * 2 ** 20;

const isModel = ({ name }: File) => /\.(onnx|tflite)$/i.test(name);
const isTopology = ({ name }: File) => /\.json$/i.test(name);

const listed = (files: readonly File[]) =>
  `${files
    .slice(0, 3)
    .map(({ name }) => name)
    .join(', ')}${files.length > 3 ? ', …' : ''}`;

/** Whether one of the files says that it is a model. */
export const haveModel = (files: readonly File[]): boolean => files.some((file) => isModel(file) || isTopology(file));

/** The file of the model itself; of a single file it is whatever that is. E_USAGE for several, or none. */
function chooseModel(files: readonly File[]): File {
  if (files.length === 1) return files[0]!;
  const models = files.filter(isModel);
  const found = models.length > 0 ? models : files.filter(isTopology);
  if (found.length === 1) return found[0]!;
  if (files.length === 0) throw new TritbankError('E_USAGE', 'files', 'expected a model, found an empty folder');
  const words = found.length > 0 ? `${found.length}: ${listed(found)}` : `none among ${listed(files)}`;
  throw new TritbankError('E_USAGE', 'files', `expected one model (.onnx, .tflite, model.json), found ${words}`);
}

/** Reads a model and what is beside it. E_LIMIT for more than a page can hold, E_FILE for files that are gone. */
export async function readModelFiles(files: readonly File[]): Promise<OpenRequest> {
  const model = chooseModel(files);
  const { name } = model;
  const folder = pathOf(model).slice(0, -name.length);
  const others = files.filter(
    (file) => file !== model && pathOf(file).startsWith(folder) && /\.(data|bin)$|^[^.]*$|\.weights?$/i.test(file.name),
  );
  const total = [model, ...others].reduce((sum, { size }) => sum + size, 0);
  if (total > mostBytes) {
    const found = `${Math.round(total / 2 ** 20)} MB`;
    throw new TritbankError('E_LIMIT', name, `expected a model of at most 400 MB in a page, found ${found}`);
  }
  const bytesOf = async (file: File) =>
    new Uint8Array(
      await file.arrayBuffer().catch((cause: unknown) => {
        throw new TritbankError('E_FILE', file.name, 'expected a file that can be read, found none (any more)', {
          cause,
        });
      }),
    );
  const beside: Record<string, Uint8Array> = {};
  for (const file of others) beside[pathOf(file).slice(folder.length)] = await bytesOf(file);
  return { name, bytes: await bytesOf(model), beside };
}
