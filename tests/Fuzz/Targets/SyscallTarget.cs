// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Linux;
using static Kvmsys.Fuzz.Targets.BrokenInvariantException;

namespace Kvmsys.Fuzz.Targets;

/// <summary>
/// The Linux system calls: an input is what a program does, step by step. Each step is answered, in bounded time and memory, and leaves the
/// guest's kernel, its page tables and the host's files as they must be.
/// </summary>
internal sealed class SyscallTarget : IFuzzTarget
{
    private const int MaxSteps = 48;
    private const long MaxAllocationOfStep = 16 << 20;
    private const double MaxSecondsOfStep = 1;
    private const int ThreadCpuTime = 3;
    private const int MaxWords = 32;

    // Values that checks are about: borders of the program's memory, of pages, and of numbers.
    private static readonly uint[] Interesting =
    [
        0, 1, 0xfff, 0x1000, 0x1001, AddressSpace.MinAddress - 1, AddressSpace.MinAddress, StandInGuest.Text, StandInGuest.Constants,
        StandInGuest.Data, StandInGuest.DataEnd - 4, StandInGuest.DataEnd, StandInGuest.DataEnd + 0x1000, StandInGuest.Stack - 0x1000,
        StandInGuest.Stack - 4, StandInGuest.Stack, GuestProgram.StackTop - 4, KernelLayout.PageOffset, KernelLayout.PageOffset - 0x1000,
        KernelLayout.Start, KernelLayout.Gdt, KernelLayout.ThreadUnion, 0xffffd000, 0xffffe000, 0xffffe400, 0xfffff000, 0xffffffff,
        0x7fffffff, 0x80000000, 0x7ffff000, 0x00400000, 0x00200000, 0x00800000, 0xb8000000, 0xb7fff000, 0xbf800000, 0xbf7ff000, 0xfffffe00,
        GuestProgram.StackTop - AddressSpace.DefaultStackLimit, unchecked((uint)-100),
        0x73, 0x7b, 0x33, 0x3b, 0x43, 0x60, 0x68, 0x07, 0x04000000, 0x08000000, 0x10000000, 0x40000000, StandInGuest.Pid,
    ];

    /// <inheritdoc/>
    public string Name => "syscalls";

    /// <inheritdoc/>
    public int MaxLength => 512;

    /// <inheritdoc/>
    public long MaxAllocation => MaxSteps * MaxAllocationOfStep;

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Dictionary { get; } =
    [
        .. Enum.GetValues<Syscall>().Distinct().Select(number => new byte[] { (byte)Step.Call, (byte)number, (byte)((int)number >> 8) }),
        .. Enumerable.Range(0, Interesting.Length).Select(i => Argument(4, i)),
        .. Enumerable.Range(0, Sandbox.Names.Length + 1).Select(i => Argument(1, (int)(StandInGuest.AddressOfName(i) - StandInGuest.Data))),
        .. Enumerable.Range(0, 8).Select(i => Argument(1, 0x10 * i)),
    ];

