// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Kvmsys.Native.Abi;

/// <summary>The x86 part of <see cref="KvmGuestDebug"/>: <c>struct kvm_guest_debug_arch</c>.</summary>
public struct KvmGuestDebugArch
{
    /// <summary>DR0 to DR7 that take effect while the monitor debugs; 0 to 3 are addresses, 7 enables them.</summary>
    public InlineArray8<ulong> Debugreg;
}
