// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Kernel;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Programs;

/// <summary>
/// What makes <see cref="CallLoop"/> a process of the host's Linux: it takes a run's parameters from its standard input, writes the results to its
/// standard output, and ends where the input does. Nothing in between but the measured calls enters the kernel.
/// </summary>
/// <param name="code">The routine to write to.</param>
/// <param name="parametersAddress">Address of the <see cref="CallLoopParameters"/>.</param>
/// <param name="resultsAddress">Address of the <see cref="ProcessResults"/>.</param>
internal sealed class CallLoopProcess(CodeUnit code, uint parametersAddress, uint resultsAddress)
{
    private const uint StandardInput = 0;
    private const uint StandardOutput = 1;

    // CLOCK_MONOTONIC_RAW is the TSC by the rate that the kernel has found for it; nothing slews it.
    private const uint ClockMonotonicRaw = 4;
    private const uint RusageSelf = 0;

    private readonly Assembler _c = code.Asm;

    /// <summary>Finds the kernel's page: the auxiliary vector is behind arguments and environment. On x86-64 it has no entry.</summary>
    public void EmitStart()
    {
        if (_c.Bitness == 64)
        {
            return;
        }

        _c.mov(eax, __dword_ptr[esp]);
        _c.lea(edi, __[esp + (eax * 4) + 8]);
        code.Define("environment");
        _c.mov(eax, __dword_ptr[edi]);
        _c.add(edi, 4);
        _c.test(eax, eax);
        _c.jne(code["environment"]);
        code.Define("auxiliary");
        _c.mov(eax, __dword_ptr[edi]);
        _c.test(eax, eax);
        _c.je(code["no_page"]);
        _c.add(edi, 8);
        _c.cmp(eax, (uint)AuxiliaryType.SysInfo);
        _c.jne(code["auxiliary"]);
        _c.mov(eax, __dword_ptr[edi - 4]);
        _c.mov(__dword_ptr[AddressOf(nameof(ProcessResults.VsyscallEntry))], eax);
        code.Define("no_page");
    }

    /// <summary>Waits for parameters, and ends where there are none.</summary>
    public void EmitBegin()
    {
        uint size = (uint)Unsafe.SizeOf<CallLoopParameters>();
        EmitCall(LinuxCall.Read, StandardInput, parametersAddress, size);
        _c.cmp(eax, size);
        _c.je(code["begin"]);
        EmitCall(LinuxCall.Exit, 0);
        code.Define("begin");
        EmitMoment(nameof(ProcessResults.Started));
    }

    /// <summary>Writes the results.</summary>
    public void EmitEnd()
    {
        EmitMoment(nameof(ProcessResults.Ended));
        EmitCall(LinuxCall.Write, StandardOutput, resultsAddress, (uint)Unsafe.SizeOf<ProcessResults>());
    }

    /// <summary>CALL to the kernel's page.</summary>
    /// <param name="c">The code.</param>
    /// <param name="resultsAddress">Address of the <see cref="ProcessResults"/>.</param>
    public static void EmitVsyscall(Assembler c, uint resultsAddress) =>
        c.call(__dword_ptr[resultsAddress + (uint)Marshal.OffsetOf<ProcessResults>(nameof(ProcessResults.VsyscallEntry))]);

    private void EmitMoment(string name)
    {
        uint moment = AddressOf(name);
        EmitCall(LinuxCall.Getrusage, RusageSelf, moment + OffsetOf(nameof(ProcessMoment.Usage)));
        EmitCall(LinuxCall.Getcpu, moment + OffsetOf(nameof(ProcessMoment.Cpu)), 0, 0);
        EmitCall(LinuxCall.ClockGettime, ClockMonotonicRaw, moment + OffsetOf(nameof(ProcessMoment.Clock)));
        _c.rdtsc();
        _c.mov(ebx, moment);
        _c.mov(__dword_ptr[ebx], eax);
        _c.mov(__dword_ptr[ebx + sizeof(uint)], edx);
    }

    private void EmitCall(LinuxCall call, params ReadOnlySpan<uint> arguments)
    {
        ReadOnlySpan<AssemblerRegister32> registers = _c.Bitness == 64 ? [edi, esi, edx] : [ebx, ecx, edx];
        for (int i = 0; i < arguments.Length; i++)
        {
            _c.mov(registers[i], arguments[i]);
        }

        _c.mov(eax, _c.Bitness == 64 ? call.X64 : call.I386);
        if (_c.Bitness == 64)
        {
            _c.syscall();
        }
        else
        {
            _c.@int(unchecked((sbyte)I386Kernel.SyscallVector));
        }
    }

    private uint AddressOf(string field) => resultsAddress + (uint)Marshal.OffsetOf<ProcessResults>(field);

    private static uint OffsetOf(string field) => (uint)Marshal.OffsetOf<ProcessMoment>(field);
}
