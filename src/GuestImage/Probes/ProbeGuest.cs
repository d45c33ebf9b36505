// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Probes;

/// <summary>
/// Tiny ring-0 guests that ask one question of a KVM each. They use no descriptor table, no exception and no instruction that an emulating KVM
/// commonly lacks, so that they run almost everywhere, and their failure means what it says.
/// </summary>
public static class ProbeGuest
{
    /// <summary>Where the code lies, in physical and in linear memory.</summary>
    public const uint Text = 0x1000;

    /// <summary>Symbol of the <see cref="ProbeResults"/>.</summary>
    public const string ResultsSymbol = "results";

    private const uint Results = 0x3000;
    private const uint PageTablesStart = 0x10000;
    private const uint MemorySize = 0x20000;

    /// <summary>Times a chain of additions in 32-bit protected mode without paging.</summary>
    public static GuestImage Flat()
    {
        TextSection text = new(Text, Results - Text);
        text.Add("start", code =>
        {
            code.Asm.mov(ebx, Results);

            // Twice, for the first time the code comes from memory.
            Time(code, ProbeResults.AddChainOffset, () => CalibrationChain.EmitAdd(code, "add_chain_cold"));
            Time(code, ProbeResults.AddChainOffset, () => CalibrationChain.EmitAdd(code, "add_chain"));
            Exit(code);
        });
        return Image(text, paging: false);
    }

    /// <summary>Runs with 32-bit page tables, and reads through a page that is mapped elsewhere than it lies.</summary>
    public static GuestImage Paged()
    {
        TextSection text = new(Text, Results - Text);
        text.Add("start", code =>
        {
            code.Asm.mov(eax, __dword_ptr[Fixmap.AddressOf(Fixmap.Vsyscall)]);
            code.Asm.mov(ebx, Results);
            code.Asm.mov(__dword_ptr[ebx + ProbeResults.AliasOffset], eax);
            Exit(code);
        });
        return Image(text, paging: true);
    }

    /// <summary>Loops for ever with interrupts disabled: only a kick ends it.</summary>
    public static GuestImage Spin()
    {
        TextSection text = new(Text, Results - Text);
        text.Add("start", code =>
        {
            code.Define("spin");
            code.Asm.jmp(code["spin"]);
        });
        return Image(text, paging: false);
    }

    private static void Time(CodeUnit code, int result, Action emit)
    {
        code.Asm.rdtsc();
        code.Asm.mov(esi, eax);
        emit();
        code.Asm.rdtsc();
        code.Asm.sub(eax, esi);
        code.Asm.mov(__dword_ptr[ebx + result], eax);
    }

    private static void Exit(CodeUnit code)
    {
        code.Asm.xor(ebx, ebx);
        code.Asm.mov(eax, (uint)MonitorCall.Exit);
        code.Asm.mov(edx, MonitorPort.Call);
        code.Asm.@out(dx, eax);
    }

    private static GuestImage Image(TextSection text, bool paging)
    {
        // Type 11 is accessed code, 3 accessed data; 0x08 and 0x10 are what a table would hold if there were one.
        SegmentRegister data = new()
        {
            Selector = 0x10,
            Limit = uint.MaxValue,
            Type = 3,
            CodeOrData = true,
            Present = true,
            Big = true,
            Granular = true,
        };
        CpuState state = new()
        {
            Cs = data with { Selector = 0x08, Type = 11 },
            Ss = data,
            Ds = data,
            Es = data,
            Fs = data,
            Gs = data,
            Tr = new() { Type = 11, Present = true, Limit = 0x67 },
            Ldtr = new() { Unusable = true },
            Cr0 = Cr0.ProtectionEnable | Cr0.ExtensionType | Cr0.NumericError,
            Eip = Text,
            Esp = Results,
        };
        byte[] results = new byte[Marshal.SizeOf<ProbeResults>()];
        BinaryPrimitives.WriteUInt32LittleEndian(results, ProbeResults.PatternValue);
        List<PhysicalRange> ranges = [new(Text, text.ToArray()), new(Results, results)];
        if (paging)
        {
            PageTableBuilder tables = new(new FrameAllocator(PageTablesStart, MemorySize, seed: 0), PagingMode.ThirtyTwoBit);
            tables.Map(Text, Text, LinuxProtection.PageShared);
            tables.Map(Results, Results, LinuxProtection.PageShared);
            tables.Map(Fixmap.AddressOf(Fixmap.Vsyscall), Results, LinuxProtection.PageReadonlyExec);
            ranges.AddRange(tables.Tables);
            state = state with { Cr0 = state.Cr0 | Cr0.WriteProtect | Cr0.Paging, Cr3 = tables.Root };
        }

        return new GuestImage
        {
            MemorySize = MemorySize,
            Ranges = [.. ranges],
            InitialState = state,
            Symbols = new([.. text.Symbols, new(Results, ResultsSymbol)]),
        };
    }
}
