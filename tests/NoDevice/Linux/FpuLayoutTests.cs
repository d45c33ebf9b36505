// SPDX-License-Identifier: MIT

using FsCheck.Xunit;
using Kvmsys.Monitor.Linux;

namespace Kvmsys.Tests.NoDevice.Linux;

/// <summary>The x87's state in FSAVE's layout and in FXSAVE's.</summary>
public sealed class FpuLayoutTests
{
    private const int FxsaveSize = 512;
    private const int FpStateStart = 112;

    [Property(MaxTest = 500)]
    public void What_goes_to_a_signals_frame_comes_back(byte[] noise, int seed)
    {
        byte[] fxsave = Random(noise, seed);
        byte[] fsave = new byte[FpStateStart];
        FpuLayout.ToFsave(fxsave, fsave);

        // The x87's part is taken from FSAVE's image alone, the rest from FXSAVE's.
        byte[] back = [.. fxsave];
        Array.Clear(back, 0, 6);
        for (int register = 0; register < 8; register++)
        {
            Array.Clear(back, 32 + (register * 16), 10);
        }

        FpuLayout.FromFsave(fsave, back);
        byte[] expected = [.. fxsave];
        expected[5] = 0;
        (expected[26], expected[27]) = (0, 0);
        Assert.Equal(expected, back);
    }

    [Property]
    public void Any_frame_gives_a_state_that_the_CPU_takes(byte[] noise, int seed)
    {
        byte[] fsave = Random(noise, seed)[..FpStateStart];
        byte[] fxsave = Random(noise, ~seed);
        FpuLayout.FromFsave(fsave, fxsave);
        Assert.Equal(0u, BitConverter.ToUInt32(fxsave, 24) >> 16);
    }

    [Theory]
    [InlineData(0x8000000000000000UL, 0x3fff, 0u)]
    [InlineData(0UL, 0, 1u)]
    [InlineData(0x8000000000000000UL, 0x7fff, 2u)]
    [InlineData(1UL, 0, 2u)]
    [InlineData(1UL, 0x3fff, 2u)]
    public void A_register_is_tagged_by_what_it_holds(ulong significand, ushort exponent, uint tag)
    {
        byte[] fxsave = FpuLayout.Initial;
        BitConverter.TryWriteBytes(fxsave.AsSpan(32), significand);
        BitConverter.TryWriteBytes(fxsave.AsSpan(40), exponent);

        // TOP is 7: the top of the stack is the last physical register.
        const ushort top = 7 << 11;
        BitConverter.TryWriteBytes(fxsave.AsSpan(2), top);
        fxsave[4] = 1 << 7;
        byte[] fsave = new byte[FpStateStart];
        FpuLayout.ToFsave(fxsave, fsave);
        Assert.Equal(0x3fffu | (tag << 14), BitConverter.ToUInt32(fsave, 8) & 0xffff);
    }

    // Register values that FSAVE's and FXSAVE's layout have in common.
    private static byte[] Random(byte[] noise, int seed)
    {
        byte[] fxsave = new byte[FxsaveSize];
        new Random(seed).NextBytes(fxsave);
        noise.AsSpan(0, Math.Min(noise.Length, FxsaveSize)).CopyTo(fxsave);
        return fxsave;
    }
}
