// SPDX-License-Identifier: MIT

using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Native;

/// <summary>The mapping that a vCPU shares with user space: <see cref="KvmRun"/>, then the port I/O data and KVM's rings.</summary>
public sealed unsafe class KvmRunPage : MemoryMapping
{
    private readonly KvmRun* _run;

    internal KvmRunPage(KvmVcpu vcpu, int size)
        : base(
            Libc.Mmap(0, (nuint)size, Libc.ProtRead | Libc.ProtWrite, Libc.MapShared, vcpu, 0),
            (nuint)size,
            $"{size} bytes of a vCPU") => _run = (KvmRun*)Address;

    /// <summary>The page itself, in place. It must not be used after the vCPU is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The vCPU is disposed.</exception>
    public ref KvmRun Run
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);

            // SAFETY: the mapping is at least as large as the structure and still mapped.
            return ref *_run;
        }
    }

    /// <summary>
    /// Makes the present or the next KVM_RUN return <see cref="KvmRunOutcome.Interrupted"/> without entering the guest; a KVM_RUN that is
    /// already inside the guest needs a signal too. Any thread may set it; the vCPU's thread clears it.
    /// </summary>
    public bool ImmediateExit
    {
        get => Volatile.Read(ref Run.ImmediateExit) != 0;
        set => Volatile.Write(ref Run.ImmediateExit, value ? (byte)1 : (byte)0);
    }
}
