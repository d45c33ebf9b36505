// SPDX-License-Identifier: MIT

using System.Text;
using Kvmsys.Fuzz.Targets;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.NoDevice.Linux;

/// <summary>A program's files: it reads what it was granted, and nothing else of the host's.</summary>
public sealed class FileTests : IDisposable
{
    private const uint Path = StandInGuest.Data;
    private const uint Buffer = StandInGuest.Data + 0x1000;
    private const uint Nowhere = 0x1000;
    private const uint NonBlock = 0x800;
    private const uint CurrentFolder = unchecked((uint)-100);

    private readonly StandInGuest _guest = new();

    public void Dispose() => _guest.Dispose();

    [Theory]
    [InlineData("small")]
    [InlineData("./small")]
    [InlineData("inside")]
    [InlineData("sub/../small")]
    [InlineData("sub//deep")]
    [InlineData("GRANTED/small")]
    [InlineData("GRANTED//sub/deep")]
    [InlineData("GRANTED/sub/../small")]
    [InlineData("../granted/small")]
    [InlineData("sub/../../granted/sub/deep")]
    [InlineData("/nowhere/..GRANTED/small")]
    [InlineData("//..//.GRANTED/small")]
    [InlineData("./././small")]
    public void What_lies_in_the_granted_folder_can_be_read(string path)
    {
        int descriptor = Open(path);
        Assert.InRange(descriptor, 3, 10);
        Assert.InRange(_guest.Call(Syscall.read, (uint)descriptor, Buffer, 100), 10, 20);
    }

    [Theory]
    [InlineData("up")]
    [InlineData("absolute")]
    [InlineData("root")]
    [InlineData("root/etc/passwd")]
    [InlineData("sub/out")]
    [InlineData("..")]
    [InlineData("../secret")]
    [InlineData("root/../small")]
    [InlineData("sub/../../secret")]
    [InlineData("/etc/passwd")]
    [InlineData("/proc/self/exe")]
    [InlineData("/")]
    [InlineData("GRANTED/../secret")]
    [InlineData("GRANTED/up")]
    [InlineData("GRANTEDother")]
    [InlineData("SECRET")]
    [InlineData("missing")]
    [InlineData("")]
    public void What_lies_elsewhere_does_not_exist(string path)
    {
        Assert.Equal(-(int)Errno.ENOENT, Open(path));
        Assert.Equal(-(int)Errno.ENOENT, _guest.Call(Syscall.stat64, Path, Buffer));
        Assert.Equal(-(int)Errno.ENOENT, _guest.Call(Syscall.access, Path, 4));
        Assert.Equal(-(int)Errno.ENOENT, _guest.Call(Syscall.chdir, Path));
        Assert.Equal(-(int)Errno.ENOENT, _guest.Call(Syscall.openat, CurrentFolder, Path));
        Assert.Equal(-(int)Errno.ENOENT, _guest.Call(Syscall.statx, CurrentFolder, Path, 0, 0x7ff, Buffer));
    }

    [Theory]
    [InlineData("out")]
    [InlineData("../up")]
    [InlineData("../..")]
    [InlineData("../../secret")]
    public void No_way_leads_out_of_the_granted_folder_by_one_that_is_open(string path)
    {
        uint folder = (uint)Open("sub", 0x10000);
        Write(path);
        Assert.Equal(-(int)Errno.ENOENT, _guest.Call(Syscall.openat, folder, Path));
    }

