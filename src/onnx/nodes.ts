/**
 * NodeProto to nodes: in an executable order, with names, Constant nodes turned into initializers. ONNX demands
 * topological order; files in another order are accepted and sorted, cycles are not.
 */

import { type Graph, TritbankError } from '../ir/index.ts';
import { readAttribute, readConstant } from './attributes.ts';
import type { RangeSource } from './external.ts';
import type { GraphProto, NodeProto } from './schema.ts';
import { isDefaultDomain } from './upgrade.ts';

/** Adds all nodes of `proto` to a graph that has its inputs and initializers. */
export function addNodes(graph: Graph, proto: GraphProto, external: RangeSource | undefined): void {
  for (const node of sortNodes(graph, proto.node)) addNode(graph, node, external);
}

function domainOf({ domain = '' }: NodeProto): string {
  return isDefaultDomain(domain) ? '' : domain;
}

/** The name that a node without one gets, from its operator and the names of its outputs, `''` for an absent one. */
export function impliedName(op: string, outputs: readonly string[]): string {
  const output = outputs.find((name) => name !== '');
  return output ? `${op}_${output}` : op;
}

/** The node's own name, or the implied one. */
const nameOf = ({ name, opType, output }: NodeProto): string => name || impliedName(opType ?? '', output);

function labelOf(node: NodeProto): string {
  const domain = domainOf(node);
  return `node '${nameOf(node)}' (${domain ? `${domain}.` : ''}${node.opType || 'no operator'})`;
}

function addNode(graph: Graph, proto: NodeProto, external: RangeSource | undefined): void {
  const label = labelOf(proto);
  const { opType: op } = proto;
  if (!op) throw new TritbankError('E_FORMAT', label, 'expected an operator, found none');
  const domain = domainOf(proto);
  for (const name of proto.output) {
    if (name !== '' && graph.find(name)) {
      throw new TritbankError('E_GRAPH', label, `expected one definition of '${name}', found two`);
    }
  }
  if (op === 'Constant' && domain === '') {
    const [name = ''] = proto.output;
    if (proto.output.length !== 1 || name === '') {
      throw new TritbankError('E_FORMAT', label, `expected one output, found ${proto.output.length}`);
    }
    graph.initializer(name, readConstant(proto.attribute, label, external));
    return;
  }
  const attributes = Object.fromEntries(
    proto.attribute.map((attribute) => {
      const where = `${label} attribute ${attribute.name ?? ''}`;
      if (!attribute.name) throw new TritbankError('E_FORMAT', where, 'expected a name, found none');
      return [attribute.name, readAttribute(attribute, where, external, op === 'Slice')];
    }),
  );
  const inputs = proto.input.map((name) => (name === '' ? undefined : graph.value(name)));
  while (inputs.length > 0 && !inputs.at(-1)) inputs.pop();
  graph.add(op, inputs, attributes, { name: nameOf(proto), domain, outputs: proto.output });
}

/** Depth-first topological order; nodes that are in order stay as they are. E_GRAPH for cycles and missing inputs. */
function sortNodes(graph: Graph, nodes: readonly NodeProto[]): NodeProto[] {
  const producers = new Map<string, NodeProto>();
  for (const node of nodes) for (const output of node.output) if (output !== '') producers.set(output, node);
  const sorted: NodeProto[] = [];
  const state = new Map<NodeProto, 'open' | 'done'>();
  for (const root of nodes) {
    // an explicit stack: networks can be deeper than the call stack
    const stack = state.has(root) ? [] : [{ node: root, next: 0 }];
    state.set(root, state.get(root) ?? 'open');
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const input = top.node.input[top.next++];
      if (input === undefined) {
        state.set(top.node, 'done');
        sorted.push(top.node);
        stack.pop();
        continue;
      }
      if (input === '' || graph.find(input)) continue;
      const producer = producers.get(input);
      if (!producer) {
        throw new TritbankError(
          'E_GRAPH',
          labelOf(top.node),
          `expected input '${input}' to be defined, found no definition`,
        );
      }
      if (state.get(producer) === 'open') {
        throw new TritbankError('E_GRAPH', labelOf(top.node), `expected no cycle, found one through input '${input}'`);
      }
      if (state.has(producer)) continue;
      state.set(producer, 'open');
      stack.push({ node: producer, next: 0 });
    }
  }
  return sorted;
}
