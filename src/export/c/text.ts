/** C as text: numbers, arrays, comments. */

/** A float32 that a compiler reads back to the bit. */
export function floatText(value: number): string {
  if (value === Infinity) return '3.40282347e+38f';
  if (value === -Infinity) return '-3.40282347e+38f';
  if (Object.is(value, -0)) return '-0.0f';
  const digits = Math.fround(value).toPrecision(9);
  return `${/[.e]/.test(digits) ? digits : `${digits}.0`}f`;
}

const width = 118;

/** Elements in lines of at most 118 characters. */
function lines(elements: readonly string[]): string {
  const result: string[] = [];
  let line = '   ';
  for (const element of elements) {
    if (line.length + element.length + 2 > width) {
      result.push(line);
      line = '   ';
    }
    line += ` ${element},`;
  }
  result.push(line);
  return result.join('\n');
}

export type ElementType = 'int8_t' | 'uint8_t' | 'uint16_t' | 'uint32_t' | 'int32_t' | 'float';

/** A constant array. */
export function arrayText(type: ElementType, name: string, values: Iterable<number>): string {
  const elements = [...values].map((v) => {
    if (type === 'float') return floatText(v);
    // there is no literal of the smallest int32
    if (type === 'int32_t' && v === -(2 ** 31)) return '(-2147483647 - 1)';
    return type === 'uint32_t' ? `${v}u` : `${v}`;
  });
  return `static const ${type} ${name}[${elements.length}] = {\n${lines(elements)}\n};\n`;
}

/** Text that cannot end a comment or begin another one. */
export const commentText = (text: string): string =>
  text
    .replace(/\*\//g, '* /')
    .replace(/\/\*/g, '/ *')
    .replace(/[^\x20-\x7e]/g, '?');

/** A string literal; bytes besides ASCII are escaped, and no trigraph is left. */
export function stringText(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const characters = [...bytes].map((byte) => {
    const character = String.fromCharCode(byte);
    if (byte < 32 || byte > 126) return `\\${byte.toString(8).padStart(3, '0')}`;
    return /["\\?]/.test(character) ? `\\${character}` : character;
  });
  return `"${characters.join('')}"`;
}

/** Names that would be those of other files of the folder, of the C library's headers, or of CMake's own targets. */
const taken = new Set([
  ...['test', 'tritbank_kernels', 'all', 'clean', 'help', 'install', 'package'],
  ...['float', 'limits', 'math', 'stdbool', 'stddef', 'stdint', 'stdio', 'stdlib', 'string', 'time'],
]);

/** A name for files and functions that C takes: letters, digits, underscores. */
export function identifierOf(text: string): string {
  const name = text
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();
  return /^[a-z]/.test(name) && !taken.has(name) ? name : `model${name && `_${name}`}`;
}
