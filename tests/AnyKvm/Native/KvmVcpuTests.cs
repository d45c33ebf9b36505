// SPDX-License-Identifier: MIT

using Kvmsys.Native;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.AnyKvm.Native;

public sealed class KvmVcpuTests
{
    private const uint SysenterCs = 0x174;
    private const uint SysenterEip = 0x176;
    private const uint NoSuchMsr = 0xdeadbeef;

    private const string Hlt = "f4";
    private const string NopsThenHlt = "90 90 90 f4";
    private const string Spin = "eb fe";

    [Fact]
    public void Registers_keep_what_is_set()
    {
        using FlatGuest guest = new(Hlt);
        KvmRegs regs = new() { Rax = 1, Rbx = 2, Rcx = 3, Rdx = 4, Rsi = 5, Rdi = 6, Rsp = 7, Rbp = 8, R8 = 9, R15 = 10, Rip = 0x1234, Rflags = 0x202 };
        guest.Vcpu.SetRegs(in regs);
        Assert.Equal(regs, guest.Vcpu.GetRegs());
    }

    [Fact]
    public void System_registers_keep_what_is_set()
    {
        using FlatGuest guest = new(Hlt);
        KvmSregs sregs = guest.Vcpu.GetSregs();
        sregs.Ds.Base = 0x1000;
        sregs.Gdt = new KvmDtable { Base = 0x2000, Limit = 0xff };
        guest.Vcpu.SetSregs(in sregs);
        KvmSregs read = guest.Vcpu.GetSregs();
        Assert.Equal((0x1000UL, 0x2000UL, (ushort)0xff), (read.Ds.Base, read.Gdt.Base, read.Gdt.Limit));
    }

    [Fact]
    public void System_registers_that_contradict_each_other_are_refused_with_their_values()
    {
        using FlatGuest guest = new(Hlt);
        KvmSregs sregs = guest.Vcpu.GetSregs();
        sregs.Cr0 = 0x80000000;
        KvmException exception = Assert.Throws<KvmException>(() => guest.Vcpu.SetSregs(in sregs));
        Assert.Equal((Errno.EINVAL, "KVM_SET_SREGS"), (exception.Errno, exception.Operation));
        Assert.Contains("cr0 80000000", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void System_registers_with_page_directory_pointers_agree_with_those_without()
    {
        using FlatGuest guest = new(Hlt);
        Assert.SkipWhen(guest.Vm.CheckExtension(KvmCapability.Sregs2) == 0, "this KVM has no KVM_CAP_SREGS2");
        KvmSregs2 sregs = guest.Vcpu.GetSregs2();
        Assert.Equal(guest.Vcpu.GetSregs().Cr0, sregs.Cr0);
        sregs.Es.Base = 0x3000;
        guest.Vcpu.SetSregs2(in sregs);
        Assert.Equal(0x3000UL, guest.Vcpu.GetSregs().Es.Base);
        sregs.Cr0 = 0x80000000;
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => guest.Vcpu.SetSregs2(in sregs)).Errno);
    }

    [Fact]
    public void The_FPU_keeps_what_is_set()
    {
        using FlatGuest guest = new(Hlt);
        KvmFpu fpu = guest.Vcpu.GetFpu();
        fpu.Fcw = 0x27f;
        fpu.Xmm[3][1] = 0x1122334455667788;
        guest.Vcpu.SetFpu(in fpu);
        KvmFpu read = guest.Vcpu.GetFpu();
        Assert.Equal(((ushort)0x27f, 0x1122334455667788UL), (read.Fcw, read.Xmm[3][1]));
    }

    [Fact]
    public void The_extended_state_holds_the_FPU_and_keeps_what_is_set()
    {
        using FlatGuest guest = new(Hlt);
        byte[] area = new byte[guest.Vcpu.XsaveSize];
        guest.Vcpu.GetXsave(area);

        // The x87 control word is the first field of the XSAVE area; the state is valid only where the header's first bits say so.
        const int headerOffset = 512;
        area[0] = 0x7f;
        area[1] = 0x02;
        area[headerOffset] |= 1;
        guest.Vcpu.SetXsave(area);
        Assert.Equal(0x27f, guest.Vcpu.GetFpu().Fcw);
    }

    [Fact]
    public void An_area_too_small_for_the_extended_state_is_refused()
    {
        using FlatGuest guest = new(Hlt);
        byte[] small = new byte[guest.Vcpu.XsaveSize - 1];
        Assert.Throws<ArgumentException>(() => guest.Vcpu.GetXsave(small));
        Assert.Throws<ArgumentException>(() => guest.Vcpu.SetXsave(small));
    }

