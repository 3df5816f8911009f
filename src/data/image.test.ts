import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutWindow, type ImageShape, imageBytes, placeImage, resampleWindow } from './image.ts';

const grey = (height: number, width: number): ImageShape => ({ channels: 1, height, width });
const numbered = (shape: ImageShape) => Uint8Array.from({ length: imageBytes(shape) }, (_, i) => i + 1);

function placed(shape: ImageShape, height: number, width: number, top: number, left: number, flip: boolean) {
  const target = new Uint8Array(shape.channels * height * width).fill(255);
  placeImage(numbered(shape), 0, shape, target, 0, height, width, { top, left, flip });
  return [...target];
}

test('shifts with zeros where the image does not reach, and mirrors', () => {
  expect(placed(grey(2, 3), 2, 3, 0, 0, false)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(placed(grey(2, 3), 2, 3, 0, 0, true)).toEqual([3, 2, 1, 6, 5, 4]);
  expect(placed(grey(2, 3), 2, 3, 1, -1, false)).toEqual([0, 0, 0, 2, 3, 0]);
  expect(placed(grey(2, 3), 2, 3, -1, 2, true)).toEqual([4, 0, 0, 0, 0, 0]);
  expect(placed(grey(2, 3), 2, 3, 5, 0, false)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(placed(grey(2, 3), 2, 3, 0, -7, true)).toEqual([0, 0, 0, 0, 0, 0]);
});

test('pads and cuts around the centre, plane by plane', () => {
  expect(placed(grey(1, 1), 3, 3, 1, 1, false)).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0]);
  expect(placed(grey(3, 3), 1, 1, -1, -1, false)).toEqual([5]);
  expect(placed({ channels: 3, height: 1, width: 2 }, 1, 2, 0, 1, false)).toEqual([0, 1, 0, 3, 0, 5]);
});

test('reflects at the border pixels, which are not repeated', () => {
  const reflected = (shape: ImageShape, height: number, width: number, top: number, left: number, flip: boolean) => {
    const target = new Uint8Array(shape.channels * height * width).fill(255);
    placeImage(numbered(shape), 0, shape, target, 0, height, width, { top, left, flip, padding: 'reflect' });
    return [...target];
  };
  expect(reflected(grey(1, 4), 1, 4, 0, 2, false)).toEqual([3, 2, 1, 2]);
  expect(reflected(grey(1, 4), 1, 4, 0, -2, false)).toEqual([3, 4, 3, 2]);
  expect(reflected(grey(1, 4), 1, 4, 0, 2, true)).toEqual([2, 1, 2, 3]);
  expect(reflected(grey(3, 2), 3, 2, 1, 0, false)).toEqual([3, 4, 1, 2, 3, 4]);
  // as often as it takes; a single pixel is all there is
  expect(reflected(grey(1, 3), 1, 3, 0, 5, false)).toEqual([2, 1, 2]);
  expect(reflected(grey(1, 1), 2, 2, 1, 0, false)).toEqual([1, 1, 1, 1]);
  expect(reflected({ channels: 3, height: 1, width: 2 }, 1, 2, 0, 1, false)).toEqual([2, 1, 4, 3, 6, 5]);
  // where nothing is padded, nothing differs
  expect(reflected(grey(3, 3), 1, 1, -1, -1, true)).toEqual(placed(grey(3, 3), 1, 1, -1, -1, true));
});

test('agrees with the definition, pixel by pixel', () => {
  const side = fc.integer({ min: 1, max: 5 });
  const shift = fc.integer({ min: -6, max: 6 });
  fc.assert(
    fc.property(side, side, side, side, shift, shift, fc.boolean(), (h, w, height, width, top, left, flip) => {
      const shape = { channels: 3, height: h, width: w } as const;
      const source = numbered(shape);
      const expected: number[] = [];
      for (let c = 0; c < 3; c++) {
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const sy = y - top;
            const sx = (flip ? width - 1 - x : x) - left;
            const inside = sy >= 0 && sy < h && sx >= 0 && sx < w;
            expected.push(inside ? source[(c * h + sy) * w + sx]! : 0);
          }
        }
      }
      expect(placed(shape, height, width, top, left, flip)).toEqual(expected);
    }),
  );
});

test('windows lie inside the image and keep their area and ratio where they fit', () => {
  expect(cutWindow({ area: 1, ratio: 1, x: 0.3, y: 0.9 }, 10, 10)).toEqual({ left: 0, top: 0, width: 10, height: 10 });
  expect(cutWindow({ area: 0.25, ratio: 1, x: 1, y: 0 }, 10, 10)).toEqual({ left: 5, top: 0, width: 5, height: 5 });
  expect(cutWindow({ area: 1, ratio: 1, x: 0, y: 0.5 }, 30, 10)).toEqual({ left: 0, top: 10, width: 10, height: 10 });
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  const size = fc.integer({ min: 1, max: 50 });
  const area = fc.double({ min: 0.01, max: 1, noNaN: true });
  fc.assert(
    fc.property(area, fc.double({ min: 0.5, max: 2, noNaN: true }), unit, unit, size, size, (a, ratio, x, y, h, w) => {
      const r = cutWindow({ area: a, ratio, x, y }, h, w);
      expect(Math.min(r.left, r.top)).toBeGreaterThanOrEqual(0);
      expect(Math.min(r.width, r.height)).toBeGreaterThanOrEqual(1);
      expect(r.left + r.width).toBeLessThanOrEqual(w);
      expect(r.top + r.height).toBeLessThanOrEqual(h);
    }),
  );
});

test('resampling the whole image is the identity, a part is stretched', () => {
  const shape = { channels: 3, height: 4, width: 5 } as const;
  const source = numbered(shape);
  expect(resampleWindow(source, 0, shape, { left: 0, top: 0, width: 5, height: 4 })).toEqual(source);
  const line = Uint8Array.of(0, 100, 200, 50);
  expect([...resampleWindow(line, 0, grey(1, 4), { left: 1, top: 0, width: 2, height: 1 })]).toEqual([
    100, 125, 175, 200,
  ]);
});
