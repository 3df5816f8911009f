// An adder lane: one ternary row's sum of one pixel. INPUTS activations a cycle, each added, subtracted or left out,
// share one accumulator.
//   add[i]:       x[i] takes part
//   subtract[i]:  with its sign turned
//   first:        the sum starts with these inputs
module adder_lane #(
    parameter INPUTS       = 4,
    parameter OPERAND_BITS = 8,
    parameter ACC_BITS     = 20
) (
    input  wire                           clk,
    input  wire                           enable,
    input  wire                           first,
    input  wire [OPERAND_BITS*INPUTS-1:0] x,
    input  wire [INPUTS-1:0]              add,
    input  wire [INPUTS-1:0]              subtract,
    output reg  signed [ACC_BITS-1:0]     sum
);
  localparam TREE_BITS = OPERAND_BITS + $clog2(INPUTS + 1);

  // -x is ~x + 1: the ones are counted apart
  reg signed [TREE_BITS-1:0] total;
  reg signed [OPERAND_BITS-1:0] signed_x;
  integer i;
  always @* begin
    total = {TREE_BITS{1'b0}};
    signed_x = {OPERAND_BITS{1'b0}};
    for (i = 0; i < INPUTS; i = i + 1) begin
      signed_x = (x[OPERAND_BITS*i+:OPERAND_BITS] ^ {OPERAND_BITS{subtract[i]}}) & {OPERAND_BITS{add[i]}};
      total = total + {{(TREE_BITS - OPERAND_BITS) {signed_x[OPERAND_BITS-1]}}, signed_x}
                    + {{(TREE_BITS - 1) {1'b0}}, add[i] & subtract[i]};
    end
  end

  wire signed [ACC_BITS-1:0] addend = {{(ACC_BITS - TREE_BITS) {total[TREE_BITS-1]}}, total};

  always @(posedge clk) if (enable) sum <= (first ? {ACC_BITS{1'b0}} : sum) + addend;
endmodule
