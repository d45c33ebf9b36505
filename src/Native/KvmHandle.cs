// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kvmsys.Native;

/// <summary>A file descriptor of KVM: the system, a VM, a vCPU or a statistics file.</summary>
public abstract unsafe class KvmHandle : SafeHandleMinusOneIsInvalid
{
    private protected KvmHandle(int fd)
        : base(ownsHandle: true) => SetHandle(fd);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Close(handle) == 0;

    /// <summary>An ioctl whose argument is a number.</summary>
    /// <returns>The ioctl's answer, 0 or more.</returns>
    /// <exception cref="KvmException">It failed.</exception>
    private protected int Ioctl(uint request, nint argument, string operation, string? detail = null)
    {
        int answer = Libc.Ioctl(this, request, argument);
        if (answer < 0)
        {
            Fail(operation, detail);
        }

        return answer;
    }

    /// <summary>An ioctl whose argument is a structure that the kernel reads, writes or both.</summary>
    /// <returns>The ioctl's answer, 0 or more.</returns>
    /// <exception cref="KvmException">It failed.</exception>
    private protected int Ioctl<T>(uint request, ref T argument, string operation, string? detail = null)
        where T : unmanaged
    {
        int answer;

        // SAFETY: the structure is unmanaged and stays put while it is fixed; its size is the request's, which the ABI test proves.
        fixed (T* pointer = &argument)
        {
            answer = Libc.Ioctl(this, request, pointer);
        }

        if (answer < 0)
        {
            Fail(operation, detail);
        }

        return answer;
    }

    /// <summary>An ioctl whose argument is a structure that the kernel only reads.</summary>
    /// <exception cref="KvmException">It failed.</exception>
    private protected void IoctlIn<T>(uint request, in T argument, string operation, string? detail = null)
        where T : unmanaged => Ioctl(request, ref Unsafe.AsRef(in argument), operation, detail);

    /// <summary>An ioctl that answers a structure.</summary>
    /// <exception cref="KvmException">It failed.</exception>
    private protected T IoctlOut<T>(uint request, string operation)
        where T : unmanaged
    {
        T result = default;
        Ioctl(request, ref result, operation);
        return result;
    }

    /// <summary>KVM_ENABLE_CAP.</summary>
    private protected void EnableCap(KvmCapability capability, ulong argument, string detail)
    {
        KvmEnableCap request = new() { Cap = capability };
        request.Args[0] = argument;
        Ioctl(KvmIoctl.EnableCap, ref request, "KVM_ENABLE_CAP", detail);
    }

    /// <summary>An ioctl on a count that is followed by that many entries: the kernel's lists of registers and leaves.</summary>
    /// <param name="request">Request number.</param>
    /// <param name="headerBytes">Bytes before the entries; the first four are the count.</param>
    /// <param name="entries">The entries; what the kernel answers replaces them.</param>
    /// <param name="count">The count as the kernel leaves it.</param>
    /// <returns>The ioctl's answer; below 0 when it failed, <see cref="Libc.LastErrno"/> then says why.</returns>
    private protected int IoctlList<T>(uint request, int headerBytes, Span<T> entries, out int count)
        where T : unmanaged
    {
        Span<byte> payload = MemoryMarshal.AsBytes(entries);
        byte[] list = new byte[headerBytes + payload.Length];
        BinaryPrimitives.WriteInt32LittleEndian(list, entries.Length);
        payload.CopyTo(list.AsSpan(headerBytes));
        int answer;

        // SAFETY: the list holds as many entries as its count says, and the kernel writes no more than that.
        fixed (byte* pointer = list)
        {
            answer = Libc.Ioctl(this, request, pointer);
        }

        list.AsSpan(headerBytes).CopyTo(payload);
        count = BinaryPrimitives.ReadInt32LittleEndian(list);
        return answer;
    }

    /// <summary>KVM_GET_STATS_FD.</summary>
    private protected bool TryGetStatistics([NotNullWhen(true)] out KvmStatistics? statistics)
    {
        int fd = Libc.Ioctl(this, KvmIoctl.GetStatsFd, (nint)0);
        if (fd < 0 && Libc.LastErrno is not (Errno.ENOTTY or Errno.EINVAL))
        {
            Fail("KVM_GET_STATS_FD", null);
        }

        statistics = fd < 0 ? null : new KvmStatistics(fd);
        return statistics is not null;
    }

    [DoesNotReturn]
    private protected static void Fail(string operation, string? detail) => throw new KvmException(operation, Libc.LastErrno, detail);
}
