// SPDX-License-Identifier: MIT

namespace Kvmsys.Tests.Programs;

/// <summary>What a case's standard input and output are.</summary>
internal enum Streams
{
    /// <summary>Files.</summary>
    Files,

    /// <summary>Pipes.</summary>
    Pipes,

    /// <summary>Standard output is a pipe that nobody reads.</summary>
    BrokenPipe,
}
