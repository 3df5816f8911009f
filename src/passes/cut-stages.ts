/**
 * Cuts a graph at its `AllReduce` markers into stages that a runtime runs one after the other, with sums over all ranks
 * between them.
 *
 * 1. The reductions are begun in the order of what has to be computed for them: the least first. That is an order in which
 *    none comes before one that it depends on, and in which each begins as early as it can.
 * 2. The stage of a reduction has what its input needs and no stage before has; a last stage has the rest.
 * 3. A stage is one with the next where that does not read its reductions, and would read more bytes of its values than
 *    its reductions sum: what is handed on is written, read, and takes memory in both, so that a cut between forward and
 *    backward pass, over which all activations go, takes more time than there is to hide.
 * 4. A stage waits for the reductions that it reads, and for no others: the rest go on while it runs.
 * 5. A reduction writes where its input is, which nobody else may read.
 */

import { bytesPerElement, elementCount, Graph, type Node, TritbankError, type Value } from '../ir/index.ts';
import { allReduce, markerDomain } from '../ops/names.ts';

/** The sum of the value `input` over all ranks, which later stages read under the name `output`. */
export interface Reduction {
  readonly input: string;
  readonly output: string;
}

export interface Stage {
  /** Its inputs are inputs of the whole, outputs of stages before it, and results of reductions, all by their names. */
  readonly graph: Graph;
  /** Outputs of the reductions that have to be complete before it runs. */
  readonly waitsFor: readonly string[];
  /** What begins after it, in this order; none for the last stage. */
  readonly reductions: readonly Reduction[];
}

const isReduction = (node: Node) => node.op === allReduce && node.domain === markerDomain;

/** All nodes that `node` depends on, itself not among them. */
function ancestorsOf(node: Node, known: Map<Node, Set<Node>>): Set<Node> {
  const found = known.get(node);
  if (found) return found;
  const all = new Set<Node>();
  for (const input of node.inputs) {
    const producer = input?.producer;
    if (!producer) continue;
    all.add(producer);
    for (const one of ancestorsOf(producer, known)) all.add(one);
  }
  known.set(node, all);
  return all;
}

const bytesOf = ({ dtype, dims }: Value): number => elementCount(dims) * bytesPerElement(dtype);

/** The stages of `graph`, which is not changed: all of it in one where it has no reduction. */
export function cutStages(graph: Graph): Stage[] {
  const reductions = graph.nodes.filter(isReduction);
  const known = new Map<Node, Set<Node>>();
  // in execution order, so that no chain of calls gets long
  for (const node of graph.nodes) ancestorsOf(node, known);
  const place = new Map(graph.nodes.map((node, i) => [node, i]));
  const work = (node: Node) => known.get(node)!.size;
  reductions.sort((a, b) => work(a) - work(b) || place.get(a)! - place.get(b)!);
  // at first each reduction has a stage of its own
  const partOf = new Map<Node, number>();
  for (const [part, reduction] of reductions.entries()) {
    checkReduction(reduction);
    for (const node of known.get(reduction)!) if (!partOf.has(node)) partOf.set(node, part);
    // its result can be read by parts after its own
    partOf.set(reduction, part);
  }
  for (const node of graph.nodes) if (!partOf.has(node)) partOf.set(node, reductions.length);
  const stages = joinParts(graph, reductions, partOf);
  const stageOf = new Map([...partOf].map(([node, part]) => [node, stages[part]!]));
  return Array.from({ length: stages.at(-1)! + 1 }, (_, stage) => makeStage(graph, stage, reductions, stageOf));
}

/** The stage of each part, by rule 3. */
function joinParts(graph: Graph, reductions: readonly Node[], partOf: ReadonlyMap<Node, number>): number[] {
  const stages = [0];
  let first = 0;
  for (let part = 1; part <= reductions.length; part++) {
    const isEarlier = (node: Node) => partOf.get(node)! >= first && partOf.get(node)! < part;
    const read = new Set(
      graph.nodes
        .filter((node) => partOf.get(node) === part && !isReduction(node))
        .flatMap(({ inputs }) => inputs.filter((input) => input?.producer && isEarlier(input.producer))),
    );
    const needsSum = [...read].some((value) => isReduction(value!.producer!));
    const handed = [...read].reduce((sum, value) => sum + bytesOf(value!), 0);
    const summed = reductions.slice(first, part).reduce((sum, node) => sum + bytesOf(node.input(0)), 0);
    const isCut = needsSum || handed <= summed;
    if (isCut) first = part;
    stages.push(stages.at(-1)! + (isCut ? 1 : 0));
  }
  return stages;
}

function checkReduction(node: Node): void {
  const input = node.input(0);
  if (input.producer && input.uses.size === 1 && !node.graph.outputs.includes(input)) return;
  throw new TritbankError('E_GRAPH', node.label, 'expected a computed input that nobody else reads, found another');
}

function makeStage(
  graph: Graph,
  stage: number,
  reductions: readonly Node[],
  stageOf: ReadonlyMap<Node, number>,
): Stage {
  const own = graph.nodes.filter((node) => stageOf.get(node) === stage && !isReduction(node));
  const part = new Graph(`${graph.name}-${stage}`, graph.opset);
  const waitsFor = new Set<string>();
  const take = (value: Value): Value => {
    const there = part.find(value.name);
    if (there) return there;
    if (value.constant) return part.initializer(value.name, value.constant);
    const { producer } = value;
    if (producer && isReduction(producer)) waitsFor.add(value.name);
    return part.input(value.name, value.dtype, value.dims);
  };
  for (const node of own) {
    const inputs = node.inputs.map((input) => input && take(input));
    const outputs = node.outputs.map((output) => output?.name ?? '');
    const added = part.add(node.op, inputs, node.attributes, { name: node.name, domain: node.domain, outputs });
    for (const [i, output] of node.outputs.entries()) if (output) added.outputs[i]!.type = output.type;
  }
  const returned = new Set(graph.outputs);
  const leaves = (value: Value) =>
    returned.has(value) || [...value.uses].some((user) => isReduction(user) || stageOf.get(user) !== stage);
  for (const node of own) {
    for (const output of node.outputs) if (output && leaves(output)) part.outputs.push(part.value(output.name));
  }
  const begun = reductions.filter((reduction) => stageOf.get(reduction) === stage);
  return {
    graph: part,
    waitsFor: [...waitsFor],
    reductions: begun.map((node) => ({ input: node.input(0).name, output: node.output().name })),
  };
}
