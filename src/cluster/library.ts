/** Loads libmpi through koffi, an optional peer: nothing is loaded before a launcher was recognised. */

import { createRequire } from 'node:module';
import { TritbankError } from '../ir/errors.ts';
import { type Handles, handleTable, type Implementation, implementationOf, libraryNames } from './handles.ts';
import type { Launch } from './launcher.ts';

/** Names the file of the library where it is not found by itself. */
export const libraryVariable = 'TRITBANK_LIBMPI';

type Call = (...values: unknown[]) => number;

/** What is called of MPI: arrays are passed as they are, handles as numbers of the implementation's type. */
export interface Mpi {
  readonly version: string;
  readonly implementation: Implementation;
  readonly handles: { readonly [K in keyof Handles]: K extends 'type' ? string : number | bigint };
  /** Bytes of a request, the only handle that is written to memory. */
  readonly requestBytes: 4 | 8;
  readonly init: Call;
  readonly finalize: Call;
  readonly abort: Call;
  readonly rank: Call;
  readonly size: Call;
  readonly iallreduce: Call;
  readonly ialltoall: Call;
  readonly iallgather: Call;
  readonly ibcast: Call;
  readonly ibarrier: Call;
  readonly test: Call;
}

type Koffi = typeof import('koffi');
type Library = ReturnType<Koffi['load']>;

function loadKoffi({ launcher }: Launch): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch (cause) {
    const expected = `expected the package koffi, since ${launcher} started this process`;
    const ways = 'npm install koffi, or TRITBANK_MPI=0 to do without MPI';
    throw new TritbankError('E_MPI', 'koffi', `${expected}, found none: ${ways}`, { cause });
  }
}

function openLibrary(koffi: Koffi, launch: Launch, environment: NodeJS.ProcessEnv): { lib: Library; file: string } {
  const given = environment[libraryVariable];
  const names = given ? [given] : libraryNames(launch.kind, process.platform);
  const reasons: string[] = [];
  for (const file of names) {
    try {
      return { lib: koffi.load(file), file };
    } catch (cause) {
      reasons.push(cause instanceof Error ? cause.message.split('\n')[0]! : String(cause));
    }
  }
  const install =
    'install it (apt-get install openmpi-bin libopenmpi3, dnf install openmpi, module load openmpi), or name its file in ' +
    libraryVariable;
  const expected = `expected an MPI library, since ${launch.launcher} started this process`;
  const found = given ? `found none in ${given} (${reasons[0]})` : `found none of ${names.join(', ')}`;
  throw new TritbankError('E_MPI', 'libmpi', `${expected}, ${found}: ${install}`);
}

/** Loads the library; MPI is not initialised yet. E_MPI where koffi or the library is absent or of another kind. */
export function loadMpi(launch: Launch, environment: NodeJS.ProcessEnv = process.env): Mpi {
  const koffi = loadKoffi(launch);
  const { lib, file } = openLibrary(koffi, launch, environment);
  const version = versionOf(lib);
  const implementation = implementationOf(version, file);
  const { type, ...table } = handleTable[implementation];
  const resolve = (handle: string | number) =>
    typeof handle === 'string' ? koffi.address(lib.symbol(handle, 'void')) : handle;
  const handles = Object.fromEntries(Object.entries(table).map(([name, handle]) => [name, resolve(handle)]));
  const call = (name: string, parameters: string) => lib.func(`int MPI_${name}(${parameters})`) as Call;
  const h = type;
  return {
    version,
    implementation,
    handles: { type, ...handles } as unknown as Mpi['handles'],
    requestBytes: type === 'int' ? 4 : 8,
    init: call('Init', 'void*, void*'),
    finalize: call('Finalize', ''),
    abort: call('Abort', `${h}, int`),
    rank: call('Comm_rank', `${h}, void*`),
    size: call('Comm_size', `${h}, void*`),
    iallreduce: call('Iallreduce', `intptr_t, void*, int, ${h}, ${h}, ${h}, void*`),
    ialltoall: call('Ialltoall', `void*, int, ${h}, void*, int, ${h}, ${h}, void*`),
    iallgather: call('Iallgather', `intptr_t, int, ${h}, void*, int, ${h}, ${h}, void*`),
    ibcast: call('Ibcast', `void*, int, ${h}, int, ${h}, void*`),
    ibarrier: call('Ibarrier', `${h}, void*`),
    test: call('Test', 'void*, void*, intptr_t'),
  };
}

function versionOf(lib: Library): string {
  const text = Buffer.alloc(8192);
  const length = new Int32Array(new ArrayBuffer(4));
  (lib.func('int MPI_Get_library_version(void*, void*)') as Call)(text, length);
  const [line = ''] = text.subarray(0, length[0]).toString('latin1').replace(/\0.*/s, '').split('\n');
  return line
    .replace(/, package:.*/, '')
    .replace(/\s+/g, ' ')
    .trim();
}
