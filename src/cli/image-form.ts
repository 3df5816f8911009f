/** How images go into a model, as options of commands that feed some. */

import { checkForm, imageFormOptions } from '../classifier/form-options.ts';
import type { ImageForm } from '../classifier/image-form.ts';
import type { SizeOption } from '../images/size.ts';
import type { Graph } from '../ir/index.ts';
import type { TritbankCommand } from './command.ts';
import { addConfigOptions, givenChanges } from './configure.ts';

/** The options whose value begins at one of `keys`; all by default. */
const tableOf = (keys?: readonly string[]) => ({
  Data: keys ? imageFormOptions.filter(({ key }) => keys.includes(key.split('.')[0]!)) : imageFormOptions,
});

export const addImageForm = (command: TritbankCommand, keys?: readonly string[], heading = 'Data'): void =>
  addConfigOptions<ImageForm>(command, { [heading]: tableOf(keys).Data }, {});

/** For commands that look at the network only. */
export const ofSize = ['inputSize'];

/** The graph with images of the given size; as it is where none is given. E_USAGE where the model fixes another. */
export async function atSize(graph: Graph, size: SizeOption | undefined): Promise<Graph> {
  if (size === undefined) return graph;
  const { adaptInput, chooseInputSize, imageInputOf, setInputSize } = await import('../classifier/index.ts');
  adaptInput(graph);
  return setInputSize(graph, chooseInputSize(imageInputOf(graph), size));
}

/** What was given. E_USAGE for a mean without a deviation. */
export function imageFormFrom(command: TritbankCommand, keys?: readonly string[]): ImageForm {
  const form = givenChanges<ImageForm>(command, tableOf(keys), {});
  checkForm(form);
  return form;
}
