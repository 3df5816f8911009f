/** Networks that come with the page. */

import { TritbankError } from '#toolkit/ir/errors.ts';
import digits from '../../../examples/browser/models/baseline.onnx?url';
import photographs from '../../zoo/models/mobilenet-v1-0.5-cifar10-full.onnx?url';
import type { OpenRequest } from './workshop/bench.ts';

export const examples = [
  {
    name: 'Digits',
    note: 'MobileNet-V1 0.25, 28\u00a0×\u00a028, 244\u00a0KB',
    file: 'mobilenet-v1-0.25-digits.onnx',
    url: digits,
  },
  {
    name: 'Photographs',
    note: 'MobileNet-V1 0.5, 32\u00a0×\u00a032, 1.7\u00a0MB',
    file: 'mobilenet-v1-0.5-cifar10.onnx',
    url: photographs,
  },
] as const;

export async function fetchExample({ file, url }: (typeof examples)[number]): Promise<OpenRequest> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new TritbankError('E_FILE', file, `expected a part of this page, found ${String(cause)}`, { cause });
  });
  if (!response.ok)
    throw new TritbankError('E_FILE', file, `expected a part of this page, found status ${response.status}`);
  return { name: file, bytes: new Uint8Array(await response.arrayBuffer()) };
}
