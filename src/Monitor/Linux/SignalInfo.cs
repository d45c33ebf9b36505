// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Kvmsys.Monitor.Linux;

/// <summary>A signal and why it was sent: what a program reads of siginfo and of the trap in sigcontext.</summary>
/// <param name="Number">The signal.</param>
/// <param name="Code">si_code.</param>
internal readonly record struct SignalInfo(int Number, int Code)
{
    /// <summary>Bytes of siginfo_t.</summary>
    public const int Size = 128;

    /// <summary>SI_USER: by kill.</summary>
    public const int User = 0;

    /// <summary>SI_TKILL: by tkill or tgkill.</summary>
    public const int ThreadKill = -6;

    /// <summary>SI_KERNEL: by the kernel, which says no more.</summary>
    public const int Kernel = 0x80;

    /// <summary>First word of what depends on the code: si_addr, or si_pid.</summary>
    public uint First { get; init; }

    /// <summary>Second word: si_uid.</summary>
    public uint Second { get; init; }

    /// <summary>Third word: si_value.</summary>
    public uint Third { get; init; }

    /// <summary>Vector of the exception; 0 when it was none.</summary>
    public uint Trap { get; init; }

    /// <summary>Its error code.</summary>
    public uint Error { get; init; }

    /// <summary>CR2 of the last page fault.</summary>
    public uint Cr2 { get; init; }

    /// <summary>A signal that comes of what the program does, and not of an instruction.</summary>
    public static SignalInfo FromKernel(int number) => new(number, Kernel);

    /// <summary>siginfo_t.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Size];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Number);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Code);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), First);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), Second);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(20), Third);
        return bytes;
    }
}
