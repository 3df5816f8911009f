// Proves `rounder` for all products at one shift: `holds` is always 1. The other way to the same number: the leading one
// is found, 24 bits from it are kept and the rest is rounded, half to even; then the integer part likewise.
module rounder_check #(
    parameter SHIFT = 0
) (
    input  wire [48:0] product,
    input  wire        is_exact,
    output wire        holds
);
  localparam [6:0] FRACTION = 16 + SHIFT;

  wire [9:0] rounded;
  rounder #(.PRODUCT_BITS(48)) dut (
      .product(product), .shift(SHIFT[5:0]), .is_exact(is_exact), .rounded(rounded));

  function [97:0] to_nearest(input [97:0] value, input [6:0] bits);
    reg [97:0] kept, rest, half;
    begin
      kept = value >> bits;
      rest = value - (kept << bits);
      half = (98'd1 << bits) >> 1;
      to_nearest = kept + (bits != 7'd0 && (rest > half || (rest == half && kept[0])) ? 98'd1 : 98'd0);
    end
  endfunction

  // bits below the 24 from the leading one
  reg [6:0] dropped;
  integer i;
  always @* begin
    dropped = 7'd0;
    for (i = 24; i < 49; i = i + 1) if (product[i]) dropped = i - 23;
    if (is_exact) dropped = 7'd0;
  end
  wire [97:0] float32 = to_nearest({49'd0, product}, dropped) << dropped;
  wire [97:0] expected = to_nearest(float32, FRACTION);
  assign holds = expected < 98'd256 ? {88'd0, rounded} == expected : rounded >= 10'd256;
endmodule
