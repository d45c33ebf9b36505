// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Flags of <see cref="KvmSregs2"/>: KVM_SREGS2_FLAGS_*.</summary>
[Flags]
public enum KvmSregs2Flags : ulong
{
    /// <summary>No optional field is valid.</summary>
    None = 0,

    /// <summary><see cref="KvmSregs2.Pdptrs"/> is valid.</summary>
    PdptrsValid = 1,
}
