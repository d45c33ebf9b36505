// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Farm.Protocol;
using static Kvmsys.Monitor.Farm.Broker.BrokerVerb;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>What each role may do, as the server holds it against every message. docs/FARM.md shows the table.</summary>
/// <remarks>
/// A subject may be used when its pattern is here; everything else is refused. Beside these, whoever was asked something may answer once, where the
/// one who asked wants the answer: <see cref="Answers"/>.
/// </remarks>
internal static class BrokerPermissions
{
    /// <summary>How often, and how long after a message, its receiver may send to where that message wants its answer.</summary>
    public const string Answers = "{ max: 1, expires: \"1m\" }";

    /// <summary>The table.</summary>
    public static IReadOnlyList<BrokerPermission> All { get; } =
    [
        new(FarmRole.Host, Publish, "what its attempts have come to", (name, _) => [FarmSubjects.Result(name, "*")]),
        new(FarmRole.Host, Publish, "what happens on it", (name, _) => [FarmSubjects.EventsOf(name)]),
        new(FarmRole.Host, Publish, "that it is there", (name, _) => [ValueOf(FarmSubjects.Hosts, name)]),
        new(FarmRole.Host, Publish, "which consumers there are for it", (name, cpuKey) => OfConsumers("$JS.API.CONSUMER.INFO", name, cpuKey, "")),
        new(FarmRole.Host, Publish, "the next job, please", (name, cpuKey) => OfConsumers("$JS.API.CONSUMER.MSG.NEXT", name, cpuKey, "")),
        new(FarmRole.Host, Publish, "a job is done, goes on, or is given back", (name, cpuKey) => OfConsumers("$JS.ACK", name, cpuKey, ".>")),
        new(FarmRole.Host, Publish, "what it is to be: cordoned, or not", (name, _) => [$"$JS.API.DIRECT.GET.KV_{FarmSubjects.Desired}.{ValueOf(FarmSubjects.Desired, name)}"]),
        new(FarmRole.Host, Subscribe, "answers", (name, _) => [InboxesOf(name)]),
        new(FarmRole.Host, Subscribe, "what it is told at once", (name, _) => [FarmSubjects.Control(name)]),
        new(FarmRole.Host, Subscribe, "that there may be a job for it", (name, cpuKey) => [FarmSubjects.WakeHost(name), FarmSubjects.WakeClass(cpuKey), FarmSubjects.WakeAll]),
        new(FarmRole.Controller, Publish, "jobs, and whatever it tells hosts", (_, _) => ["farm.>"]),
        new(FarmRole.Controller, Publish, "streams and consumers", (_, _) => ["$JS.>"]),
        new(FarmRole.Controller, Publish, "buckets", (_, _) => ["$KV.>"]),
        new(FarmRole.Controller, Subscribe, "answers", (name, _) => [InboxesOf(name)]),
        new(FarmRole.Controller, Subscribe, "results, events, and whatever hosts are told", (_, _) => ["farm.>"]),
        new(FarmRole.Controller, Subscribe, "what the server says of streams", (_, _) => ["$JS.>"]),
        new(FarmRole.Controller, Subscribe, "what changes in buckets", (_, _) => ["$KV.>"]),
    ];

    /// <summary>The subjects with which a member may do something.</summary>
    public static IReadOnlyList<string> Of(FarmMember member, BrokerVerb verb) =>
        [.. All.Where(row => row.Role == member.Role && row.Does == verb).SelectMany(row => row.Subjects(member.Name, member.CpuKey ?? ""))];

    private static string InboxesOf(string name) => $"{FarmSubjects.Inbox(name)}.>";

    private static string ValueOf(string bucket, string key) => $"$KV.{bucket}.{key}";

    private static string[] OfConsumers(string what, string name, string cpuKey, string rest) =>
    [
        .. new[] { FarmSubjects.HostConsumer(name), FarmSubjects.ClassConsumer(cpuKey), FarmSubjects.AnyConsumer }.Select(consumer => $"{what}.{FarmSubjects.Jobs}.{consumer}{rest}"),
    ];
}
