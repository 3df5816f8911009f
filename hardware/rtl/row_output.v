// What follows the sums of finished rows: they are held, requantized RATE lanes a cycle, and collected to a word of
// LANES bytes, which waits for `taken`. Raw rows give the biased sum of lane 0 as a score instead.
//
// `load` takes the sums of `row_count` rows, at the earliest in the cycle in which the last value of the ones before is
// read (`count` cycles after their `load`, where count is row_count * LANES / RATE, twice that for additions).
module row_output #(
    parameter LANES           = 16,
    parameter ROWS            = 1,
    parameter RATE            = 1,
    parameter SUM_BITS        = 24,
    parameter MULTIPLIER_BITS = 24,
    parameter ADDITIONS       = 0,
    parameter ROW_BITS        = 16,
    // whether a word may have to wait while the next one is collected
    parameter BUFFERED        = 1
) (
    input  wire                               clk,
    input  wire                               reset,
    input  wire                               load,
    input  wire [3:0]                         row_count,
    input  wire [SUM_BITS*LANES*ROWS-1:0]     sums,
    input  wire                               is_raw,
    input  wire                               is_addition,
    // of the second operand of additions
    input  wire [MULTIPLIER_BITS-1:0]         second_multiplier,
    input  wire signed [7:0]                  zero_point,
    input  wire signed [7:0]                  lower,
    input  wire signed [7:0]                  upper,
    // {offset, shift, multiplier, bias} of the next row, the cycle after `parameter_read`
    output wire                               parameter_read,
    input  wire [ROW_BITS+SUM_BITS+MULTIPLIER_BITS+5:0] parameters,
    // where the row's words go
    output reg  [ROW_BITS-1:0]                offset,
    output reg                                has_word,
    output wire [8*LANES-1:0]                 word,
    input  wire                               taken,
    output reg                                has_score,
    output wire [SUM_BITS-1:0]                score,
    output wire                               busy
);
  localparam STEPS = LANES / RATE;
  localparam STEP_BITS = STEPS > 1 ? $clog2(STEPS) : 1;
  localparam [STEP_BITS-1:0] LAST_STEP = STEPS[STEP_BITS-1:0] - 1'b1;

  reg active;
  reg second;
  reg [STEP_BITS-1:0] step;
  reg [3:0] rows_left;
  wire advance = active && (!is_addition || second);
  wire ends_row = advance && step == LAST_STEP;
  wire ends = ends_row && rows_left == 4'd1;

  assign parameter_read = load || (ends_row && !ends);

  always @(posedge clk)
    if (reset) begin
      active <= 1'b0;
      second <= 1'b0;
      step <= {STEP_BITS{1'b0}};
      rows_left <= 4'd0;
    end else if (load) begin
      active <= 1'b1;
      second <= 1'b0;
      step <= {STEP_BITS{1'b0}};
      rows_left <= row_count;
    end else if (active) begin
      second <= is_addition && !second;
      if (advance) step <= ends_row ? {STEP_BITS{1'b0}} : step + 1'b1;
      if (ends_row) rows_left <= rows_left - 4'd1;
      if (ends) active <= 1'b0;
    end

  wire [SUM_BITS*RATE-1:0] values;
  row_hold #(.LANES(LANES), .ROWS(ROWS), .RATE(RATE), .BITS(SUM_BITS)) hold (
      .clk(clk), .load(load), .advance(advance), .sums(sums), .values(values));

  reg [2:0] valid;
  reg [2:0] ending;

  // the parameters follow the values through the requantizers
  reg [MULTIPLIER_BITS-1:0] multiplier;
  reg [5:0] shift_before;
  reg [5:0] shift;
  reg [ROW_BITS-1:0] offset_1, offset_2, offset_3;
  always @(posedge clk) begin
    multiplier   <= ADDITIONS != 0 && is_addition && second ? second_multiplier
                                                            : parameters[SUM_BITS+:MULTIPLIER_BITS];
    shift_before <= parameters[SUM_BITS+MULTIPLIER_BITS+:6];
    shift        <= shift_before;
    offset_1     <= parameters[SUM_BITS+MULTIPLIER_BITS+6+:ROW_BITS];
    offset_2     <= offset_1;
    offset_3     <= offset_2;
    if (ending[2]) offset <= offset_3;
  end

  wire [8*RATE-1:0] bytes;
  wire [SUM_BITS*RATE-1:0] biased;
  genvar i;
  generate
    for (i = 0; i < RATE; i = i + 1) begin : unit
      requantizer #(.SUM_BITS(SUM_BITS), .MULTIPLIER_BITS(MULTIPLIER_BITS), .ADDITIONS(ADDITIONS)) requantize (
          .clk(clk), .is_addition(is_addition), .is_second(second),
          .sum(values[SUM_BITS*i+:SUM_BITS]), .bias(parameters[SUM_BITS-1:0]),
          .multiplier(multiplier), .shift(shift),
          .zero_point(zero_point), .lower(lower), .upper(upper),
          .biased(biased[SUM_BITS*i+:SUM_BITS]), .y(bytes[8*i+:8]));
    end
    if (RATE > 1) begin : only_lane_0_has_scores
      wire [SUM_BITS*(RATE-1)-1:0] unused = biased[SUM_BITS*RATE-1:SUM_BITS];
    end
  endgenerate
  wire unused_multiplier = &{1'b0, second_multiplier};
  assign score = biased[SUM_BITS-1:0];

  always @(posedge clk)
    if (reset) begin
      valid     <= 3'd0;
      ending    <= 3'd0;
      has_word  <= 1'b0;
      has_score <= 1'b0;
    end else begin
      valid     <= {valid[1:0], advance && !is_raw};
      ending    <= {ending[1:0], ends_row && !is_raw};
      has_word  <= ending[2] || (has_word && !taken);
      has_score <= is_raw && advance && step == {STEP_BITS{1'b0}};
    end

  reg  [8*LANES-1:0] collected;
  wire [8*LANES-1:0] collecting;
  generate
    if (RATE == LANES) begin : whole_word
      assign collecting = bytes;
    end else begin : part_of_word
      assign collecting = {bytes, collected[8*LANES-1:8*RATE]};
    end
    if (BUFFERED != 0) begin : buffered
      reg [8*LANES-1:0] complete;
      always @(posedge clk) if (ending[2]) complete <= collecting;
      assign word = complete;
    end else begin : direct
      assign word = collected;
    end
  endgenerate
  always @(posedge clk) if (valid[2]) collected <= collecting;
  wire unused_collected = &{1'b0, collected};

  assign busy = active || valid != 3'd0 || has_word || has_score;

`ifndef SYNTHESIS
  always @(posedge clk)
    if (!reset && ending[2] && has_word && !taken) begin
      $display("error: a word was lost");
      $finish;
    end
`endif
endmodule
