// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>What KVM_SET_GUEST_DEBUG enables: KVM_GUESTDBG_*.</summary>
[Flags]
public enum KvmGuestDebugControl : uint
{
    /// <summary>No debugging.</summary>
    None = 0,

    /// <summary>The monitor debugs the guest.</summary>
    Enable = 0x00000001,

    /// <summary>Exit after each instruction.</summary>
    Singlestep = 0x00000002,

    /// <summary>INT3 exits instead of reaching the guest.</summary>
    UseSwBp = 0x00010000,

    /// <summary>The debug registers given are used.</summary>
    UseHwBp = 0x00020000,

    /// <summary>Inject #DB.</summary>
    InjectDb = 0x00040000,

    /// <summary>Inject #BP.</summary>
    InjectBp = 0x00080000,

    /// <summary>Block interrupts while stepping.</summary>
    Blockirq = 0x00100000,
}
