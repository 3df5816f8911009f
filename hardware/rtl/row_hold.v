// Keeps the sums of a finished row while the lanes work on the next one, and gives RATE of them a cycle, lane 0 first;
// with several rows at a time, row after row. They stay where they are, and a position moves on: a register that is
// shifted would change all of its bits in each cycle.
module row_hold #(
    parameter LANES = 16,
    parameter ROWS  = 1,
    parameter RATE  = 1,
    parameter BITS  = 24
) (
    input  wire                       clk,
    input  wire                       load,
    input  wire                       advance,
    input  wire [BITS*LANES*ROWS-1:0] sums,
    output wire [BITS*RATE-1:0]       values
);
  localparam WIDTH = BITS * LANES * ROWS;
  reg [WIDTH-1:0] held;

  generate
    if (RATE == LANES * ROWS) begin : all_at_once
      assign values = held;
      wire unused = advance;
    end else begin : in_turn
      localparam STEPS = LANES * ROWS / RATE;
      localparam POSITION_BITS = $clog2(STEPS);
      reg [POSITION_BITS-1:0] position;
      always @(posedge clk)
        if (load) position <= {POSITION_BITS{1'b0}};
        else if (advance) position <= position + 1'b1;
      assign values = held[BITS*RATE*position+:BITS*RATE];
    end
  endgenerate

  always @(posedge clk) if (load) held <= sums;
endmodule
