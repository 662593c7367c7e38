// SPDX-License-Identifier: Apache-2.0
//
// krl_loader_proof: what krl_loader must do for any words, at any time, with cancels, resets and frames that come and
// go, for a memory of two words and one of a word of two columns.
//
// What has been taken is counted. Which checksum is right is not said here: the module's word is taken for that, and the
// benches hold it to zlib's. A word comes two cycles after the one before, or later.
//
// refused: a word is refused that is whole and in its place, while a load may begin, or one is taken that is not; for the
//          checksum: one that is not whole is taken.
// place:   a word is written that was not taken for the memories in the cycle before, or elsewhere, or with other data;
//          or a word that was taken is not.
// told:    done without the end of a load, failed without a refusal or a cancel of one, or neither where it should be;
//          loading while nothing has been taken; incomplete or pending that is not so.
// held:    hold is not high from the first word that is written to the end of a whole load (BANKS = 1), or from there
//          until the memories change (BANKS = 2); or it is high for nothing.
// bank:    what is read changes without the end of a load, or while frames are not held; or what is read is written.
// loaded:  not the checksum of the load whose words are read.
// arrived: a load was cut off while it wrote, and of another one all has come but the checksum.

`default_nettype none

module krl_loader_proof #(
  parameter BANKS = 1
) (
  input  wire        clk,
  input  wire        rst,

  // all free in every cycle
  input  wire        offered,
  input  wire        whole,
  input  wire [31:0] drawn,
  input  wire        cancel,
  input  wire        quiet,
  input  wire        held,

  output wire        fault_refused,
  output wire        fault_place,
  output wire        fault_told,
  output wire        fault_held,
  output wire        fault_bank,
  output wire        fault_loaded,
  output wire        arrived
);

  localparam [31:0] MAGIC = 32'h4b524c57;
  localparam [31:0] LAYOUT = 32'h9ab3c411;
  localparam [31:0] WORDS = 32'd4;
  // words of a load that are taken before the checksum
  localparam [2:0] FIRST = 3'd3;
  localparam [2:0] LAST = 3'd7;

  reg started = 1'b0;
  wire reset = rst || !started;

  wire refused;
  wire hold;
  wire [1:0] write;
  wire write_address;
  wire write_column;
  wire [31:0] write_data;
  wire write_bank;
  wire bank;
  wire loading;
  wire incomplete;
  wire pending;
  wire [31:0] loaded;
  wire done;
  wire failed;

  // words that have been taken of a load
  reg [2:0] taken;
  // what memories hold is not a whole load; a whole one waits
  reg broken = 1'b0;
  reg waiting = 1'b0;
  reg reads = 1'b0;
  reg [31:0] read_sum = 32'd0;
  reg [31:0] waiting_sum;
  // in the cycle before: a word was offered; it was taken for a place
  reg was_offered;
  reg fills;
  reg [2:0] place;
  reg [31:0] data;
  reg was_cut = 1'b0;

  wire offers = offered && !was_offered;
  wire [31:0] header = (taken == 0) ? MAGIC : (taken == 1) ? LAYOUT : WORDS;
  wire as_it_should = (taken < FIRST) ? drawn == header : taken != LAST || !refused;
  wire may = taken != 0 || (!waiting && (BANKS == 2 || quiet));
  wire takes = offers && whole && as_it_should && may;
  wire ends = takes && taken == LAST;
  wire cut = (offers && !takes) || (cancel && taken != 0);
  wire changes = BANKS == 2 && waiting && held;

  krl_loader #(
    .MEMORIES(2),
    .ADDRESS_BITS(1),
    .COLUMN_BITS(1),
    .LAST_WORDS(2'b01),
    .LAST_COLUMNS(2'b10),
    .LAYOUT(LAYOUT),
    .WORDS(WORDS),
    .BANKS(BANKS)
  ) dut (
    .clk(clk),
    .rst(reset),
    .word_valid(offers),
    .word_whole(whole),
    .word(drawn),
    .refused(refused),
    .cancel(cancel),
    .hold(hold),
    .quiet(quiet),
    .held(held),
    .write(write),
    .write_address(write_address),
    .write_column(write_column),
    .write_data(write_data),
    .write_bank(write_bank),
    .bank(bank),
    .loading(loading),
    .incomplete(incomplete),
    .pending(pending),
    .loaded(loaded),
    .done(done),
    .failed(failed)
  );

  wire [1:0] wanted_write = !fills ? 2'b00 : (place < FIRST + 3'd2) ? 2'b01 : 2'b10;
  wire in_place = (place < FIRST + 3'd2) ? write_address == (place != FIRST) && !write_column
                                         : write_column == (place != FIRST + 3'd2) && !write_address;

  assign fault_refused = !reset && refused != (offers && !takes);
  assign fault_place = started && (write != wanted_write || (fills && (!in_place || write_data != data)));
  assign fault_told = !reset && (done != ends || failed != cut || loading != (taken != 0)
                                 || incomplete != broken || pending != waiting);
  assign fault_held = !reset && hold != (waiting || broken || (BANKS == 1 && taken != 0));
  assign fault_bank = started && (bank != reads || (write != 0 && write_bank != (BANKS == 2 && !bank)));
  assign fault_loaded = started && loaded != read_sum;
  assign arrived = was_cut && taken == LAST;

  always @(posedge clk) begin
    started <= 1'b1;
    was_offered <= offers;
    fills <= takes && taken >= FIRST && taken != LAST && !reset;
    place <= taken;
    data <= drawn;
    if (takes) taken <= taken + 3'd1;
    if (cut || reset) taken <= 3'd0;
    if (takes && taken >= FIRST && taken != LAST && !reset) broken <= BANKS == 1;
    if (changes) begin
      waiting <= 1'b0;
      reads <= !reads;
      read_sum <= waiting_sum;
    end
    if (ends && !reset) begin
      broken <= 1'b0;
      waiting <= BANKS == 2;
      waiting_sum <= drawn;
      if (BANKS == 1) read_sum <= drawn;
    end
    if ((cut || rst) && started && taken > FIRST) was_cut <= 1'b1;
    if (!started) was_offered <= 1'b0;
  end

endmodule

`default_nettype wire
