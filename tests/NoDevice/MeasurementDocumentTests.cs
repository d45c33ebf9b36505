// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.RegularExpressions;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Tests.NoDevice;

/// <summary>docs/MEASUREMENT.md is the specification; here it is held against the code.</summary>
public sealed class MeasurementDocumentTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(Checkout.Root, "docs/MEASUREMENT.md"));

    public static TheoryData<string> Mechanisms() => [.. Enum.GetValues<EntryMechanism>().Select(Spelling.Of)];

    public static TheoryData<string> Reasons() => [.. Enum.GetValues<GateReason>().Where(reason => reason != GateReason.None).Select(Spelling.Of)];

    public static TheoryData<string> Mitigations() =>
        [.. Enum.GetValues<Mitigation>().Where(mitigation => mitigation != Mitigation.None).Select(Spelling.Of)];

    public static TheoryData<string> Observations()
    {
        HostEnvironment host = new("", new HostCpu("", "", 0, 0, 0, null), null, "", new KvmBackEnd(null, new Dictionary<string, string>()));
        return [.. HardwareProof.Judge(host, default, 1, 1, 1, 0, TimeSpan.Zero).Evidence.Select(evidence => evidence.Name)];
    }

    [Theory]
    [MemberData(nameof(Mechanisms))]
    [MemberData(nameof(Reasons))]
    [MemberData(nameof(Mitigations))]
    public void Every_mechanism_and_every_mitigation_and_every_reason_of_the_gate_has_its_row(string name) =>
        Assert.Contains($"\n| `{name}` | ", Document, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void Every_mechanism_is_on_the_profiles_that_its_row_names(string name)
    {
        KernelProfile[] profiles = Enum.GetValues<KernelProfile>();
        string cell = Document.Split('\n').First(line => line.StartsWith($"| `{name}` | ", StringComparison.Ordinal)).Split('|')[^2];
        EntryMechanism mechanism = Enum.GetValues<EntryMechanism>().Single(mechanism => Spelling.Of(mechanism) == name);
        Assert.Equal(
            EntryPath.ProfilesOf(mechanism).Order(),
            profiles.Where(profile => cell.Trim() == "all" || Regex.IsMatch(cell, $@"\b{Spelling.Of(profile)}\b")));
    }

    [Theory]
    [MemberData(nameof(Observations))]
    public void Every_observation_of_the_verdict_has_its_row(string name) => Assert.Contains($"\n| {name} | ", Document, StringComparison.Ordinal);

    [Fact]
    public void Every_known_cost_has_its_row() => Assert.All(
        KnownCost.All,
        known => Assert.Contains(
            string.Create(
                CultureInfo.InvariantCulture,
                $" | {Spelling.Of(known.Profile)} | {Spelling.Of(known.Mechanism)} | {known.CoreCycles} | {known.Source} |\n"),
            Document,
            StringComparison.Ordinal));

    [Fact]
    public void Every_reason_has_a_cure() => Assert.All(
        Enum.GetValues<GateReason>().Where(reason => reason != GateReason.None),
        reason => Assert.NotEmpty(Spelling.CureOf(reason)));

    [Fact]
    public void The_protocols_numbers_are_the_codes()
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        Protocol quick = Protocol.Quick;
        Protocol full = Protocol.Full;
        string[] phrases =
        [
            string.Create(invariant, $"| {CallLoop.CallsPerRound} calls between two turns of the loop |"),
            string.Create(invariant, $"| batch | {Protocol.Batch.TotalMicroseconds} to {2 * Protocol.Batch.TotalMicroseconds} us, a power of two of calls |"),
            string.Create(invariant, $"| {Protocol.WarmUp.TotalMilliseconds} ms and {Protocol.WarmUpCalls} calls at least, then until the best of {CallLoop.WarmUpBatches} batches"),
            string.Create(invariant, $"; {Protocol.WarmUpGroups} groups at most |"),
            string.Create(invariant, $"| one KVM_RUN: chains, warm-up, {Protocol.Batches / 2} pairs, chains |"),
            string.Create(invariant, $"| alignments | {string.Join(", ", quick.Alignments)} bytes into a cache line"),
            string.Create(invariant, $"| {quick.Sessions} sessions of {quick.Runs} runs at {quick.Alignments.Length} alignments |"),
            string.Create(invariant, $"| {full.Sessions} sessions of {full.Runs} runs at {full.Alignments.Length} alignments |"),
            string.Create(invariant, $"A share of more than {Discards.Warning * 100} % that is not counted is a warning"),
            string.Create(invariant, $"More than {Discards.Unstable * 100} %, and the bench ends with status 5"),
            string.Create(invariant, $"{Calibration.ExpectedMultiplyToAdd:N2} +- {Calibration.MultiplyTolerance * 100} %"),
            string.Create(invariant, $"{Calibration.MinFloatToAdd} to {Calibration.MaxFloatToAdd}: MULSS"),
            string.Create(invariant, $"less than {Calibration.MaxTimerTicks}"),
            string.Create(invariant, $"p is {Comparison.Significance} or less"),
            string.Create(invariant, $"Fewer than {BenchComparison.EnoughSessions} sessions a side"),
        ];
        Assert.All(phrases, phrase => Assert.Contains(phrase, Document, StringComparison.Ordinal));
    }
}
