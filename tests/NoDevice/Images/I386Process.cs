// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Iced.Intel;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Vsyscall;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>A process in whose memory there are a program, a stack and a vsyscall page; it can execute what the page is made of.</summary>
internal sealed class I386Process
{
    /// <summary>Where its program is: nothing but NOPs.</summary>
    public const uint Program = 0x08048000;

    /// <summary>Where its stack is.</summary>
    public const uint Stack = 0xbffff000;

    private const uint Page = 0xffffe000;
    private const uint Size = 0x1000;
    private const byte Nop = 0x90;

    // What nobody wrote is no zero by which something might be right by chance.
    private const byte Unwritten = 0xa5;

    // What a system call leaves in registers that it does not preserve.
    private const uint Clobbered = 0xdeadbeef;

    private readonly Dictionary<Register, uint> _registers;
    private readonly byte[] _page;
    private readonly byte[] _stack = new byte[Size];

    /// <summary>A process with these registers and this page.</summary>
    public I386Process(IReadOnlyDictionary<Register, uint> registers, ReadOnlyMemory<byte> page)
    {
        _registers = registers.ToDictionary();
        _page = page.ToArray();
        _stack.AsSpan().Fill(Unwritten);
    }

    /// <summary>A register.</summary>
    public uint this[Register register]
    {
        get => _registers[register];
        set => _registers[register] = value;
    }

    /// <summary>Writes a word to the stack.</summary>
    public void Write(uint address, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_stack.AsSpan((int)(address - Stack)), value);

    /// <summary>Pushes a word.</summary>
    public void Push(uint value) => Write(this[Register.ESP] -= sizeof(uint), value);

    /// <summary>Executes the page's instructions one after the other, without jumps, until this one is next.</summary>
    public void RunTo(uint address)
    {
        uint start = this[Register.EIP];
        Decoder decoder = Decoder.Create(bitness: 32, _page[(int)(start - Page)..], start);
        while (this[Register.EIP] != address)
        {
            Execute(decoder.Decode());
        }
    }

    /// <summary>The process as a core dump.</summary>
    public byte[] Dump()
    {
        I386Core core = new(_registers);
        byte[] program = new byte[Size];
        program.AsSpan().Fill(Nop);
        core.Map(Program, program, SegmentFlags.Read | SegmentFlags.Execute);
        core.Map(Stack, _stack, SegmentFlags.Read | SegmentFlags.Write);
        core.Map(Page, _page, SegmentFlags.Read | SegmentFlags.Execute);
        return core.ToArray((VsyscallPage.Entry, Page));
    }

    private void Execute(Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Push:
                Push(this[instruction.Op0Register]);
                break;
            case Mnemonic.Pop:
                this[instruction.Op0Register] = BinaryPrimitives.ReadUInt32LittleEndian(_stack.AsSpan((int)(this[Register.ESP] - Stack)));
                this[Register.ESP] += sizeof(uint);
                break;
            case Mnemonic.Mov:
                this[instruction.Op0Register] = instruction.Op1Kind == OpKind.Register
                    ? this[instruction.Op1Register]
                    : instruction.Immediate32;
                break;
            case Mnemonic.Sysenter:
                this[Register.EAX] = this[Register.ECX] = this[Register.EDX] = this[Register.EBP] = Clobbered;
                break;
            case Mnemonic.Int:
                this[Register.EAX] = Clobbered;
                break;
            case Mnemonic.Nop or Mnemonic.Jmp:
                break;
            default:
                throw new NotSupportedException($"{instruction} is none of the page's instructions.");
        }

        this[Register.EIP] = (uint)instruction.NextIP;
    }
}
