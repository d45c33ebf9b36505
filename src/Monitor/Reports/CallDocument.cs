// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Reports;

/// <summary>One batch of calls in JSON. Times are of all calls together unless their name says otherwise.</summary>
public sealed record CallDocument
{
    /// <summary>Mechanism.</summary>
    public required string Mechanism { get; init; }

    /// <summary>The guest kernel's profile.</summary>
    public required string Profile { get; init; }

    /// <summary>Calls.</summary>
    public required ulong Calls { get; init; }

    /// <summary>TSC ticks.</summary>
    public required ulong TscTicks { get; init; }

    /// <summary>TSC ticks of one call.</summary>
    public required double TscTicksPerCall { get; init; }

    /// <summary>Nanoseconds of one call; null when the TSC's rate is not known.</summary>
    public double? NsPerCall { get; init; }

    /// <summary>Rate of the TSC; null when KVM does not tell.</summary>
    public int? TscKhz { get; init; }

    /// <summary>How many times as fast as INT 0x80 on the same kernel; null when that was not measured.</summary>
    public double? SpeedUp { get; init; }

    /// <summary>VM exits from the program's start mark to its end, that one included; null when KVM does not tell.</summary>
    public long? Exits { get; init; }

    /// <summary>Exits by port I/O from the start mark to the end, that one included.</summary>
    public long? IoExits { get; init; }

    /// <summary>Exits by interrupts of the host from the start mark to the end.</summary>
    public long? IrqExits { get; init; }

    /// <summary>Instructions that KVM emulated from the start mark to the end.</summary>
    public long? EmulatedInstructions { get; init; }

    /// <summary>Every statistic of KVM that changed from the start mark to the end.</summary>
    public IReadOnlyDictionary<string, long>? Statistics { get; init; }

    /// <summary>What getpid answered.</summary>
    public required uint Pid { get; init; }

    /// <summary>How the vsyscall page enters the kernel.</summary>
    public required string VsyscallPage { get; init; }

    /// <summary>Guest-physical address of the vsyscall page, in hexadecimal.</summary>
    public required string VsyscallPhysicalAddress { get; init; }

    /// <summary>Seed of the guest.</summary>
    public required int Seed { get; init; }

    /// <summary>Host time from the start mark to the end, calibration and warm-up included, in seconds.</summary>
    public required double HostSeconds { get; init; }

    /// <summary>Set-up of the machine by phase, in microseconds.</summary>
    public required IReadOnlyDictionary<string, double> SetupMicroseconds { get; init; }

    /// <summary>Verdict.</summary>
    public required string Verdict { get; init; }

    /// <summary>What the verdict rests on.</summary>
    public required IReadOnlyList<Evidence> Evidence { get; init; }

    /// <summary>The document of a result.</summary>
    public static CallDocument Of(CallResult result, double? speedUp = null) => new()
    {
        Mechanism = Spelling.Of(result.Path.Mechanism),
        Profile = Spelling.Of(result.Path.Profile),
        Calls = result.Calls,
        TscTicks = result.Ticks,
        TscTicksPerCall = result.TicksPerCall,
        NsPerCall = result.NanosecondsPerCall,
        TscKhz = result.TscKhz,
        SpeedUp = speedUp,
        Exits = result.Statistics?.Exits,
        IoExits = result.Statistics?.IoExits,
        IrqExits = result.Statistics?.IrqExits,
        EmulatedInstructions = result.Statistics?.EmulatedInstructions,
        Statistics = result.Statistics?.Changes(),
        Pid = result.Pid,
        VsyscallPage = Spelling.Of(result.VsyscallVariant),
        VsyscallPhysicalAddress = $"0x{result.VsyscallPhysicalAddress:x8}",
        Seed = result.Seed,
        HostSeconds = result.Elapsed.TotalSeconds,
        SetupMicroseconds = new Dictionary<string, double>
        {
            ["createVm"] = result.Setup.CreateVm.TotalMicroseconds,
            ["memory"] = result.Setup.Memory.TotalMicroseconds,
            ["createVcpu"] = result.Setup.CreateVcpu.TotalMicroseconds,
            ["state"] = result.Setup.State.TotalMicroseconds,
        },
        Verdict = Spelling.Of(result.Proof.Verdict),
        Evidence = result.Proof.Evidence,
    };
}
