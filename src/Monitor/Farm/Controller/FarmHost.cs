// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Farm.Protocol;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>A host of the farm, as the controller knows it.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Report">What it said last of itself.</param>
/// <param name="SeenAt">When that came, by the controller's clock.</param>
/// <param name="Cordoned">Whether somebody does not want it to begin jobs.</param>
/// <param name="Objection">Why it is given no job, in words; null where nothing is wrong with it.</param>
internal sealed record FarmHost(string Name, HostReport Report, DateTimeOffset SeenAt, bool Cordoned, string? Objection)
{
    // A clock that is wrong by this much makes nothing wrong, for all times are the controller's; people who read the host's own log should know.
    private static readonly TimeSpan LongestSkew = TimeSpan.FromMinutes(1);

    /// <summary>Whether it was heard of lately.</summary>
    public bool IsThere(DateTimeOffset now) => now - SeenAt < FarmProtocol.LongestSilence;

    /// <summary>All that <see cref="StateAt"/> may say.</summary>
    public static IReadOnlyList<string> States { get; } = [.. Enum.GetValues<HostReadiness>().Select(WordOf), Gone];

    /// <summary>How it is, in a word: what it says last of itself, while it is there. One that is cordoned may be away without anybody missing it.</summary>
    public string StateAt(DateTimeOffset now) =>
        Cordoned ? WordOf(HostReadiness.Cordoned) : !IsThere(now) ? Gone : WordOf(Objection is null ? Report.Readiness : HostReadiness.Refused);

    private const string Gone = "gone";

    private static string WordOf(HostReadiness readiness) => readiness.ToString().ToLowerInvariant();

    /// <summary>How far its clock is from the controller's, in words; null where that is little.</summary>
    public string? Skew => (Report.At - SeenAt).Duration() > LongestSkew
        ? $"its clock is {(Report.At - SeenAt).Duration():hh\\:mm\\:ss} {(Report.At > SeenAt ? "ahead of" : "behind")} the controller's"
        : null;
}
