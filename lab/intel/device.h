// SPDX-License-Identifier: MIT
// device.h: the lab's device, compiled into Bochs: ports that are files in the folder where Bochs runs, and a port for commands.
// Reads give a file's next bytes, 0 behind its end. Writes go to its end, and reach it with FLUSH.

#include <cstdio>
#include <cstdlib>

namespace kvmsys {

// port.c has the same numbers.
enum { FIRST_PORT = 0x8a00, PORT_STEP = 4, COMMAND_PORT = 0x8a18 };
enum { FLUSH = 1, CHECKPOINT = 2, QUIT = 3 };

struct Stream {
  const char *name, *mode;
  FILE *file;
};

static Stream streams[] = {
  {"request", "r", NULL}, {"payload.tar", "r", NULL},
  {"stdout", "a", NULL}, {"stderr", "a", NULL}, {"output.tar", "a", NULL}, {"control", "a", NULL},
};

static int checkpoint_timer;

static void fail(const char *what)
{
  perror(what);
  exit(3);
}

// Opened when it is first used: a machine out of a checkpoint has the files of its own run.
static FILE *stream_at(Bit32u port)
{
  Stream &stream = streams[(port - FIRST_PORT) / PORT_STEP];
  if (!stream.file && !(stream.file = fopen(stream.name, stream.mode)))
    fail(stream.name);
  return stream.file;
}

static Bit32u read_handler(void *, Bit32u port, unsigned bytes)
{
  Bit32u value = 0;
  FILE *file = stream_at(port);
  if (fread(&value, 1, bytes, file) != bytes && ferror(file))
    fail("read");
  return value;
}

static void flush()
{
  for (Stream &stream : streams)
    if (stream.file && stream.mode[0] == 'a' && fflush(stream.file) != 0)
      fail(stream.name);
}

static void command_handler(void *, Bit32u, Bit32u command, unsigned)
{
  switch (command) {
    case FLUSH:
      flush();
      break;
    case CHECKPOINT: // by a timer: between two instructions the machine's state is whole
      if (getenv("LAB_CHECKPOINT"))
        bx_pc_system.activate_timer(checkpoint_timer, 1, 0);
      break;
    case QUIT:
      flush();
      exit(0);
  }
}

static void write_handler(void *, Bit32u port, Bit32u value, unsigned bytes)
{
  if (fwrite(&value, 1, bytes, stream_at(port)) != bytes)
    fail("write");
}

static void checkpoint(void *)
{
  bool saved = SIM->save_state(getenv("LAB_CHECKPOINT"));
  exit(saved ? 0 : 3);
}

static void init_device()
{
  const unsigned bytes_or_words_of_four = 1 | 4;
  for (unsigned i = 0; i < sizeof streams / sizeof *streams; i++) {
    Bit32u port = FIRST_PORT + i * PORT_STEP;
    if (streams[i].mode[0] == 'r')
      DEV_register_ioread_handler(NULL, read_handler, port, "kvmsys lab", bytes_or_words_of_four);
    else
      DEV_register_iowrite_handler(NULL, write_handler, port, "kvmsys lab", bytes_or_words_of_four);
  }
  DEV_register_iowrite_handler(NULL, command_handler, COMMAND_PORT, "kvmsys lab", 1);
  checkpoint_timer = bx_pc_system.register_timer(NULL, checkpoint, 1, 0, 0, "kvmsys lab");
}

}
