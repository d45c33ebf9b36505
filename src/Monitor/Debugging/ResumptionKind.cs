// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Debugging;

/// <summary>Kinds of <see cref="Resumption"/>.</summary>
internal enum ResumptionKind
{
    /// <summary>It runs.</summary>
    Continue,

    /// <summary>It executes one instruction.</summary>
    Step,

    /// <summary>It runs, and nobody debugs it any more.</summary>
    Detach,

    /// <summary>It is killed.</summary>
    Kill,
}
