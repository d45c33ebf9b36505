// SPDX-License-Identifier: MIT

namespace Kvmsys.Fuzz.Targets;

/// <summary>Something that reads bytes that nobody vouches for, and what must hold whatever they are.</summary>
internal interface IFuzzTarget
{
    /// <summary>Its name on the command line, and the folder of its corpus.</summary>
    string Name { get; }

    /// <summary>Inputs are no longer than this.</summary>
    int MaxLength => 4096;

    /// <summary>An input may make it allocate so many bytes.</summary>
    long MaxAllocation => 16 << 20;

    /// <summary>Byte strings that mean something to it.</summary>
    IReadOnlyList<byte[]> Dictionary => [];

    /// <summary>Reads an input. It must come to its end soon, with little memory, and it throws only when it has a defect.</summary>
    /// <exception cref="BrokenInvariantException">What must hold does not.</exception>
    void Run(ReadOnlySpan<byte> input);
}