    [Theory]
    [InlineData("deep")]
    [InlineData("../small")]
    [InlineData("..")]
    public void A_path_may_be_relative_to_an_open_folder(string path)
    {
        uint folder = (uint)Open("sub", 0x10000);
        Write(path);
        int descriptor = _guest.Call(Syscall.openat, folder, Path);
        Assert.InRange(descriptor, 4, 10);
        Write("../sub/deep");
        Assert.Equal(path == ".." ? -(int)Errno.ENOENT : -(int)Errno.ENOTDIR, _guest.Call(Syscall.openat, (uint)descriptor, Path));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    public void A_standard_stream_is_no_folder(uint stream)
    {
        Write("small");
        Assert.Equal(-(int)Errno.ENOTDIR, _guest.Call(Syscall.openat, stream, Path));
    }

    [Fact]
    public void An_empty_path_can_mean_the_working_directory()
    {
        const uint emptyPath = 0x1000;
        Write("");
        Assert.Equal(-(int)Errno.ENOENT, _guest.Call(Syscall.fstatat64, CurrentFolder, Path, Buffer, 0));
        Assert.Equal(0, _guest.Call(Syscall.fstatat64, CurrentFolder, Path, Buffer, emptyPath));
        const uint modeWord = 4;
        Assert.Equal(0x4000u, _guest.ReadWords(Buffer, 8)[modeWord] & 0xf000);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    [InlineData(3u)]
    [InlineData(0x200u)]
    [InlineData(0x41u)]
    public void Nothing_is_opened_for_writing(uint flags)
    {
        Assert.Equal(-(int)Errno.EROFS, Open("small", flags));
        Assert.Equal(13, new FileInfo(System.IO.Path.Combine(Sandbox.Granted, "small")).Length);
        Assert.Equal(-(int)Errno.EROFS, _guest.Call(Syscall.access, Path, 2));
    }

    [Theory]
    [InlineData("small", 0x40u, 0)]
    [InlineData("small", 0xc0u, (int)Errno.EEXIST)]
    [InlineData("missing", 0x40u, (int)Errno.EROFS)]
    [InlineData("sub", 1u, (int)Errno.EISDIR)]
    [InlineData("sub", 0x40u, (int)Errno.EISDIR)]
    [InlineData("/etc/missing", 0x40u, (int)Errno.ENOENT)]
    [InlineData("missing/more", 0x40u, (int)Errno.ENOENT)]
    [InlineData("small/more", 0x40u, (int)Errno.ENOTDIR)]
    [InlineData("sub/missing", 0x40u, (int)Errno.EROFS)]
    [InlineData("small", 0x2000c3u, 0)]
    public void A_file_is_made_nowhere(string path, uint flags, int error) => Assert.Equal(-error, Math.Min(Open(path, flags), 0));

    [Theory]
    [InlineData("small", (int)Errno.EEXIST, (int)Errno.EROFS)]
    [InlineData("missing", (int)Errno.EROFS, (int)Errno.ENOENT)]
    public void What_would_change_a_folder_says_first_what_else_is_wrong(string path, int made, int removed)
    {
        Write(path);
        Assert.Equal(-made, _guest.Call(Syscall.mkdir, Path));
        Assert.Equal(-made, _guest.Call(Syscall.symlinkat, Path, CurrentFolder, Path));
        Assert.Equal(-removed, _guest.Call(Syscall.unlink, Path));
        Assert.Equal(-removed, _guest.Call(Syscall.fchmodat, CurrentFolder, Path));
    }

    [Theory]
    [InlineData("small", 0u, 0)]
    [InlineData("small", 4u, 0)]
    [InlineData("small", 1u, (int)Errno.EACCES)]
    [InlineData("sub", 1u, 0)]
    [InlineData("small", 8u, (int)Errno.EINVAL)]
    [InlineData("/dev/null", 2u, 0)]
    public void What_may_be_done_with_a_file_is_what_the_host_says(string path, uint mode, int error)
    {
        Write(path);
        Assert.Equal(-error, _guest.Call(Syscall.access, Path, mode));
    }

    [Fact]
    public void What_is_open_for_reading_cannot_be_written() =>
        Assert.Equal(-(int)Errno.EBADF, _guest.Call(Syscall.write, (uint)Open("small"), Buffer, 1));

    [Fact]
    public void A_link_is_shown_and_not_followed_when_it_is_asked_for()
    {
        Write("up");
        Assert.Equal("../secret".Length, _guest.Call(Syscall.readlink, Path, Buffer, 100));
        Assert.Equal("../secret", Encoding.ASCII.GetString(_guest.Read(Buffer, 9)));
        Assert.Equal(0, _guest.Call(Syscall.lstat64, Path, Buffer));
        Assert.Equal(-(int)Errno.ELOOP, Open("up", 0x20000));
    }

    [Fact]
    public void The_working_directory_moves_within_the_granted_folder()
    {
        Write("sub");
        Assert.Equal(0, _guest.Call(Syscall.chdir, Path));
        Assert.InRange(Open("deep"), 3, 10);
        Assert.InRange(Open("../small"), 3, 10);
        Assert.Equal(-(int)Errno.ENOENT, Open("../../secret"));
        Assert.Equal(Sandbox.Granted.Length + "/sub".Length + 1, _guest.Call(Syscall.getcwd, Buffer, 0x100));
        Write("..");
        Assert.Equal(0, _guest.Call(Syscall.chdir, Path));
        Assert.Equal(-(int)Errno.ENOENT, _guest.Call(Syscall.chdir, Path));
    }

    [Theory]
    [InlineData("sub/", "/sub")]
    [InlineData("./sub/.", "/sub")]
    [InlineData("link", "/sub")]
    [InlineData("sub/../link/", "/sub")]
    public void The_working_directory_has_the_name_of_the_folder_itself(string path, string name)
    {
        string link = System.IO.Path.Combine(Sandbox.Granted, "link");
        File.CreateSymbolicLink(link, "sub");
        try
        {
            Write(path);
            Assert.Equal(0, _guest.Call(Syscall.chdir, Path));
            int length = _guest.Call(Syscall.getcwd, Buffer, 0x100);
            Assert.Equal(Sandbox.Granted + name, Encoding.UTF8.GetString(_guest.Read(Buffer, length - 1)));
            Assert.InRange(Open("deep"), 3, 10);
        }
        finally
        {
            File.Delete(link);
        }
    }

    [Fact]
    public void As_many_files_as_there_may_be_can_be_waited_for()
    {
        const uint most = 1024;
        const uint entry = 8;
        Assert.Equal(Buffer, (uint)_guest.Call(Syscall.mmap2, Buffer, most * entry, 3, 0x32, uint.MaxValue));
        for (uint i = 0; i < most; i++)
        {
            _guest.Write(Buffer + (i * entry), i % 2 == 0 ? uint.MaxValue : 1, 4);
        }

        Assert.Equal((int)most / 2, _guest.Call(Syscall.poll, Buffer, most, 0));
    }

    [Theory]
    [InlineData((int)Syscall._newselect)]
    [InlineData((int)Syscall.pselect6)]
    [InlineData((int)Syscall.pselect6_time64)]
    public void Select_finds_what_can_be_read_and_what_can_be_written(int number)
    {
        const uint reads = Buffer;
        const uint writes = Buffer + 0x100;
        const uint time = Buffer + 0x200;
        uint file = (uint)Open("small");
        _guest.Write(reads, 1u << (int)file);
        _guest.Write(writes, 1u << 1);
        _guest.Write(time, 0, 0, 0, 0);
        Assert.Equal(2, _guest.Call((Syscall)number, file + 1, reads, writes, 0, time));
        Assert.Equal((1u << (int)file, 1u << 1), (_guest.ReadWords(reads, 1)[0], _guest.ReadWords(writes, 1)[0]));
        _guest.Write(reads, 1u << 20);
        Assert.Equal(-(int)Errno.EBADF, _guest.Call((Syscall)number, 21, reads, 0, 0, time));
        Assert.Equal(-(int)Errno.EINVAL, _guest.Call((Syscall)number, uint.MaxValue, 0, 0, 0, time));
    }

    [Fact]
    public void Select_waits_on_when_a_pipe_has_hung_up_that_nobody_asked_about()
    {
        const uint exceptional = Buffer;
        const uint ends = Buffer + 0x300;
        Assert.Equal(0, _guest.Call(Syscall.pipe, ends));
        uint[] pipe = _guest.ReadWords(ends, 2);
        Assert.Equal(0, _guest.Call(Syscall.close, pipe[1]));
        _guest.Write(exceptional, 1u << (int)pipe[0]);

        // For ever, so that the stand-in's deadline ends it.
        _guest.Call(Syscall._newselect, pipe[0] + 1, 0, 0, exceptional, 0);
        Assert.Equal(StopReason.Deadline, _guest.Stop);
    }

    [Fact]
    public void The_times_of_an_open_file_cannot_be_changed()
    {
        Assert.Equal(-(int)Errno.EROFS, _guest.Call(Syscall.utimensat, (uint)Open("small"), 0, 0, 0));
        Assert.Equal(-(int)Errno.EBADF, _guest.Call(Syscall.utimensat, 99, 0, 0, 0));
    }

    [Fact]
    public void The_null_device_is_no_folder()
    {
        Assert.Equal(-(int)Errno.ENOTDIR, Open("/dev/null", 0x10000));
        Assert.Equal(-(int)Errno.ENOTDIR, _guest.Call(Syscall.chdir, Path));
        Assert.InRange(Open("/dev/null"), 3, 10);
    }

    [Fact]
    public void At_the_end_of_a_file_a_bad_address_is_none()
    {
        Assert.Equal(0, _guest.Call(Syscall.read, (uint)Open("empty"), Nowhere, 100));
        uint small = (uint)Open("small");
        Assert.Equal(-(int)Errno.EFAULT, _guest.Call(Syscall.read, small, Nowhere, 100));
        Assert.Equal(13, _guest.Call(Syscall.read, small, Buffer, 100));
        Assert.Equal(0, _guest.Call(Syscall.read, small, Nowhere, 100));
    }

    [Fact]
    public void A_file_is_read_up_to_the_first_bad_page()
    {
        uint big = (uint)Open("big");
        Assert.Equal(0x1800, _guest.Call(Syscall.read, big, StandInGuest.DataEnd - 0x1800, 0x8000));
        Assert.Equal(0x1800, _guest.Call(Syscall.lseek, big, 0, 1));
    }

    [Theory]
    [InlineData(nameof(Syscall.read))]
    [InlineData(nameof(Syscall.pread64))]
    public void A_file_is_read_whole(string call)
    {
        uint buffer = (uint)_guest.Call(Syscall.mmap2, 0, 0x20000, 3, 0x22, uint.MaxValue);
        Assert.Equal(100_000, _guest.Call(Enum.Parse<Syscall>(call), (uint)Open("big"), buffer, 0x20000));
        Assert.Equal([.. Enumerable.Range(0, 100_000).Select(i => (byte)(i >> 8))], _guest.Read(buffer, 100_000));
    }

    [Fact]
    public void A_folder_is_listed_and_a_bad_address_is_told()
    {
        uint folder = (uint)Open("sub", 0x10000);
        Assert.Equal(-(int)Errno.EFAULT, _guest.Call(Syscall.getdents64, folder, Nowhere, 0x1000));
        int length = _guest.Call(Syscall.getdents64, folder, Buffer, 0x1000);
        Assert.Contains("deep", Encoding.ASCII.GetString(_guest.Read(Buffer, length)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_that_is_not_to_wait_says_so()
    {
        Assert.Equal(0, _guest.Call(Syscall.pipe2, Buffer, NonBlock));
        uint[] ends = _guest.ReadWords(Buffer, 2);
        Assert.Equal(-(int)Errno.EAGAIN, _guest.Call(Syscall.read, ends[0], Buffer, 10));
        int written = 0;
        int answer;
        while ((answer = _guest.Call(Syscall.write, ends[1], Buffer, 0x3000)) > 0)
        {
            written += answer;
        }

        Assert.Equal(-(int)Errno.EAGAIN, answer);
        Assert.InRange(written, 4096, 1 << 20);
        Assert.Equal(0x2000, _guest.Call(Syscall.read, ends[0], Buffer, 0x2000));
    }

    [Fact]
    public void A_descriptor_that_the_program_makes_not_wait_does_not()
    {
        const uint setFlags = 4;
        Assert.Equal(0, _guest.Call(Syscall.fcntl, 0, setFlags, NonBlock));
        Assert.Equal(StandInGuest.InputLength - 904, _guest.Call(Syscall.read, 0, Buffer, 4096));
        Assert.Equal(904, _guest.Call(Syscall.read, 0, Buffer, 4096));

        // Its other end is closed.
        Assert.Equal(0, _guest.Call(Syscall.read, 0, Buffer, 4096));
    }

    [Fact]
    public void Reading_an_empty_pipe_waits_and_is_made_again_when_it_is_interrupted()
    {
        const int stop = 20;
        Assert.Equal(0, _guest.Call(Syscall.pipe, Buffer));
        _guest.Process.Send(stop);
        Assert.Equal((int)Syscall.read, _guest.Call(Syscall.read, _guest.ReadWords(Buffer, 1)[0], Buffer, 10));
    }

    [Fact]
    public void Reading_nothing_does_not_wait()
    {
        Assert.Equal(0, _guest.Call(Syscall.pipe, Buffer));
        Assert.Equal(0, _guest.Call(Syscall.read, _guest.ReadWords(Buffer, 1)[0], Buffer, 0));
    }

    [Fact]
    public void Several_buffers_are_filled_with_what_is_there()
    {
        Assert.Equal(0, _guest.Call(Syscall.pipe, Buffer));
        uint[] ends = _guest.ReadWords(Buffer, 2);
        Assert.Equal(5, _guest.Call(Syscall.write, ends[1], Path, 5));
        _guest.Write(Buffer, Buffer + 0x100, 5, Buffer + 0x200, 5);
        _guest.Vcpu.StopAtWait = StopReason.Deadline;
        Assert.Equal(5, _guest.Call(Syscall.readv, ends[0], Buffer, 2));
        Assert.Null(_guest.Stop);
    }

    [Fact]
    public void The_wrong_end_of_a_pipe_is_a_bad_descriptor()
    {
        Assert.Equal(0, _guest.Call(Syscall.pipe, Buffer));
        uint[] ends = _guest.ReadWords(Buffer, 2);
        Assert.Equal(-(int)Errno.EBADF, _guest.Call(Syscall.read, ends[1], Buffer, 1));
        Assert.Equal(-(int)Errno.EBADF, _guest.Call(Syscall.write, ends[0], Buffer, 1));
        Assert.Equal(-(int)Errno.EBADF, _guest.Call(Syscall.write, 0, Buffer, 1));
        Assert.Equal(-(int)Errno.EBADF, _guest.Call(Syscall.read, 2, Buffer, 1));
    }

    [Fact]
    public void Opening_a_named_pipe_does_not_wait_for_its_other_end()
    {
        const uint getFlags = 3;
        uint pipe = (uint)Open("fifo");
        Assert.Equal(0, _guest.Call(Syscall.fcntl, pipe, getFlags) & (int)NonBlock);
        uint other = (uint)Open("fifo", NonBlock);
        Assert.Equal((int)NonBlock, _guest.Call(Syscall.fcntl, other, getFlags) & (int)NonBlock);
    }

    [Fact]
    public void What_it_was_started_with_is_closed_with_it()
    {
        OpenFile.Pipe(out OpenFile? input, out OpenFile? output);
        new FileTable("/", [], [input!, output!]).Dispose();
        Assert.Equal((true, true), (input!.IsClosed, output!.IsClosed));
    }

    [Fact]
    public void A_table_that_is_full_keeps_no_file_open()
    {
        const uint duplicate = 0;
        while (_guest.Call(Syscall.fcntl, 1, duplicate) >= 0)
        {
            // Up to the limit.
        }

        int before = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(-(int)Errno.EMFILE, Open("small"));
        }

        Assert.InRange(Directory.GetFileSystemEntries("/proc/self/fd").Length - before, -50, 50);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(Nowhere)]
    [InlineData(0xbfff0000u)]
    [InlineData(0xc0000000u)]
    [InlineData(0xc0100000u)]
    [InlineData(0xffffe000u)]
    [InlineData(0xffffffffu)]
    public void A_bad_address_is_EFAULT(uint address)
    {
        // Below the stack it grows.
        int expected = address == 0xbfff0000u ? 0 : -(int)Errno.EFAULT;
        Assert.Equal(expected, _guest.Call(Syscall.fstat64, 1, address));
        Assert.Equal(expected, _guest.Call(Syscall.uname, address));
        Assert.Equal(expected == 0 ? -(int)Errno.ENOENT : expected, _guest.Call(Syscall.open, address));
        Assert.Equal(expected, _guest.Call(Syscall.pipe, address));
    }

    private int Open(string path, uint flags = 0)
    {
        Write(path);
        return _guest.Call(Syscall.open, Path, flags);
    }

    private void Write(string path) => _guest.Write(
        Path,
        [.. Encoding.UTF8.GetBytes(path.Replace("GRANTED", Sandbox.Granted, StringComparison.Ordinal).Replace("SECRET", Sandbox.SecretFile, StringComparison.Ordinal)), 0]);
}
