// SPDX-License-Identifier: MIT

namespace Kvmsys.Tests.Programs;

/// <summary>A program in one flavour, what it is started with, and what it must come to.</summary>
/// <param name="Program">Its path in the folder of programs: flavour/name.</param>
/// <param name="Arguments">Its arguments.</param>
internal sealed record Case(string Program, params string[] Arguments)
{
    /// <summary>What tells it from the other cases of the same program.</summary>
    public string Label { get; init; } = "";

    /// <summary>The theory's row.</summary>
    public string Name => Label.Length == 0 ? Program : $"{Program} {Label}";

    /// <summary>Its environment, and nothing of the host's.</summary>
    public string[] Environment { get; init; } = [];

    /// <summary>Its standard input.</summary>
    public byte[] Input { get; init; } = [];

    /// <summary>Its standard input and output.</summary>
    public Streams Streams { get; init; }

    /// <summary>Options of kvmsys run.</summary>
    public string[] Options { get; init; } = [];

    /// <summary>What it must come to. Null: what it comes to on this host's kernel.</summary>
    public Expectation? Expected { get; init; }

    /// <summary>Why the machine amd cannot show it. Null: it can.</summary>
    public string? NotOnAmd { get; init; }

    /// <summary>Whether the slower machine intel leaves it out, because another flavour of the same program stands for it there.</summary>
    public bool Thinned { get; init; }
}
