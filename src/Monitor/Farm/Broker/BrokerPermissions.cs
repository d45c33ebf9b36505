// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Farm.Protocol;
using static Kvmsys.Monitor.Farm.Broker.BrokerPassage;
using static Kvmsys.Monitor.Farm.Broker.BrokerVerb;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>What each role may do, as the server holds it against every message. docs/FARM.md shows the table.</summary>
/// <remarks>
/// A subject may be used when its pattern is here; everything else is refused. But whoever asks the server something says where the server is to send its answer,
/// and that subject no permission is held against: a host could have the server answer into another host's results, or let it delete a stream. So each host is in an
/// account of its own, where there are no other subjects than these, and a passage leads from there into the farm's for each.
/// </remarks>
internal static class BrokerPermissions
{
    /// <summary>The table.</summary>
    public static IReadOnlyList<BrokerPermission> All { get; } =
    [
        new(FarmRole.Host, Publish, Request, "what its attempts have come to", (name, _) => [FarmSubjects.Result(name, "*")]),
        new(FarmRole.Host, Publish, Request, "what happens on it", (name, _) => [FarmSubjects.EventsOf(name)]),
        new(FarmRole.Host, Publish, Request, "that it is there", (name, _) => [ValueOf(FarmSubjects.Hosts, name)]),
        new(FarmRole.Host, Publish, Request, "which consumers there are for it", (name, cpuKey) => OfConsumers("$JS.API.CONSUMER.INFO", name, cpuKey, "")),
        new(FarmRole.Host, Publish, Requests, "the next job, please", (name, cpuKey) => OfConsumers("$JS.API.CONSUMER.MSG.NEXT", name, cpuKey, "")),
        new(FarmRole.Host, Publish, Request, "a job is done, goes on, or is given back", (name, cpuKey) => OfConsumers("$JS.ACK", name, cpuKey, ".>")),
        new(FarmRole.Host, Publish, Request, "what it is to be: cordoned, or not", (name, _) => [$"$JS.API.DIRECT.GET.KV_{FarmSubjects.Desired}.{ValueOf(FarmSubjects.Desired, name)}"]),
        new(FarmRole.Host, Subscribe, None, "answers", (name, _) => [InboxesOf(name)]),
        new(FarmRole.Host, Subscribe, Broadcast, "what it is told at once", (name, _) => [FarmSubjects.Control(name)]),
        new(FarmRole.Host, Subscribe, Broadcast, "that there may be a job for it", (name, cpuKey) => [FarmSubjects.WakeHost(name), FarmSubjects.WakeClass(cpuKey), FarmSubjects.WakeAll]),
        new(FarmRole.Controller, Publish, None, "jobs, and whatever it tells hosts", (_, _) => ["farm.>"]),
        new(FarmRole.Controller, Publish, None, "streams and consumers", (_, _) => ["$JS.>"]),
        new(FarmRole.Controller, Publish, None, "buckets", (_, _) => ["$KV.>"]),
        new(FarmRole.Controller, Subscribe, None, "answers", (name, _) => [InboxesOf(name)]),
        new(FarmRole.Controller, Subscribe, None, "results, events, and whatever hosts are told", (_, _) => ["farm.>"]),
        new(FarmRole.Controller, Subscribe, None, "what the server says of streams", (_, _) => ["$JS.>"]),
        new(FarmRole.Controller, Subscribe, None, "what changes in buckets", (_, _) => ["$KV.>"]),
    ];

    /// <summary>The subjects with which a member may do something.</summary>
    public static IReadOnlyList<string> Of(FarmMember member, BrokerVerb verb) =>
        [.. All.Where(row => row.Role == member.Role && row.Does == verb).SelectMany(row => row.Subjects(member.Name, member.CpuKey ?? ""))];

    /// <summary>The subjects of which a member's messages get from account to account, with the way they take.</summary>
    public static IEnumerable<(BrokerPassage Passage, string Subject)> PassagesOf(FarmMember member) =>
        from row in All
        where row.Role == member.Role && row.Passage != None
        from subject in row.Subjects(member.Name, member.CpuKey ?? "")
        select (row.Passage, subject);

    /// <summary>
    /// The passages of all hosts together, with * for what differs between them: as many for ten thousand hosts as for one. The server holds every import against every
    /// export, so that one more for each host would be a start of minutes.
    /// </summary>
    public static IEnumerable<(BrokerPassage Passage, string Subject)> Passages =>
        (from row in All
         where row.Role == FarmRole.Host && row.Passage != None
         from subject in row.Subjects("*", "*")
         select (row.Passage, Subject: string.Join('.', subject.Split('.').Select(word => word.Contains('*', StringComparison.Ordinal) ? "*" : word)))).Distinct();

    private static string InboxesOf(string name) => $"{FarmSubjects.Inbox(name)}.>";

    private static string ValueOf(string bucket, string key) => $"$KV.{bucket}.{key}";

    private static string[] OfConsumers(string what, string name, string cpuKey, string rest) =>
    [
        .. new[] { FarmSubjects.HostConsumer(name), FarmSubjects.ClassConsumer(cpuKey), FarmSubjects.AnyConsumer }.Select(consumer => $"{what}.{FarmSubjects.Jobs}.{consumer}{rest}"),
    ];
}
