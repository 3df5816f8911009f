/** What a reader of a written folder needs to know. */

import type { CompiledNetwork, Timeline } from '../../accelerator/index.ts';

const count = (n: number) => n.toLocaleString('en-US');

/** The README of a folder. */
export function describeProject(compiled: CompiledNetwork, timeline: Timeline): string {
  const { array, network, activationRows, macWeights, adderWeights, table, macTileBits, tileBits } = compiled;
  const { lanes, macs, adders, inputs, ternary, copies, images, inFlight } = array;
  const { tensor } = network.input;
  const ends = [...timeline.spans.mac, ...timeline.spans.adder];
  const rows = compiled.tasks.map(({ name, layer, instruction: { engine }, cycles }) => {
    const spans = ends.filter((span) => span.layer === layer && span.engine === engine);
    const { busy } = spans[0]?.times ?? { busy: 0 };
    return `| ${name} | ${engine === 'mac' ? 'MACs' : 'adders'} | ${count(cycles)} | ${((100 * busy) / cycles).toFixed(0)} % |`;
  });
  return `# ${network.name || 'Network'} on an array of ${lanes} lanes

${macs} MAC${macs > 1 ? 's' : ''}${adders > 0 ? ` and ${adders} adder lane${adders > 1 ? 's' : ''} of ${inputs} inputs` : ''} for each of ${lanes} pixels${
    adders > 0
      ? `; ternary weights as ${ternary === 'lists' ? `lists of non-zeros, tile words in ${copies} banks` : ternary}`
      : ''
  }. Input: ${tensor.channels} x ${tensor.height} x ${tensor.width}, int8.

    make sim

builds the test bench with Verilator (or Icarus Verilog), runs the network on ${images} image${images > 1 ? 's' : ''} (${Math.min(images, inFlight)} at a
time), and compares every word that is written with what the cycle model computed. It ends with
\`all layers equal, ${timeline.cycles} cycles\`. On Debian: \`apt-get install verilator make g++\`, or \`iverilog make\`.

| file | what it is |
|---|---|
| rtl/ | the design; accelerator_core.v is its top, without memories |
| models/ | behavioural models of the memories |
| testbench.v, config.vh | the test bench and its parameters |
| memories/ | programs, access table, weights, parameters of rows, as hex words |
| images/ | activation memory before the run, and all that is written in it |
| layers.json | when each instruction begins and ends, and what its cycles are for |

Memories: activations ${count(2 * activationRows * lanes)} bytes in two banks; weights of MACs ${count(macWeights.length)} bytes; ternary weights
${count(adderWeights.length)} words; access table ${count(table.length)} words; tiles ${count(2 ** macTileBits)} and ${inputs} x ${count(2 ** tileBits)} words of ${lanes} bytes.

| layer | engine | cycles an image | of them computing |
|---|---|---|---|
${rows.join('\n')}
`;
}
