// SPDX-License-Identifier: MIT

using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Paging;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Reports;

/// <summary>The experiment of the 2005 article "Fixmapping VM pages, Vsyscalls", made again.</summary>
/// <param name="Host">The host.</param>
/// <param name="Cpu">The CPU that the guest was given.</param>
/// <param name="Guest">The guest.</param>
/// <param name="Page">The page, as the dump program read it in the guest.</param>
/// <param name="Int80">The loop by INT 0x80.</param>
/// <param name="Vsyscall">The loop by a call of the page; null when somebody interrupted it.</param>
public sealed record ArticleReport(HostEnvironment Host, CpuIdentity Cpu, I386Guest Guest, PageReport Page, CallResult Int80, CallResult? Vsyscall)
{
    /// <summary>Seconds that the article's Pentium 4 of 2.8 GHz took for 10,000,000 calls by INT 0x80.</summary>
    public const double ArticleInt80Seconds = 3.9;

    /// <summary>Seconds that it took by the page.</summary>
    public const double ArticleVsyscallSeconds = 1.4;

    /// <summary>Calls of the article.</summary>
    public const uint ArticleCalls = 10_000_000;

    /// <summary>How many times as fast the page was in 2005: 2.79.</summary>
    public const double ArticleSpeedUp = ArticleInt80Seconds / ArticleVsyscallSeconds;

    /// <summary>Hello,World out of a second page; null when it was not printed.</summary>
    public HelloWorldReport? HelloWorld { get; init; }

    /// <summary>How many times as fast the page is here; null when it was not measured.</summary>
    public double? SpeedUp => Int80.TicksPerCall / Vsyscall?.TicksPerCall;

    /// <summary>The lesser of the two verdicts.</summary>
    public Verdict Verdict => new[] { Int80, Vsyscall }.OfType<CallResult>().Min(result => result.Proof.Verdict);

    /// <summary>How the guest's page tables lead from the page's fixed address to the frame that it got.</summary>
    public static PageWalk WalkOf(I386Guest guest) => guest.Image.Walk(Fixmap.AddressOf(Fixmap.Vsyscall));
}
