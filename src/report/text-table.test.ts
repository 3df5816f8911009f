import { expect, test } from 'vitest';
import { alignTable, printPairs } from './text-table.ts';

const head = ['layer', 'size', 'energy', 'loss'];
const rows = [
  ['conv_1', '1,024', '0.5', '0.01'],
  ['fc', '99', '12.25', '0.2'],
];

test('a table that fits is one', () => {
  expect(alignTable(head, rows, ['all', '1,123', '12.75', '0.21'])).toBe(
    [
      'layer    size  energy  loss',
      '---------------------------',
      'conv_1  1,024     0.5  0.01',
      'fc         99   12.25   0.2',
      '---------------------------',
      'all     1,123   12.75  0.21',
    ].join('\n'),
  );
  expect(alignTable(head, rows, undefined, 27)).toBe(alignTable(head, rows));
});

test('one that does not is stacked, and keeps every column', () => {
  const stacked = alignTable(head, rows, undefined, 20);
  expect(stacked).toBe(
    [
      'layer    size',
      '-------------',
      'conv_1  1,024',
      'fc         99',
      '',
      'layer   energy  loss',
      '--------------------',
      'conv_1     0.5  0.01',
      'fc       12.25   0.2',
    ].join('\n'),
  );
});

test('a column wider than the terminal stands alone', () => {
  expect(alignTable(head, rows, undefined, 3).split('\n\n')).toHaveLength(3);
  expect(alignTable(['only'], [['x']], undefined, 2)).toBe('only\n----\nx');
});

test('figures are beside what they are called, in lines that fit', () => {
  const pairs = [
    ['size', '12 bytes'],
    ['change', '12 images gained, 31 lost: more than chance (McNemar, p = 0.005)'],
  ] as const;
  expect(printPairs(pairs, 40)).toBe(
    ['size    12 bytes', 'change  12 images gained, 31 lost: more', '        than chance (McNemar, p = 0.005)'].join(
      '\n',
    ),
  );
  expect(printPairs(pairs).split('\n')).toHaveLength(2);
});
