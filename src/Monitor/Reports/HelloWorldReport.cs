// SPDX-License-Identifier: MIT

using System.Text;
using Kvmsys.Guest;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Monitor.Reports;

/// <summary>The article's Hello,World: printed by a program that has the text nowhere, from a second page of the fixmap.</summary>
/// <param name="Output">What the program printed.</param>
/// <param name="Program">The program.</param>
/// <param name="Guest">The guest that it ran in.</param>
public sealed record HelloWorldReport(ReadOnlyMemory<byte> Output, GuestProgram Program, I386Guest Guest)
{
    /// <summary>What the program printed, without the line's end.</summary>
    public string Text => Encoding.ASCII.GetString(Output.Span).TrimEnd('\n');

    /// <summary>Whether that is what the page holds.</summary>
    public bool IsRight => Text == ArticleProgram.HelloWorldText;

    /// <summary>The page.</summary>
    public FixmapPage Page => Guest.Image.FixmapPages.Single(page => page.Slot == Fixmap.HelloWorld);

    /// <summary>Bytes of the program's code.</summary>
    public int ProgramBytes => Program.Segments.Where(segment => segment.Flags.HasFlag(SegmentFlags.Execute)).Sum(segment => segment.Bytes.Length);

    /// <summary>Whether the program itself holds the text, which would make it an ordinary program.</summary>
    public bool ProgramHoldsText => Program.Segments.Any(segment => segment.Bytes.Span.IndexOf(Encoding.ASCII.GetBytes(ArticleProgram.HelloWorldText)) >= 0);
}
