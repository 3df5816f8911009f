// Runs one program on one set of images, and compares every word that the engines write with what is expected.
// config.vh has the parameters; +images=DIR the memory images that differ from run to run. It prints a line for each
// instruction that is done (`mac I CYCLE`, `adder I CYCLE`), and at the end `all layers equal, N cycles`.
module testbench;
  `include "config.vh"

  reg clk = 1'b0;
  reg reset = 1'b1;
  always #5 clk = !clk;

  wire halted;
  wire [ADDRESS_BITS-1:0] mp_address, mt_address, mw_address, mq_address, ap_address, at_address, aw_address, aq_address;
  wire [63:0] mp_word, ap_word;
  wire [LANES+31:0] mt_word, at_word;
  wire [8*MACS-1:0] mw_word;
  wire [ENTRY_BITS-1:0] aw_word;
  wire [ROW_BITS+SUM_BITS+MULTIPLIER_BITS+5:0] mq_word;
  wire [ROW_BITS+ADDER_SUM_BITS+MULTIPLIER_BITS+5:0] aq_word;
  wire mw_read, mq_read, aw_read, aq_read;
  wire mac_tile_read, mac_tile_write;
  wire [MAC_TILE_BITS-1:0] mac_tile_read_address, mac_tile_write_address;
  wire [8*LANES-1:0] mac_tile_word, mac_tile_data;
  wire adder_tile_read;
  wire [TILE_BITS*INPUTS-1:0] adder_tile_read_rows;
  wire [8*LANES*INPUTS-1:0] adder_tile_words;
  wire [INPUTS-1:0] adder_tile_write;
  wire [TILE_BITS-1:0] adder_tile_write_row;
  wire [8*LANES-1:0] adder_tile_data;
  wire m_read, m_write, m_odd, a_read, a_write, a_odd;
  wire [ROW_BITS-1:0] m_even_row, m_odd_row, a_even_row, a_odd_row;
  wire [8*LANES-1:0] m_even_word, m_odd_word, m_data, a_even_word, a_odd_word, a_data;
  wire m_score_write, a_score_write;
  wire [ADDRESS_BITS-1:0] m_score_address, a_score_address;
  wire [SUM_BITS-1:0] m_score;
  wire [ADDER_SUM_BITS-1:0] a_score;
  wire [15:0] mac_done, adder_done;

  accelerator_core #(
      .LANES(LANES), .MACS(MACS), .ADDERS(ADDERS), .INPUTS(INPUTS), .COPIES(COPIES), .LISTS(LISTS),
      .FIVE_TRITS(FIVE_TRITS), .MAC_RATE(MAC_RATE), .ADDER_RATE(ADDER_RATE), .SUM_BITS(SUM_BITS),
      .ADDER_SUM_BITS(ADDER_SUM_BITS), .MULTIPLIER_BITS(MULTIPLIER_BITS), .ADDITIONS(ADDITIONS), .ROW_BITS(ROW_BITS),
      .MAC_TILE_BITS(MAC_TILE_BITS), .TILE_BITS(TILE_BITS), .GAP_BITS(GAP_BITS), .ADDRESS_BITS(ADDRESS_BITS),
      .ENTRY_BITS(ENTRY_BITS)
  ) core (
      .clk(clk), .reset(reset), .halted(halted),
      .mac_program_address(mp_address), .mac_program_word(mp_word), .mac_done(mac_done),
      .mac_table_address(mt_address), .mac_table_word(mt_word), .mac_weight_read(mw_read),
      .mac_weight_address(mw_address), .mac_weight_word(mw_word), .mac_parameter_read(mq_read),
      .mac_parameter_address(mq_address), .mac_parameter_word(mq_word), .mac_tile_read(mac_tile_read),
      .mac_tile_read_address(mac_tile_read_address), .mac_tile_word(mac_tile_word), .mac_tile_write(mac_tile_write),
      .mac_tile_write_address(mac_tile_write_address), .mac_tile_data(mac_tile_data), .mac_activation_read(m_read),
      .mac_even_row(m_even_row), .mac_odd_row(m_odd_row), .mac_even_word(m_even_word), .mac_odd_word(m_odd_word),
      .mac_activation_write(m_write), .mac_write_odd(m_odd), .mac_activation_data(m_data),
      .mac_score_write(m_score_write), .mac_score_address(m_score_address), .mac_score(m_score),
      .adder_program_address(ap_address), .adder_program_word(ap_word), .adder_done(adder_done),
      .adder_table_address(at_address), .adder_table_word(at_word), .adder_weight_read(aw_read),
      .adder_weight_address(aw_address), .adder_weight_word(aw_word), .adder_parameter_read(aq_read),
      .adder_parameter_address(aq_address), .adder_parameter_word(aq_word), .adder_tile_read(adder_tile_read),
      .adder_tile_read_rows(adder_tile_read_rows), .adder_tile_words(adder_tile_words),
      .adder_tile_write(adder_tile_write), .adder_tile_write_row(adder_tile_write_row),
      .adder_tile_data(adder_tile_data), .adder_activation_read(a_read), .adder_even_row(a_even_row),
      .adder_odd_row(a_odd_row), .adder_even_word(a_even_word), .adder_odd_word(a_odd_word),
      .adder_activation_write(a_write), .adder_write_odd(a_odd), .adder_activation_data(a_data),
      .adder_score_write(a_score_write), .adder_score_address(a_score_address), .adder_score(a_score));

  // memories of constants
  sram #(.WIDTH(64), .DEPTH(MAC_PROGRAM_WORDS), .ADDRESS_BITS(ADDRESS_BITS)) mac_program (.clk(clk), .read(1'b1),
      .read_address(mp_address), .word(mp_word), .write(1'b0), .write_address({ADDRESS_BITS{1'b0}}), .data(64'd0));
  sram #(.WIDTH(64), .DEPTH(ADDER_PROGRAM_WORDS), .ADDRESS_BITS(ADDRESS_BITS)) adder_program (.clk(clk), .read(1'b1),
      .read_address(ap_address), .word(ap_word), .write(1'b0), .write_address({ADDRESS_BITS{1'b0}}), .data(64'd0));
  sram #(.WIDTH(LANES + 32), .DEPTH(TABLE_WORDS), .ADDRESS_BITS(ADDRESS_BITS)) mac_table (.clk(clk), .read(1'b1),
      .read_address(mt_address), .word(mt_word), .write(1'b0), .write_address({ADDRESS_BITS{1'b0}}),
      .data({(LANES + 32) {1'b0}}));
  sram #(.WIDTH(LANES + 32), .DEPTH(TABLE_WORDS), .ADDRESS_BITS(ADDRESS_BITS)) adder_table (.clk(clk), .read(1'b1),
      .read_address(at_address), .word(at_word), .write(1'b0), .write_address({ADDRESS_BITS{1'b0}}),
      .data({(LANES + 32) {1'b0}}));
  sram #(.WIDTH(8 * MACS), .DEPTH(MAC_WEIGHT_WORDS), .ADDRESS_BITS(ADDRESS_BITS)) mac_weights (.clk(clk),
      .read(mw_read), .read_address(mw_address), .word(mw_word), .write(1'b0), .write_address({ADDRESS_BITS{1'b0}}),
      .data({8 * MACS{1'b0}}));
  sram #(.WIDTH(ENTRY_BITS), .DEPTH(ADDER_WEIGHT_WORDS), .ADDRESS_BITS(ADDRESS_BITS)) adder_weights (.clk(clk),
      .read(aw_read), .read_address(aw_address), .word(aw_word), .write(1'b0), .write_address({ADDRESS_BITS{1'b0}}),
      .data({ENTRY_BITS{1'b0}}));
  sram #(.WIDTH(ROW_BITS + SUM_BITS + MULTIPLIER_BITS + 6), .DEPTH(MAC_PARAMETER_WORDS), .ADDRESS_BITS(ADDRESS_BITS))
      mac_parameters (.clk(clk), .read(mq_read), .read_address(mq_address), .word(mq_word), .write(1'b0),
      .write_address({ADDRESS_BITS{1'b0}}), .data({(ROW_BITS + SUM_BITS + MULTIPLIER_BITS + 6) {1'b0}}));
  sram #(.WIDTH(ROW_BITS + ADDER_SUM_BITS + MULTIPLIER_BITS + 6), .DEPTH(ADDER_PARAMETER_WORDS), .ADDRESS_BITS(ADDRESS_BITS))
      adder_parameters (.clk(clk), .read(aq_read), .read_address(aq_address), .word(aq_word), .write(1'b0),
      .write_address({ADDRESS_BITS{1'b0}}), .data({(ROW_BITS + ADDER_SUM_BITS + MULTIPLIER_BITS + 6) {1'b0}}));

  // tiles
  sram #(.WIDTH(8 * LANES), .DEPTH(1 << MAC_TILE_BITS), .ADDRESS_BITS(MAC_TILE_BITS)) mac_tile (.clk(clk),
      .read(mac_tile_read), .read_address(mac_tile_read_address), .word(mac_tile_word), .write(mac_tile_write),
      .write_address(mac_tile_write_address), .data(mac_tile_data));
  genvar i;
  generate
    for (i = 0; i < INPUTS; i = i + 1) begin : bank
      sram #(.WIDTH(8 * LANES), .DEPTH(1 << TILE_BITS), .ADDRESS_BITS(TILE_BITS)) tile (.clk(clk),
          .read(adder_tile_read), .read_address(adder_tile_read_rows[TILE_BITS*i+:TILE_BITS]),
          .word(adder_tile_words[8*LANES*i+:8*LANES]), .write(adder_tile_write[i]),
          .write_address(adder_tile_write_row), .data(adder_tile_data));
    end
  endgenerate

  // activations
  dual_port_sram #(.WIDTH(8 * LANES), .DEPTH(ACTIVATION_ROWS), .ADDRESS_BITS(ROW_BITS)) even (.clk(clk),
      .a_read(m_read), .a_write(m_write && !m_odd), .a_address(m_even_row), .a_data(m_data), .a_word(m_even_word),
      .b_read(a_read), .b_write(a_write && !a_odd), .b_address(a_even_row), .b_data(a_data), .b_word(a_even_word));
  dual_port_sram #(.WIDTH(8 * LANES), .DEPTH(ACTIVATION_ROWS), .ADDRESS_BITS(ROW_BITS)) odd (.clk(clk),
      .a_read(m_read), .a_write(m_write && m_odd), .a_address(m_odd_row), .a_data(m_data), .a_word(m_odd_word),
      .b_read(a_read), .b_write(a_write && a_odd), .b_address(a_odd_row), .b_data(a_data), .b_word(a_odd_word));

  // {layer, odd, row, word} of every write, {layer, score} of every score
  localparam WRITE_BITS = 8 * LANES + 64;
  reg [WRITE_BITS-1:0] mac_writes[0:MAC_WRITES-1];
  reg [WRITE_BITS-1:0] adder_writes[0:ADDER_WRITES-1];
  reg [63:0] mac_scores[0:MAC_SCORES-1];
  reg [63:0] adder_scores[0:ADDER_SCORES-1];
  // places of scores, as wide as the simulators want them
  integer m_score_at, a_score_at;
  always @* begin
    m_score_at = {{(32 - ADDRESS_BITS) {1'b0}}, m_score_address};
    a_score_at = {{(32 - ADDRESS_BITS) {1'b0}}, a_score_address};
  end
  integer mac_write, adder_write, mac_score_at, adder_score_at, errors;
  reg [31:0] cycle;
  reg [15:0] mac_before, adder_before;
  reg [8*256-1:0] images;

  initial begin
    // after the memories have been cleared
    #1;
    if (!$value$plusargs("images=%s", images)) images = "images/0";
    $readmemh("memories/mac_program.hex", mac_program.cells);
    $readmemh("memories/adder_program.hex", adder_program.cells);
    $readmemh("memories/table.hex", mac_table.cells);
    $readmemh("memories/table.hex", adder_table.cells);
    $readmemh("memories/mac_weights.hex", mac_weights.cells);
    $readmemh("memories/adder_weights.hex", adder_weights.cells);
    $readmemh("memories/mac_parameters.hex", mac_parameters.cells);
    $readmemh("memories/adder_parameters.hex", adder_parameters.cells);
    $readmemh({images, "/even.hex"}, even.cells);
    $readmemh({images, "/odd.hex"}, odd.cells);
    $readmemh({images, "/mac_writes.hex"}, mac_writes);
    $readmemh({images, "/adder_writes.hex"}, adder_writes);
    $readmemh({images, "/mac_scores.hex"}, mac_scores);
    $readmemh({images, "/adder_scores.hex"}, adder_scores);
    mac_write = 0;
    adder_write = 0;
    mac_score_at = 0;
    adder_score_at = 0;
    errors = 0;
    cycle = 0;
    mac_before = 0;
    adder_before = 0;
  end

  task compare(input [8*5-1:0] engine, input [WRITE_BITS-1:0] expected, input is_odd, input [31:0] row,
               input [8*LANES-1:0] found);
    if (expected[8*LANES+:33] !== {is_odd, row} || expected[8*LANES-1:0] !== found) begin
      errors = errors + 1;
      if (errors <= 10)
        $display("error: cycle %0d, %0s engine, layer %0d: expected %h at %0d.%0d, found %h at %0d.%0d", cycle, engine,
                 expected[8*LANES+48+:16], expected[8*LANES-1:0], expected[8*LANES+:32], expected[8*LANES+32],
                 found, row, is_odd);
    end
  endtask

  always @(posedge clk) begin
    cycle <= cycle + 1;
    if (cycle == 1) reset <= 1'b0;
    if (!reset) begin
      if (m_write) begin
        if (mac_write < MAC_WRITES)
          compare("mac", mac_writes[mac_write], m_odd, {{(32 - ROW_BITS) {1'b0}}, m_odd ? m_odd_row : m_even_row}, m_data);
        mac_write <= mac_write + 1;
      end
      if (a_write) begin
        if (adder_write < ADDER_WRITES)
          compare("adder", adder_writes[adder_write], a_odd, {{(32 - ROW_BITS) {1'b0}}, a_odd ? a_odd_row : a_even_row}, a_data);
        adder_write <= adder_write + 1;
      end
      if (m_score_write) begin
        if (mac_scores[m_score_at][SUM_BITS-1:0] !== m_score) begin
          errors = errors + 1;
          $display("error: cycle %0d: score %0d: expected %h, found %h", cycle, m_score_address,
                   mac_scores[m_score_at][SUM_BITS-1:0], m_score);
        end
        mac_score_at <= mac_score_at + 1;
      end
      if (a_score_write) begin
        if (adder_scores[a_score_at][ADDER_SUM_BITS-1:0] !== a_score) begin
          errors = errors + 1;
          $display("error: cycle %0d: ternary score %0d: expected %h, found %h", cycle, a_score_address,
                   adder_scores[a_score_at][ADDER_SUM_BITS-1:0], a_score);
        end
        adder_score_at <= adder_score_at + 1;
      end
      if (mac_done != mac_before) $display("mac %0d %0d", mac_before, cycle - 2);
      if (adder_done != adder_before) $display("adder %0d %0d", adder_before, cycle - 2);
      mac_before <= mac_done;
      adder_before <= adder_done;
      if (halted) begin
        if (mac_write != MAC_WRITES_EXPECTED || adder_write != ADDER_WRITES_EXPECTED ||
            mac_score_at != MAC_SCORES_EXPECTED || adder_score_at != ADDER_SCORES_EXPECTED) begin
          errors = errors + 1;
          $display("error: expected %0d, %0d words and %0d, %0d scores, found %0d, %0d and %0d, %0d",
                   MAC_WRITES_EXPECTED, ADDER_WRITES_EXPECTED, MAC_SCORES_EXPECTED, ADDER_SCORES_EXPECTED, mac_write,
                   adder_write, mac_score_at, adder_score_at);
        end
        if (errors == 0) $display("all layers equal, %0d cycles", cycle - 2);
        else $display("%0d differences", errors);
        $finish;
      end
      if (cycle == LIMIT) begin
        $display("error: still running after %0d cycles", cycle);
        $finish;
      end
    end
  end
endmodule
