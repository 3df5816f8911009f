import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLabels } from './label-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritbank-labels-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string | Uint8Array): string {
  const path = join(folder, 'labels');
  writeFileSync(path, content);
  return path;
}

describe('class names', () => {
  it.each<[string, string]>([
    ['lines', 'cat\ndog\n'],
    ['lines that end as in DOS', 'cat\r\ndog\r\n\r\n'],
    ['lines behind a byte order mark', '\ufeffcat\ndog'],
    ['a list', '["cat", "dog"]'],
    ['a list behind a byte order mark', '\ufeff["cat", "dog"]'],
    ['a list of classes', '{"classes": ["cat", "dog"]}'],
    ['names by index', '{"1": "dog", "0": "cat"}'],
    ["Keras' index", '{"0": ["n02121808", "cat"], "1": ["n02084071", "dog"]}'],
    ["a hub's configuration", '{"model_type": "x", "id2label": {"0": "cat", "1": "dog"}}'],
    ['indices by name', '{"dog": 1, "cat": 0}'],
    ["a data set's classes.json", '{"b": {"index": 0, "name": "cat"}, "a": {"index": 1, "name": "dog"}}'],
  ])('%s', (_, content) => {
    expect(readLabels(file(content))).toEqual(['cat', 'dog']);
    expect(readLabels(file(content), 2)).toEqual(['cat', 'dog']);
  });

  it('of some classes, by their folders', () => {
    const path = file('{"n1": {"index": 2, "name": "dog"}}');
    expect(readLabels(path, 4)).toEqual(['class 0', 'class 1', 'dog', 'class 3']);
    expect(() => readLabels(path, 2)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });

  it("ImageNet's", () => {
    const names = readLabels('imagenet', 1000);
    expect([names.length, names[0], names[217], names[999]]).toEqual([
      1000,
      'tench',
      'English springer',
      'toilet tissue',
    ]);
    const behind = readLabels('imagenet', 1001);
    expect([behind.length, behind[0], behind[1]]).toEqual([1001, 'background', 'tench']);
    expect(() => readLabels('imagenet', 10)).toThrow('imagenet: expected 10 names, one a class, found 1000');
  });
});

describe('is no list of names', () => {
  const wanted = 'expected a JSON array of names, or an object of names by index, found';
  it.each<[string, string | Uint8Array, string]>([
    ['other bytes than UTF-8', Uint8Array.of(0x63, 0xe9, 0x0a), 'expected text in UTF-8, found other bytes'],
    ['nothing', ' \n', 'expected a name on each line, found none'],
    ['numbers', '[1, 2]', `${wanted} an array of other values`],
    ['a gap', '{"0": "cat", "2": "dog"}', `${wanted} no name for index 1`],
    ['an index twice', '{"cat": 0, "dog": 0}', `${wanted} an index twice`],
    ['no end of classes', '{"9999999": "cat"}', `${wanted} index 9999999`],
    ['other values', '{"a": null}', `${wanted} another value for 'a'`],
    ['damaged JSON', '["cat"', wanted],
  ])('%s', (_, content, detail) => {
    expect(() => readLabels(file(content))).toThrow(
      expect.objectContaining({ code: 'E_FORMAT', detail: expect.stringContaining(detail) }),
    );
  });

  it('a file that is not there', () => {
    expect(() => readLabels(join(folder, 'none'))).toThrow(expect.objectContaining({ code: 'E_FILE' }));
  });
});
