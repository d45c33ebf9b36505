// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using Kvmsys.Native;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.NoDevice.Native;

/// <summary>The Linux calls that a monitor needs. Signals are tested on threads that end with the test.</summary>
public sealed class LinuxTests
{
    private static readonly int Signal = ThreadSignals.FreeSignal;

    [Fact]
    public void A_signal_set_holds_what_was_put_into_it()
    {
        SignalSet set = SignalSet.Of(1).With(64).With(38).Without(1);
        Assert.Equal((1UL << 63) | (1UL << 37), set.Bits);
        Assert.True(set.Contains(38));
        Assert.False(set.Contains(1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void A_number_that_is_no_signal_is_refused(int signal) => Assert.Throws<ArgumentOutOfRangeException>(() => SignalSet.Of(signal));

    [Fact]
    public void The_free_signal_is_a_real_time_signal_that_the_runtime_does_not_use() =>
        Assert.InRange(ThreadSignals.FreeSignal, 36, 64);

    [Fact]
    public void A_blocked_signal_stays_pending_until_the_thread_takes_it() => OnThread(() =>
    {
        Assert.False(ThreadSignals.TakePending(Signal));
        ThreadSignals.Send(ThreadSignals.CurrentThreadId, Signal);
        Assert.True(ThreadSignals.TakePending(Signal));
        Assert.False(ThreadSignals.TakePending(Signal));
    });

    [Fact]
    public void Blocking_shows_in_the_mask_and_answers_the_mask_before() => OnThread(() =>
    {
        Assert.True(ThreadSignals.Blocked.Contains(Signal));
        SignalSet before = ThreadSignals.Unblock(Signal);
        Assert.True(before.Contains(Signal));
        Assert.False(ThreadSignals.Blocked.Contains(Signal));
        Assert.False(ThreadSignals.Block(Signal).Contains(Signal));
    });

    [Fact]
    public void A_signal_to_a_thread_that_does_not_exist_is_told()
    {
        KvmException exception = Assert.Throws<KvmException>(() => ThreadSignals.Send(int.MaxValue, Signal));
        Assert.Equal((Errno.ESRCH, "tgkill"), (exception.Errno, exception.Operation));
    }

    [Fact]
    public void A_timer_sends_its_signal_after_its_delay_and_then_at_its_interval() => OnThread(() =>
    {
        using ThreadTimer timer = new(ThreadSignals.CurrentThreadId, Signal);
        long start = Stopwatch.GetTimestamp();
        timer.Arm(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(1));
        for (int i = 0; i < 3; i++)
        {
            Assert.True(SpinWait.SpinUntil(() => ThreadSignals.TakePending(Signal), TimeSpan.FromSeconds(10)), "no signal came");
        }

        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(5));
    });

    [Fact]
    public void A_disarmed_timer_is_silent() => OnThread(() =>
    {
        using ThreadTimer timer = new(ThreadSignals.CurrentThreadId, Signal);
        timer.Arm(TimeSpan.FromMilliseconds(20));
        timer.Disarm();
        Assert.False(SpinWait.SpinUntil(() => ThreadSignals.TakePending(Signal), TimeSpan.FromMilliseconds(60)));
    });

    [Fact]
    public void A_timer_takes_no_delay_of_nothing_and_no_negative_interval() => OnThread(() =>
    {
        using ThreadTimer timer = new(ThreadSignals.CurrentThreadId, Signal);
        Assert.Throws<ArgumentOutOfRangeException>(() => timer.Arm(TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => timer.Arm(TimeSpan.FromSeconds(1), TimeSpan.FromTicks(-1)));
    });

    [Fact]
    public void A_timer_for_a_thread_that_does_not_exist_is_refused() =>
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => new ThreadTimer(int.MaxValue, Signal)).Errno);

    [Fact]
    public void A_disposed_timer_cannot_be_armed() => OnThread(() =>
    {
        ThreadTimer timer = new(ThreadSignals.CurrentThreadId, Signal);
        timer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => timer.Arm(TimeSpan.FromSeconds(1)));
    });

    [Fact]
    public void Anonymous_memory_is_whole_pages_of_zeros_that_keep_what_is_written()
    {
        using MemoryMapping memory = MemoryMapping.Anonymous(5000);
        Assert.Equal((nuint)8192, memory.Length);
        Assert.Equal(-1, memory.Slice(0, 8192).IndexOfAnyExcept((byte)0));
        memory.Slice(8191, 1)[0] = 9;
        Assert.Equal(9, memory.Slice(0, 8192)[8191]);
    }

