// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Text;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Native;

/// <summary>
/// The statistics of a VM or a vCPU: counters that only KVM itself can know, such as exits and emulated instructions. The descriptors are
/// read once; <see cref="Read"/> then costs one system call and allocates nothing.
/// </summary>
/// <remarks>KVM_GET_STATS_FD (Documentation/virt/kvm/api.rst, section 4.133).</remarks>
public sealed unsafe class KvmStatistics : KvmHandle
{
    private readonly uint _dataOffset;
    private readonly KvmStatistic[] _all;

    internal KvmStatistics(int fd)
        : base(fd)
    {
        KvmStatsHeader header = default;
        ReadAt(0, MemoryMarshal.AsBytes(new Span<KvmStatsHeader>(ref header)));
        _dataOffset = header.DataOffset;

        // One call for the identification and all descriptors, wherever the kernel puts them.
        int nameSize = checked((int)header.NameSize);
        int descriptorSize = sizeof(KvmStatsDesc) + nameSize;
        int idOffset = checked((int)header.IdOffset);
        int descriptorOffset = checked((int)header.DescOffset);
        byte[] description = new byte[Math.Max(idOffset + nameSize, checked(descriptorOffset + ((int)header.NumDesc * descriptorSize)))];
        ReadAt(0, description);
        Id = Name(description.AsSpan(idOffset, nameSize));

        KvmStatistic[] all = new KvmStatistic[header.NumDesc];
        for (int i = 0; i < all.Length; i++)
        {
            ReadOnlySpan<byte> descriptor = description.AsSpan(descriptorOffset + (i * descriptorSize), descriptorSize);
            all[i] = new KvmStatistic(Name(descriptor[sizeof(KvmStatsDesc)..]), MemoryMarshal.Read<KvmStatsDesc>(descriptor));
            ValueCount = Math.Max(ValueCount, all[i].FirstValue + all[i].ValueCount);
        }

        _all = all;
    }

    /// <summary>What the kernel calls these statistics, for example kvm-1234/vcpu-0.</summary>
    public string Id { get; }

    /// <summary>Every statistic, in the kernel's order.</summary>
    public IReadOnlyList<KvmStatistic> All => _all;

    /// <summary>Number of 64-bit values that <see cref="Read"/> fills.</summary>
    public int ValueCount { get; }

    /// <summary>The statistic of that name, or null where this kernel has none.</summary>
    public KvmStatistic? Find(string name) => Array.Find(_all, statistic => statistic.Name == name);

    /// <summary>Reads all values at once.</summary>
    /// <param name="values">Room for <see cref="ValueCount"/> values; <see cref="KvmStatistic.FirstValue"/> says where each one lies.</param>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public void Read(Span<ulong> values)
    {
        if (values.Length < ValueCount)
        {
            throw new ArgumentException($"Room for {values.Length} values; there are {ValueCount}.", nameof(values));
        }

        ReadAt(_dataOffset, MemoryMarshal.AsBytes(values[..ValueCount]));
    }

    private static string Name(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private void ReadAt(long offset, Span<byte> bytes)
    {
        nint got;

        // SAFETY: the kernel writes at most the span's bytes.
        fixed (byte* pointer = bytes)
        {
            got = Libc.Pread(this, pointer, (nuint)bytes.Length, offset);
        }

        Check((int)got, "read of KVM statistics", $"{bytes.Length} bytes at {offset}");
        if (got != bytes.Length)
        {
            throw new KvmException("read of KVM statistics", Errno.EIO, $"{got} of {bytes.Length} bytes at {offset}");
        }
    }
}
