// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Linux;

/// <summary>Runs the two programs of the 2005 article that look at the fixmap: <see cref="ArticleProgram"/>.</summary>
/// <param name="kvm">The system's KVM.</param>
/// <param name="cpuid">The guest's CPUID table.</param>
/// <param name="seed">Decides which frames the pages get.</param>
/// <param name="vsyscall">What the vsyscall page holds; null to let the CPU decide.</param>
/// <param name="time">How long each may run.</param>
/// <param name="cancellation">Ends them early.</param>
internal sealed class ArticlePrograms(
    Kvm kvm, GuestCpuid cpuid, int seed, VsyscallVariant? vsyscall, TimeSpan time, CancellationToken cancellation)
{
    // As the guest that is measured has, so that with the same seed the page gets the same frame.
    private const uint MemorySize = 16 << 20;

    /// <summary>The vsyscall page's 4096 bytes, as a program in the guest reads them.</summary>
    /// <exception cref="GuestStoppedException">The program did not come to its end.</exception>
    /// <exception cref="KvmException">KVM or the host refuses something.</exception>
    public ProgramOutput DumpPage() => Run("dump", ArticleProgram.Dump(), []);

    /// <summary>What the program prints that has no text of its own.</summary>
    /// <exception cref="GuestStoppedException">The program did not come to its end.</exception>
    /// <exception cref="KvmException">KVM or the host refuses something.</exception>
    public ProgramOutput PrintHelloWorld() => Run("hello", ArticleProgram.HelloWorld(), [ArticleProgram.HelloWorldPage]);

    private ProgramOutput Run(string name, GuestProgram program, IReadOnlyList<FixmapContents> fixmap)
    {
        ProcessOptions options = new()
        {
            FileName = name,
            FullPath = $"/{name}",
            WorkingDirectory = "/",
            MemorySize = MemorySize,
            Vsyscall = vsyscall,
            Fixmap = fixmap,
            Seed = seed,
        };
        return ProgramOutput.Of(kvm, cpuid, program, options, time, cancellation);
    }
}