    [Theory]
    [InlineData(2 << 20)]
    [InlineData(4 << 20)]
    [InlineData((4 << 20) + 4096)]
    public unsafe void A_huge_page_or_more_begins_where_huge_pages_do(int length)
    {
        using MemoryMapping memory = MemoryMapping.Anonymous((nuint)length);
        Assert.Equal(0, (nint)memory.Address % MemoryMapping.HugePageSize);
        memory.Slice(0, length).Fill(1);
    }

    [Fact]
    public void How_much_is_in_huge_pages_is_told()
    {
        using MemoryMapping memory = MemoryMapping.Anonymous(4 << 20);
        Assert.Equal(0, memory.HugePageBytes);
        bool granted = memory.TryUseHugePages();
        memory.Slice(0, 4 << 20).Fill(1);
        Assert.InRange(memory.HugePageBytes!.Value, 0, 4 << 20);
        Assert.True(granted || memory.HugePageBytes == 0);
    }

    [Theory]
    [InlineData(8192, 1)]
    [InlineData(0, 8193)]
    [InlineData(8193, 0)]
    [InlineData(0, -1)]
    public void A_slice_outside_the_memory_is_refused(int offset, int length)
    {
        using MemoryMapping memory = MemoryMapping.Anonymous(8192);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Slice((nuint)offset, length).Length);
    }

    [Fact]
    public void Unmapped_memory_cannot_be_touched()
    {
        MemoryMapping memory = MemoryMapping.Anonymous(4096);
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.Slice(0, 1).Length);
    }

    [Fact]
    public void More_memory_than_there_is_address_space_is_ENOMEM_with_the_size()
    {
        KvmException exception = Assert.Throws<KvmException>(() => MemoryMapping.Anonymous(unchecked((nuint)0x7fff_ffff_f000)));
        Assert.Equal((Errno.ENOMEM, "mmap"), (exception.Errno, exception.Operation));
        Assert.Contains("137438953468 KiB", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Errno.EINVAL, "KVM_SET_SREGS: Invalid argument (EINVAL): cr0 0")]
    [InlineData((Errno)999, "KVM_SET_SREGS: Unknown error 999 (errno 999): cr0 0")]
    public void An_error_names_the_operation_the_reason_and_the_values(Errno errno, string message) =>
        Assert.Equal(message, new KvmException("KVM_SET_SREGS", errno, "cr0 0").Message);

    [Theory]
    [InlineData(0, 8)]
    [InlineData(-1, 8)]
    [InlineData(1, 7)]
    [InlineData(65, 15)]
    public void A_filter_range_needs_registers_and_a_bitmap_of_whole_words_for_them(int count, int bytes) =>
        Assert.ThrowsAny<ArgumentException>(() => new MsrFilterRange(KvmMsrFilterAccess.Read, 0x174, count, new byte[bytes]));

    [Fact]
    public void Opening_a_device_that_is_not_there_is_ENOENT_with_its_path()
    {
        KvmException exception = Assert.Throws<KvmException>(() => Kvm.Open("/dev/no-such-kvm"));
        Assert.Equal((Errno.ENOENT, "open"), (exception.Errno, exception.Operation));
        Assert.Contains("/dev/no-such-kvm", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_KVM_is_ENOTTY()
    {
        using Kvm notKvm = Kvm.Open("/dev/null");
        Assert.Equal(Errno.ENOTTY, Assert.Throws<KvmException>(() => notKvm.ApiVersion).Errno);
    }

    [Fact]
    public void A_descriptor_that_somebody_made_non_blocking_still_takes_every_byte()
    {
        const int setStatusFlags = 4;
        const int writeOnlyNonBlocking = 1 | 0x800;
        byte[] sent = new byte[1 << 20];
        new Random(1).NextBytes(sent);
        using AnonymousPipeServerStream reader = new(PipeDirection.In);
        using SafeHandle writer = reader.ClientSafePipeHandle;
        int descriptor = (int)writer.DangerousGetHandle();
        Assert.Equal(0, Fcntl(descriptor, setStatusFlags, writeOnlyNonBlocking));
        Thread thread = new(() => FileDescriptor.WriteAll(descriptor, sent));
        thread.Start();
        byte[] got = new byte[sent.Length];
        reader.ReadExactly(got);
        thread.Join();
        Assert.Equal(sent, got);
    }

    [Fact]
    public void A_descriptor_that_is_not_open_is_EBADF()
    {
        KvmException exception = Assert.Throws<KvmException>(() => FileDescriptor.WriteAll(-1, "x"u8));
        Assert.Equal((Errno.EBADF, "write"), (exception.Errno, exception.Operation));
    }

    [DllImport("libc", EntryPoint = "fcntl")]
    private static extern int Fcntl(int descriptor, int command, int argument);

    private static void OnThread(Action test)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            ThreadSignals.Block(Signal);
            failure = Record.Exception(test);
        });
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }
}