    private enum Step : byte
    {
        Call,
        CallBySysenter,
        WriteBytes,
        WriteWords,
        PageFault,
        Exception,
        Send,
        Interrupt,
        SetRegister,
        Wait,
        SigreturnFrame,
        Count,
    }

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        using StandInGuest guest = new();
        GuestInvariants invariants = new(guest);
        Reader reader = new(input, guest);
        for (int steps = 0; steps < MaxSteps && !reader.IsAtEnd && guest.Stop is null; steps++)
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            double started = CpuSeconds();
            Take(ref reader, guest);
            double seconds = CpuSeconds() - started;
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            ThrowUnless(allocated <= MaxAllocationOfStep, allocated);
            ThrowUnless(seconds <= MaxSecondsOfStep, seconds);
            if (guest.Stop is null)
            {
                invariants.Check();
            }
        }

        if (guest.Stop is null)
        {
            invariants.CheckFreeFrames();
        }
    }

    // What waits for other processes of this machine costs no CPU time.
    private static double CpuSeconds()
    {
        _ = Clock.Read(ThreadCpuTime, out long seconds, out long nanoseconds);
        return seconds + (nanoseconds * 1e-9);
    }

    private static byte[] Argument(int kind, int value) => [(byte)value, (byte)((kind << 4) | (value >> 8))];

    private static void Take(ref Reader reader, StandInGuest guest)
    {
        switch ((Step)(reader.Byte() % (int)Step.Count))
        {
            case Step.Call:
                Call(ref reader, guest, bySysenter: false);
                break;
            case Step.CallBySysenter:
                Call(ref reader, guest, bySysenter: true);
                break;
            case Step.WriteBytes:
                uint address = reader.Word();
                guest.Write(address, reader.Bytes(reader.Byte()));
                break;
            case Step.WriteWords:
                guest.Write(reader.Word(), reader.Words());
                break;
            case Step.PageFault:
                byte how = reader.Byte();
                guest.PageFault(reader.Word(), write: (how & 1) != 0, inKernel: (how & 2) != 0);
                break;
            case Step.Exception:
                RaiseException(ref reader, guest);
                break;
            case Step.Send:
                guest.Process.Send((reader.Byte() % Signals.Max) + 1);
                break;
            case Step.Interrupt:
                how = reader.Byte();
                guest.Vcpu.HasEventInFlight = (how & 2) != 0;
                guest.Interrupt(inKernel: (how & 1) != 0);
                guest.Vcpu.HasEventInFlight = false;
                break;
            case Step.SetRegister:
                SetRegister(ref reader, guest);
                break;
            case Step.Wait:
                guest.Vcpu.StopAtWait = (reader.Byte() & 1) != 0 ? StopReason.Deadline : null;
                break;
            default:
                WriteSigreturnFrame(ref reader, guest);
                break;
        }
    }

    private static void Call(ref Reader reader, StandInGuest guest, bool bySysenter)
    {
        ReadOnlySpan<int> places = [PtRegs.Ebx, PtRegs.Ecx, PtRegs.Edx, PtRegs.Esi, PtRegs.Edi, PtRegs.Ebp];

        // Almost always a number that Linux has.
        uint number = (uint)(reader.Byte() | (reader.Byte() << 8));
        number = number < 0xff00 ? number % SyscallNumber.Count : number << 16;
        foreach (int place in places)
        {
            guest[place] = reader.Word();
        }

        if (!StandInGuest.IsKernelsOwn(number))
        {
            reader.Answer = guest.Call(number, bySysenter);
        }
    }

    /// <summary>Only those that a program can cause.</summary>
    private static void RaiseException(ref Reader reader, StandInGuest guest)
    {
        ReadOnlySpan<byte> vectors = [0, 1, 3, 4, 5, 6, 10, 11, 12, 13, 16, 17, 19];
        guest.Exception(vectors[reader.Byte() % vectors.Length], reader.Word() & 0xffff);
    }

    /// <summary>What ring 3 can load itself.</summary>
    private static void SetRegister(ref Reader reader, StandInGuest guest)
    {
        ReadOnlySpan<int> places = [PtRegs.Esp, PtRegs.Eip, PtRegs.Ebp, PtRegs.Eflags, PtRegs.Ds, PtRegs.Es];
        int place = places[reader.Byte() % places.Length];
        uint value = reader.Word();
        guest[place] = place switch
        {
            // Ring 3 cannot change IOPL and IF; NT it can.
            PtRegs.Eflags => (value & 0x254dd5) | (guest[PtRegs.Eflags] & ~0x254dd5u),
            PtRegs.Ds or PtRegs.Es => new ThreadAreas(guest.Process.Memory, guest.Ram).Load((ushort)value).Selector,
            _ => value,
        };
    }

    /// <summary>Words where sigreturn looks for its frame: ESP is set so that it finds them.</summary>
    private static void WriteSigreturnFrame(ref Reader reader, StandInGuest guest)
    {
        const int contextOfFrame = 8;
        const int contextOfRealTimeFrame = 164;
        bool realTime = reader.Byte() % 2 != 0;
        uint frame = reader.Word();
        uint context = frame + (uint)(realTime ? contextOfRealTimeFrame : contextOfFrame);

        // What a program runs with, so that a frame of few words is good.
        Span<uint> words = stackalloc uint[22];
        (words[0], words[1], words[2], words[3]) = (0, 0, 0x7b, 0x7b);
        (words[7], words[14], words[15], words[16], words[18]) = (guest[PtRegs.Esp], guest[PtRegs.Eip], 0x73, guest[PtRegs.Eflags], 0x7b);
        for (int changes = reader.Byte() % 16; changes > 0; changes--)
        {
            int at = reader.Byte() % words.Length;
            words[at] = reader.Word();
        }

        guest.Write(context, words);
        guest[PtRegs.Esp] = frame + (realTime ? 4u : 8u);
        reader.Answer = guest.Call(realTime ? (uint)Syscall.rt_sigreturn : (uint)Syscall.sigreturn, bySysenter: false);
    }

    /// <summary>Takes an input apart. What it has too little of is 0.</summary>
    private ref struct Reader(ReadOnlySpan<byte> input, StandInGuest guest)
    {
        private ReadOnlySpan<byte> _rest = input;

        /// <summary>The last system call's answer: addresses and descriptors.</summary>
        public uint Answer { get; set; }

        public readonly bool IsAtEnd => _rest.IsEmpty;

        public byte Byte()
        {
            if (_rest.IsEmpty)
            {
                return 0;
            }

            byte value = _rest[0];
            _rest = _rest[1..];
            return value;
        }

        public ReadOnlySpan<byte> Bytes(int count)
        {
            ReadOnlySpan<byte> bytes = _rest[..Math.Min(count, _rest.Length)];
            _rest = _rest[bytes.Length..];
            return bytes;
        }

        /// <summary>A value of 32 bits in two bytes: four bits say what the other twelve are.</summary>
        public uint Word()
        {
            int code = Byte();
            code |= Byte() << 8;
            uint value = (uint)code & 0xfff;
            int near = (sbyte)value;
            return (code >> 12) switch
            {
                0 => value,
                1 => StandInGuest.Data + value,
                2 => GuestProgram.StackTop - value,
                3 => guest[PtRegs.Esp] + value - 0x800,
                4 => Interesting[value % Interesting.Length],
                5 => value << 12,
                6 => value << 20,
                7 => (uint)-(int)value,
                8 => Answer + (uint)(near * 0x1000) + ((value >> 8) << 4),
                9 => guest.Process.Memory.Break + (uint)near,
                10 => KernelLayout.PageOffset - 0x800 + value,
                11 => StandInGuest.DataEnd - 0x800 + value,
                12 => 0xb8000000 - (value << 12),
                13 => (1u << (int)(value >> 7)) + (uint)near,
                14 => value << 8,
                _ => BinaryPrimitives.ReadUInt32LittleEndian([Byte(), Byte(), Byte(), Byte()]),
            };
        }

        public uint[] Words()
        {
            uint[] words = new uint[Byte() % (MaxWords + 1)];
            for (int i = 0; i < words.Length; i++)
            {
                words[i] = Word();
            }

            return words;
        }
    }
}
