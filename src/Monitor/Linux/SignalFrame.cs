// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Linux;

/// <summary>
/// What a handler finds on its stack, and where it goes back from: struct sigframe and struct rt_sigframe of i386
/// (arch/x86/include/uapi/asm/sigcontext.h, ucontext.h). The program may change all of it, and gets back what it has left there.
/// </summary>
/// <param name="memory">The program's memory.</param>
/// <param name="signals">Its signals.</param>
/// <param name="segments">Its thread-local segments.</param>
/// <param name="sigreturn">Address of __kernel_sigreturn.</param>
/// <param name="rtSigreturn">Address of __kernel_rt_sigreturn.</param>
internal sealed class SignalFrame(AddressSpace memory, SignalState signals, ThreadAreas segments, uint sigreturn, uint rtSigreturn)
{
    // struct sigframe: return address, signal, sigcontext, an unused FPU state, the second word of the mask, code for debuggers.
    private const int FrameSignal = 4;
    private const int FrameContext = 8;
    private const int FrameMask = FrameContext + ContextSize + FpStateSize;
    private const int FrameCode = FrameMask + 4;
    private const int FrameSize = FrameCode + 8;

    // struct rt_sigframe: return address, signal, pointers to siginfo and ucontext, both of them, code for debuggers.
    private const int RtFrameInfoPointer = 8;
    private const int RtFrameContextPointer = 12;
    private const int RtFrameInfo = 16;
    private const int RtFrameUcontext = RtFrameInfo + SignalInfo.Size;
    private const int RtFrameStack = RtFrameUcontext + 8;
    private const int RtFrameContext = RtFrameUcontext + 20;
    private const int RtFrameMask = RtFrameContext + ContextSize;
    private const int RtFrameCode = RtFrameMask + 8;
    private const int RtFrameSize = RtFrameCode + 8;

    // struct sigcontext.
    private const int ContextSize = 88;
    private const int ContextGs = 0;
    private const int ContextFs = 4;
    private const int ContextTrap = 48;
    private const int ContextError = 52;
    private const int ContextSs = 72;
    private const int ContextFpState = 76;
    private const int ContextOldMask = 80;
    private const int ContextCr2 = 84;

    // struct _fpstate: FSAVE's image, then FXSAVE's.
    private const int FpStateSize = 624;
    private const int FpStateFxsave = 112;
    private const int FxsaveSize = 512;

    // FIX_EFLAGS: what a handler may change: RF, AC, OF, DF, TF, SF, ZF, AF, PF, CF.
    private const uint ChangeableFlags = 1 << 16 | 1 << 18 | 1 << 11 | 1 << 10 | 1 << 8 | 1 << 7 | 1 << 6 | 1 << 4 | 1 << 2 | 1 << 0;
    private const uint DirectionFlag = 1 << 10;

    // Where sigcontext has the registers that the kernel has saved.
    private static readonly (int Context, int Saved)[] General =
    [
        (8, PtRegs.Es), (12, PtRegs.Ds), (16, PtRegs.Edi), (20, PtRegs.Esi), (24, PtRegs.Ebp), (28, PtRegs.Esp), (32, PtRegs.Ebx),
        (36, PtRegs.Edx), (40, PtRegs.Ecx), (44, PtRegs.Eax), (56, PtRegs.Eip), (60, PtRegs.Cs), (64, PtRegs.Eflags), (68, PtRegs.Esp), (72, PtRegs.Ss),
    ];

