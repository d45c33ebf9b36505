// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Flags of <see cref="KvmCpuidEntry2"/>: KVM_CPUID_FLAG_*.</summary>
[Flags]
public enum KvmCpuidFlags : uint
{
    /// <summary>The leaf has no subleaves.</summary>
    None = 0,

    /// <summary>The leaf answers by ECX (the kernel's own spelling of KVM_CPUID_FLAG_SIGNIFCANT_INDEX).</summary>
    SignifcantIndex = 1 << 0,

    /// <summary>Obsolete: successive calls answer differently.</summary>
    StatefulFunc = 1 << 1,

    /// <summary>Obsolete: the entry that a stateful leaf reads next.</summary>
    StateReadNext = 1 << 2,
}
