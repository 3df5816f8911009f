/** The zoo of measured models. Needs Node. */

export { type ModelCard, readIndex, type ZooFile } from './card.ts';
export { cacheFolder, type DownloadOptions, type DownloadProgress } from './download.ts';
export { findInZoo, getFromZoo, listZoo, type ZooModel, zooPrefix } from './zoo.ts';
