// SPDX-License-Identifier: MIT

using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Probes;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;

namespace Kvmsys.Tests.AnyKvm.Machine;

public sealed class VirtualMachineTests : IDisposable
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(30);

    private readonly Kvm _kvm = Kvm.Open();
    private readonly GuestCpuid _cpuid;

    public VirtualMachineTests() => _cpuid = GuestCpuid.Of(_kvm);

    public void Dispose() => _kvm.Dispose();

    [Fact]
    public void A_guest_runs_to_its_end_and_leaves_its_results_in_memory()
    {
        GuestImage image = ProbeGuest.Flat();
        using VirtualMachine machine = new(_kvm, image, _cpuid);
        MachineStop stop = machine.Run(Time);
        Assert.Equal((StopReason.Exit, 0u), (stop.Reason, stop.Status));
        ProbeResults results = machine.Ram.Read<ProbeResults>(image.Symbols.AddressOf(ProbeGuest.ResultsSymbol));
        Assert.True(results.AddChainTicks > 0);
        Assert.Equal(ProbeResults.PatternValue, results.Pattern);
    }

    [Fact]
    public void An_exit_that_nobody_expects_becomes_a_report_with_its_detail()
    {
        // in al, 0x60
        GuestImage image = ProbeGuest.Flat().WithBytes(ProbeGuest.Text, [0xe4, 0x60]);
        using VirtualMachine machine = new(_kvm, image, _cpuid);
        MachineStop stop = machine.Run(Time);
        Assert.Equal(StopReason.Crash, stop.Reason);
        Assert.Contains("In of 1 x 1 bytes at port 0x60", stop.Crash!.Headline, StringComparison.Ordinal);
        Assert.Contains("in", string.Join('\n', stop.Crash.Code), StringComparison.Ordinal);
    }

    [Fact]
    public void An_access_outside_memory_is_reported_with_its_address()
    {
        // mov eax, [0x40000000]
        GuestImage image = ProbeGuest.Flat().WithBytes(ProbeGuest.Text, [0xa1, 0, 0, 0, 0x40]);
        using VirtualMachine machine = new(_kvm, image, _cpuid);
        Assert.Contains("read of 4 bytes at physical 0x40000000", machine.Run(Time).Crash!.Headline, StringComparison.Ordinal);
    }

    [Fact]
    public void An_instruction_that_KVM_cannot_emulate_is_reported_with_its_bytes_and_its_text()
    {
        // paddb mm0, [0x40000000]: memory that no slot backs must be emulated, and KVM's emulator has no MMX arithmetic.
        GuestImage image = ProbeGuest.Flat().WithBytes(ProbeGuest.Text, [0x0f, 0xfc, 0x05, 0, 0, 0, 0x40]);
        using VirtualMachine machine = new(_kvm, image, _cpuid);
        CrashReport report = machine.Run(Time).Crash!;
        Assert.StartsWith("KVM gave up (KVM_EXIT_INTERNAL_ERROR, sub-error 1 Emulation) at 0x00001000 (start)", report.Headline, StringComparison.Ordinal);
        Assert.Contains(report.Details, line => line.StartsWith("it cannot emulate 0ffc0500000040", StringComparison.Ordinal) && line.EndsWith("paddb  0x40000000,%mm0", StringComparison.Ordinal));
    }

    [Fact]
    public void HLT_is_reported_because_nothing_could_end_it()
    {
        GuestImage image = ProbeGuest.Flat().WithBytes(ProbeGuest.Text, [0xf4]);
        using VirtualMachine machine = new(_kvm, image, _cpuid);
        Assert.StartsWith("KVM_EXIT_Hlt at 0x", machine.Run(Time).Crash!.Headline, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_specific_register_that_KVM_refuses_is_named()
    {
        GuestImage image = ProbeGuest.Flat();
        image = image with { InitialState = image.InitialState with { Msrs = [new(Msr.SysenterCs, 0x60), new(0xdeadbeef, 7)] } };
        KvmException exception = Assert.Throws<KvmException>(() => new VirtualMachine(_kvm, image, _cpuid));
        Assert.Contains("MSR 0xdeadbeef = 0x7 is refused (1 of 2 were set)", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_that_KVM_refuses_is_told_with_its_control_registers()
    {
        GuestImage image = ProbeGuest.Flat();
        image = image with { InitialState = image.InitialState with { Cr0 = Cr0.Paging } };
        KvmException exception = Assert.Throws<KvmException>(() => new VirtualMachine(_kvm, image, _cpuid));
        Assert.Equal("KVM_SET_SREGS", exception.Operation);
        Assert.Contains("cr0 80000000", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_machine_that_could_not_be_set_up_leaves_no_thread_and_no_file_behind()
    {
        GuestImage image = ProbeGuest.Flat();
        image = image with { InitialState = image.InitialState with { Cr0 = Cr0.Paging } };
        int Files() => Directory.GetFiles("/proc/self/fd").Length;
        Assert.Throws<KvmException>(() => new VirtualMachine(_kvm, image, _cpuid));
        int files = Files();
        for (int i = 0; i < 20; i++)
        {
            Assert.Throws<KvmException>(() => new VirtualMachine(_kvm, image, _cpuid));
        }

        Assert.InRange(Files(), 0, files);
        Assert.DoesNotContain("vcpu", ThreadNames());
    }

    [Fact]
    public void The_phases_of_the_set_up_are_timed()
    {
        using VirtualMachine machine = new(_kvm, ProbeGuest.Flat(), _cpuid);
        SetupTimes setup = machine.Setup;
        Assert.All([setup.CreateVm, setup.Memory, setup.CreateVcpu, setup.State], phase => Assert.True(phase > TimeSpan.Zero));
    }

    [Fact]
    public void The_guest_sees_no_virtualization_and_its_own_identifier_only()
    {
        foreach (Kvmsys.Native.Abi.KvmCpuidEntry2 entry in _cpuid.Entries)
        {
            switch (entry.Function)
            {
                case 1:
                    Assert.Equal(0u, entry.Ecx & (1u << 5));
                    Assert.Equal(0u, entry.Ebx >> 24);
                    break;
                case 0x80000001:
                    Assert.Equal(0u, entry.Ecx & (1u << 2));
                    break;
                default:
                    break;
            }
        }

        Assert.Equal(12, _cpuid.Identity.Vendor.Length);
    }

    [Fact]
    public void A_table_without_SEP_differs_in_nothing_else()
    {
        GuestCpuid without = _cpuid.WithoutSep();
        Assert.False(without.Identity.HasSysenter);
        Assert.Equal(_cpuid.Identity with { Sep = false }, without.Identity);
        Assert.Equal(_cpuid.Entries.Length, without.Entries.Length);
    }

    private static IEnumerable<string> ThreadNames()
    {
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            string name;
            try
            {
                name = File.ReadAllText(Path.Combine(task, "comm")).Trim();
            }
            catch (IOException)
            {
                // The thread has ended since it was listed.
                continue;
            }

            yield return name;
        }
    }
}
