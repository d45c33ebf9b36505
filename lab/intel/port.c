// SPDX-License-Identifier: MIT
// port: what the lab's first process uses of the lab's device (device.h) in an Intel machine.
//   port read FILE BYTES     the file's next bytes, to standard output
//   port write FILE          standard input, to the file's end; prints `sent FILE BYTES`
//   port checkpoint          a machine that is to be saved ends here, and every machine out of it begins here
//   port quit                ends the machine
//   port reseed HEX          makes the kernel's random numbers depend on this

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FIRST_PORT = 0x8a00, PORT_STEP = 4, COMMAND_PORT = 0x8a18 };
enum { FLUSH = 1, CHECKPOINT = 2, QUIT = 3 };

static const char *const files[] = {"request", "payload.tar", "stdout", "stderr", "output.tar", "control"};

static uint32_t buffer[16384];

static void fail(const char *what)
{
    fprintf(stderr, "port: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int port_of(const char *file)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    {
        if (strcmp(files[i], file) == 0)
        {
            return FIRST_PORT + (int)i * PORT_STEP;
        }
    }

    errno = ENOENT;
    fail(file);
    return -1;
}

static void read_file(int port, uint64_t bytes)
{
    while (bytes > 0)
    {
        size_t now = bytes < sizeof buffer ? bytes : sizeof buffer;
        insl(port, buffer, (now + 3) / 4);
        for (size_t done = 0; done < now;)
        {
            ssize_t written = write(STDOUT_FILENO, (char *)buffer + done, now - done);
            if (written < 0)
            {
                fail("write");
            }

            done += written;
        }

        bytes -= now;
    }
}

static uint64_t write_file(int port)
{
    uint64_t bytes = 0;
    ssize_t got;
    while ((got = read(STDIN_FILENO, buffer, sizeof buffer)) > 0)
    {
        outsl(port, buffer, got / 4);
        outsb(port, (char *)buffer + got / 4 * 4, got % 4);
        outb(FLUSH, COMMAND_PORT);
        bytes += got;
    }

    if (got < 0)
    {
        fail("read");
    }

    return bytes;
}

static void reseed(const char *hex)
{
    struct
    {
        struct rand_pool_info info;
        uint8_t bytes[64];
    } pool = {0};
    for (unsigned byte; pool.info.buf_size < (int)sizeof pool.bytes && sscanf(hex, "%2x", &byte) == 1; hex += 2)
    {
        ((uint8_t *)pool.info.buf)[pool.info.buf_size++] = byte;
    }

    pool.info.entropy_count = pool.info.buf_size * 8;
    int random = open("/dev/urandom", O_WRONLY);
    if (random < 0 || ioctl(random, RNDADDENTROPY, &pool) != 0 || ioctl(random, RNDRESEEDCRNG) != 0)
    {
        fail("/dev/urandom");
    }
}

int main(int count, char **arguments)
{
    const char *verb = count > 1 ? arguments[1] : "";
    if (iopl(3) != 0)
    {
        fail("iopl");
    }

    if (count == 4 && strcmp(verb, "read") == 0)
    {
        read_file(port_of(arguments[2]), strtoull(arguments[3], NULL, 10));
    }
    else if (count == 3 && strcmp(verb, "write") == 0)
    {
        printf("sent %s %llu\n", arguments[2], (unsigned long long)write_file(port_of(arguments[2])));
    }
    else if (count == 2 && strcmp(verb, "checkpoint") == 0)
    {
        outb(CHECKPOINT, COMMAND_PORT);
        for (int i = 0; i < 1000000; i++)
        {
            // The device's timer is a microsecond: longer than that.
            __asm__ volatile("");
        }
    }
    else if (count == 2 && strcmp(verb, "quit") == 0)
    {
        outb(QUIT, COMMAND_PORT);
    }
    else if (count == 3 && strcmp(verb, "reseed") == 0)
    {
        reseed(arguments[2]);
    }
    else
    {
        return 2;
    }

    return fflush(stdout) == 0 ? 0 : 1;
}