    [Fact]
    public void An_extended_state_with_features_that_do_not_exist_is_refused()
    {
        using FlatGuest guest = new(Hlt);
        byte[] area = new byte[guest.Vcpu.XsaveSize];
        guest.Vcpu.GetXsave(area);
        area.AsSpan(512, 8).Fill(0xff);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => guest.Vcpu.SetXsave(area)).Errno);
    }

    [Fact]
    public void XCR0_can_be_read_and_set_to_x87()
    {
        using FlatGuest guest = new(Hlt);
        Assert.SkipWhen(guest.Kvm.CheckExtension(KvmCapability.Xcrs) == 0, "this KVM has no KVM_CAP_XCRS");
        KvmXcrs xcrs = guest.Vcpu.GetXcrs();
        Assert.Equal((1u, 0u), (xcrs.NrXcrs, xcrs.Xcrs[0].Xcr));
        xcrs.Xcrs[0].Value = 1;
        guest.Vcpu.SetXcrs(in xcrs);
        Assert.Equal(1UL, guest.Vcpu.GetXcrs().Xcrs[0].Value);
        xcrs.Xcrs[0].Value = 0;
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => guest.Vcpu.SetXcrs(in xcrs)).Errno);
    }

    [Fact]
    public void Model_specific_registers_keep_what_is_set()
    {
        using FlatGuest guest = new(Hlt);
        Assert.Equal(2, guest.Vcpu.SetMsrs([new(SysenterCs, 0x60), new(SysenterEip, 0xc0100040)]));
        KvmMsrEntry[] read = [new(SysenterEip), new(SysenterCs)];
        Assert.Equal(2, guest.Vcpu.GetMsrs(read));
        Assert.Equal((0xc0100040UL, 0x60UL), (read[0].Data, read[1].Data));
    }

    [Fact]
    public void A_register_that_KVM_refuses_cuts_the_count_short_and_those_before_it_are_done()
    {
        using FlatGuest guest = new(Hlt);
        Assert.Equal(1, guest.Vcpu.SetMsrs([new(SysenterCs, 0x60), new(NoSuchMsr, 1), new(SysenterEip, 2)]));
        KvmMsrEntry[] read = [new(SysenterCs), new(NoSuchMsr), new(SysenterEip)];
        Assert.Equal(1, guest.Vcpu.GetMsrs(read));
        Assert.Equal(0x60UL, read[0].Data);
    }

    [Fact]
    public void The_CPUID_table_is_the_one_that_was_set()
    {
        using FlatGuest guest = new(Hlt);
        KvmCpuidEntry2[] entries = guest.Kvm.GetSupportedCpuid();
        KvmCpuidEntry2[] room = new KvmCpuidEntry2[entries.Length];
        Assert.True(guest.Vcpu.TryGetCpuid(room, out int count));

        // A leaf of zeros says what a leaf says that is not there, and a KVM may drop it: 0x1d and 0x1e, of a CPU whose AMX is hidden.
        (uint, uint)[] kept = [.. room[..count].Select(entry => (entry.Function, entry.Index))];
        Assert.Empty(kept.Except(entries.Select(entry => (entry.Function, entry.Index))));
        Assert.Empty(entries.Where(entry => (entry.Eax | entry.Ebx | entry.Ecx | entry.Edx) != 0).Select(entry => (entry.Function, entry.Index)).Except(kept));
        Assert.False(guest.Vcpu.TryGetCpuid(new KvmCpuidEntry2[1], out _));
    }

    [Fact]
    public void The_guest_reads_the_CPUID_that_it_was_given()
    {
        // mov eax, 0x40000000; cpuid; mov eax, ebx; mov dx, 0x10; out dx, eax; hlt
        using FlatGuest guest = new("b8 00 00 00 40 0f a2 89 d8 66 ba 10 00 ef f4");
        guest.Vcpu.SetCpuid([new() { Function = 0x40000000, Eax = 0x40000000, Ebx = 0x6b766d21 }]);
        Assert.Equal(0x6b766d21u, BitConverter.ToUInt32(guest.Run().IoData));
    }

    [Fact]
    public void Too_many_CPUID_leaves_are_refused()
    {
        using FlatGuest guest = new(Hlt);
        Assert.Equal(Errno.E2BIG, Assert.Throws<KvmException>(() => guest.Vcpu.SetCpuid(new KvmCpuidEntry2[10_000])).Errno);
    }

    [Fact]
    public void Events_can_be_read_and_set()
    {
        using FlatGuest guest = new(Hlt);
        KvmVcpuEvents events = guest.Vcpu.GetVcpuEvents();
        Assert.Equal(0, events.Exception.Injected);
        events.Nmi.Masked = 1;
        events.Flags |= KvmVcpuEventFlags.NmiPending;
        guest.Vcpu.SetVcpuEvents(in events);
        Assert.Equal(1, guest.Vcpu.GetVcpuEvents().Nmi.Masked);
    }

    [Fact]
    public void Events_with_flags_that_do_not_exist_are_refused()
    {
        using FlatGuest guest = new(Hlt);
        KvmVcpuEvents events = guest.Vcpu.GetVcpuEvents();
        events.Flags = (KvmVcpuEventFlags)0x80000000;
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => guest.Vcpu.SetVcpuEvents(in events)).Errno);
    }

    [Fact]
    public void Debug_registers_keep_what_is_set_and_reserved_bits_are_refused()
    {
        using FlatGuest guest = new(Hlt);
        KvmDebugregs registers = guest.Vcpu.GetDebugregs();
        registers.Db[2] = 0x1234;
        guest.Vcpu.SetDebugregs(in registers);
        Assert.Equal(0x1234UL, guest.Vcpu.GetDebugregs().Db[2]);
        registers.Dr7 = 1UL << 40;
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => guest.Vcpu.SetDebugregs(in registers)).Errno);
    }

    [Fact]
    public void Single_step_exits_after_one_instruction()
    {
        using FlatGuest guest = new(NopsThenHlt);
        guest.Vcpu.SetGuestDebug(new KvmGuestDebug { Control = KvmGuestDebugControl.Enable | KvmGuestDebugControl.Singlestep });
        for (uint step = 1; step <= 3; step++)
        {
            KvmExit exit = guest.Run();
            Assert.Equal(KvmExitReason.Debug, exit.Reason);
            Assert.Equal(FlatGuest.Code + step, exit.Debug.Pc);
            Assert.Equal(1u, exit.Debug.Exception);
        }
    }

    [Fact]
    public void Injecting_a_debug_exception_while_another_is_pending_is_refused()
    {
        using FlatGuest guest = new(NopsThenHlt, prepare: vm =>
        {
            Assert.SkipWhen(vm.CheckExtension(KvmCapability.ExceptionPayload) == 0, "this KVM has no KVM_CAP_EXCEPTION_PAYLOAD");
            vm.EnableCapability(KvmCapability.ExceptionPayload, 1);
        });
        KvmVcpuEvents events = guest.Vcpu.GetVcpuEvents();
        events.Exception = new() { Pending = 1, Nr = 13, HasErrorCode = 1 };
        events.Flags |= KvmVcpuEventFlags.Payload;
        guest.Vcpu.SetVcpuEvents(in events);
        KvmException exception = Assert.Throws<KvmException>(
            () => guest.Vcpu.SetGuestDebug(new KvmGuestDebug { Control = KvmGuestDebugControl.Enable | KvmGuestDebugControl.InjectDb }));
        Assert.Equal(Errno.EBUSY, exception.Errno);
    }

    [Fact]
    public void A_vCPU_is_runnable_and_cannot_wait_for_an_IPI_without_an_interrupt_controller()
    {
        using FlatGuest guest = new(Hlt);
        Assert.Equal(KvmMpState.Runnable, guest.Vcpu.GetMpState());
        guest.Vcpu.SetMpState(KvmMpState.Runnable);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => guest.Vcpu.SetMpState(KvmMpState.InitReceived)).Errno);
    }

    [Fact]
    public void The_TSC_has_a_rate_and_can_be_given_the_same_one()
    {
        using FlatGuest guest = new(Hlt);
        int kilohertz = guest.Vcpu.GetTscKhz();
        Assert.InRange(kilohertz, 100_000, 10_000_000);
        guest.Vcpu.SetTscKhz(kilohertz);
        Assert.Equal(kilohertz, guest.Vcpu.GetTscKhz());
    }

    [Fact]
    public void A_TSC_rate_that_this_host_cannot_give_is_refused()
    {
        using FlatGuest guest = new(Hlt);

        // With scaling there is a fastest rate; without it, none below the host's own.
        int impossible = guest.Kvm.CheckExtension(KvmCapability.TscControl) != 0 ? -1 : 1;
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => guest.Vcpu.SetTscKhz(impossible)).Errno);
    }

    [Fact]
    public void Without_paging_a_linear_address_is_the_physical_one()
    {
        using FlatGuest guest = new(Hlt);
        KvmTranslation translation = guest.Vcpu.Translate(0x3123);
        Assert.Equal((0x3123UL, (byte)1), (translation.PhysicalAddress, translation.Valid));
    }

    [Fact]
    public void A_signal_that_the_mask_lets_through_interrupts_a_spinning_guest_and_stays_pending() => WithBlockedSignal(signal =>
    {
        using FlatGuest guest = new(Spin);
        guest.Vcpu.SetSignalMask(ThreadSignals.Blocked.Without(signal));
        ThreadSignals.Send(ThreadSignals.CurrentThreadId, signal);
        KvmRunOutcome outcome = guest.Vcpu.Run();
        Assert.Equal(KvmRunOutcome.Interrupted, outcome);
        Assert.True(ThreadSignals.TakePending(signal));
    });

    [Fact]
    public void Without_a_mask_of_its_own_KVM_RUN_keeps_the_threads() => WithBlockedSignal(signal =>
    {
        using FlatGuest guest = new(Hlt);
        guest.Vcpu.SetSignalMask(ThreadSignals.Blocked.Without(signal));
        guest.Vcpu.ClearSignalMask();
        ThreadSignals.Send(ThreadSignals.CurrentThreadId, signal);
        Assert.Equal(KvmExitReason.Hlt, guest.Run().Reason);
        Assert.True(ThreadSignals.TakePending(signal));
    });

    [Fact]
    public void An_immediate_exit_returns_before_the_guest_runs()
    {
        using FlatGuest guest = new(Hlt);
        guest.Vcpu.RunPage.ImmediateExit = true;
        Assert.True(guest.Vcpu.RunPage.ImmediateExit);
        Assert.Equal(KvmRunOutcome.Interrupted, guest.Vcpu.Run());
        Assert.Equal(FlatGuest.Code, guest.Vcpu.GetRegs().Rip);
        guest.Vcpu.RunPage.ImmediateExit = false;
        Assert.Equal(KvmExitReason.Hlt, guest.Run().Reason);
    }

    [Fact]
    public void Shared_registers_show_the_guests_state_without_a_call()
    {
        using FlatGuest guest = new("b8 78 56 34 12 f4"); // mov eax, 0x12345678; hlt
        Assert.SkipWhen(guest.Kvm.CheckExtension(KvmCapability.SyncRegs) == 0, "this KVM has no KVM_CAP_SYNC_REGS");
        guest.Vcpu.RunPage.Run.KvmValidRegs = KvmSyncRegisters.Regs | KvmSyncRegisters.Sregs;
        guest.Run();
        Assert.Equal(0x12345678UL, guest.Vcpu.RunPage.Run.S.Regs.Regs.Rax);
        Assert.Equal(guest.Vcpu.GetSregs().Cr0, guest.Vcpu.RunPage.Run.S.Regs.Sregs.Cr0);
    }

    [Fact]
    public void Shared_registers_marked_dirty_are_loaded_before_the_guest_runs()
    {
        using FlatGuest guest = new("66 ba 10 00 ef f4"); // mov dx, 0x10; out dx, eax; hlt
        Assert.SkipWhen(guest.Kvm.CheckExtension(KvmCapability.SyncRegs) == 0, "this KVM has no KVM_CAP_SYNC_REGS");
        KvmRegs regs = guest.Vcpu.GetRegs();
        regs.Rax = 0x0badcafe;
        guest.Vcpu.RunPage.Run.S.Regs.Regs = regs;
        guest.Vcpu.RunPage.Run.KvmDirtyRegs = KvmSyncRegisters.Regs;
        Assert.Equal(0x0badcafeu, BitConverter.ToUInt32(guest.Run().IoData));
    }

    [Fact]
    public void A_register_class_that_does_not_exist_cannot_be_shared()
    {
        using FlatGuest guest = new(Hlt);
        guest.Vcpu.RunPage.Run.KvmValidRegs = (KvmSyncRegisters)(1UL << 40);
        KvmException exception = Assert.Throws<KvmException>(() => guest.Vcpu.Run());
        Assert.Equal((Errno.EINVAL, "KVM_RUN"), (exception.Errno, exception.Operation));
    }

    [Fact]
    public void A_capability_that_does_not_exist_cannot_be_enabled_on_a_vCPU()
    {
        using FlatGuest guest = new(Hlt);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => guest.Vcpu.EnableCapability((KvmCapability)0x7fffffff)).Errno);
    }

    [Fact]
    public void A_disposed_vCPU_is_refused_by_the_library()
    {
        FlatGuest guest = new(Hlt);
        guest.Dispose();
        Assert.Throws<ObjectDisposedException>(() => guest.Vcpu.Run());
        Assert.Throws<ObjectDisposedException>(() => guest.Vcpu.Exit.Reason);
        Assert.Throws<ObjectDisposedException>(() => guest.Vcpu.RunPage.ImmediateExit);
    }

    private static void WithBlockedSignal(Action<int> test)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            ThreadSignals.Block(ThreadSignals.FreeSignal);
            failure = Record.Exception(() => test(ThreadSignals.FreeSignal));
        });
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }
}
