// SPDX-License-Identifier: MIT

using Kvmsys.Fuzz.Targets;
using Kvmsys.Monitor.Linux;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.NoDevice.Linux;

/// <summary>Times as a program gives them, to the last values that they can have.</summary>
public sealed class GuestTimeTests : IDisposable
{
    private const uint Address = StandInGuest.Data;

    private readonly StandInGuest _guest = new();

    public void Dispose() => _guest.Dispose();

    [Theory]
    [InlineData(0, 0, 0L)]
    [InlineData(0, 1, 1L)]
    [InlineData(0, 100, 1L)]
    [InlineData(0, 101, 2L)]
    [InlineData(1, 999_999_999, 2 * TimeSpan.TicksPerSecond)]
    [InlineData(int.MaxValue, 0, int.MaxValue * TimeSpan.TicksPerSecond)]
    public void A_time_is_rounded_up_to_100_ns(int seconds, int nanoseconds, long ticks)
    {
        _guest.Write(Address, (uint)seconds, (uint)nanoseconds);
        Assert.Equal(default, GuestTime.Read(_guest.Process.Memory, Address, wide: false, out TimeSpan time));
        Assert.Equal(ticks, time.Ticks);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(int.MinValue, 0)]
    [InlineData(0, -1)]
    [InlineData(0, 1_000_000_000)]
    [InlineData(0, int.MaxValue)]
    public void A_time_that_is_none_is_EINVAL(int seconds, int nanoseconds)
    {
        _guest.Write(Address, (uint)seconds, (uint)nanoseconds);
        Assert.Equal(Errno.EINVAL, GuestTime.Read(_guest.Process.Memory, Address, wide: false, out _));
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(1L << 40)]
    public void Hundreds_of_years_are_for_ever(long seconds)
    {
        _guest.Write(Address, (uint)seconds, (uint)(seconds >> 32), 999_999_999, 0xffffffff);
        Assert.Equal(default, GuestTime.Read(_guest.Process.Memory, Address, wide: true, out TimeSpan time));
        Assert.InRange(time.TotalDays, 100 * 365, 200 * 365);
        Assert.Equal(0, _guest.Call(Syscall.clock_nanosleep_time64, 1, 0, Address));
    }

    [Theory]
    [InlineData(0xffffffffffffffff)]
    [InlineData(0x8000000000000000)]
    public void A_negative_time_of_64_bits_is_EINVAL(ulong seconds)
    {
        _guest.Write(Address, (uint)seconds, (uint)(seconds >> 32), 0, 0);
        Assert.Equal(Errno.EINVAL, GuestTime.Read(_guest.Process.Memory, Address, wide: true, out _));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_time_that_is_only_half_there_is_EFAULT(bool wide)
    {
        Assert.Equal(Errno.EFAULT, GuestTime.Read(_guest.Process.Memory, StandInGuest.DataEnd - 4, wide, out _));
        Assert.Equal(Errno.EFAULT, GuestTime.Write(_guest.Process.Memory, StandInGuest.DataEnd - 4, wide, 1, 2));
    }

    [Theory]
    [InlineData(int.MaxValue, false, 0)]
    [InlineData(int.MaxValue + 1L, false, (int)Errno.EOVERFLOW)]
    [InlineData(int.MinValue - 1L, false, (int)Errno.EOVERFLOW)]
    [InlineData(int.MaxValue + 1L, true, 0)]
    public void What_32_bits_cannot_hold_is_EOVERFLOW(long seconds, bool wide, int error) =>
        Assert.Equal((Errno)error, GuestTime.Write(_guest.Process.Memory, Address, wide, seconds, 5));
}
