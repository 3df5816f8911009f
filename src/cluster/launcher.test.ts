import { describe, expect, it } from 'vitest';
import { handleTable, implementationOf, libraryNames } from './handles.ts';
import { joinRanks } from './join.ts';
import { findLaunch } from './launcher.ts';

describe('findLaunch', () => {
  it('finds none on its own, nor in the script of a batch job', () => {
    expect(findLaunch({})).toBeUndefined();
    expect(findLaunch({ SLURM_NTASKS: '4', SLURM_PROCID: '0', SLURM_JOB_ID: '7' })).toBeUndefined();
  });

  it('knows the launchers by their variables', () => {
    const openMpi = { OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_RANK: '3', OMPI_COMM_WORLD_LOCAL_SIZE: '2' };
    expect(findLaunch({ ...openMpi, PMIX_RANK: '3' })).toEqual({
      launcher: 'mpirun of Open MPI',
      rank: 3,
      size: 4,
      local: 2,
      kind: 'open-mpi',
    });
    expect(findLaunch({ PMI_RANK: '1', PMI_SIZE: '2', MPI_LOCALNRANKS: '2' })).toEqual({
      launcher: 'mpiexec with PMI',
      rank: 1,
      size: 2,
      local: 2,
      kind: 'mpich',
    });
    expect(findLaunch({ PMIX_RANK: '5', SLURM_PROCID: '5', SLURM_NTASKS: '8' })).toEqual({
      launcher: 'srun with PMIx',
      rank: 5,
      size: 8,
    });
    expect(findLaunch({ PMI_FD: '9', SLURM_PROCID: '2', SLURM_NTASKS: '8' })).toMatchObject({ rank: 2, size: 8 });
  });

  it('does as it is asked', () => {
    expect(findLaunch({ OMPI_COMM_WORLD_SIZE: '4', TRITBANK_MPI: '0' })).toBeUndefined();
    expect(findLaunch({ TRITBANK_MPI: '1' })).toEqual({ launcher: 'TRITBANK_MPI' });
  });
});

describe('joinRanks', () => {
  it('loads nothing for one rank', async () => {
    expect(await joinRanks({})).toBeUndefined();
    expect(await joinRanks({ OMPI_COMM_WORLD_SIZE: '1', OMPI_COMM_WORLD_RANK: '0' })).toBeUndefined();
  });

  it('says how to get a library that is not there', async () => {
    const launched = { OMPI_COMM_WORLD_SIZE: '2', TRITBANK_LIBMPI: '/nowhere/libmpi.so' };
    await expect(joinRanks(launched)).rejects.toMatchObject({
      code: 'E_MPI',
      message: expect.stringMatching(
        /^libmpi: expected an MPI library, since mpirun .*nowhere.*apt-get install openmpi/,
      ),
    });
    await expect(joinRanks({ ...launched, TRITBANK_RANK_TIMEOUT: 'soon' })).rejects.toMatchObject({ code: 'E_USAGE' });
  });
});

describe('handles', () => {
  it('are those of the implementation that the library names', () => {
    expect(implementationOf('Open MPI v5.0.3, package: x', 'libmpi.so.40')).toBe('open-mpi');
    expect(implementationOf('MPICH Version: 4.2.0\nMPICH Release date: x', 'libmpi.so.12')).toBe('mpich');
    expect(implementationOf('Intel(R) MPI Library 2021.9', 'libmpi.so.12')).toBe('mpich');
    expect(implementationOf('MPICH Version: 5.0.0', '/usr/lib/libmpi_abi.so.0')).toBe('abi');
    expect(() => implementationOf('LAM 7.1\nmore', 'libmpi.so')).toThrow(
      /^libmpi.so: expected Open MPI.*found 'LAM 7.1'$/,
    );
  });

  it('name the same things in every row', () => {
    const [first, ...others] = Object.values(handleTable).map((row) => Object.keys(row));
    for (const other of others) expect(other).toEqual(first);
    // MPI_FLOAT of MPICH says its size, 4 bytes, in the second byte
    expect(((handleTable.mpich.float as number) >> 8) & 255).toBe(4);
    expect(libraryNames('mpich', 'linux')[0]).toBe('libmpich.so.12');
    expect(libraryNames(undefined, 'linux')).toContain('libmpi_abi.so.0');
  });
});
