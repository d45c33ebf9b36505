// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>What is said to people and kept in the database is what JSON says.</summary>
public sealed class JobWordsTests
{
    [Fact]
    public void States_are_called_the_same_everywhere() => Assert.All(Enum.GetValues<JobState>(), state =>
    {
        Assert.Equal($"\"{JobWords.Of(state)}\"", JsonSerializer.Serialize(state, DaemonJson.Default.JobState));
        Assert.Equal(state, JobWords.StateOf(JobWords.Of(state)));
    });

    [Fact]
    public void Kinds_are_called_the_same_everywhere() =>
        Assert.All(Enum.GetValues<JobKind>(), kind => Assert.Equal($"\"{JobWords.Of(kind)}\"", JsonSerializer.Serialize(kind, DaemonJson.Default.JobKind)));

    [Fact]
    public void Outcomes_are_called_the_same_everywhere() => Assert.All(Enum.GetValues<AttemptOutcome>(), outcome =>
    {
        Assert.Equal($"\"{JobWords.Of(outcome)}\"", JsonSerializer.Serialize(outcome, DaemonJson.Default.AttemptOutcome));
        Assert.Equal(outcome, JobWords.OutcomeOf(JobWords.Of(outcome)));
    });

    [Fact]
    public void What_is_no_word_is_none()
    {
        Assert.Null(JobWords.StateOf("Queued"));
        Assert.Null(JobWords.OutcomeOf("timedout"));
    }
}
