// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Direction of a port access: KVM_EXIT_IO_*.</summary>
public enum KvmIoDirection : byte
{
    /// <summary>IN: user space provides the data before the next KVM_RUN.</summary>
    In = 0,

    /// <summary>OUT: the data is the guest's.</summary>
    Out = 1,
}
