// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>State of the vCPU after KVM_EXIT_NOTIFY: KVM_NOTIFY_*.</summary>
[Flags]
public enum KvmNotifyFlags : uint
{
    /// <summary>The vCPU can go on.</summary>
    None = 0,

    /// <summary>The vCPU's state is lost.</summary>
    ContextInvalid = 1 << 0,
}
