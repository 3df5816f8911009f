// product / 2^(16 + shift) to the nearest integer, ties to even, as from float32. The product has more bits than float32:
// it is rounded to 24 of them first, which matters only where that makes a tie. With `is_exact` it is not.
//
// Up to 256; larger ones are 511.
module rounder #(
    parameter PRODUCT_BITS = 48
) (
    input  wire [PRODUCT_BITS:0] product,
    input  wire [5:0]            shift,
    input  wire                  is_exact,
    output wire [9:0]            rounded
);
  localparam FRACTION = 25;
  localparam WIDE = PRODUCT_BITS + 10;

  // integer part, 25 bits of fraction, and whether anything lies below them
  wire [WIDE-1:0] wide = {product, 9'd0};
  wire [WIDE-1:0] shifted = wide >> shift;
  wire [WIDE-1:0] back = shifted << shift;
  wire sticky = back != wide;
  wire [FRACTION-1:0] fraction = shifted[FRACTION-1:0];
  wire [7:0] whole = shifted[FRACTION+7:FRACTION];
  wire is_large = |shifted[WIDE-1:FRACTION+8];

  // what float32 rounds to exactly one half: 2^bits of the integer part on either side
  reg [FRACTION-1:0] reach;
  always @* begin
    casez (whole)
      8'b1???????: reach = 25'd256;
      8'b01??????: reach = 25'd128;
      8'b001?????: reach = 25'd64;
      8'b0001????: reach = 25'd32;
      8'b00001???: reach = 25'd16;
      8'b000001??: reach = 25'd8;
      8'b0000001?: reach = 25'd4;
      8'b00000001: reach = 25'd2;
      default:     reach = 25'd1;
    endcase
    if (is_exact) reach = 25'd0;
  end

  localparam [FRACTION-1:0] HALF = 25'h1000000;
  wire [FRACTION-1:0] most = HALF + reach;
  wire is_above = fraction > most || (fraction == most && sticky);
  wire is_below = fraction < HALF - reach;
  wire up = is_above || (!is_below && whole[0]);

  assign rounded = is_large ? 10'd511 : {2'b0, whole} + {9'd0, up};
endmodule
