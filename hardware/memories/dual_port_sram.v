// A memory with two ports, each of which reads or writes in a cycle: a bank of the activation memory.
module dual_port_sram #(
    parameter WIDTH        = 128,
    parameter DEPTH        = 16,
    parameter ADDRESS_BITS = 16
) (
    input  wire                    clk,
    input  wire                    a_read,
    input  wire                    a_write,
    input  wire [ADDRESS_BITS-1:0] a_address,
    input  wire [WIDTH-1:0]        a_data,
    output reg  [WIDTH-1:0]        a_word,
    input  wire                    b_read,
    input  wire                    b_write,
    input  wire [ADDRESS_BITS-1:0] b_address,
    input  wire [WIDTH-1:0]        b_data,
    output reg  [WIDTH-1:0]        b_word
);
  reg [WIDTH-1:0] cells[0:DEPTH-1];
  localparam INDEX_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
  integer i;
  initial for (i = 0; i < DEPTH; i = i + 1) cells[i] = {WIDTH{1'b0}};

  wire a_inside = {{(32 - ADDRESS_BITS) {1'b0}}, a_address} < DEPTH;
  wire b_inside = {{(32 - ADDRESS_BITS) {1'b0}}, b_address} < DEPTH;
  always @(posedge clk) begin
    if (a_read) a_word <= a_inside ? cells[a_address[INDEX_BITS-1:0]] : {WIDTH{1'b0}};
    if (b_read) b_word <= b_inside ? cells[b_address[INDEX_BITS-1:0]] : {WIDTH{1'b0}};
    if (a_write) cells[a_address[INDEX_BITS-1:0]] <= a_data;
    if (b_write) cells[b_address[INDEX_BITS-1:0]] <= b_data;
  end
endmodule
