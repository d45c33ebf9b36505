// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Linux;

/// <summary>The program's registers on the vCPU itself, where it was interrupted in ring 3. A debugger may change them at any time.</summary>
/// <param name="vcpu">The vCPU.</param>
internal sealed class VcpuRegisters(IVcpu vcpu) : ProgramRegisters
{
    private readonly KvmSregs _sregs = vcpu.Sregs;

    // A handler has been entered, and starts with the segments that every program starts with.
    private bool _isChanged;

    /// <inheritdoc/>
    public override uint this[int offset]
    {
        get
        {
            KvmRegs regs = vcpu.Regs;
            return offset switch
            {
                PtRegs.Ebx => (uint)regs.Rbx,
                PtRegs.Ecx => (uint)regs.Rcx,
                PtRegs.Edx => (uint)regs.Rdx,
                PtRegs.Esi => (uint)regs.Rsi,
                PtRegs.Edi => (uint)regs.Rdi,
                PtRegs.Ebp => (uint)regs.Rbp,
                PtRegs.Eax => (uint)regs.Rax,
                PtRegs.Ds => _isChanged ? Selector.UserData : _sregs.Ds.Selector,
                PtRegs.Es => _isChanged ? Selector.UserData : _sregs.Es.Selector,
                PtRegs.Eip => (uint)regs.Rip,
                PtRegs.Cs => _sregs.Cs.Selector,
                PtRegs.Eflags => (uint)regs.Rflags,
                PtRegs.Esp => (uint)regs.Rsp,
                PtRegs.Ss => _isChanged ? Selector.UserData : _sregs.Ss.Selector,
                _ => uint.MaxValue,
            };
        }

        set
        {
            _isChanged = true;
            KvmRegs regs = vcpu.Regs;
            switch (offset)
            {
                case PtRegs.Ecx:
                    regs.Rcx = value;
                    break;
                case PtRegs.Edx:
                    regs.Rdx = value;
                    break;
                case PtRegs.Eax:
                    regs.Rax = value;
                    break;
                case PtRegs.Eip:
                    regs.Rip = value;
                    break;
                case PtRegs.Eflags:
                    regs.Rflags = value;
                    break;
                case PtRegs.Esp:
                    regs.Rsp = value;
                    break;
                default:
                    // Segments: LoadSegments.
                    return;
            }

            vcpu.Regs = regs;
        }
    }

    /// <summary>
    /// Loads the segments that a handler starts with, if one was entered. Where the program has them already, nothing is written: KVM_SET_SREGS
    /// loads the task register too, and QEMU's software CPU enters ring 0 only by one that LTR has loaded.
    /// </summary>
    /// <param name="userData">What a data segment register holds that every program starts with.</param>
    public void LoadSegments(KvmSegment userData)
    {
        KvmSregs sregs = _sregs;
        bool areLoaded = sregs.Ds.Selector == userData.Selector && sregs.Es.Selector == userData.Selector && sregs.Ss.Selector == userData.Selector;
        if (_isChanged && !areLoaded)
        {
            sregs.Ds = userData;
            sregs.Es = userData;
            sregs.Ss = userData;
            vcpu.Sregs = sregs;
        }
    }
}
