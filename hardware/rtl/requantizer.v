// From an integer sum to an int8, to the bit as the runtime does it:
//
//   y = clamp(roundHalfToEven(float32(float32(sum + bias) * multiplier)) + zero_point, lower, upper)
//
// sum + bias fits SUM_BITS <= 24, so that float32 holds it. The multiplier is mantissa / 2^(16 + shift).
//
// ADDITIONS: with `is_addition`, two sums in one make two products: sum = a + 512 b in 9 bits each, a first
// (`is_second` low), then b, each with its own multiplier; their sum is rounded.
//
// Three cycles: bias is taken with the sum, the multiplier one cycle later, shift and bounds two cycles later.
module requantizer #(
    parameter SUM_BITS        = 24,
    parameter MULTIPLIER_BITS = 24,
    parameter ADDITIONS       = 0
) (
    input  wire                       clk,
    input  wire                       is_addition,
    input  wire                       is_second,
    input  wire signed [SUM_BITS-1:0] sum,
    input  wire signed [SUM_BITS-1:0] bias,
    input  wire [MULTIPLIER_BITS-1:0] multiplier,
    input  wire [5:0]                 shift,
    input  wire signed [7:0]          zero_point,
    input  wire signed [7:0]          lower,
    input  wire signed [7:0]          upper,
    output reg  signed [SUM_BITS-1:0] biased,
    output reg  [7:0]                 y
);
  localparam PRODUCT_BITS = SUM_BITS + MULTIPLIER_BITS;

  // the sum with its bias, and its magnitude
  wire signed [SUM_BITS-1:0] total = sum + bias;
  wire signed [SUM_BITS-1:0] operand;
  always @(posedge clk) biased <= total;

  reg [SUM_BITS-1:0] magnitude;
  reg is_negative;
  always @(posedge clk) begin
    magnitude   <= operand[SUM_BITS-1] ? -operand : operand;
    is_negative <= operand[SUM_BITS-1];
  end

  // the product
  reg [PRODUCT_BITS-1:0] product;
  reg product_is_negative;
  always @(posedge clk) begin
    product <= {{MULTIPLIER_BITS{1'b0}}, magnitude} * {{SUM_BITS{1'b0}}, multiplier};
    product_is_negative <= is_negative;
  end

  // the sum of two products
  wire [PRODUCT_BITS:0] rounded_product;
  wire rounded_is_negative;
  wire is_exact;
  generate
    if (ADDITIONS != 0) begin : additions
      wire signed [SUM_BITS-1:0] low = {{(SUM_BITS - 9) {total[8]}}, total[8:0]};
      wire signed [SUM_BITS-1:0] high = (total - low) >>> 9;
      assign operand = is_addition ? (is_second ? high : low) : total;

      reg signed [PRODUCT_BITS+1:0] held_product;
      wire signed [PRODUCT_BITS+1:0] signed_product =
          product_is_negative ? -$signed({2'b0, product}) : $signed({2'b0, product});
      always @(posedge clk) held_product <= signed_product;
      wire signed [PRODUCT_BITS+1:0] both = signed_product + held_product;
      wire signed [PRODUCT_BITS+1:0] both_magnitude = both[PRODUCT_BITS+1] ? -both : both;
      wire unused_top = both_magnitude[PRODUCT_BITS+1];
      assign rounded_product = is_addition ? both_magnitude[PRODUCT_BITS:0] : {1'b0, product};
      assign rounded_is_negative = is_addition ? both[PRODUCT_BITS+1] : product_is_negative;
      assign is_exact = is_addition;
    end else begin : no_additions
      assign operand = total;
      assign rounded_product = {1'b0, product};
      assign rounded_is_negative = product_is_negative;
      assign is_exact = 1'b0;
      wire [1:0] unused = {is_addition, is_second};
    end
  endgenerate

  wire [9:0] rounded;
  rounder #(.PRODUCT_BITS(PRODUCT_BITS)) round (
      .product(rounded_product), .shift(shift), .is_exact(is_exact), .rounded(rounded));

  wire signed [10:0] with_zero = (rounded_is_negative ? -$signed({1'b0, rounded}) : $signed({1'b0, rounded}))
                               + $signed({{3{zero_point[7]}}, zero_point});
  always @(posedge clk)
    if (with_zero < $signed({{3{lower[7]}}, lower})) y <= lower;
    else if (with_zero > $signed({{3{upper[7]}}, upper})) y <= upper;
    else y <= with_zero[7:0];
endmodule
