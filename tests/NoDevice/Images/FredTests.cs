// SPDX-License-Identifier: MIT

using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>What FRED makes of the 64-bit kernel's image.</summary>
public sealed class FredTests
{
    private static readonly GuestProgram Program = new CallLoop(EntryMechanism.Syscall).Assemble(KernelProfile.Fred64);

    [Fact]
    public void The_CPU_finds_the_entries_and_the_stack_where_FRED_wants_them()
    {
        LongModeGuest guest = Build(fred: true);
        CpuState state = guest.Image.InitialState;
        Assert.Equal(1UL << 32, (ulong)state.Cr4 & (1UL << 32));
        ulong config = state.MsrOrNull(0x1d4)!.Value;
        Assert.Equal(0UL, config & 0xfff);
        Assert.Equal(config, guest.Image.Symbols.AddressOf("asm_fred_entrypoint_user"));
        Assert.Equal(config + 256, guest.Image.Symbols.AddressOf("asm_fred_entrypoint_kernel"));
        Assert.Equal(0UL, state.MsrOrNull(0x1d0));
        ulong stack = state.MsrOrNull(0x1cc)!.Value;
        Assert.Equal(0UL, stack % 64);
        PageWalk walk = guest.Image.Walk((uint)stack - FredFrame.Size);
        Assert.Equal((true, true, false), (walk.PhysicalAddress is not null, walk.Writable, walk.UserAccessible));
        Assert.Empty(VmEntryRules.BrokenBy(state));
    }

    [Fact]
    public void Without_it_nothing_of_it_is_there()
    {
        LongModeGuest guest = Build(fred: false);
        Assert.False(guest.Image.InitialState.Cr4.HasFlag(Cr4.Fred));
        Assert.Null(guest.Image.InitialState.MsrOrNull(Msr.FredConfig));
        Assert.Throws<KeyNotFoundException>(() => guest.Image.Symbols.AddressOf("asm_fred_entrypoint_user"));
    }

    [Theory]
    [InlineData(64, Mitigation.Swapgs)]
    [InlineData(32, Mitigation.None)]
    public void A_mitigation_and_32_bit_code_are_refused(int bitness, Mitigation mitigation)
    {
        LongModeGuestOptions options = new() { Program = Program with { Bitness = bitness }, Mitigation = mitigation, Fred = true };
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => LongModeGuest.Build(options));
        Assert.StartsWith($"A {bitness}-bit program with FRED and {mitigation}", refusal.Message, StringComparison.Ordinal);
    }

    private static LongModeGuest Build(bool fred) => LongModeGuest.Build(new LongModeGuestOptions { Program = Program, Fred = fred });
}
