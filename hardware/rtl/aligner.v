// The activations under one tap of LANES pixels: LANES bytes out of two neighbouring words, from any byte on. Lanes
// outside of the image get the zero point. Where one read does not reach all pixels, several are merged.
//   is_odd:  the first word is that of the odd bank
//   is_start: the first read of a tap
//   mask[i]: this read has lane i's pixel
//   is_direct: take `direct_word`, which is aligned already, instead
module aligner #(
    parameter LANES = 16,
    parameter SHIFT_BITS = 4
) (
    input  wire                  clk,
    input  wire                  enable,
    input  wire                  is_direct,
    input  wire [8*LANES-1:0]    direct_word,
    input  wire                  is_start,
    input  wire                  is_odd,
    input  wire [SHIFT_BITS-1:0] shift,
    input  wire [LANES-1:0]      mask,
    input  wire [7:0]            pad,
    input  wire [8*LANES-1:0]    even_word,
    input  wire [8*LANES-1:0]    odd_word,
    output reg  [8*LANES-1:0]    x
);
  wire [16*LANES-1:0] pair = is_odd ? {even_word, odd_word} : {odd_word, even_word};
  wire [16*LANES-1:0] moved = pair >> {shift, 3'b000};
  wire [8*LANES-1:0] unused = moved[16*LANES-1:8*LANES];

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : lane
      always @(posedge clk)
        if (enable) begin
          if (is_direct) x[8*i+:8] <= direct_word[8*i+:8];
          else if (mask[i]) x[8*i+:8] <= moved[8*i+:8];
          else if (is_start) x[8*i+:8] <= pad;
        end
    end
  endgenerate
endmodule
