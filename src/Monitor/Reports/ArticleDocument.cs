// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Guest.Paging;

namespace Kvmsys.Monitor.Reports;

/// <summary>The article's experiment in JSON.</summary>
public sealed record ArticleDocument
{
    /// <summary>Name and version of this schema; a field is never taken away within a version.</summary>
    public string Schema { get; init; } = "kvmsys.article/1";

    /// <summary>Version of kvmsys.</summary>
    public required string Version { get; init; }

    /// <summary>The lesser of the two verdicts.</summary>
    public required string Verdict { get; init; }

    /// <summary>Whether both loops were measured.</summary>
    public required bool Complete { get; init; }

    /// <summary>The guest's CPU: vendor, family, model, stepping, SEP.</summary>
    public required string GuestCpu { get; init; }

    /// <summary>How the vsyscall page enters the kernel.</summary>
    public required string VsyscallPage { get; init; }

    /// <summary>The page's fixed virtual address, in hexadecimal.</summary>
    public required string VirtualAddress { get; init; }

    /// <summary>The frame that the page got, in hexadecimal.</summary>
    public required string PhysicalAddress { get; init; }

    /// <summary>The way from the one to the other.</summary>
    public required string PageWalk { get; init; }

    /// <summary>The page, as the dump program read it in the guest.</summary>
    public required PageDumpDocument Dump { get; init; }

    /// <summary>The code at the page's entry, a line each.</summary>
    public required IReadOnlyList<string> Disassembly { get; init; }

    /// <summary>The loop by INT 0x80.</summary>
    public required CallDocument Int80 { get; init; }

    /// <summary>The loop by a call of the page; null when somebody interrupted it.</summary>
    public CallDocument? Vsyscall { get; init; }

    /// <summary>How many times as fast the page is here; null when it was not measured.</summary>
    public double? SpeedUp { get; init; }

    /// <summary>How many times as fast it was in the article.</summary>
    public double ArticleSpeedUp { get; init; } = ArticleReport.ArticleSpeedUp;

    /// <summary>Hello,World out of a second page; null when something ended the experiment before it.</summary>
    public HelloWorldDocument? HelloWorld { get; init; }

    /// <summary>The host.</summary>
    public required HostDocument Host { get; init; }

    /// <summary>The document of a report.</summary>
    public static ArticleDocument Of(ArticleReport report)
    {
        PageWalk walk = ArticleReport.WalkOf(report.Guest);
        return new ArticleDocument
        {
            Version = report.Host.Version,
            Verdict = Spelling.Of(report.Verdict),
            Complete = report.Vsyscall is not null,
            GuestCpu = report.Cpu.ToString(),
            VsyscallPage = Spelling.Of(report.Guest.Vsyscall),
            VirtualAddress = string.Create(CultureInfo.InvariantCulture, $"0x{walk.LinearAddress:x8}"),
            PhysicalAddress = string.Create(CultureInfo.InvariantCulture, $"0x{walk.PhysicalAddress:x8}"),
            PageWalk = walk.ToString(),
            Dump = PageDumpDocument.Of(report.Page),
            Disassembly = report.Page.EntryCode,
            Int80 = CallDocument.Of(report.Int80, speedUp: 1),
            Vsyscall = report.Vsyscall is null ? null : CallDocument.Of(report.Vsyscall, report.SpeedUp),
            SpeedUp = report.SpeedUp,
            HelloWorld = report.HelloWorld is null ? null : HelloWorldDocument.Of(report.HelloWorld),
            Host = HostDocument.Of(report.Host),
        };
    }
}
