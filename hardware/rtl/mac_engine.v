// The MAC engine: full-precision filters, depthwise layers, pools and additions. It runs its own program; each
// instruction is a layer, or the full-precision part of one.
//
// Two ways to go through a layer, for each group of LANES pixels:
//   filters  the words of a patch (channels x taps) stream from the activation memory through the aligner to the lanes
//            and into the tile, for the first MACS filters; the tile gives them to all others
//   taps     every channel is a row of its own: its taps stream from the activation memory (depthwise; pools, with
//            weights of one; additions, whose taps are the two operands)
// Stages: 0 issue, 1 addresses, 2 memories give words, 3 lanes, 4 sums are held.
module mac_engine #(
    parameter LANES           = 16,
    parameter MACS            = 1,
    parameter RATE            = 1,
    parameter SUM_BITS        = 24,
    parameter MULTIPLIER_BITS = 24,
    parameter ADDITIONS       = 0,
    parameter ROW_BITS        = 16,
    parameter TILE_BITS       = 10,
    parameter ADDRESS_BITS    = 20
) (
    input  wire                                clk,
    input  wire                                reset,
    // program
    output wire [ADDRESS_BITS-1:0]             program_address,
    input  wire [63:0]                         program_word,
    input  wire [15:0]                         other_done,
    output reg  [15:0]                         done,
    output wire                                halted,
    // access table
    output wire [ADDRESS_BITS-1:0]             table_address,
    input  wire [LANES+31:0]                   table_word,
    // weights
    output wire                                weight_read,
    output wire [ADDRESS_BITS-1:0]             weight_address,
    input  wire [8*MACS-1:0]                   weight_word,
    // parameters of rows
    output wire                                parameter_read,
    output wire [ADDRESS_BITS-1:0]             parameter_address,
    input  wire [ROW_BITS+SUM_BITS+MULTIPLIER_BITS+5:0] parameter_word,
    // tile
    output wire                                tile_read,
    output wire [TILE_BITS-1:0]                tile_read_address,
    input  wire [8*LANES-1:0]                  tile_word,
    output wire                                tile_write,
    output wire [TILE_BITS-1:0]                tile_write_address,
    output wire [8*LANES-1:0]                  tile_data,
    // activation memory, two banks
    output wire                                activation_read,
    output wire [ROW_BITS-1:0]                 even_row,
    output wire [ROW_BITS-1:0]                 odd_row,
    input  wire [8*LANES-1:0]                  even_word,
    input  wire [8*LANES-1:0]                  odd_word,
    output wire                                activation_write,
    output wire                                write_odd,
    output wire [8*LANES-1:0]                  activation_data,
    // scores
    output wire                                score_write,
    output wire [ADDRESS_BITS-1:0]             score_address,
    output wire [SUM_BITS-1:0]                 score
);
  localparam SHIFT_BITS = LANES > 1 ? $clog2(LANES) : 1;
  localparam WORDS = 6;
  localparam STEPS = LANES / RATE;

  // ---- the instruction
  reg [64*WORDS-1:0] instruction;
  wire is_run = instruction[0];
  wire is_taps = instruction[2];
  wire uses_table = instruction[3];
  wire is_raw = instruction[4];
  wire is_addition = instruction[5];
  wire [7:0] pad = instruction[15:8];
  wire [7:0] zero_point = instruction[23:16];
  wire [7:0] lower = instruction[31:24];
  wire [7:0] upper = instruction[39:32];
  wire [15:0] wait_for = instruction[63:48];
  wire [15:0] groups = instruction[64+:16];
  wire [15:0] rows = instruction[80+:16];
  wire [15:0] channels = instruction[96+:16];
  wire [15:0] words = instruction[112+:16];
  wire [31:0] x_base = instruction[128+:32];
  wire [15:0] x_step = instruction[160+:16];
  wire [15:0] reads = instruction[176+:16];
  wire [31:0] y_base = instruction[192+:32];
  wire [MULTIPLIER_BITS-1:0] second_multiplier = instruction[224+:MULTIPLIER_BITS];
  wire [31:0] table_base = instruction[256+:32];
  wire [31:0] weight_base = instruction[288+:32];
  wire [31:0] parameter_base = instruction[320+:32];
  wire [31:0] score_base = instruction[352+:32];

  // ---- sequencer
  localparam [2:0] FETCH = 0, DECODE = 1, START = 2, RUN = 3, GAP = 4, DRAIN = 5, HALT = 6;
  reg [2:0] state;
  reg [ADDRESS_BITS-1:0] pc;
  reg [2:0] fetched;
  reg [15:0] group;
  reg [15:0] row;
  reg [15:0] channel;
  reg [15:0] read;
  reg [15:0] word_index;
  reg [1:0] gap;
  reg slot;
  reg [ROW_BITS-1:0] channel_row;
  reg [ADDRESS_BITS-1:0] entry;
  reg [ADDRESS_BITS-1:0] group_entry;
  reg [9:0] hold_wait;

  assign program_address = pc;
  assign halted = state == HALT;

  wire [15:0] rows_a_time = MACS[15:0];
  wire [15:0] rows_left = rows - row;
  wire [15:0] row_count = is_taps ? 16'd1 : rows_left > rows_a_time ? rows_a_time : rows_left;
  wire is_last_row = rows_left <= (is_taps ? 16'd1 : rows_a_time);
  wire is_stream = is_taps || row == 16'd0;
  wire is_last_read = read + 16'd1 == reads;
  wire is_last_channel = channel + 16'd1 == channels;
  wire ends_row = is_stream ? is_last_read && (is_taps || is_last_channel) : word_index + 16'd1 == words;
  wire stalls = ends_row && hold_wait != 10'd0;
  wire issues = state == RUN && !slot && !stalls;
  wire is_last_group = group + 16'd1 == groups;
  wire busy;

  wire [9:0] hold_steps = (is_addition ? 10'd2 : 10'd1) * STEPS[9:0] * row_count[9:0];

  always @(posedge clk)
    if (reset) begin
      state <= FETCH;
      pc <= {ADDRESS_BITS{1'b0}};
      fetched <= 3'd0;
      done <= 16'd0;
      hold_wait <= 10'd0;
      slot <= 1'b0;
      group <= 16'd0;
      row <= 16'd0;
      channel <= 16'd0;
      read <= 16'd0;
      word_index <= 16'd0;
      gap <= 2'd0;
      channel_row <= {ROW_BITS{1'b0}};
      entry <= {ADDRESS_BITS{1'b0}};
      group_entry <= {ADDRESS_BITS{1'b0}};
      instruction <= {64 * WORDS{1'b0}};
    end else begin
      if (hold_wait != 10'd0) hold_wait <= hold_wait - 10'd1;
      case (state)
        // a word arrives the cycle after its address
        FETCH: begin
          if (fetched != 3'd0) instruction <= {program_word, instruction[64*WORDS-1:64]};
          if (fetched == WORDS[2:0]) begin
            fetched <= 3'd0;
            state <= DECODE;
          end else begin
            fetched <= fetched + 3'd1;
            pc <= pc + 1'b1;
          end
        end
        DECODE: begin
          group <= 16'd0;
          if (!is_run) state <= HALT;
          else if (other_done >= wait_for) state <= START;
        end
        START: begin
          row <= 16'd0;
          channel <= 16'd0;
          read <= 16'd0;
          word_index <= 16'd0;
          channel_row <= x_base[ROW_BITS-1:0];
          if (group == 16'd0) begin
            entry <= table_base[ADDRESS_BITS-1:0];
            group_entry <= table_base[ADDRESS_BITS-1:0];
          end
          state <= RUN;
        end
        RUN:
        if (slot) slot <= 1'b0;
        else if (issues) begin
          if (is_stream) begin
            read <= is_last_read ? 16'd0 : read + 16'd1;
            entry <= is_last_read ? group_entry : entry + 1'b1;
            if (is_last_read) begin
              channel <= channel + 16'd1;
              channel_row <= channel_row + x_step[ROW_BITS-1:0];
            end
          end
          word_index <= ends_row ? 16'd0 : word_index + 16'd1;
          if (ends_row) begin
            hold_wait <= hold_steps - 10'd1;
            row <= row + row_count;
            slot <= is_taps;
            if (!is_taps && row == 16'd0) state <= GAP;
            if (is_last_row) begin
              group <= group + 16'd1;
              group_entry <= group_entry + {{(ADDRESS_BITS - 16) {1'b0}}, reads};
              entry <= group_entry + {{(ADDRESS_BITS - 16) {1'b0}}, reads};
              if (is_taps && !is_last_group) begin
                row <= 16'd0;
                channel <= 16'd0;
                channel_row <= x_base[ROW_BITS-1:0];
                state <= RUN;
              end else state <= DRAIN;
            end
          end
        end
        // the tile has the patch before it is read
        GAP: begin
          gap <= gap + 2'd1;
          if (gap == 2'd2) begin
            gap <= 2'd0;
            state <= RUN;
          end
        end
        DRAIN: begin
          slot <= 1'b0;
          if (!busy) begin
            if (group == groups) begin
              done <= done + 16'd1;
              state <= FETCH;
            end else state <= START;
          end
        end
        default: state <= HALT;
      endcase
    end

  // ---- stage 1: addresses
  reg s1_valid, s1_stream, s1_ends, s1_first;
  reg [15:0] s1_word;
  reg [3:0] s1_count;
  reg [ROW_BITS-1:0] s1_row;
  reg [15:0] s1_group;
  reg is_first;
  always @(posedge clk)
    if (reset) begin
      s1_valid <= 1'b0;
      is_first <= 1'b1;
    end else begin
      s1_valid <= issues;
      if (issues) is_first <= ends_row;
    end
  always @(posedge clk) begin
    s1_stream <= is_stream;
    s1_ends   <= ends_row;
    s1_word   <= word_index;
    s1_count  <= row_count[3:0];
    s1_row    <= channel_row;
    s1_group  <= group;
    s1_first  <= is_first;
  end
  assign table_address = entry;

  wire fires_by_table = table_word[0];
  wire entry_odd = table_word[1];
  wire entry_start = table_word[2];
  wire [SHIFT_BITS-1:0] entry_shift = table_word[3+:SHIFT_BITS];
  wire [15:0] entry_offset = table_word[24:9];
  wire [LANES-1:0] entry_mask = table_word[32+:LANES];

  wire s1_fires = !s1_stream || !uses_table || fires_by_table;
  wire s1_odd = uses_table ? entry_odd : s1_group[0];
  wire [15:0] s1_offset = uses_table ? entry_offset : {1'b0, s1_group[15:1]};
  wire [ROW_BITS-1:0] s1_base = s1_row + s1_offset[ROW_BITS-1:0];

  // ---- stage 2: words
  reg s2_valid, s2_stream, s2_ends, s2_fires, s2_first, s2_odd, s2_start;
  reg [SHIFT_BITS-1:0] s2_shift;
  reg [LANES-1:0] s2_mask;
  reg [3:0] s2_count;
  // the first product of a row starts its sum; with several reads for a tap it is not the first read
  reg s1_started;
  wire s1_starts = s1_fires && (s1_first || !s1_started);
  always @(posedge clk)
    if (reset) s1_started <= 1'b0;
    else if (s1_valid) s1_started <= (s1_fires || (s1_started && !s1_first)) && !s1_ends;
  always @(posedge clk)
    if (reset) s2_valid <= 1'b0;
    else s2_valid <= s1_valid;
  always @(posedge clk) begin
    s2_stream <= s1_stream;
    s2_ends   <= s1_ends;
    s2_fires  <= s1_fires;
    s2_first  <= s1_starts;
    s2_odd    <= s1_odd;
    s2_start  <= !uses_table || entry_start;
    s2_shift  <= uses_table ? entry_shift : {SHIFT_BITS{1'b0}};
    s2_mask   <= uses_table ? entry_mask : {LANES{1'b1}};
    s2_count  <= s1_count;
  end

  wire [8*LANES-1:0] x;
  aligner #(.LANES(LANES), .SHIFT_BITS(SHIFT_BITS)) align (
      .clk(clk), .enable(s2_valid), .is_direct(!s2_stream), .direct_word(tile_word), .is_start(s2_start),
      .is_odd(s2_odd), .shift(s2_shift), .mask(s2_mask), .pad(pad),
      .even_word(even_word), .odd_word(odd_word), .x(x));

  // ---- stage 3: lanes
  reg s3_valid, s3_ends, s3_first, s3_stream;
  reg [3:0] s3_count;
  reg [8*MACS-1:0] weights;
  always @(posedge clk)
    if (reset) s3_valid <= 1'b0;
    else s3_valid <= s2_valid && s2_fires;
  always @(posedge clk) begin
    s3_ends   <= s2_valid && s2_ends;
    s3_first  <= s2_first;
    s3_stream <= s2_stream;
    s3_count  <= s2_count;
    if (s2_fires) weights <= weight_word;
  end

  // ---- stage 4: sums of finished rows are held
  reg s4_ends;
  reg [3:0] s4_count;
  always @(posedge clk)
    if (reset) s4_ends <= 1'b0;
    else s4_ends <= s3_ends;
  always @(posedge clk) s4_count <= s3_count;

  wire [SUM_BITS*LANES*MACS-1:0] sums;
  genvar i, m;
  generate
    for (m = 0; m < MACS; m = m + 1) begin : filter
      for (i = 0; i < LANES; i = i + 1) begin : pixel
        mac_lane #(.ACC_BITS(SUM_BITS)) multiply (
            .clk(clk), .enable(s3_valid), .first(s3_first), .x(x[8*i+:8]), .weight(weights[8*m+:8]),
            .sum(sums[SUM_BITS*(m*LANES+i)+:SUM_BITS]));
      end
    end
  endgenerate

  // ---- tile
  reg [TILE_BITS-1:0] tile_at;
  assign tile_read = s1_valid && !s1_stream;
  assign tile_read_address = s1_word[TILE_BITS-1:0];
  assign tile_write = s3_valid && s3_stream && !is_taps;
  assign tile_write_address = tile_at;
  assign tile_data = x;
  always @(posedge clk)
    if (state == START) tile_at <= {TILE_BITS{1'b0}};
    else if (tile_write) tile_at <= tile_at + 1'b1;

  // ---- weights and parameters: in the order of use, from the start for every group
  reg [ADDRESS_BITS-1:0] weight_at;
  reg [ADDRESS_BITS-1:0] parameter_at;
  reg [15:0] weight_rows;
  wire is_group_end = s1_valid && s1_ends && weight_rows + {12'd0, s1_count} == rows;
  assign weight_read = s1_valid && s1_fires;
  assign weight_address = weight_at;
  always @(posedge clk)
    if (state == START) begin
      weight_at   <= weight_base[ADDRESS_BITS-1:0];
      weight_rows <= 16'd0;
    end else if (s1_valid) begin
      if (s1_ends) weight_rows <= is_group_end ? 16'd0 : weight_rows + {12'd0, s1_count};
      if (is_group_end) weight_at <= weight_base[ADDRESS_BITS-1:0];
      else if (s1_fires) weight_at <= weight_at + 1'b1;
    end

  reg [15:0] parameter_rows;
  assign parameter_address = parameter_at;
  always @(posedge clk)
    if (state == START) begin
      parameter_at   <= parameter_base[ADDRESS_BITS-1:0];
      parameter_rows <= 16'd0;
    end else if (parameter_read) begin
      if (parameter_rows + 16'd1 == rows) begin
        parameter_at   <= parameter_base[ADDRESS_BITS-1:0];
        parameter_rows <= 16'd0;
      end else begin
        parameter_at   <= parameter_at + 1'b1;
        parameter_rows <= parameter_rows + 16'd1;
      end
    end

  // ---- output
  wire has_word, has_score, output_busy;
  wire [ROW_BITS-1:0] offset;
  wire [8*LANES-1:0] word;
  row_output #(
      .LANES(LANES), .ROWS(MACS), .RATE(RATE), .SUM_BITS(SUM_BITS), .MULTIPLIER_BITS(MULTIPLIER_BITS),
      .ADDITIONS(ADDITIONS), .ROW_BITS(ROW_BITS)
  ) out (
      .clk(clk), .reset(reset), .load(s4_ends), .row_count(s4_count), .sums(sums), .is_raw(is_raw),
      .is_addition(is_addition), .second_multiplier(second_multiplier), .zero_point(zero_point), .lower(lower), .upper(upper),
      .parameter_read(parameter_read), .parameters(parameter_word), .offset(offset), .has_word(has_word), .word(word),
      .taken(activation_write), .has_score(has_score), .score(score), .busy(output_busy));
  assign busy = s1_valid || s2_valid || s3_valid || s3_ends || s4_ends || output_busy;

  // a word for each row of a group
  reg [15:0] y_rows;
  reg [15:0] y_group;
  wire [ROW_BITS-1:0] y_row = y_base[ROW_BITS-1:0] + {{(ROW_BITS - 15) {1'b0}}, y_group[15:1]} + offset;
  assign activation_read = s1_valid && s1_stream;
  assign activation_write = has_word && !activation_read;
  assign write_odd = y_group[0];
  assign even_row = activation_read ? s1_base + {{(ROW_BITS - 1) {1'b0}}, s1_odd} : y_row;
  assign odd_row = activation_read ? s1_base : y_row;
  assign activation_data = word;
  always @(posedge clk)
    if (state == DECODE) begin
      y_rows  <= 16'd0;
      y_group <= 16'd0;
    end else if (activation_write) begin
      y_rows <= y_rows + 16'd1 == rows ? 16'd0 : y_rows + 16'd1;
      if (y_rows + 16'd1 == rows) y_group <= y_group + 16'd1;
    end

  reg [ADDRESS_BITS-1:0] score_at;
  assign score_write = has_score;
  assign score_address = score_at;
  always @(posedge clk)
    if (state == DECODE) score_at <= score_base[ADDRESS_BITS-1:0];
    else if (has_score) score_at <= score_at + 1'b1;

  wire unused = &{1'b0, instruction[1], instruction[7:6], instruction[47:40], instruction[255:224], x_base, y_base,
                  table_base, weight_base, parameter_base, score_base, x_step, reads, table_word[31:25],
                  table_word[8:3], s1_word, s1_offset};
endmodule
