// Proves `list_decoder` for lists of any length, by induction: `holds` is always 1, and `place` is the decoder's own row.
// A list is a walk over rows: an entry moves on by its gap and adds there, but for gaps of 0, which stay and do nothing,
// and the largest, which moves one less and adds nothing.
module list_decoder_check #(
    parameter ROW_BITS = 9,
    parameter GAP_BITS = 5
) (
    input  wire                clk,
    input  wire                enable,
    input  wire                is_start,
    input  wire [ROW_BITS-1:0] base,
    input  wire [GAP_BITS:0]   entry,
    output wire                holds
);
  localparam [ROW_BITS-1:0] LARGEST = (1 << GAP_BITS) - 1;

  wire [ROW_BITS-1:0] row;
  wire add, subtract;
  list_decoder #(.ROW_BITS(ROW_BITS), .GAP_BITS(GAP_BITS)) dut (
      .clk(clk), .enable(enable), .is_start(is_start), .base(base), .entry(entry),
      .row(row), .add(add), .subtract(subtract));

  reg [ROW_BITS-1:0] place;
  wire [ROW_BITS-1:0] gap = {{(ROW_BITS - GAP_BITS) {1'b0}}, entry[GAP_BITS:1]};
  wire [ROW_BITS-1:0] moves = gap == LARGEST ? LARGEST - 1'b1 : gap;
  wire [ROW_BITS-1:0] next = (is_start ? base - 1'b1 : place) + moves;
  always @(posedge clk) if (enable) place <= next;

  wire adds = enable && gap != {ROW_BITS{1'b0}} && gap != LARGEST;
  assign holds = add == adds && row == next && subtract == entry[0];
endmodule
