// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>What a system event asks for: KVM_SYSTEM_EVENT_*.</summary>
public enum KvmSystemEvent : uint
{
    /// <summary>Power off.</summary>
    Shutdown = 1,

    /// <summary>Reset.</summary>
    Reset = 2,

    /// <summary>The guest reports a crash.</summary>
    Crash = 3,

    /// <summary>A suspended vCPU wakes up.</summary>
    Wakeup = 4,

    /// <summary>Suspend to RAM.</summary>
    Suspend = 5,

    /// <summary>An SEV guest asked to be ended.</summary>
    SevTerm = 6,
}
