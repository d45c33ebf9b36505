// SPDX-License-Identifier: MIT

using Kvmsys.Guest;

namespace Kvmsys.Tests.NoDevice.Images;

public sealed class SymbolTableTests
{
    private static readonly SymbolTable Symbols = new([new(0x2000, "second"), new(0x1000, "first")]);

    [Theory]
    [InlineData(0x1000u, "first")]
    [InlineData(0x1006u, "first+0x6")]
    [InlineData(0x1fffu, "first+0xfff")]
    [InlineData(0x2000u, "second")]
    [InlineData(0x3000u, null)]
    [InlineData(0x0fffu, null)]
    public void An_address_is_named_by_the_nearest_symbol_below_it(uint address, string? name) => Assert.Equal(name, Symbols.Describe(address));

    [Fact]
    public void A_name_leads_to_its_address() => Assert.Equal(0x2000u, Symbols.AddressOf("second"));

    [Fact]
    public void An_unknown_name_is_told() =>
        Assert.Contains("third", Assert.Throws<KeyNotFoundException>(() => Symbols.AddressOf("third")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_name_may_occur_only_once() => Assert.Throws<ArgumentException>(() => new SymbolTable([new(1, "a"), new(2, "a")]));
}
