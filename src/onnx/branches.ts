/**
 * If nodes of which the condition is known: the nodes of the branch that is taken stand in their place. Exporters write
 * these where an operator depends on a size (Squeeze of an axis that may be 1), or on a flag of training. What is not
 * known stays, and is refused as other subgraphs are. Left out: branches with external data.
 */

import { decode } from './decode.ts';
import { type GraphProto, graphProto, type NodeProto, nodeProto } from './schema.ts';
import { isDefaultDomain } from './upgrade.ts';

/** The condition of this name, from the nodes of a graph, none of which is an If; undefined where it is not known. */
export type Evaluate = (graph: GraphProto, name: string) => boolean | undefined;

/** If nodes in If nodes, and their number: more are damage. */
const maxBranches = 1000;

const isIf = ({ opType, domain = '' }: NodeProto) => opType === 'If' && isDefaultDomain(domain);

export function inlineBranches(given: GraphProto, evaluate: Evaluate): GraphProto {
  let graph = given;
  const open = new Set<NodeProto>();
  for (let count = 0; count < maxBranches; count++) {
    const node = graph.node.find((candidate) => isIf(candidate) && !open.has(candidate));
    if (!node) return graph;
    open.add(node);
    const sources = sourcesOf(graph, node.input[0] ?? '');
    const isTaken = sources && evaluate({ ...graph, node: sources }, node.input[0]!);
    const branch = isTaken === undefined ? undefined : branchOf(node, isTaken ? 'then_branch' : 'else_branch');
    if (branch) graph = inline(graph, node, branch);
  }
  return graph;
}

/** The nodes that a value is computed by, in the file's order; undefined where one of them is an If. */
function sourcesOf(graph: GraphProto, name: string): NodeProto[] | undefined {
  const producers = new Map(graph.node.flatMap((node) => node.output.map((output) => [output, node] as const)));
  const found = new Set<NodeProto>();
  const names = [name];
  for (let next = names.pop(); next !== undefined; next = names.pop()) {
    const producer = producers.get(next);
    if (!producer || found.has(producer)) continue;
    if (isIf(producer)) return undefined;
    found.add(producer);
    names.push(...producer.input);
  }
  return graph.node.filter((node) => found.has(node));
}

function branchOf(node: NodeProto, name: string): GraphProto | undefined {
  const bytes = node.attribute.find((attribute) => attribute.name === name)?.g;
  if (!bytes) return undefined;
  const branch = decode(graphProto, bytes, `${name} of '${node.name ?? ''}'`);
  const isPlain = branch.sparseInitializer.length === 0 && branch.output.length === node.output.length;
  return isPlain && branch.initializer.every(({ dataLocation }) => !dataLocation) ? branch : undefined;
}

const identity = (input: string, output: string): NodeProto => ({
  ...decode(nodeProto, new Uint8Array(), 'node'),
  opType: 'Identity',
  input: [input],
  output: [output],
});

/** Names of the branch stay, but where the graph has them already. */
function inline(graph: GraphProto, node: NodeProto, branch: GraphProto): GraphProto {
  const taken = new Set([
    ...graph.input.map(({ name }) => name),
    ...graph.initializer.map(({ name }) => name),
    ...graph.node.flatMap(({ output }) => output),
  ]);
  const renamed = new Map<string, string>();
  const own = [...branch.initializer.map(({ name = '' }) => name), ...branch.node.flatMap(({ output }) => output)];
  for (const name of own) {
    if (name === '' || !taken.has(name)) continue;
    let fresh = `${node.output[0]}/${name}`;
    while (taken.has(fresh)) fresh += '_';
    renamed.set(name, fresh);
  }
  const rename = (name: string) => renamed.get(name) ?? name;
  const nodes = branch.node.map((inner) => ({
    ...inner,
    input: inner.input.map(rename),
    output: inner.output.map(rename),
  }));
  const results = node.output.flatMap((output, i) =>
    output === '' ? [] : [identity(rename(branch.output[i]!.name ?? ''), output)],
  );
  return {
    ...graph,
    node: graph.node.flatMap((other) => (other === node ? [...nodes, ...results] : [other])),
    initializer: [
      ...graph.initializer,
      ...branch.initializer.map((tensor) => ({ ...tensor, name: rename(tensor.name ?? '') })),
    ],
  };
}
