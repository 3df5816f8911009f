// A MAC lane: one filter's sum of one pixel, in full precision.
//   first:  the sum starts with this product
module mac_lane #(
    parameter OPERAND_BITS = 8,
    parameter ACC_BITS     = 24
) (
    input  wire                           clk,
    input  wire                           enable,
    input  wire                           first,
    input  wire signed [OPERAND_BITS-1:0] x,
    input  wire signed [OPERAND_BITS-1:0] weight,
    output reg  signed [ACC_BITS-1:0]     sum
);
  localparam PRODUCT_BITS = 2 * OPERAND_BITS;
  wire signed [PRODUCT_BITS-1:0] product = x * weight;
  wire signed [ACC_BITS-1:0] addend = {{(ACC_BITS - PRODUCT_BITS) {product[PRODUCT_BITS-1]}}, product};

  always @(posedge clk) if (enable) sum <= (first ? {ACC_BITS{1'b0}} : sum) + addend;
endmodule