    /// <summary>Lets the program go on in its handler.</summary>
    /// <param name="info">The signal.</param>
    /// <param name="registers">The program's registers.</param>
    /// <param name="vcpu">The vCPU, for what the kernel does not save.</param>
    /// <returns>False when the stack has no room for it: what is below an alternate stack is not the handler's.</returns>
    public bool TryEnter(in SignalInfo info, ProgramRegisters registers, IVcpu vcpu)
    {
        SignalAction action = signals[info.Number];
        uint stackPointer = registers[PtRegs.Esp];
        bool isNested = signals.Stack.Contains(stackPointer);
        bool isEntered = action.OnAlternateStack && signals.Stack.IsEnabled && !isNested;
        uint top = isEntered ? signals.Stack.Address + signals.Stack.Size : stackPointer;

        // The state of the FPU on top, aligned as FXSAVE wants it; the frame below, so that a function's stack is aligned at its entry.
        uint fpState = (top - FpStateSize) & ~63u;
        int size = action.WantsInfo ? RtFrameSize : FrameSize;
        uint frame = ((fpState - (uint)size) & ~15u) - 4;
        if (frame > top || ((isNested || isEntered) && !signals.Stack.Spans(frame)))
        {
            return false;
        }

        byte[] bytes = new byte[size];
        ulong mask = signals.SavedMask ?? signals.Blocked;
        if (action.WantsInfo)
        {
            Put(bytes, RtFrameInfoPointer, frame + RtFrameInfo);
            Put(bytes, RtFrameContextPointer, frame + RtFrameUcontext);
            info.ToBytes().CopyTo(bytes, RtFrameInfo);
            AlternateStack stack = signals.Stack;
            Put(bytes, RtFrameStack, stack.Address);
            Put(bytes, RtFrameStack + 4, stack.IsEnabled && stack.Contains(registers[PtRegs.Esp]) ? stack.Flags | AlternateStack.OnStack : stack.Flags);
            Put(bytes, RtFrameStack + 8, stack.Size);
            PutContext(bytes.AsSpan(RtFrameContext), info, registers, vcpu, fpState, (uint)mask);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(RtFrameMask), mask);

            // mov eax, 173; int 0x80: not executed, but debuggers know a handler's frame by it.
            Put(bytes, RtFrameCode, 0x0000adb8);
            Put(bytes, RtFrameCode + 4, 0x0080cd00);
        }
        else
        {
            PutContext(bytes.AsSpan(FrameContext), info, registers, vcpu, fpState, (uint)mask);
            Put(bytes, FrameMask, (uint)(mask >> 32));

            // pop eax; mov eax, 119; int 0x80.
            Put(bytes, FrameCode, 0x0077b858);
            Put(bytes, FrameCode + 4, 0x80cd0000);
        }

        Put(bytes, 0, action.HasRestorer ? action.Restorer : action.WantsInfo ? rtSigreturn : sigreturn);
        Put(bytes, FrameSignal, (uint)info.Number);
        if (!memory.TryWrite(frame, bytes) || !memory.TryWrite(fpState, ReadFpState(vcpu)))
        {
            return false;
        }

        signals.LeaveToFrame();
        if ((signals.Stack.Flags & AlternateStack.AutoDisarm) != 0)
        {
            signals.Stack = AlternateStack.None;
        }

        vcpu.WriteFpu(FpuLayout.Initial);
        registers[PtRegs.Esp] = frame;
        registers[PtRegs.Eip] = action.Handler;
        registers[PtRegs.Eax] = (uint)info.Number;
        registers[PtRegs.Edx] = action.WantsInfo ? frame + RtFrameInfo : 0;
        registers[PtRegs.Ecx] = action.WantsInfo ? frame + RtFrameUcontext : 0;
        registers[PtRegs.Ds] = Selector.UserData;
        registers[PtRegs.Es] = Selector.UserData;
        registers[PtRegs.Ss] = Selector.UserData;
        registers[PtRegs.Cs] = Selector.UserCode;
        registers[PtRegs.Eflags] &= ~((uint)Eflags.Trap | DirectionFlag);
        signals.Blocked |= action.Mask | (action.NoDefer ? 0 : Signals.Bit(info.Number));
        if (action.OneShot)
        {
            signals[info.Number] = default;
        }

