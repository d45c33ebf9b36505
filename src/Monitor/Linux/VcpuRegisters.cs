// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Linux;

/// <summary>The program's registers on the vCPU itself, where it was interrupted in ring 3.</summary>
internal sealed class VcpuRegisters : ProgramRegisters
{
    private readonly IVcpu _vcpu;
    private KvmRegs _regs;
    private KvmSregs _sregs;
    private bool _isChanged;

    /// <summary>Reads them.</summary>
    public VcpuRegisters(IVcpu vcpu)
    {
        _vcpu = vcpu;
        _regs = vcpu.Regs;
        _sregs = vcpu.Sregs;
    }

    /// <inheritdoc/>
    public override uint this[int offset]
    {
        get => offset switch
        {
            PtRegs.Ebx => (uint)_regs.Rbx,
            PtRegs.Ecx => (uint)_regs.Rcx,
            PtRegs.Edx => (uint)_regs.Rdx,
            PtRegs.Esi => (uint)_regs.Rsi,
            PtRegs.Edi => (uint)_regs.Rdi,
            PtRegs.Ebp => (uint)_regs.Rbp,
            PtRegs.Eax => (uint)_regs.Rax,
            PtRegs.Ds => _sregs.Ds.Selector,
            PtRegs.Es => _sregs.Es.Selector,
            PtRegs.Eip => (uint)_regs.Rip,
            PtRegs.Cs => _sregs.Cs.Selector,
            PtRegs.Eflags => (uint)_regs.Rflags,
            PtRegs.Esp => (uint)_regs.Rsp,
            PtRegs.Ss => _sregs.Ss.Selector,
            _ => uint.MaxValue,
        };
        set
        {
            _isChanged = true;
            switch (offset)
            {
                case PtRegs.Ecx:
                    _regs.Rcx = value;
                    break;
                case PtRegs.Edx:
                    _regs.Rdx = value;
                    break;
                case PtRegs.Eax:
                    _regs.Rax = value;
                    break;
                case PtRegs.Eip:
                    _regs.Rip = value;
                    break;
                case PtRegs.Eflags:
                    _regs.Rflags = value;
                    break;
                case PtRegs.Esp:
                    _regs.Rsp = value;
                    break;
                default:
                    // A handler starts with the segments that every program starts with.
                    break;
            }
        }
    }

    /// <summary>Writes back what a handler's entry changes; nothing when none was entered.</summary>
    /// <param name="userData">What a data segment register holds that every program starts with.</param>
    public void Store(KvmSegment userData)
    {
        if (!_isChanged)
        {
            return;
        }

        _sregs.Ds = userData;
        _sregs.Es = userData;
        _sregs.Ss = userData;
        _vcpu.Sregs = _sregs;
        _vcpu.Regs = _regs;
    }
}
