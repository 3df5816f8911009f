// The adder engine: ternary filters. It runs its own program; each instruction is the ternary part of a layer. For each
// group of LANES pixels:
//   load    the patch (channels x taps words) goes from the activation memory, through the aligner, into the tile
//   first   rows of Wb: hidden units, requantized (which is the product with a) and written into the tile;
//           or the rows of a ternary layer of one matrix, written to the activation memory
//   second  rows of Wc, of the hidden units in the tile, written to the activation memory
// LISTS: the non-zeros of one row at a time, from INPUTS lists (list_decoder). Otherwise dense trits of ADDERS rows at a
// time, INPUTS words a cycle. The tile has INPUTS banks; a word is in COPIES of them.
// Stages of rows: 0 issue, 1 list or trits, addresses, 2 lanes, 3 sums are held.
module adder_engine #(
    parameter LANES           = 16,
    parameter ADDERS          = 1,
    parameter INPUTS          = 4,
    parameter COPIES          = 1,
    parameter LISTS           = 1,
    parameter FIVE_TRITS      = 0,
    parameter RATE            = 2,
    parameter SUM_BITS        = 20,
    parameter MULTIPLIER_BITS = 24,
    parameter ROW_BITS        = 16,
    parameter TILE_BITS       = 9,
    parameter GAP_BITS        = 5,
    parameter ADDRESS_BITS    = 20,
    parameter ENTRY_BITS      = 25
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
    // lists, {ends, entries}, or trits
    output wire                                weight_read,
    output wire [ADDRESS_BITS-1:0]             weight_address,
    input  wire [ENTRY_BITS-1:0]               weight_word,
    // parameters of rows
    output wire                                parameter_read,
    output wire [ADDRESS_BITS-1:0]             parameter_address,
    input  wire [ROW_BITS+SUM_BITS+MULTIPLIER_BITS+5:0] parameter_word,
    // tile: a bank for each input
    output wire                                tile_read,
    output wire [TILE_BITS*INPUTS-1:0]         tile_read_rows,
    input  wire [8*LANES*INPUTS-1:0]           tile_words,
    output wire [INPUTS-1:0]                   tile_write,
    output wire [TILE_BITS-1:0]                tile_write_row,
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
  localparam WORDS = 9;
  localparam STEPS = LANES / RATE;
  localparam SETS = INPUTS / COPIES;

  // ---- the instruction
  reg [64*WORDS-1:0] instruction;
  wire is_run = instruction[0];
  wire has_second = instruction[2];
  wire uses_table = instruction[3];
  wire is_raw_layer = instruction[4];
  wire [7:0] pad = instruction[15:8];
  wire [15:0] wait_for = instruction[63:48];
  wire [15:0] groups = instruction[64+:16];
  wire [15:0] first_rows = instruction[80+:16];
  wire [15:0] second_rows = instruction[96+:16];
  wire [15:0] channels = instruction[112+:16];
  wire [31:0] x_base = instruction[128+:32];
  wire [15:0] x_step = instruction[160+:16];
  wire [15:0] reads = instruction[176+:16];
  wire [31:0] y_base = instruction[192+:32];
  wire [15:0] hidden_row = instruction[240+:16];
  wire [31:0] table_base = instruction[256+:32];
  wire [15:0] first_words = instruction[288+:16];
  wire [15:0] second_words = instruction[304+:16];
  wire [31:0] first_weights = instruction[320+:32];
  wire [31:0] second_weights = instruction[352+:32];
  wire [31:0] first_parameters = instruction[384+:32];
  wire [31:0] second_parameters = instruction[416+:32];
  wire [31:0] score_base = instruction[448+:32];
  wire [7:0] first_zero = instruction[512+:8];
  wire [7:0] first_lower = instruction[520+:8];
  wire [7:0] first_upper = instruction[528+:8];
  wire [7:0] second_zero = instruction[536+:8];
  wire [7:0] second_lower = instruction[544+:8];
  wire [7:0] second_upper = instruction[552+:8];

  // ---- sequencer
  localparam [3:0] FETCH = 0, DECODE = 1, START = 2, LOAD = 3, LOADED = 4, ROWS = 5, ROWS_OUT = 6, HALT = 7;
  reg [3:0] state;
  reg [ADDRESS_BITS-1:0] pc;
  reg [3:0] fetched;
  reg [15:0] group;
  reg [15:0] channel;
  reg [15:0] read;
  reg [ROW_BITS-1:0] channel_row;
  reg [ADDRESS_BITS-1:0] entry;
  reg is_second;
  reg [15:0] row;
  reg [9:0] hold_wait;

  assign program_address = pc;
  assign halted = state == HALT;

  wire is_last_read = read + 16'd1 == reads;
  wire is_last_channel = channel + 16'd1 == channels;
  wire loads = state == LOAD;
  wire busy;

  wire [15:0] rows = is_second ? second_rows : first_rows;
  wire [15:0] row_words = is_second ? second_words : first_words;
  wire [15:0] rows_a_time = ADDERS[15:0];
  wire [15:0] rows_left = rows - row;
  wire [15:0] row_count = rows_left > rows_a_time ? rows_a_time : rows_left;
  wire is_last_row = rows_left <= rows_a_time;
  wire is_to_tile = has_second && !is_second;
  wire is_raw = is_raw_layer && !is_to_tile;

  // stage 1 of rows; it waits with the last entry of a row until the sums before are out
  reg s1_valid;
  reg [15:0] s1_word;
  wire s1_ends;
  wire stalls = s1_valid && s1_ends && hold_wait != 10'd0;
  wire s1_goes = s1_valid && !stalls;
  wire s1_finishes = s1_goes && s1_ends && is_last_row;
  wire issues = state == ROWS && !stalls && !s1_finishes;
  wire [9:0] hold_steps = STEPS[9:0] * row_count[9:0];

  always @(posedge clk)
    if (reset) begin
      state <= FETCH;
      pc <= {ADDRESS_BITS{1'b0}};
      fetched <= 4'd0;
      done <= 16'd0;
      hold_wait <= 10'd0;
      group <= 16'd0;
      channel <= 16'd0;
      read <= 16'd0;
      row <= 16'd0;
      is_second <= 1'b0;
      s1_valid <= 1'b0;
      s1_word <= 16'd0;
      channel_row <= {ROW_BITS{1'b0}};
      entry <= {ADDRESS_BITS{1'b0}};
      instruction <= {64 * WORDS{1'b0}};
    end else begin
      if (hold_wait != 10'd0) hold_wait <= hold_wait - 10'd1;
      if (s1_goes) begin
        s1_word <= s1_ends ? 16'd0 : s1_word + 16'd1;
        if (s1_ends) begin
          hold_wait <= hold_steps - 10'd1;
          row <= row + row_count;
        end
      end
      if (!stalls) s1_valid <= issues;
      case (state)
        FETCH: begin
          if (fetched != 4'd0) instruction <= {program_word, instruction[64*WORDS-1:64]};
          if (fetched == WORDS[3:0]) begin
            fetched <= 4'd0;
            state <= DECODE;
          end else begin
            fetched <= fetched + 4'd1;
            pc <= pc + 1'b1;
          end
        end
        DECODE: begin
          group <= 16'd0;
          entry <= table_base[ADDRESS_BITS-1:0];
          if (!is_run) state <= HALT;
          else if (other_done >= wait_for) state <= START;
        end
        START: begin
          channel <= 16'd0;
          read <= 16'd0;
          channel_row <= x_base[ROW_BITS-1:0];
          is_second <= 1'b0;
          row <= 16'd0;
          state <= LOAD;
        end
        LOAD: begin
          read <= is_last_read ? 16'd0 : read + 16'd1;
          if (is_last_read) begin
            channel <= channel + 16'd1;
            channel_row <= channel_row + x_step[ROW_BITS-1:0];
            // the next group's reads follow
            if (is_last_channel) begin
              entry <= entry + 1'b1;
              state <= LOADED;
            end else entry <= entry - {{(ADDRESS_BITS - 16) {1'b0}}, reads} + 1'b1;
          end else entry <= entry + 1'b1;
        end
        LOADED: if (!busy) state <= ROWS;
        ROWS: if (s1_finishes) state <= ROWS_OUT;
        ROWS_OUT:
        if (!busy) begin
          row <= 16'd0;
          if (has_second && !is_second) begin
            is_second <= 1'b1;
            state <= ROWS;
          end else if (group + 16'd1 == groups) begin
            done <= done + 16'd1;
            state <= FETCH;
          end else begin
            group <= group + 16'd1;
            state <= START;
          end
        end
        default: state <= HALT;
      endcase
    end

  // ---- load: the stages of the MAC engine's stream
  reg l1_valid, l2_valid, l3_valid;
  reg [ROW_BITS-1:0] l1_row;
  assign table_address = entry;
  wire l1_fires = !uses_table || table_word[0];
  wire l1_odd = uses_table ? table_word[1] : group[0];
  wire [15:0] l1_offset = uses_table ? table_word[24:9] : {1'b0, group[15:1]};
  wire [ROW_BITS-1:0] l1_base = l1_row + l1_offset[ROW_BITS-1:0];
  reg l2_fires, l2_odd, l2_start;
  reg [SHIFT_BITS-1:0] l2_shift;
  reg [LANES-1:0] l2_mask;
  always @(posedge clk)
    if (reset) begin
      l1_valid <= 1'b0;
      l2_valid <= 1'b0;
      l3_valid <= 1'b0;
    end else begin
      l1_valid <= loads;
      l2_valid <= l1_valid;
      l3_valid <= l2_valid && l2_fires;
    end
  always @(posedge clk) begin
    l1_row   <= channel_row;
    l2_fires <= l1_fires;
    l2_odd   <= l1_odd;
    l2_start <= !uses_table || table_word[2];
    l2_shift <= uses_table ? table_word[3+:SHIFT_BITS] : {SHIFT_BITS{1'b0}};
    l2_mask  <= uses_table ? table_word[32+:LANES] : {LANES{1'b1}};
  end
  wire [8*LANES-1:0] x;
  aligner #(.LANES(LANES), .SHIFT_BITS(SHIFT_BITS)) align (
      .clk(clk), .enable(l2_valid), .is_direct(1'b0), .direct_word({8 * LANES{1'b0}}), .is_start(l2_start),
      .is_odd(l2_odd), .shift(l2_shift), .mask(l2_mask), .pad(pad),
      .even_word(even_word), .odd_word(odd_word), .x(x));

  // ---- rows: weights in the order of use
  reg [ADDRESS_BITS-1:0] weight_at;
  assign weight_read = issues;
  assign weight_address = weight_at;
  always @(posedge clk)
    if (state == LOADED) weight_at <= first_weights[ADDRESS_BITS-1:0];
    else if (state == ROWS_OUT) weight_at <= second_weights[ADDRESS_BITS-1:0];
    else if (issues) weight_at <= weight_at + 1'b1;

  wire [INPUTS*ADDERS-1:0] add;
  wire [INPUTS*ADDERS-1:0] subtract;
  wire [TILE_BITS-1:0] base = is_second ? hidden_row[TILE_BITS-1:0] : {TILE_BITS{1'b0}};
  wire s1_first = s1_word == 16'd0;
  genvar i, k, a;
  generate
    if (LISTS != 0) begin : lists
      assign s1_ends = weight_word[ENTRY_BITS-1];
      for (i = 0; i < INPUTS; i = i + 1) begin : bank
        list_decoder #(.ROW_BITS(TILE_BITS), .GAP_BITS(GAP_BITS)) decode (
            .clk(clk), .enable(s1_goes), .is_start(s1_first), .base(base),
            .entry(weight_word[(GAP_BITS+1)*i+:GAP_BITS+1]),
            .row(tile_read_rows[TILE_BITS*i+:TILE_BITS]), .add(add[i]), .subtract(subtract[i]));
      end
      wire unused_lists = &{1'b0, row_words};
    end else begin : dense
      assign s1_ends = s1_word + 16'd1 == row_words;
      assign tile_read_rows = {INPUTS{base + s1_word[TILE_BITS-1:0]}};
      if (FIVE_TRITS != 0) begin : five
        for (i = 0; i < INPUTS * ADDERS / 5; i = i + 1) begin : group_of_five
          trit_decoder decode (
              .packed_trits(weight_word[8*i+:8]), .present(add[5*i+:5]), .negative(subtract[5*i+:5]));
        end
      end else begin : two_bits
        for (i = 0; i < INPUTS * ADDERS; i = i + 1) begin : trit
          assign add[i] = weight_word[2*i];
          assign subtract[i] = weight_word[2*i+1];
        end
      end
    end
  endgenerate
  assign tile_read = s1_goes;

  // ---- stage 2: lanes, straight from the tile
  reg s2_valid, s2_first, s2_ends;
  reg [3:0] s2_count;
  reg [INPUTS*ADDERS-1:0] s2_add;
  reg [INPUTS*ADDERS-1:0] s2_subtract;
  always @(posedge clk)
    if (reset) begin
      s2_valid <= 1'b0;
      s2_ends  <= 1'b0;
    end else begin
      s2_valid <= s1_goes;
      s2_ends  <= s1_goes && s1_ends;
    end
  always @(posedge clk)
    if (s1_goes) begin
      s2_first    <= s1_first;
      s2_count    <= row_count[3:0];
      s2_add      <= add;
      s2_subtract <= subtract;
    end

  wire [SUM_BITS*LANES*ADDERS-1:0] sums;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : pixel
      wire [8*INPUTS-1:0] inputs;
      for (k = 0; k < INPUTS; k = k + 1) begin : bank_byte
        assign inputs[8*k+:8] = tile_words[8*(LANES*k+i)+:8];
      end
      for (a = 0; a < ADDERS; a = a + 1) begin : filter
        adder_lane #(.INPUTS(INPUTS), .ACC_BITS(SUM_BITS)) add_up (
            .clk(clk), .enable(s2_valid), .first(s2_first), .x(inputs),
            .add(s2_add[INPUTS*a+:INPUTS]), .subtract(s2_subtract[INPUTS*a+:INPUTS]),
            .sum(sums[SUM_BITS*(a*LANES+i)+:SUM_BITS]));
      end
    end
  endgenerate

  // ---- stage 3: sums are held
  reg s3_ends;
  reg [3:0] s3_count;
  always @(posedge clk)
    if (reset) s3_ends <= 1'b0;
    else s3_ends <= s2_ends;
  always @(posedge clk) s3_count <= s2_count;

  reg [ADDRESS_BITS-1:0] parameter_at;
  assign parameter_address = parameter_at;
  always @(posedge clk)
    if (state == LOADED) parameter_at <= first_parameters[ADDRESS_BITS-1:0];
    else if (state == ROWS_OUT && !busy) parameter_at <= second_parameters[ADDRESS_BITS-1:0];
    else if (parameter_read) parameter_at <= parameter_at + 1'b1;

  wire has_word, has_score, output_busy;
  wire [ROW_BITS-1:0] offset;
  wire [8*LANES-1:0] word;
  row_output #(
      .LANES(LANES), .ROWS(ADDERS), .RATE(RATE), .SUM_BITS(SUM_BITS), .MULTIPLIER_BITS(MULTIPLIER_BITS),
      .ADDITIONS(0), .ROW_BITS(ROW_BITS), .BUFFERED(0)
  ) out (
      .clk(clk), .reset(reset), .load(s3_ends), .row_count(s3_count), .sums(sums), .is_raw(is_raw),
      .is_addition(1'b0), .second_multiplier({MULTIPLIER_BITS{1'b0}}), .zero_point(is_second ? second_zero : first_zero),
      .lower(is_second ? second_lower : first_lower), .upper(is_second ? second_upper : first_upper),
      .parameter_read(parameter_read), .parameters(parameter_word), .offset(offset), .has_word(has_word), .word(word),
      .taken(has_word), .has_score(has_score), .score(score), .busy(output_busy));
  assign busy = l1_valid || l2_valid || l3_valid || s1_valid || s2_valid || s3_ends || output_busy;

  // ---- tile: banks take turns, set by set
  localparam SET_BITS = SETS > 1 ? $clog2(SETS) : 1;
  localparam [SET_BITS-1:0] LAST_SET = SETS[SET_BITS-1:0] - 1'b1;
  reg [SET_BITS-1:0] write_set;
  reg [TILE_BITS-1:0] write_row;
  wire writes_hidden = has_word && is_to_tile;
  wire writes_tile = l3_valid || writes_hidden;
  assign tile_write_row = write_row;
  assign tile_data = l3_valid ? x : word;
  generate
    for (i = 0; i < INPUTS; i = i + 1) begin : bank_write
      localparam [31:0] SET = i % SETS;
      assign tile_write[i] = writes_tile && write_set == SET[SET_BITS-1:0];
    end
  endgenerate
  always @(posedge clk)
    if (state == START) begin
      write_set <= {SET_BITS{1'b0}};
      write_row <= {TILE_BITS{1'b0}};
    end else if (state == LOADED && !busy) begin
      write_set <= {SET_BITS{1'b0}};
      write_row <= hidden_row[TILE_BITS-1:0];
    end else if (writes_tile) begin
      write_set <= write_set == LAST_SET ? {SET_BITS{1'b0}} : write_set + 1'b1;
      if (write_set == LAST_SET) write_row <= write_row + 1'b1;
    end

  // ---- activation memory
  wire [ROW_BITS-1:0] y_row = y_base[ROW_BITS-1:0] + {{(ROW_BITS - 15) {1'b0}}, group[15:1]} + offset;
  assign activation_read = l1_valid;
  assign activation_write = has_word && !is_to_tile;
  assign write_odd = group[0];
  assign even_row = l1_valid ? l1_base + {{(ROW_BITS - 1) {1'b0}}, l1_odd} : y_row;
  assign odd_row = l1_valid ? l1_base : y_row;
  assign activation_data = word;

  reg [ADDRESS_BITS-1:0] score_at;
  assign score_write = has_score;
  assign score_address = score_at;
  always @(posedge clk)
    if (state == DECODE) score_at <= score_base[ADDRESS_BITS-1:0];
    else if (has_score) score_at <= score_at + 1'b1;

  wire unused = &{1'b0, instruction, table_word, s1_word, l1_offset, x_base, x_step, y_base, hidden_row,
                  table_base, first_weights, second_weights, first_parameters, second_parameters, score_base};
endmodule
