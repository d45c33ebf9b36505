// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Why interrupts are held for one instruction: KVM_X86_SHADOW_INT_*.</summary>
[Flags]
public enum KvmInterruptShadow : byte
{
    /// <summary>They are not.</summary>
    None = 0,

    /// <summary>After MOV SS or POP SS.</summary>
    MovSs = 1,

    /// <summary>After STI.</summary>
    Sti = 2,
}
