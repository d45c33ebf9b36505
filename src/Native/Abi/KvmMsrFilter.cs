// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Kvmsys.Native.Abi;

/// <summary>Argument of KVM_X86_SET_MSR_FILTER: <c>struct kvm_msr_filter</c>.</summary>
public struct KvmMsrFilter
{
    /// <summary>What holds for registers outside every range.</summary>
    public KvmMsrFilterDefault Flags;

    /// <summary>Up to 16 ranges; an unused one has no registers.</summary>
    public InlineArray16<KvmMsrFilterRange> Ranges;
}
