/** The index of a zoo: a card for each model, made by `scripts/zoo` from measured results. */

import * as z from 'zod';
import { checkJson, parseText } from '../files/check-json.ts';

const share = z.number({ error: 'a number' });
const count = z.number({ error: 'a number of at least 0' }).nonnegative({ error: 'a number of at least 0' });
const word = z.string({ error: 'a text' });
const sha256 = z.string({ error: 'a SHA-256 sum' }).regex(/^[0-9a-f]{64}$/, { error: 'a SHA-256 sum' });

/** A path in the zoo, with slashes. */
const path = word.regex(/^(?!.*(^|\/)\.\.?(\/|$))[\w.-]+(\/[\w.-]+)*$/, { error: 'a path in the zoo' });

const file = z.object({ path, bytes: count, sha256 }, { error: 'a file with path, bytes and sha256' });

const shares = z.object({ dense: share, zerosSkipped: share }, { error: 'an object with dense and zerosSkipped' });

const card = z.object(
  {
    name: word.regex(/^[\w.-]+$/, { error: 'a name of letters, digits, dots and dashes' }),
    description: word,
    data: word,
    classes: count,
    /** Height and width of its images. */
    inputSize: count,
    file,
    /** What each layer became; none for networks in full precision. */
    plan: file.optional(),
    accuracy: z.object(
      {
        top1: share,
        /** Wilson's 95 % interval. */
        interval: z.tuple([share, share], { error: 'a list of two numbers' }),
        samples: count,
      },
      { error: 'an object with top1, interval and samples' },
    ),
    parameters: count,
    /** By the accelerator model `paper`, relative to the original at 16 bits, ternary zeros counted and skipped. */
    energy: shares,
    throughput: shares,
    /** One image by `tritbank/runtime`, on one thread; absent where it was not measured. */
    latency: z
      .object(
        { milliseconds: share, machine: word, date: word },
        { error: 'an object with milliseconds, machine and date' },
      )
      .optional(),
    /** The command that made it. */
    recipe: word,
    machine: word,
    date: word,
    licence: word,
  },
  { error: 'a card' },
);

const index = z.object(
  { version: z.literal(1, { error: '1' }), models: z.array(card, { error: 'a list of cards' }) },
  { error: 'the index of a zoo, an object with version and models' },
);

/** A file of the zoo. */
export type ZooFile = z.output<typeof file>;
/** What is known of a model: shares are in 0..1, energy and throughput relative to the original at 16 bits. */
export type ModelCard = z.output<typeof card>;

/** The cards of an index. E_FORMAT for what is none. */
export const readIndex = (text: string, where: string): readonly ModelCard[] =>
  checkJson(index, parseText(text, where), where).models;
