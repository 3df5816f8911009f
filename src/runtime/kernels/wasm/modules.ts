/** The compiled kernels as a module, for plain or for shared memory. Each kind is loaded when it is asked for. */

import { decodeBase64 } from './base64.ts';

export interface ModuleOptions {
  /** Whether the memory that the module imports is shared between threads. */
  readonly shared: boolean;
  /** Whether the module may use relaxed SIMD, which the engine then has to know. */
  readonly relaxed: boolean;
}

export async function readModule({ shared, relaxed }: ModuleOptions): Promise<Uint8Array<ArrayBuffer>> {
  const encoded = await (relaxed
    ? import('../modules/relaxed-simd.generated.ts')
    : import('../modules/simd.generated.ts'));
  const head = decodeBase64(shared ? encoded.shared : encoded.plain);
  const code = decodeBase64(encoded.code);
  const bytes = new Uint8Array(head.length + code.length);
  bytes.set(head);
  bytes.set(code, head.length);
  return bytes;
}
