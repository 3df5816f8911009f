/**
 * A network's activations for all calibration images, advanced layer by layer. In memory are only the values that nodes
 * still to be run will read, so that networks with branches work like chains. Images are in chunks of equal size.
 */

import { compile, type Executable } from '../../engine/index.ts';
import { Graph, type Node, type Tensor, type Value } from '../../ir/index.ts';

export interface StreamOptions {
  /** Threads inside one operator; default: the runtime's choice. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** `nodes` of a graph, in their order, as a graph of its own whose inputs are what they read and do not compute. */
export function extract(nodes: readonly Node[], outputs: readonly Value[]): Graph {
  const part = new Graph(`part of ${nodes[0]?.graph.name ?? 'nothing'}`, nodes[0]?.graph.opset);
  const take = (value: Value | undefined): Value | undefined => {
    if (!value) return undefined;
    const known = part.find(value.name);
    if (known) return known;
    if (value.constant) return part.initializer(value.name, value.constant);
    return part.input(value.name, value.dtype, value.shape);
  };
  for (const node of nodes) {
    const names = node.outputs.map((output) => output?.name ?? '');
    const options = { name: node.name, domain: node.domain, outputs: names };
    const added = part.add(node.op, node.inputs.map(take), node.attributes, options);
    for (const [i, output] of node.outputs.entries()) if (output?.type) added.outputs[i]!.type = output.type;
  }
  part.outputs = outputs.map((output) => part.value(output.name));
  return part;
}

/** Runs `graph` on each chunk in turn. */
export async function runChunks(
  graph: Graph,
  chunks: number,
  feed: (chunk: number, name: string) => Tensor,
  receive: (chunk: number, outputs: Record<string, Tensor>) => void,
  { threads, signal }: StreamOptions,
): Promise<void> {
  const names = graph.inputs.map((input) => input.name);
  let engine: Executable | undefined;
  try {
    for (let chunk = 0; chunk < chunks; chunk++) {
      signal?.throwIfAborted();
      engine ??= await compile(graph, threads === undefined ? {} : { threads });
      receive(chunk, await engine.run(Object.fromEntries(names.map((name) => [name, feed(chunk, name)]))));
    }
  } finally {
    await engine?.release();
  }
}

export class Stream {
  private constructor(
    /** Shapes inferred for the chunks' batch size. Its weights may change, and nodes that have not been run yet. */
    readonly graph: Graph,
    private readonly values: readonly Map<string, Tensor>[],
    /** Names of the nodes that have been run. */
    private readonly done: Set<string>,
    private readonly options: StreamOptions,
  ) {}

  /** At the start: `chunks` are the values of the graph's only input. */
  static start(graph: Graph, chunks: readonly Tensor[], options: StreamOptions): Stream {
    const { name } = graph.inputs[0]!;
    const values = chunks.map((chunk) => new Map([[name, chunk]]));
    return new Stream(graph, values, new Set(), options);
  }

  /** Another network's stream, which has computed the same so far. */
  fork(graph: Graph): Stream {
    const values = this.values.map((chunk) => new Map(chunk));
    return new Stream(graph, values, new Set(this.done), this.options);
  }

  get chunks(): number {
    return this.values.length;
  }

  /** A live value's chunk. */
  read(chunk: number, name: string): Tensor {
    const tensor = this.values[chunk]!.get(name);
    if (!tensor) throw new Error(`internal: '${name}' is not live`);
    return tensor;
  }

  /** Runs all nodes before `node` that have not been run. */
  async runBefore(node: Node): Promise<void> {
    const { nodes } = this.graph;
    await this.run(nodes.slice(0, nodes.indexOf(node)).filter(({ name }) => !this.done.has(name)));
  }

  /** Runs `nodes`, in execution order; what they read has to be live. */
  async run(nodes: readonly Node[]): Promise<void> {
    if (nodes.length === 0) return;
    for (const { name } of nodes) this.done.add(name);
    const isLive = (value: Value) => [...value.uses].some(({ name }) => !this.done.has(name));
    const outputs = nodes.flatMap((node) => node.outputs.filter((value) => value !== undefined && isLive(value)));
    const feed = (chunk: number, name: string) => this.read(chunk, name);
    const receive = (chunk: number, found: Record<string, Tensor>) => {
      const live = this.values[chunk]!;
      for (const name of live.keys()) {
        const value = this.graph.find(name);
        if (!value || !isLive(value)) live.delete(name);
      }
      for (const [name, tensor] of Object.entries(found)) live.set(name, tensor);
    };
    if (outputs.length === 0) return;
    await runChunks(extract(nodes, outputs as Value[]), this.chunks, feed, receive, this.options);
  }
}
