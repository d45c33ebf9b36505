// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Vsyscall;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>The page's code against the bytes that Linux 2.6.12 has there.</summary>
public sealed class VsyscallPageTests
{
    [Fact]
    public void The_sysenter_page_holds_2_6_12s_bytes() => Assert.Equal(
        "51525589e50f3490909090909090ebf35d5a59c3",
        Code(VsyscallVariant.Sysenter, offset: 0x400, length: 20));

    [Fact]
    public void The_int80_page_holds_2_6_12s_bytes() =>
        Assert.Equal("cd80c3", Code(VsyscallVariant.Int80, offset: 0x400, length: 3));

    [Theory]
    [InlineData(VsyscallVariant.Int80)]
    [InlineData(VsyscallVariant.Sysenter)]
    public void Both_pages_hold_the_signal_returns(VsyscallVariant variant)
    {
        Assert.Equal("58b877000000cd80", Code(variant, offset: 0x420, length: 8));
        Assert.Equal("b8ad000000cd80", Code(variant, offset: 0x440, length: 7));
    }

    [Theory]
    [InlineData(VsyscallVariant.Int80, 0x403)]
    [InlineData(VsyscallVariant.Sysenter, 0x414)]
    public void Between_the_routines_the_page_is_zero(VsyscallVariant variant, int endOfEntry)
    {
        ReadOnlySpan<byte> page = VsyscallPage.Build(variant).Bytes.Span;
        Assert.Equal(-1, page[endOfEntry..0x420].IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, page[0x428..0x440].IndexOfAnyExcept((byte)0));
        Assert.Equal(0, page[0x447]);
    }

    [Fact]
    public void Its_entry_points_have_2_6_12s_names_and_addresses()
    {
        Dictionary<string, uint> symbols = VsyscallPage.Build(VsyscallVariant.Sysenter).Symbols.ToDictionary(symbol => symbol.Name, symbol => symbol.Address);
        Assert.Equal(0xffffe400, symbols["__kernel_vsyscall"]);
        Assert.Equal(0xffffe410, symbols["SYSENTER_RETURN"]);
        Assert.Equal(0xffffe420, symbols["__kernel_sigreturn"]);
        Assert.Equal(0xffffe440, symbols["__kernel_rt_sigreturn"]);
        Assert.Equal(VsyscallPage.SysenterReturn, symbols["SYSENTER_RETURN"]);
    }

    [Theory]
    [InlineData("GenuineIntel", 0x633, true, VsyscallVariant.Sysenter)]
    [InlineData("GenuineIntel", 0x634, true, VsyscallVariant.Sysenter)]
    [InlineData("GenuineIntel", 0x632, true, VsyscallVariant.Int80)]
    [InlineData("GenuineIntel", 0x619, true, VsyscallVariant.Int80)]
    [InlineData("GenuineIntel", 0x650, true, VsyscallVariant.Sysenter)]
    [InlineData("GenuineIntel", 0x650, false, VsyscallVariant.Int80)]
    [InlineData("GenuineIntel", 0x000206a7, true, VsyscallVariant.Sysenter)]
    [InlineData("GenuineIntel", 0x00000f29, true, VsyscallVariant.Sysenter)]
    [InlineData("AuthenticAMD", 0x00800f12, true, VsyscallVariant.Sysenter)]
    [InlineData("AuthenticAMD", 0x612, true, VsyscallVariant.Sysenter)]
    [InlineData("AuthenticAMD", 0x00800f12, false, VsyscallVariant.Int80)]
    public void The_page_is_chosen_by_SEP_and_the_Pentium_Pro_erratum(string vendor, int signature, bool sep, VsyscallVariant variant)
    {
        const uint sepBit = 1u << 11;
        CpuIdentity cpu = CpuIdentity.FromCpuid(vendor, (uint)signature, sep ? sepBit : ~sepBit);
        Assert.Equal(variant, VsyscallPage.Choose(cpu));
    }

    [Theory]
    [InlineData(0x000206a7, 6, 0x2a, 7)]
    [InlineData(0x00800f12, 0x17, 1, 2)]
    [InlineData(0x00b00f21, 0x1a, 2, 1)]
    [InlineData(0x00000f29, 15, 2, 9)]
    [InlineData(0x00000543, 5, 4, 3)]
    public void Family_and_model_include_their_extended_parts_where_CPUID_says_so(int signature, int family, int model, int stepping)
    {
        CpuIdentity cpu = CpuIdentity.FromCpuid("", (uint)signature, 0);
        Assert.Equal((family, model, stepping), (cpu.Family, cpu.Model, cpu.Stepping));
    }

    private static string Code(VsyscallVariant variant, int offset, int length) =>
        Convert.ToHexStringLower(VsyscallPage.Build(variant).Bytes.Span.Slice(offset, length));
}
