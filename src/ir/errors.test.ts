import { describe, expect, it } from 'vitest';
import { TritbankError } from './errors.ts';

describe('TritbankError', () => {
  it('is one line of code, place and what was expected', () => {
    const cause = new Error('reason');
    const error = new TritbankError('E_FILE', 'a.onnx', 'expected a file, found none', { cause });
    expect(error).toMatchObject({ name: 'TritbankError', code: 'E_FILE', where: 'a.onnx', cause });
    expect(error.message).toBe('a.onnx: expected a file, found none');
    expect(error.line).toBe('error E_FILE: a.onnx: expected a file, found none');
  });

  it('exits with 1 for work that failed on the way, 2 for bad input', () => {
    const status = (code: 'E_DIVERGED' | 'E_DEVICE' | 'E_USAGE' | 'E_GRAPH') =>
      new TritbankError(code, '', '').exitStatus;
    expect([status('E_DIVERGED'), status('E_DEVICE'), status('E_USAGE'), status('E_GRAPH')]).toEqual([1, 1, 2, 2]);
  });
});
