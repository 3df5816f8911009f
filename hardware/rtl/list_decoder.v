// Zero-skipping lists: the non-zeros of a ternary row, as gaps and signs, one list for each bank of the tile.
// An entry is {gap, sign}: the bank's row moves on by the gap and is added (sign 0) or subtracted (1). A gap of 0 does
// nothing; the largest one moves on by one less without adding, for non-zeros that are further apart.
module list_decoder #(
    parameter ROW_BITS = 9,
    parameter GAP_BITS = 5
) (
    input  wire                clk,
    input  wire                enable,
    input  wire                is_start,
    input  wire [ROW_BITS-1:0] base,
    input  wire [GAP_BITS:0]   entry,
    output wire [ROW_BITS-1:0] row,
    output wire                add,
    output wire                subtract
);
  wire [GAP_BITS-1:0] gap = entry[GAP_BITS:1];
  reg [ROW_BITS-1:0] last;
  // lists count from the row before the first one
  wire [ROW_BITS-1:0] from = is_start ? base - {{(ROW_BITS - 1) {1'b0}}, 1'b1} : last;

  wire is_skip = gap == {GAP_BITS{1'b1}};
  assign row = from + {{(ROW_BITS - GAP_BITS) {1'b0}}, gap[GAP_BITS-1:1], gap[0] && !is_skip};
  assign add = enable && gap != {GAP_BITS{1'b0}} && !is_skip;
  assign subtract = entry[0];

  always @(posedge clk) if (enable) last <= row;
endmodule
