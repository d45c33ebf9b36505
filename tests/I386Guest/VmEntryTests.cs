// SPDX-License-Identifier: MIT

using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Native;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Tests.I386Guest;

/// <summary>
/// The rules of VM entry, held against a kvm_intel that neither enters what VT-x refuses by unrestricted guest nor emulates it: what breaks a
/// rule is refused, by the rule's name, or else it is known why not.
/// </summary>
[Trait(Lab.Mode, Lab.Strict)]
public sealed class VmEntryTests
{
    private const string Enters = "enters";
    private const string TripleFault = "Triple fault (KVM_EXIT_SHUTDOWN)";

    /// <summary>States that break a rule and do not come to the CPU so: what happens, and why.</summary>
    private static readonly Dictionary<string, (string Outcome, string Why)> Disagreements = new()
    {
        ["CR0.PE, CR0.NE and CR0.PG are 1"] = (Enters, "KVM keeps NE set, and shows the guest its own CR0 by the read shadow"),
        ["CR0's reserved bits are 0"] = (Enters, "KVM clears them"),
        ["CR4.FRED is 0 outside IA-32e mode"] = ("KVM_SET_SREGS: Invalid argument (EINVAL)", "KVM refuses bits of CR4 that the guest's CPUID lacks"),
        ["SYSENTER_ESP is canonical"] = (Enters, "KVM_SET_MSRS makes it canonical"),
        ["SYSENTER_EIP is canonical"] = (Enters, "KVM_SET_MSRS makes it canonical"),
        ["CR4.PAE is 1 in IA-32e mode"] = ("KVM_SET_SREGS", "KVM refuses it with EINVAL: long mode needs PAE"),
        ["EFER.LME equals EFER.LMA while CR0.PG is 1"] = ("KVM_SET_SREGS", "KVM refuses it with EINVAL: long mode needs PAE"),
        ["LDTR is present"] = (Enters, "KVM takes a segment that is not present for unusable"),
        ["ES is present"] = (Enters, "KVM takes a segment that is not present for unusable"),
        ["FS is present"] = (Enters, "KVM takes a segment that is not present for unusable"),
        ["GS is present"] = (Enters, "KVM takes a segment that is not present for unusable"),
        ["DS is present"] = ("#GP (general protection) in ring 0", "unusable, as above; the kernel's first load by it faults"),
        ["SS is present"] = ("#DF (double fault) in ring 0", "unusable, as above; the kernel's first push faults, and so does the exception's"),
        ["GDTR's limit has 16 bits"] = (TripleFault, "KVM's limit has 16 bits: 0x10000 is 0, and no selector can be loaded"),
        ["IDTR's limit has 16 bits"] = (TripleFault, "KVM's limit has 16 bits: 0x10000 is 0, and no exception can be delivered"),
        ["EFLAGS bit 1 is 1"] = (Enters, "KVM sets it"),
        ["PAE is off outside IA-32e mode: an image has no page-directory pointers"] = (TripleFault, "KVM reads pointers where the image has a directory, and enters with them"),
    };

    private const string Pcide = "CR4.PCIDE is 0 outside IA-32e mode";

    private readonly Kvmsys.Guest.I386Guest _guest =
        GuestRun.Build(new CallLoop(EntryMechanism.Int80).Assemble(KernelProfile.Bare), KernelProfile.Bare);

    public VmEntryTests()
    {
        KvmBackEnd backEnd = HostEnvironment.Read().BackEnd;
        Assert.Equal(
            ("kvm_intel", "N", "N"),
            (backEnd.Module, backEnd.Parameters["kvm_intel.unrestricted_guest"], backEnd.Parameters["kvm_intel.emulate_invalid_guest_state"]));
    }

    public static TheoryData<string> Rules() => [.. VmEntryRules.All.Select(rule => rule.Text)];

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_state_that_breaks_a_rule_is_refused_by_the_rules_name_or_it_is_known_why_not(string rule)
    {
        string outcome = Outcome(BrokenStates.ByRule[rule](_guest.Image.InitialState), out CrashReport? crash);
        if (rule == Pcide && !HasPcid())
        {
            Assert.StartsWith("KVM_SET_SREGS: Invalid argument (EINVAL)", outcome, StringComparison.Ordinal);
        }
        else if (Disagreements.TryGetValue(rule, out (string Outcome, string Why) known))
        {
            Assert.True(outcome.StartsWith(known.Outcome, StringComparison.Ordinal), $"{outcome}; it was {known.Outcome}, for {known.Why}");
        }
        else
        {
            Assert.StartsWith("VM entry failed (KVM_EXIT_FAIL_ENTRY), hardware reason 0x80000021", outcome, StringComparison.Ordinal);
            Assert.Contains(crash!.Details, detail => detail.EndsWith($" is broken: {rule}", StringComparison.Ordinal));
        }
    }

    [Theory]
    [MemberData(nameof(MeasurementTests.Combinations), MemberType = typeof(MeasurementTests))]
    public void The_initial_state_enters_and_nothing_is_emulated(KernelProfile profile, EntryMechanism mechanism)
    {
        using Kvm kvm = Kvm.Open();
        using MeasuredGuest guest = new(kvm, GuestCpuid.Of(kvm), new EntryPath(profile, mechanism), seed: 1, Kvmsys.Guest.I386GuestOptions.MinMemorySize);
        CallRun run = guest.Run(new() { Rounds = 16, Batches = 8, WarmUpRounds = 16, WarmUpGroups = 2 }, TimeSpan.FromMinutes(1));
        Assert.Equal(0, run.UnexpectedEmulations);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    public void The_64_bit_kernels_initial_state_enters_and_nothing_is_emulated(int bitness)
    {
        GuestProgram program = GuestRun.Program(c => GuestRun.EmitExit(c, eax), bitness);
        MachineStop stop = GuestRun.Run(LongModeGuest.Build(new LongModeGuestOptions { Program = program }).Image);
        Assert.Equal(StopReason.Exit, stop.Reason);
        Assert.Equal(0, stop.Statistics!.EmulatedInstructions);
    }

    [Fact]
    public void A_disagreement_is_with_a_rule_that_exists() =>
        Assert.Subset(VmEntryRules.All.Select(rule => rule.Text).ToHashSet(), Disagreements.Keys.ToHashSet());

    /// <summary>KVM refuses bits of CR4 that the guest's CPUID lacks: leaf 1, ECX bit 17 for this one.</summary>
    private static bool HasPcid()
    {
        using Kvm kvm = Kvm.Open();
        return kvm.GetSupportedCpuid().Any(entry => entry.Function == 1 && (entry.Ecx >> 17 & 1) != 0);
    }

    private string Outcome(CpuState state, out CrashReport? crash)
    {
        crash = null;
        try
        {
            MachineStop stop = GuestRun.Run(_guest.Image with { InitialState = state });
            crash = stop.Crash;
            Assert.Equal(0, stop.Statistics!.EmulatedInstructions);
            return stop.Reason == StopReason.Mark ? Enters : crash!.Headline;
        }
        catch (KvmException exception)
        {
            return exception.Message;
        }
    }
}
