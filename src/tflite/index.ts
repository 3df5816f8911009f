/** TensorFlow Lite files to graphs. Runs in browsers, too. */

export { readTflite, type TfliteOptions } from './read.ts';
