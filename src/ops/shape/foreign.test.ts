import { expect, it } from 'vitest';
import { f32, Graph, i64, ints, str } from '../../ir/index.ts';
import { Builder } from '../builder.ts';

function shapeBehind(op: string, constants: readonly (readonly number[] | undefined)[], attributes = {}) {
  const graph = new Graph('g');
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 3, 5, 6]);
  const inputs = constants.map((values, i) => {
    if (!values) return undefined;
    return b.constant(`c${i}`, i === 2 ? i64(values) : f32([values.length], values));
  });
  return b.op(op, [x, ...inputs], attributes).type?.shape;
}

it('knows the shapes behind operators that it does not know otherwise', () => {
  expect(shapeBehind('Selu', [])).toEqual(['N', 3, 5, 6]);
  expect(shapeBehind('Resize', [undefined, [1, 1, 2, 1.5]])).toEqual(['N', 3, 10, 9]);
  expect(shapeBehind('Resize', [undefined, undefined, [1, 3, 7, 7]])).toEqual([1, 3, 7, 7]);
});

it('knows nothing of the others', () => {
  expect(shapeBehind('NonZero', [])).toBeUndefined();
  expect(shapeBehind('Resize', [undefined, [2, 1, 2, 2]])).toBeUndefined();
  expect(shapeBehind('Resize', [undefined, [2, 2]], { axes: ints([2, 3]) })).toBeUndefined();
  expect(
    shapeBehind('Resize', [undefined, undefined, [1, 3, 7, 7]], { keep_aspect_ratio_policy: str('x') }),
  ).toBeUndefined();
});
