/** Whether, and by what, this process was started as one of several ranks: from the environment, before any library. */

export interface Launch {
  /** For people. */
  readonly launcher: string;
  /** Where the launcher says it. */
  readonly rank?: number;
  readonly size?: number;
  /** Ranks on this host. */
  readonly local?: number;
  /** The implementation that the launcher belongs to. */
  readonly kind?: 'open-mpi' | 'mpich';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Set to 1 to ask for MPI where no launcher is recognised, to 0 to do without it. */
export const askingVariable = 'TRITBANK_MPI';

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/**
 * How this process was started; undefined for one on its own. Slurm alone is no sign: the script of a batch job has its
 * variables too. A step with `srun --mpi=pmix` or `pmi2` has those of PMIx or PMI.
 */
export function findLaunch(environment: Environment): Launch | undefined {
  const asked = environment[askingVariable];
  if (asked === '0') return undefined;
  const found = [openMpi, hydra, pmix].map((find) => find(environment)).find((launch) => launch);
  if (found) return clean(found);
  return asked === '1' ? { launcher: askingVariable } : undefined;
}

const clean = (launch: { [K in keyof Launch]: Launch[K] | undefined }): Launch =>
  Object.fromEntries(Object.entries(launch).filter(([, value]) => value !== undefined)) as unknown as Launch;

function openMpi(e: Environment) {
  if (e.OMPI_COMM_WORLD_SIZE === undefined) return undefined;
  return {
    launcher: 'mpirun of Open MPI',
    rank: whole(e.OMPI_COMM_WORLD_RANK),
    size: whole(e.OMPI_COMM_WORLD_SIZE),
    local: whole(e.OMPI_COMM_WORLD_LOCAL_SIZE),
    kind: 'open-mpi' as const,
  };
}

/** MPICH's own launcher, Intel's, and Slurm's PMI-2. */
function hydra(e: Environment) {
  if (e.PMI_RANK === undefined && e.PMI_FD === undefined) return undefined;
  const slurm = e.SLURM_PROCID !== undefined;
  return {
    launcher: slurm ? 'srun with PMI' : 'mpiexec with PMI',
    rank: whole(e.PMI_RANK) ?? whole(e.SLURM_PROCID),
    size: whole(e.PMI_SIZE) ?? whole(e.SLURM_NTASKS),
    local: whole(e.MPI_LOCALNRANKS) ?? whole(e.SLURM_NTASKS_PER_NODE),
    kind: slurm ? undefined : ('mpich' as const),
  };
}

function pmix(e: Environment) {
  if (e.PMIX_RANK === undefined) return undefined;
  return {
    launcher: e.SLURM_PROCID === undefined ? 'a PMIx launcher' : 'srun with PMIx',
    rank: whole(e.PMIX_RANK),
    size: whole(e.SLURM_NTASKS),
    local: whole(e.SLURM_NTASKS_PER_NODE),
  };
}
