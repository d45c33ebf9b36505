// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Linux;

/// <summary>What became of an access to a program's memory.</summary>
internal enum FaultOutcome
{
    /// <summary>The page is there now.</summary>
    Mapped,

    /// <summary>The program has no memory there: SEGV_MAPERR.</summary>
    NotMapped,

    /// <summary>It has, and may not do that with it: SEGV_ACCERR.</summary>
    NotAllowed,

    /// <summary>It may, and no frame is left.</summary>
    OutOfMemory,
}
