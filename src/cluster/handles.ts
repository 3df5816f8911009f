/**
 * The handles and constants of the implementations of MPI, from their `mpi.h`: Open MPI's handles are addresses of
 * symbols, MPICH's (and Intel's) are integers of 32 bits, those of the MPI-5 ABI are small integers of pointer size.
 */

import { TritbankError } from '../ir/errors.ts';

export type Implementation = 'open-mpi' | 'mpich' | 'abi';

/** A name of a symbol whose address is the handle, or the handle itself. */
type Handle = string | number;

export interface Handles {
  /** As koffi calls the type of a handle. */
  readonly type: 'intptr_t' | 'int';
  readonly world: Handle;
  readonly float: Handle;
  readonly double: Handle;
  readonly int32: Handle;
  readonly byte: Handle;
  readonly sum: Handle;
  readonly inPlace: number;
  readonly statusIgnore: number;
}

export const handleTable: Readonly<Record<Implementation, Handles>> = {
  'open-mpi': {
    type: 'intptr_t',
    world: 'ompi_mpi_comm_world',
    float: 'ompi_mpi_float',
    double: 'ompi_mpi_double',
    int32: 'ompi_mpi_int32_t',
    byte: 'ompi_mpi_byte',
    sum: 'ompi_mpi_op_sum',
    inPlace: 1,
    statusIgnore: 0,
  },
  mpich: {
    type: 'int',
    world: 0x44000000,
    float: 0x4c00040a,
    double: 0x4c00080b,
    int32: 0x4c000439,
    byte: 0x4c00010d,
    sum: 0x58000003,
    inPlace: -1,
    statusIgnore: 1,
  },
  abi: {
    type: 'intptr_t',
    world: 0x101,
    float: 0x210,
    double: 0x214,
    int32: 0x250,
    byte: 0x247,
    sum: 0x21,
    inPlace: 1,
    statusIgnore: 0,
  },
};

/**
 * The implementation by what `MPI_Get_library_version` says, which may be asked before MPI is initialised; `file` is the
 * library's. E_MPI for one of another kind.
 */
export function implementationOf(version: string, file: string): Implementation {
  if (/libmpi_abi\b|mpi_abi\./.test(file)) return 'abi';
  if (/Open MPI/i.test(version)) return 'open-mpi';
  if (/MPICH|Intel\(R\) MPI|MVAPICH/i.test(version)) return 'mpich';
  const expected = 'expected Open MPI, MPICH (or Intel MPI, MVAPICH), or a library of the MPI-5 ABI';
  throw new TritbankError('E_MPI', file, `${expected}, found '${version.split('\n')[0]}'`);
}

/** Names of the library, those of the launcher's kind first. */
export function libraryNames(kind: 'open-mpi' | 'mpich' | undefined, platform: NodeJS.Platform): readonly string[] {
  if (platform === 'darwin') return ['libmpi.dylib', 'libmpi_abi.dylib', 'libmpich.dylib'];
  const openMpi = ['libmpi.so.40', 'libmpi.so.80'];
  const mpich = ['libmpich.so.12', 'libmpi.so.12'];
  const first = kind === 'mpich' ? [...mpich, ...openMpi] : [...openMpi, ...mpich];
  return [...first, 'libmpi_abi.so.0', 'libmpi_abi.so', 'libmpi.so', 'libmpich.so'];
}
