/** `tritbank data`: images in the form in which many machines read them. */

import { TritbankError } from '../ir/errors.ts';
import { number, text, whole } from '../options/values.ts';
import {
  type CommonOptions,
  commandLine,
  interruptible,
  printResult,
  type TritbankCommand,
  ValueOption,
} from './command.ts';
import { warn } from './output.ts';
import { createProgress } from './progress.ts';

interface Options extends CommonOptions {
  readonly out: string;
  readonly size?: number;
  readonly quality?: number;
  readonly shardImages?: number;
  readonly seed?: number;
  readonly testFraction?: number;
  readonly force?: boolean;
}

const example = `tritbank data pack imagenet/ --out shards/
mpirun -n 4 tritbank train --data shards/ --method hybrid --epochs 120`;

export function addData(program: TritbankCommand): void {
  const data = program.command('data');
  data
    .summary('pack images into shards')
    .description('Prepare images for training on many machines.')
    .helpCommand(false)
    .argument('[action]', 'pack')
    .action((found?: string) => {
      const given = found === undefined ? 'none' : `'${found}'`;
      throw new TritbankError('E_USAGE', 'data', `expected pack, found ${given}`);
    })
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', `\nExample:\n${example.replace(/^/gm, '  ')}`);
  addPack(data);
}

function addPack(data: TritbankCommand): void {
  const packed = data
    .command('pack')
    .summary('a folder of images as shards')
    .description(
      "Pack a folder with one folder of images per class, ImageNet's layout included, into tar files of WebDataset's form, with " +
        'checksums and the names of the classes. The same command goes on with a packing that was stopped. Where commands take ' +
        '--data, the folder of shards goes, too.',
    )
    .argument('<FOLDER>', 'images, in train/ and val/ or not');
  const add = <T>(flags: string, description: string, kind: ConstructorParameters<typeof ValueOption<T>>[2]) =>
    packed.addOption(new ValueOption(flags, description, kind));
  packed.optionsGroup('Images:');
  add('--size <px>', 'shorter side; smaller images stay as they are (default: 256)', whole({ from: 8, to: 4096 }));
  add('--quality <n>', 'of the JPEG files that are written, 1 to 100 (default: 90)', whole({ from: 1, to: 100 }));
  add('--shard-images <n>', 'images in a shard (default: 1024)', whole({ from: 1, to: 2 ** 20 }));
  add('--seed <n>', 'of the order of the training images (default: 0)', whole({ from: 0 }));
  add('--test-fraction <x>', 'of each class, where there is no val/ (default: 0.1)', number({ from: 0, below: 1 }));
  packed.optionsGroup('Output:');
  packed.addOption(
    new ValueOption('--out <dir>', 'folder of the shards (required)', text('a directory')).makeOptionMandatory(),
  );
  packed.option('--force', 'replace shards of other images or with other options');
  packed.action(pack);
  packed.common('tritbank data pack imagenet/ --out shards/ --size 256');
}

async function pack(folder: string, options: Options): Promise<void> {
  const { packFolder } = await import('../data/index.ts');
  const { out, quiet = false, json: _json, debug: _debug, ...rest } = options;
  let progress: ReturnType<typeof createProgress> | undefined;
  try {
    const index = await interruptible(
      (signal) =>
        packFolder(folder, out, {
          ...rest,
          command: commandLine(),
          warn,
          signal,
          onProgress(done, total) {
            // what an earlier command has done says nothing of the pace
            progress ??= createProgress({ label: 'pack', total, unit: 'images', quiet, initial: done - 1 });
            progress.update(done);
          },
        }),
      () => 'the same command continues',
    );
    progress?.stop();
    const count = (shards: readonly { labels: readonly number[]; bytes: number }[]) => ({
      shards: shards.length,
      images: shards.reduce((sum, { labels }) => sum + labels.length, 0),
      bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
    });
    const [train, val] = [count(index.train), count(index.val)];
    const result = {
      out,
      name: index.name,
      classes: index.classes.length,
      train,
      val,
      skipped: index.skipped ?? 0,
      notes: index.notes,
    };
    printResult(options, result, () =>
      [
        ...Object.entries({ train, val }).map(
          ([name, { shards, images, bytes }]) =>
            `${name.padEnd(7)} ${images} images in ${shards} ${shards === 1 ? 'shard' : 'shards'}, ${(bytes / 1e6).toFixed(1)} MB`,
        ),
        `classes ${index.classes.length}`,
        ...(index.skipped === undefined ? [] : [`skipped ${index.skipped} that did not decode`]),
        ...index.notes.map((note) => `note    ${note}`),
      ].join('\n'),
    );
  } finally {
    progress?.stop();
  }
}
