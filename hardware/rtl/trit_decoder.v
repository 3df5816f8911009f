// Five trits of a byte: byte = sum of (trit + 1) * 3^i. A trit is {negative, present}.
module trit_decoder (
    input  wire [7:0] packed_trits,
    output reg  [4:0] present,
    output reg  [4:0] negative
);
  integer i;
  reg [7:0] rest;
  reg [7:0] quotient;
  reg [1:0] digit;
  always @* begin
    rest = packed_trits;
    quotient = 8'd0;
    digit = 2'd0;
    present = 5'd0;
    negative = 5'd0;
    for (i = 0; i < 5; i = i + 1) begin
      quotient = rest / 8'd3;
      digit = rest[1:0] - {quotient[0] ^ quotient[1], quotient[0]};
      present[i] = digit != 2'd1;
      negative[i] = digit == 2'd0;
      rest = quotient;
    end
  end
endmodule
