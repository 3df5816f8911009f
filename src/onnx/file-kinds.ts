/**
 * What a file is that is no ONNX model, by its first bytes, and how to get a model from it. Asked only after reading
 * failed: a model may begin with any field.
 */

interface FileKind {
  readonly what: string;
  readonly advice: string;
  readonly matches: (head: Head) => boolean;
}

/** The beginning of a file, as bytes of one character each. */
interface Head {
  readonly latin: string;
  readonly at: (offset: number, magic: string) => boolean;
}

const headBytes = 4096;
const starts =
  (...magics: readonly string[]) =>
  (head: Head) =>
    magics.some((magic) => head.at(0, magic));
const behind = (offset: number, magic: string) => (head: Head) => head.at(offset, magic);
const isZip = starts('PK\x03\x04');
const convertTf = 'convert it with tf2onnx';
const convertHere = 'convert it';
const unpackFirst = 'unpack it first';

/** The first that matches tells. */
const kinds: readonly FileKind[] = [
  {
    what: 'a TensorFlow Lite model',
    advice: `${convertHere} (tritbank convert FILE --out model.onnx)`,
    matches: behind(4, 'TFL3'),
  },
  {
    what: "a model in ONNX Runtime's own format (.ort)",
    advice: 'take the .onnx file that it was made of',
    matches: behind(4, 'ORTM'),
  },
  {
    what: 'a Keras model (HDF5)',
    advice: `${convertTf} (python -m tf2onnx.convert --keras FILE --output model.onnx)`,
    matches: starts('\x89HDF\r\n\x1a\n'),
  },
  {
    what: 'a PyTorch file (zip)',
    advice: 'load it in Python and export it with torch.onnx.export',
    matches: (head) => isZip(head) && /\/(data\.pkl|version|byteorder|\.format_version|\.data\/)/.test(head.latin),
  },
  {
    what: 'a Keras model (.keras)',
    advice: `load it in Python and export it (model.export(FILE, format="onnx"))`,
    matches: (head) => isZip(head) && /metadata\.json|model\.weights\.h5|config\.json/.test(head.latin),
  },
  { what: 'a zip archive', advice: unpackFirst, matches: isZip },
  {
    what: 'a Python pickle (as older PyTorch files are)',
    advice: 'load it in Python and export it with torch.onnx.export',
    matches: starts('\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'),
  },
  {
    what: 'a safetensors file, which has weights and no network',
    advice: 'load it into its network in Python and export that with torch.onnx.export',
    matches: (head) => head.latin[8] === '{' && head.at(5, '\0\0\0') && /^\s*"/.test(head.latin.slice(9)),
  },
  {
    what: 'a GGUF file of a language model',
    advice: 'take an ONNX file of an image classifier',
    matches: starts('GGUF'),
  },
  {
    what: 'a TensorFlow SavedModel (saved_model.pb)',
    advice: `${convertTf} (python -m tf2onnx.convert --saved-model FOLDER --output model.onnx)`,
    matches: (head) => head.at(0, '\x08\x01\x12') && /allowed_values|AddV2|Const/.test(head.latin),
  },
  { what: 'a NumPy array', advice: 'take the network that it belongs to', matches: starts('\x93NUMPY') },
  {
    what: 'a Git LFS pointer, not the file itself',
    advice: 'fetch the file (git lfs pull)',
    matches: starts('version https://git-lfs.github.com/spec'),
  },
  {
    what: 'a TensorFlow.js graph model (model.json)',
    advice: `${convertTf} (python -m tf2onnx.convert --tfjs FILE --output model.onnx)`,
    matches: ({ latin }) => /^\s*\{/.test(latin) && latin.includes('"graph-model"'),
  },
  {
    what: 'a TensorFlow.js model (model.json)',
    advice: `${convertHere} (tritbank convert FILE --out model.onnx)`,
    matches: ({ latin }) =>
      /^\s*\{/.test(latin) && /"(modelTopology|weightsManifest)"|"(layers|graph)-model"/.test(latin),
  },
  {
    what: 'an HTML page',
    advice: 'download the file itself (its "raw" address, perhaps after signing in)',
    matches: ({ latin }) => /^(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)/is.test(latin),
  },
  {
    what: 'an XML file (as OpenVINO has for its networks)',
    advice: 'take the ONNX file that it was made of',
    matches: ({ latin }) => /^(\xef\xbb\xbf)?\s*<\?xml/.test(latin),
  },
  { what: 'a gzip file', advice: 'unpack it first (gunzip)', matches: starts('\x1f\x8b') },
  {
    what: 'a compressed archive',
    advice: unpackFirst,
    matches: starts('\x28\xb5\x2f\xfd', '\xfd7zXZ\0', 'BZh', '7z\xbc\xaf\x27\x1c', 'Rar!'),
  },
  { what: 'a tar archive', advice: unpackFirst, matches: behind(257, 'ustar') },
  {
    what: 'an image',
    advice: 'give the model first, and images where the command takes them',
    matches: (head) =>
      starts('\x89PNG', '\xff\xd8\xff', 'GIF8', 'II*\0', 'MM\0*')(head) ||
      (head.at(0, 'RIFF') && head.at(8, 'WEBP')) ||
      /^....ftyp(avif|heic|mif1)/s.test(head.latin) ||
      (head.at(0, 'BM') && head.at(6, '\0\0\0\0')),
  },
  {
    what: 'a JSON file without a model (model.json of TensorFlow.js has a modelTopology)',
    advice: 'give an ONNX file',
    // as short as {}
    matches: ({ latin }) => /^(\xef\xbb\xbf)?\s*[[{]\s*["[{\]}\d]/.test(latin) && !hasControls(latin),
  },
  { what: 'a text file', advice: 'give an ONNX file', matches: ({ latin }) => isText(latin) },
];

/** No controls but those of white space; bytes above 127 may be any text's. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they tell text from other bytes
const hasControls = (latin: string) => /[\u0000-\u0008\u000e-\u001f\u007f]/.test(latin);
const isText = (latin: string) => latin.length >= 16 && !hasControls(latin);

/** `a PyTorch file (zip); export it ...`, or undefined for bytes that tell nothing. */
export function describeFile(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'an empty file; was its download or export cut short?';
  const latin = Array.from(bytes.subarray(0, headBytes), (byte) => String.fromCharCode(byte)).join('');
  const head: Head = { latin, at: (offset, magic) => latin.startsWith(magic, offset) };
  const kind = kinds.find(({ matches }) => matches(head));
  return kind && `${kind.what}; ${kind.advice}`;
}
