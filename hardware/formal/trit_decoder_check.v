// Proves `trit_decoder` for all bytes that hold five trits: `holds` is always 1. trits: {present, negative} of each.
module trit_decoder_check (
    input  wire [9:0] trits,
    output wire       holds
);
  // of an absent trit the sign says nothing
  function [7:0] digit(input [1:0] trit);
    digit = !trit[1] ? 8'd1 : trit[0] ? 8'd0 : 8'd2;
  endfunction
  wire [7:0] packed_trits = digit(trits[1:0]) + 8'd3 * digit(trits[3:2]) + 8'd9 * digit(trits[5:4])
                          + 8'd27 * digit(trits[7:6]) + 8'd81 * digit(trits[9:8]);
  wire [4:0] present, negative;
  trit_decoder dut (.packed_trits(packed_trits), .present(present), .negative(negative));
  wire [4:0] expected = {trits[9], trits[7], trits[5], trits[3], trits[1]};
  wire [4:0] signs = {trits[8], trits[6], trits[4], trits[2], trits[0]};
  assign holds = present == expected && (negative & present) == (signs & present);
endmodule