        return true;
    }

    /// <summary>sigreturn: takes everything back from the frame.</summary>
    /// <returns>False when the frame cannot be read, or no program can run with what is there.</returns>
    public bool TryReturn(ProgramRegisters registers, IVcpu vcpu)
    {
        // The handler's RET and the page's POP have taken return address and signal.
        uint frame = registers[PtRegs.Esp] - 8;
        byte[] bytes = new byte[FrameSize];
        if (!memory.TryRead(frame, bytes))
        {
            return false;
        }

        signals.Blocked = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(FrameContext + ContextOldMask))
            | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(FrameMask)) << 32);
        return TryTakeContext(bytes.AsSpan(FrameContext, ContextSize), registers, vcpu);
    }

    /// <summary>rt_sigreturn: takes everything back from the frame.</summary>
    /// <returns>False when the frame cannot be read, or no program can run with what is there.</returns>
    public bool TryReturnRealTime(ProgramRegisters registers, IVcpu vcpu)
    {
        uint frame = registers[PtRegs.Esp] - 4;
        byte[] bytes = new byte[RtFrameSize];
        if (!memory.TryRead(frame, bytes))
        {
            return false;
        }

        signals.Blocked = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(RtFrameMask));
        uint stackFlags = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(RtFrameStack + 4)) & ~AlternateStack.OnStack;
        signals.Stack = new(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(RtFrameStack)),
            stackFlags,
            BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(RtFrameStack + 8)));
        return TryTakeContext(bytes.AsSpan(RtFrameContext, ContextSize), registers, vcpu);
    }

    private static void Put(Span<byte> bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[offset..], value);

    private static uint Get(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private static void PutContext(Span<byte> context, in SignalInfo info, ProgramRegisters registers, IVcpu vcpu, uint fpState, uint mask)
    {
        KvmSregs sregs = vcpu.Sregs;
        Put(context, ContextGs, sregs.Gs.Selector);
        Put(context, ContextFs, sregs.Fs.Selector);
        foreach ((int offset, int saved) in General)
        {
            Put(context, offset, registers[saved] & (saved is PtRegs.Es or PtRegs.Ds or PtRegs.Cs or PtRegs.Ss ? 0xffffu : uint.MaxValue));
        }

        Put(context, ContextTrap, info.Trap);
        Put(context, ContextError, info.Error);
        Put(context, ContextFpState, fpState);
        Put(context, ContextOldMask, mask);
        Put(context, ContextCr2, info.Cr2);
    }

    private bool TryTakeContext(ReadOnlySpan<byte> context, ProgramRegisters registers, IVcpu vcpu)
    {
        // There is no local table, and with a stack segment of one the guest's kernel has no way back.
        const uint inLocalTable = 4;
        if ((Get(context, ContextSs) & inLocalTable) != 0)
        {
            return false;
        }

        uint fpState = Get(context, ContextFpState);
        byte[] fpu = new byte[FpStateSize];
        if (fpState != 0 && !memory.TryRead(fpState, fpu))
        {
            return false;
        }

        foreach ((int offset, int saved) in General)
        {
            uint value = Get(context, offset);
            switch (saved)
            {
                // esp_at_signal is for the handler to read.
                case PtRegs.Esp when offset != 28:
                    break;
                case PtRegs.Eflags:
                    registers[saved] = (registers[saved] & ~ChangeableFlags) | (value & ChangeableFlags);
                    break;
                case PtRegs.Cs or PtRegs.Ss:
                    registers[saved] = (value & 0xffff) | 3;
                    break;
                case PtRegs.Ds or PtRegs.Es:
                    registers[saved] = value & 0xffff;
                    break;
                default:
                    registers[saved] = value;
                    break;
            }
        }

        // Never a system call that would be made again.
        registers[PtRegs.OrigEax] = uint.MaxValue;
        LoadSegments(vcpu, (ushort)Get(context, ContextFs), (ushort)Get(context, ContextGs));
        if (fpState != 0)
        {
            vcpu.WriteFpu(FromFpState(fpu));
        }

        return true;
    }

    /// <summary>FS and GS are in no frame of the kernel's: what the CPU would load, or nothing when it would refuse.</summary>
    private void LoadSegments(IVcpu vcpu, ushort fs, ushort gs)
    {
        KvmSregs sregs = vcpu.Sregs;
        if (sregs.Fs.Selector != fs || sregs.Gs.Selector != gs)
        {
            sregs.Fs = segments.Load(fs);
            sregs.Gs = segments.Load(gs);
            vcpu.Sregs = sregs;
        }
    }

    private static byte[] ReadFpState(IVcpu vcpu)
    {
        byte[] state = new byte[FpStateSize];
        Span<byte> fxsave = state.AsSpan(FpStateFxsave, FxsaveSize);
        vcpu.ReadFpu(fxsave);
        FpuLayout.ToFsave(fxsave, state);
        return state;
    }

    private static byte[] FromFpState(byte[] state)
    {
        byte[] fxsave = state[FpStateFxsave..];
        FpuLayout.FromFsave(state, fxsave);
        return fxsave;
    }
}
