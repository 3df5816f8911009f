/** The compiled kernels as a module, for plain or for shared memory. */

import { type EncodedModule, relaxedSimd, simd } from '../modules.generated.ts';

export interface ModuleOptions {
  /** Whether the memory that the module imports is shared between threads. */
  readonly shared: boolean;
  /** Whether the module may use relaxed SIMD, which the engine then has to know. */
  readonly relaxed: boolean;
}

export function decodeBase64(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export function readModule({ shared, relaxed }: ModuleOptions): Uint8Array<ArrayBuffer> {
  const encoded: EncodedModule = relaxed ? relaxedSimd : simd;
  const head = decodeBase64(shared ? encoded.shared : encoded.plain);
  const code = decodeBase64(encoded.code);
  const bytes = new Uint8Array(head.length + code.length);
  bytes.set(head);
  bytes.set(code, head.length);
  return bytes;
}
