// Keeps the sums of a finished row while the lanes work on the next one, and gives RATE of them a cycle, lane 0 first;
// with several rows at a time, row after row.
module row_hold #(
    parameter LANES = 16,
    parameter ROWS  = 1,
    parameter RATE  = 1,
    parameter BITS  = 24
) (
    input  wire                       clk,
    input  wire                       load,
    input  wire                       shift,
    input  wire [BITS*LANES*ROWS-1:0] sums,
    output wire [BITS*RATE-1:0]       values
);
  localparam WIDTH = BITS * LANES * ROWS;
  reg [WIDTH-1:0] held;

  assign values = held[BITS*RATE-1:0];

  generate
    if (RATE == LANES * ROWS) begin : all_at_once
      always @(posedge clk) if (load) held <= sums;
      wire unused = shift;
    end else begin : in_turn
      always @(posedge clk)
        if (load) held <= sums;
        else if (shift) held <= {{(BITS * RATE) {1'b0}}, held[WIDTH-1:BITS*RATE]};
    end
  endgenerate
endmodule
