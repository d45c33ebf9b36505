// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Tests.NoDevice;

/// <summary>The library's lines in docs/FIXMAP.md are those of this test, and do what the document says.</summary>
public sealed partial class FixmapDocumentTests
{
    [Fact]
    public void A_guest_gets_a_page_of_its_own_by_one_line()
    {
        CpuIdentity cpu = new("GenuineIntel", Family: 15, Model: 2, Stepping: 9, Sep: true);
        I386Guest guest = I386Guest.Build(new I386GuestOptions
        {
            Program = ArticleProgram.HelloWorld(),
            Profile = KernelProfile.Linux26,
            Cpu = cpu,
            Fixmap = [new FixmapContents("hello_world", "Hello,World"u8.ToArray())],
        });
        FixmapPage page = guest.Image.FixmapPages[1];

        Assert.Equal((0xffffd000u, 0xffffd000u), (page.VirtualAddress, guest.Image.Symbols.AddressOf("hello_world")));
        Assert.Equal(page.PhysicalAddress, guest.Image.Walk(page.VirtualAddress).PhysicalAddress);
    }

    [Fact]
    public void The_documents_lines_are_those_above()
    {
        string code = Code().Match(Read("docs/FIXMAP.md")).Groups[1].Value;
        Assert.NotEqual("", code);
        Assert.Contains(Spaces().Replace(code, " ").Trim(), Spaces().Replace(Read("tests/NoDevice/FixmapDocumentTests.cs"), " "), StringComparison.Ordinal);
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Checkout.Root, path));

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Code();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
