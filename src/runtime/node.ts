/** `tritbank/runtime` in Node: that of browsers, with paths, `sharp` for images, and ONNX Runtime as a fallback. */

import { bindApi } from './api.ts';
import { nodePlatform } from './node-platform.ts';
import type { InferenceSession as Session } from './session.ts';

export * from './exports.ts';

const api = bindApi(nodePlatform);

export const { InferenceSession, pipeline } = api;
export type InferenceSession = Session;
