/** `tritbank/runtime` in browsers: inference of ONNX files with ternary kernels, without any other runtime. */

import { bindApi } from './api.ts';
import { browserPlatform } from './browser-platform.ts';
import type { InferenceSession as Session } from './session.ts';

export * from './exports.ts';

const api = bindApi(browserPlatform);

export const { InferenceSession, pipeline } = api;
export type InferenceSession = Session;
