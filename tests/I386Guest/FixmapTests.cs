// SPDX-License-Identifier: MIT

using System.Text;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Native;

namespace Kvmsys.Tests.I386Guest;

/// <summary>The article's programs, which read pages of the fixmap in ring 3 and write what they read.</summary>
public sealed class FixmapTests : IDisposable
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(60);

    private readonly Kvm _kvm = Kvm.Open();
    private readonly GuestCpuid _cpuid;

    public FixmapTests() => _cpuid = GuestCpuid.Of(_kvm);

    public void Dispose() => _kvm.Dispose();

    [Theory]
    [InlineData(null, VsyscallVariant.Sysenter)]
    [InlineData(VsyscallVariant.Sysenter, VsyscallVariant.Sysenter)]
    [InlineData(VsyscallVariant.Int80, VsyscallVariant.Int80)]
    public void The_dump_program_writes_the_page_that_was_mapped(VsyscallVariant? asked, VsyscallVariant got)
    {
        ProgramOutput dump = Programs(_cpuid, vsyscall: asked).DumpPage();
        Assert.Equal(got, dump.Guest.Vsyscall);
        Assert.Equal(VsyscallPage.Build(got).Bytes.ToArray(), dump.Bytes);
    }

    [Fact]
    public void Without_SEP_it_writes_the_page_of_INT_0x80() =>
        Assert.Equal(VsyscallPage.Build(VsyscallVariant.Int80).Bytes.ToArray(), Programs(_cpuid.WithoutSep()).DumpPage().Bytes);

    [Fact]
    public void The_page_has_the_frame_that_it_has_when_it_is_measured()
    {
        CallResult measured = new CallMeasurement(_kvm, _cpuid, Kvmsys.Monitor.Host.HostEnvironment.Read())
            .Run(new EntryPath(KernelProfile.Linux26, EntryMechanism.Vsyscall), calls: 10, seed: 7, Time);
        Assert.Equal(measured.VsyscallPhysicalAddress, Programs(_cpuid, seed: 7).DumpPage().Guest.Image.FixmapPages[0].PhysicalAddress);
    }

    [Fact]
    public void Hello_World_comes_from_the_second_page_and_is_nowhere_in_the_program()
    {
        ProgramOutput hello = Programs(_cpuid).PrintHelloWorld();
        Assert.Equal("Hello,World\n", Encoding.ASCII.GetString(hello.Bytes));
        Assert.All(hello.Program.Segments, segment => Assert.True(segment.Bytes.Span.IndexOf("Hello"u8) < 0));
    }

    [Fact]
    public void The_program_prints_whatever_the_page_holds_up_to_all_of_it()
    {
        byte[] text = [.. Enumerable.Repeat((byte)'x', (int)PageTableBuilder.PageSize)];
        Assert.Equal([.. text, (byte)'\n'], Hello(new FixmapContents("page", text)).Bytes);
        Assert.Equal("\n"u8.ToArray(), Hello(new FixmapContents("page", default)).Bytes);
    }

    [Fact]
    public void Without_the_second_page_the_program_gets_SIGSEGV()
    {
        GuestStoppedException exception = Assert.Throws<GuestStoppedException>(() => Hello());
        Assert.Equal(StopReason.Signal, exception.Stop.Reason);
        Assert.Contains("0xffffd000", exception.Message, StringComparison.Ordinal);
    }

    private ArticlePrograms Programs(GuestCpuid cpuid, int seed = 1, VsyscallVariant? vsyscall = null) => new(_kvm, cpuid, seed, vsyscall, Time, default);

    private ProgramOutput Hello(params FixmapContents[] fixmap) => ProgramOutput.Of(
        _kvm,
        _cpuid,
        ArticleProgram.HelloWorld(),
        new ProcessOptions { FileName = "hello", FullPath = "/hello", WorkingDirectory = "/", Fixmap = fixmap },
        Time,
        default);
}
