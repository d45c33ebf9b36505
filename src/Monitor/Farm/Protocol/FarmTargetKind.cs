// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Protocol;

/// <summary>How a job names the host that is to do it.</summary>
internal enum FarmTargetKind
{
    /// <summary>Not at all: any host.</summary>
    Any,

    /// <summary>By its name.</summary>
    Host,

    /// <summary>By what it is: a CPU model with a KVM back end.</summary>
    Cpu,
}
