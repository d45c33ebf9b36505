// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;
using Kvmsys.Native.Abi;

namespace Kvmsys.Tests.NoDevice.Monitor;

/// <summary>Reports of exits that no KVM here gives: run pages and states as KVM would leave them.</summary>
public sealed class CrashReportTests : IDisposable
{
    private readonly GuestImage _image = I386Guest.Build(new I386GuestOptions
    {
        Program = new CallLoop(EntryMechanism.Int80).Assemble(KernelProfile.Bare),
        Cpu = new CpuIdentity("GenuineIntel", 6, 60, 3, Sep: true),
    }).Image;

    private readonly GuestRam _ram;

    public CrashReportTests()
    {
        _ram = new GuestRam(_image.MemorySize);
        _ram.Load(_image);
    }

    public void Dispose() => _ram.Dispose();

    [Fact]
    public void A_refused_entry_names_the_rule_that_is_broken()
    {
        CpuState state = _image.InitialState with { Tr = _image.InitialState.Tr with { Type = 9 } };
        CrashReport report = Report(state, (ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.FailEntry;
            run.FailEntry = new() { HardwareEntryFailureReason = 0x80000021, Cpu = 1 };
        });
        Assert.Equal("VM entry failed (KVM_EXIT_FAIL_ENTRY), hardware reason 0x80000021 (VT-x: invalid guest state) on CPU 1", report.Headline);
        Assert.Equal(["SDM Vol. 3C 26.3.1.2 is broken: TR's type is a busy TSS (3 or 11)"], report.Details);
    }

    [Fact]
    public void A_good_state_that_is_refused_all_the_same_names_no_rule()
    {
        CrashReport report = Report(_image.InitialState, (ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.FailEntry;
            run.FailEntry = new() { HardwareEntryFailureReason = ulong.MaxValue };
        });
        Assert.Contains("hardware reason 0xffffffffffffffff on CPU 0", report.Headline, StringComparison.Ordinal);
        Assert.Empty(report.Details);
    }

    [Fact]
    public void A_state_goes_to_KVM_and_back_unchanged()
    {
        KvmSregs sregs = VcpuState.ToSregs(_image.InitialState, default);
        KvmRegs regs = VcpuState.ToRegs(_image.InitialState);
        CpuState back = VcpuState.FromVcpu(in regs, in sregs, VcpuState.ToMsrs(_image.InitialState));
        Assert.Equal(_image.InitialState with { Msrs = [] }, back with { Msrs = [] });
        Assert.Equal(_image.InitialState.Msrs, back.Msrs);
    }

    [Fact]
    public void An_internal_error_keeps_its_data()
    {
        CrashReport report = Report(_image.InitialState, (ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.InternalError;
            run.Internal.Suberror = KvmInternalError.DeliveryEv;
            run.Internal.Ndata = 2;
            run.Internal.Data[0] = 0x80000b0e;
            run.Internal.Data[1] = 0x31;
        });
        Assert.StartsWith("KVM gave up (KVM_EXIT_INTERNAL_ERROR, sub-error 3 DeliveryEv) at 0xc010", report.Headline, StringComparison.Ordinal);
        Assert.Equal(["data 0x0000000080000b0e", "data 0x0000000000000031"], report.Details);
    }

    [Fact]
    public void A_reason_from_the_future_is_reported_with_its_bytes()
    {
        CrashReport report = Report(_image.InitialState, (ref KvmRun run) =>
        {
            run.ExitReason = (KvmExitReason)77;
            run.Hw.HardwareExitReason = 0x1122334455667788;
        });
        Assert.StartsWith("KVM_EXIT_77 at 0xc010", report.Headline, StringComparison.Ordinal);
        Assert.StartsWith("exit detail 8877665544332211", Assert.Single(report.Details), StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_of_a_fault_frame_that_is_not_in_memory_is_still_a_report()
    {
        CrashReport report = Report(_image.InitialState, (ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.Io;
            run.Io = new() { Direction = KvmIoDirection.Out, Port = MonitorPort.Fault, Size = 4, Count = 1, DataOffset = 4096 };
        }, value: 0x12345678);
        Assert.Contains("in ring 0 at 0x00000000", report.Headline, StringComparison.Ordinal);
        Assert.NotEqual("", report.ToString());
    }

    private delegate void Fill(ref KvmRun run);

    private CrashReport Report(CpuState state, Fill fill, uint value = 0)
    {
        byte[] page = new byte[3 * 4096];
        fill(ref MemoryMarshal.AsRef<KvmRun>(page.AsSpan()));
        MemoryMarshal.Write(page.AsSpan(4096), in value);
        VcpuSnapshot snapshot = new(VcpuState.ToRegs(state), VcpuState.ToSregs(state, default), VcpuState.ToMsrs(state));
        return CrashReport.OfExit(_image, _ram, snapshot, new KvmExit(page));
    }
}
