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
    /// <returns>Its answer; below 0 when it failed, <see cref="Libc.LastErrno"/> then says why.</returns>
    private protected int Ioctl(uint request, nint argument = 0) => Libc.Ioctl(this, request, argument);

    /// <summary>An ioctl whose argument is a structure that the kernel reads, writes or both.</summary>
    /// <returns>Its answer; below 0 when it failed, <see cref="Libc.LastErrno"/> then says why.</returns>
    private protected int Ioctl<T>(uint request, ref T argument)
        where T : unmanaged
    {
        // SAFETY: the structure is unmanaged and stays put while it is fixed; its size is the request's, which the ABI test proves.
        fixed (T* pointer = &argument)
        {
            return Libc.Ioctl(this, request, pointer);
        }
    }

    /// <summary>An ioctl whose argument is a structure that the kernel only reads.</summary>
    /// <returns>Its answer; below 0 when it failed, <see cref="Libc.LastErrno"/> then says why.</returns>
    private protected int IoctlIn<T>(uint request, in T argument)
        where T : unmanaged => Ioctl(request, ref Unsafe.AsRef(in argument));

    /// <summary>An ioctl that answers a structure.</summary>
    /// <exception cref="KvmException">It failed.</exception>
    private protected T IoctlOut<T>(uint request, string operation)
        where T : unmanaged
    {
        T result = default;
        Check(Ioctl(request, ref result), operation);
        return result;
    }

    /// <summary>KVM_ENABLE_CAP.</summary>
    /// <returns>Its answer; below 0 when it failed.</returns>
    private protected int IoctlEnableCap(KvmCapability capability, ulong argument)
    {
        KvmEnableCap request = new() { Cap = capability };
        request.Args[0] = argument;
        return Ioctl(KvmIoctl.EnableCap, ref request);
    }

    /// <summary>An ioctl on a count that is followed by that many entries, which the kernel reads, writes or both.</summary>
    /// <param name="request">Request number.</param>
    /// <param name="headerBytes">Bytes before the entries; the first four are the count.</param>
    /// <param name="entries">The entries; what the kernel answers replaces them.</param>
    /// <param name="count">The count as the kernel leaves it.</param>
    /// <returns>Its answer; below 0 when it failed, <see cref="Libc.LastErrno"/> then says why.</returns>
    private protected int IoctlList<T>(uint request, int headerBytes, Span<T> entries, out int count)
        where T : unmanaged
    {
        byte[] list = MakeList<T>(headerBytes, entries);
        int answer = IoctlList(request, list);
        list.AsSpan(headerBytes).CopyTo(MemoryMarshal.AsBytes(entries));
        count = BinaryPrimitives.ReadInt32LittleEndian(list);
        return answer;
    }

    /// <summary>An ioctl on a count that is followed by that many entries, which the kernel only reads.</summary>
    /// <param name="request">Request number.</param>
    /// <param name="headerBytes">Bytes before the entries; the first four are the count.</param>
    /// <param name="entries">The entries.</param>
    /// <returns>Its answer; below 0 when it failed, <see cref="Libc.LastErrno"/> then says why.</returns>
    private protected int IoctlListIn<T>(uint request, int headerBytes, ReadOnlySpan<T> entries)
        where T : unmanaged => IoctlList(request, MakeList(headerBytes, entries));

    private static byte[] MakeList<T>(int headerBytes, ReadOnlySpan<T> entries)
        where T : unmanaged
    {
        ReadOnlySpan<byte> payload = MemoryMarshal.AsBytes(entries);
        byte[] list = new byte[headerBytes + payload.Length];
        BinaryPrimitives.WriteInt32LittleEndian(list, entries.Length);
        payload.CopyTo(list.AsSpan(headerBytes));
        return list;
    }

    private int IoctlList(uint request, byte[] list)
    {
        // SAFETY: the list holds as many entries as its count says, and the kernel reads and writes no more than that.
        fixed (byte* pointer = list)
        {
            return Libc.Ioctl(this, request, pointer);
        }
    }

    /// <summary>KVM_GET_STATS_FD.</summary>
    private protected bool TryGetStatistics([NotNullWhen(true)] out KvmStatistics? statistics)
    {
        int fd = Ioctl(KvmIoctl.GetStatsFd);
        if (fd < 0 && Libc.LastErrno is not (Errno.ENOTTY or Errno.EINVAL))
        {
            Fail("KVM_GET_STATS_FD", null);
        }

        statistics = fd < 0 ? null : new KvmStatistics(fd);
        return statistics is not null;
    }

    /// <summary>Throws when a call has failed.</summary>
    /// <param name="answer">The call's answer.</param>
    /// <param name="operation">The kernel's name of what was asked.</param>
    /// <returns>The answer, 0 or more.</returns>
    /// <exception cref="KvmException">It failed.</exception>
    private protected static int Check(int answer, string operation)
    {
        if (answer < 0)
        {
            Fail(operation, null);
        }

        return answer;
    }

    /// <summary>Throws when a call has failed.</summary>
    /// <param name="answer">The call's answer.</param>
    /// <param name="operation">The kernel's name of what was asked.</param>
    /// <param name="detail">The values that it was asked with.</param>
    /// <returns>The answer, 0 or more.</returns>
    /// <exception cref="KvmException">It failed.</exception>
    private protected static int Check(int answer, string operation, [InterpolatedStringHandlerArgument(nameof(answer))] ref FailureDetail detail)
    {
        if (answer < 0)
        {
            Fail(operation, detail.ToStringAndClear());
        }

        return answer;
    }

    [DoesNotReturn]
    private protected static void Fail(string operation, string? detail) => throw new KvmException(operation, Libc.LastErrno, detail);
}
