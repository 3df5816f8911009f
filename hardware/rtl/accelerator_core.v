// Both engines, without memories: what is synthesised. Arrays of MACs only have ADDERS = 0.
module accelerator_core #(
    parameter LANES           = 16,
    parameter MACS            = 1,
    parameter ADDERS          = 1,
    parameter INPUTS          = 4,
    parameter COPIES          = 1,
    parameter LISTS           = 1,
    parameter FIVE_TRITS      = 0,
    parameter MAC_RATE        = 1,
    parameter ADDER_RATE      = 2,
    parameter SUM_BITS        = 24,
    parameter ADDER_SUM_BITS  = 20,
    parameter MULTIPLIER_BITS = 24,
    parameter ADDITIONS       = 0,
    parameter ROW_BITS        = 16,
    parameter MAC_TILE_BITS   = 10,
    parameter TILE_BITS       = 9,
    parameter GAP_BITS        = 5,
    parameter ADDRESS_BITS    = 20,
    parameter ENTRY_BITS      = 25,
    // ports exist without adders, too
    parameter ROWS_A_TIME     = ADDERS > 0 ? ADDERS : 1
) (
    input  wire clk,
    input  wire reset,
    output wire halted,
    // MAC engine
    output wire [ADDRESS_BITS-1:0]             mac_program_address,
    input  wire [63:0]                         mac_program_word,
    output wire [15:0]                         mac_done,
    output wire [ADDRESS_BITS-1:0]             mac_table_address,
    input  wire [LANES+31:0]                   mac_table_word,
    output wire                                mac_weight_read,
    output wire [ADDRESS_BITS-1:0]             mac_weight_address,
    input  wire [8*MACS-1:0]                   mac_weight_word,
    output wire                                mac_parameter_read,
    output wire [ADDRESS_BITS-1:0]             mac_parameter_address,
    input  wire [ROW_BITS+SUM_BITS+MULTIPLIER_BITS+5:0] mac_parameter_word,
    output wire                                mac_tile_read,
    output wire [MAC_TILE_BITS-1:0]            mac_tile_read_address,
    input  wire [8*LANES-1:0]                  mac_tile_word,
    output wire                                mac_tile_write,
    output wire [MAC_TILE_BITS-1:0]            mac_tile_write_address,
    output wire [8*LANES-1:0]                  mac_tile_data,
    output wire                                mac_activation_read,
    output wire [ROW_BITS-1:0]                 mac_even_row,
    output wire [ROW_BITS-1:0]                 mac_odd_row,
    input  wire [8*LANES-1:0]                  mac_even_word,
    input  wire [8*LANES-1:0]                  mac_odd_word,
    output wire                                mac_activation_write,
    output wire                                mac_write_odd,
    output wire [8*LANES-1:0]                  mac_activation_data,
    output wire                                mac_score_write,
    output wire [ADDRESS_BITS-1:0]             mac_score_address,
    output wire [SUM_BITS-1:0]                 mac_score,
    // adder engine
    output wire [ADDRESS_BITS-1:0]             adder_program_address,
    input  wire [63:0]                         adder_program_word,
    output wire [15:0]                         adder_done,
    output wire [ADDRESS_BITS-1:0]             adder_table_address,
    input  wire [LANES+31:0]                   adder_table_word,
    output wire                                adder_weight_read,
    output wire [ADDRESS_BITS-1:0]             adder_weight_address,
    input  wire [ENTRY_BITS-1:0]               adder_weight_word,
    output wire                                adder_parameter_read,
    output wire [ADDRESS_BITS-1:0]             adder_parameter_address,
    input  wire [ROW_BITS+ADDER_SUM_BITS+MULTIPLIER_BITS+5:0] adder_parameter_word,
    output wire                                adder_tile_read,
    output wire [TILE_BITS*INPUTS-1:0]         adder_tile_read_rows,
    input  wire [8*LANES*INPUTS-1:0]           adder_tile_words,
    output wire [INPUTS-1:0]                   adder_tile_write,
    output wire [TILE_BITS-1:0]                adder_tile_write_row,
    output wire [8*LANES-1:0]                  adder_tile_data,
    output wire                                adder_activation_read,
    output wire [ROW_BITS-1:0]                 adder_even_row,
    output wire [ROW_BITS-1:0]                 adder_odd_row,
    input  wire [8*LANES-1:0]                  adder_even_word,
    input  wire [8*LANES-1:0]                  adder_odd_word,
    output wire                                adder_activation_write,
    output wire                                adder_write_odd,
    output wire [8*LANES-1:0]                  adder_activation_data,
    output wire                                adder_score_write,
    output wire [ADDRESS_BITS-1:0]             adder_score_address,
    output wire [ADDER_SUM_BITS-1:0]           adder_score
);
  wire mac_halted, adder_halted;
  assign halted = mac_halted && adder_halted;

  mac_engine #(
      .LANES(LANES), .MACS(MACS), .RATE(MAC_RATE), .SUM_BITS(SUM_BITS), .MULTIPLIER_BITS(MULTIPLIER_BITS),
      .ADDITIONS(ADDITIONS), .ROW_BITS(ROW_BITS), .TILE_BITS(MAC_TILE_BITS), .ADDRESS_BITS(ADDRESS_BITS)
  ) mac (
      .clk(clk), .reset(reset), .program_address(mac_program_address), .program_word(mac_program_word),
      .other_done(adder_done), .done(mac_done), .halted(mac_halted), .table_address(mac_table_address),
      .table_word(mac_table_word), .weight_read(mac_weight_read), .weight_address(mac_weight_address),
      .weight_word(mac_weight_word), .parameter_read(mac_parameter_read), .parameter_address(mac_parameter_address),
      .parameter_word(mac_parameter_word), .tile_read(mac_tile_read), .tile_read_address(mac_tile_read_address),
      .tile_word(mac_tile_word), .tile_write(mac_tile_write), .tile_write_address(mac_tile_write_address),
      .tile_data(mac_tile_data), .activation_read(mac_activation_read), .even_row(mac_even_row),
      .odd_row(mac_odd_row), .even_word(mac_even_word), .odd_word(mac_odd_word),
      .activation_write(mac_activation_write), .write_odd(mac_write_odd), .activation_data(mac_activation_data),
      .score_write(mac_score_write), .score_address(mac_score_address), .score(mac_score));

  generate
    if (ADDERS > 0) begin : adders
      adder_engine #(
          .LANES(LANES), .ADDERS(ROWS_A_TIME), .INPUTS(INPUTS), .COPIES(COPIES), .LISTS(LISTS),
          .FIVE_TRITS(FIVE_TRITS), .RATE(ADDER_RATE), .SUM_BITS(ADDER_SUM_BITS), .MULTIPLIER_BITS(MULTIPLIER_BITS),
          .ROW_BITS(ROW_BITS), .TILE_BITS(TILE_BITS), .GAP_BITS(GAP_BITS), .ADDRESS_BITS(ADDRESS_BITS),
          .ENTRY_BITS(ENTRY_BITS)
      ) adder (
          .clk(clk), .reset(reset), .program_address(adder_program_address), .program_word(adder_program_word),
          .other_done(mac_done), .done(adder_done), .halted(adder_halted), .table_address(adder_table_address),
          .table_word(adder_table_word), .weight_read(adder_weight_read), .weight_address(adder_weight_address),
          .weight_word(adder_weight_word), .parameter_read(adder_parameter_read),
          .parameter_address(adder_parameter_address), .parameter_word(adder_parameter_word),
          .tile_read(adder_tile_read), .tile_read_rows(adder_tile_read_rows), .tile_words(adder_tile_words),
          .tile_write(adder_tile_write), .tile_write_row(adder_tile_write_row), .tile_data(adder_tile_data),
          .activation_read(adder_activation_read), .even_row(adder_even_row), .odd_row(adder_odd_row),
          .even_word(adder_even_word), .odd_word(adder_odd_word), .activation_write(adder_activation_write),
          .write_odd(adder_write_odd), .activation_data(adder_activation_data), .score_write(adder_score_write),
          .score_address(adder_score_address), .score(adder_score));
    end else begin : no_adders
      assign adder_halted = 1'b1;
      assign adder_done = 16'd0;
      assign {adder_program_address, adder_table_address, adder_weight_read, adder_weight_address,
              adder_parameter_read, adder_parameter_address, adder_tile_read, adder_tile_read_rows,
              adder_tile_write, adder_tile_write_row, adder_tile_data, adder_activation_read, adder_even_row,
              adder_odd_row, adder_activation_write, adder_write_odd, adder_activation_data, adder_score_write,
              adder_score_address, adder_score} =
          {(5 * ADDRESS_BITS + TILE_BITS * (INPUTS + 1) + INPUTS + 16 * LANES + 2 * ROW_BITS + ADDER_SUM_BITS + 7) {1'b0}};
      wire unused = &{1'b0, adder_program_word, adder_table_word, adder_weight_word, adder_parameter_word,
                      adder_tile_words, adder_even_word, adder_odd_word};
    end
  endgenerate
endmodule
