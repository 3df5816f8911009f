/** What is made of a folder of spoken words: classes, parts, features. */

import * as z from 'zod';
import { featureKinds, helloEdge } from './features.ts';

const number = (error: string) => z.number({ error });
const features = z.strictObject(
  {
    kind: z.enum(featureKinds, { error: featureKinds.join(' or ') }).default(helloEdge.kind),
    sampleRate: number('Hz').default(helloEdge.sampleRate),
    clipMs: number('milliseconds').default(helloEdge.clipMs),
    windowMs: number('milliseconds').default(helloEdge.windowMs),
    strideMs: number('milliseconds').default(helloEdge.strideMs),
    melBands: number('a number of bands').default(helloEdge.melBands),
    lowHz: number('Hz').default(helloEdge.lowHz),
    highHz: number('Hz').default(helloEdge.highHz),
    coefficients: number('a number of coefficients').default(helloEdge.coefficients),
  },
  { error: 'kind, sampleRate, clipMs, windowMs, strideMs, melBands, lowHz, highHz or coefficients' },
);

const truth = z.boolean({ error: 'true or false' });

/** The content of `speech.json`; ranges of features are checked where they are used. */
export const speechSchema = z.strictObject(
  {
    words: z
      .array(z.string({ error: 'the name of a folder' }), { error: 'a list of words' })
      .min(1, { error: 'at least one word' })
      .refine((words) => new Set(words).size === words.length, { error: 'each word once' })
      .optional(),
    silence: truth.optional(),
    unknown: truth.optional(),
    test: z.enum(['testing', 'validation'], { error: 'testing or validation' }).optional(),
    features: features.optional(),
  },
  { error: 'words, silence, unknown, test or features' },
);

/**
 * Classes are `words` (by default all folders), with `_silence_` and `_unknown_` before them where these are true; `test` is the
 * part that is the test split (default `testing`).
 */
export type SpeechChoice = z.output<typeof speechSchema>;
