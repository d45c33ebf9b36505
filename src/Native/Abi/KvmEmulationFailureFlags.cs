// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>What an emulation failure reports: KVM_INTERNAL_ERROR_EMULATION_FLAG_*.</summary>
[Flags]
public enum KvmEmulationFailureFlags : ulong
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The instruction's bytes.</summary>
    InstructionBytes = 1 << 0,
}
