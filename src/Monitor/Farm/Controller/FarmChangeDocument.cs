// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>One change, or several at once, and what mechanisms cost since then on the hosts that had it, in JSON.</summary>
internal sealed record FarmChangeDocument
{
    /// <summary>What changed between the last bench before and the first one after, a few words each; none where nothing that is known has changed.</summary>
    public required IReadOnlyList<string> What { get; init; }

    /// <summary>When the first bench was made of a level that is another one.</summary>
    public required DateTimeOffset FirstAt { get; init; }

    /// <summary>When the last such bench was made.</summary>
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>The CPU models on which something costs more or less.</summary>
    public required IReadOnlyList<string> Cpus { get; init; }

    /// <summary>The hosts on which something costs more.</summary>
    public required IReadOnlyList<string> SlowerOn { get; init; }

    /// <summary>The hosts on which something costs less.</summary>
    public required IReadOnlyList<string> FasterOn { get; init; }

    /// <summary>The hosts that had the same change, were measured enough, and on which nothing costs more or less; null where no change is known.</summary>
    public IReadOnlyList<string>? UnchangedOn { get; init; }

    /// <summary>The hosts that had the same change, and were measured too little before or since to tell; null where no change is known.</summary>
    public IReadOnlyList<string>? UndecidedOn { get; init; }

    /// <summary>What costs more, the mechanism with the most hosts first.</summary>
    public required IReadOnlyList<FarmFindingDocument> Slower { get; init; }

    /// <summary>What costs less, in the same order.</summary>
    public required IReadOnlyList<FarmFindingDocument> Faster { get; init; }
}
