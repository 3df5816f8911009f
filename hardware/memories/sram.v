// A memory with one port to read and one to write; a word comes the cycle after its address, and stays until the next.
module sram #(
    parameter WIDTH        = 8,
    parameter DEPTH        = 16,
    parameter ADDRESS_BITS = 20
) (
    input  wire                    clk,
    input  wire                    read,
    input  wire [ADDRESS_BITS-1:0] read_address,
    output reg  [WIDTH-1:0]        word,
    input  wire                    write,
    input  wire [ADDRESS_BITS-1:0] write_address,
    input  wire [WIDTH-1:0]        data
);
  reg [WIDTH-1:0] cells[0:DEPTH-1];
  localparam INDEX_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
  integer i;
  initial for (i = 0; i < DEPTH; i = i + 1) cells[i] = {WIDTH{1'b0}};

  // addresses beyond the end are those of pixels outside of an image, which nobody looks at
  always @(posedge clk) begin
    if (read) word <= {{(32 - ADDRESS_BITS) {1'b0}}, read_address} < DEPTH ? cells[read_address[INDEX_BITS-1:0]] : {WIDTH{1'b0}};
    if (write) cells[write_address[INDEX_BITS-1:0]] <= data;
  end
endmodule
