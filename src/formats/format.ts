/** Which reader a file is for, by its first bytes. */

export type Format = 'onnx' | 'tflite' | 'tfjs';

const text = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes.subarray(0, 4096));

/**
 * `onnx` for whatever is none of the others: an ONNX file may begin with anything, and its reader says what else a file
 * is. `tfjs` is a model.json of TensorFlow.js, of layers or a graph.
 */
export function formatOf(bytes: Uint8Array): Format {
  if (text(bytes.subarray(4, 8)) === 'TFL3') return 'tflite';
  if (!/^(\xef\xbb\xbf)?\s*\{/.test(text(bytes))) return 'onnx';
  // keys come in any order: a long topology may be in front of what tells
  const [head, tail] = [text(bytes), text(bytes.subarray(-4096))];
  return /"(modelTopology|weightsManifest)"|"(layers|graph)-model"/.test(head + tail) ? 'tfjs' : 'onnx';
}
