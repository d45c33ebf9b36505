// SPDX-License-Identifier: MIT

using System.Text.Json;

namespace Kvmsys.Tests.Lab;

/// <summary>kvmsys daemon on the lab's KVM, with programs that loop, eat memory and lose their monitor: each costs one job, and says why.</summary>
public sealed class DaemonTests
{
    private static readonly Lazy<IReadOnlyDictionary<string, string>> Said = new(RunDaemon);

    [Fact]
    public void A_program_that_loops_ends_with_its_deadline()
    {
        JsonElement job = Job(1);
        Assert.Equal(("failed", "it was still running after its 3 s"), (State(job), Reason(job)));
        Assert.Equal(["timed-out"], Outcomes(job));
    }

    [Fact]
    public void A_program_that_eats_its_guests_memory_is_killed_there_and_says_so()
    {
        JsonElement job = Job(2);
        Assert.Equal("done", State(job));
        Assert.Equal(["succeeded"], Outcomes(job));
        JsonElement result = Result(2);
        Assert.Equal(("kvmsys.run/1", 128 + 9), (result.GetProperty("schema").GetString(), result.GetProperty("exitStatus").GetInt32()));
        Assert.Contains("the guest's memory, 32 MiB, is all in use, and the program is killed as Linux would kill it", result.GetProperty("errorOutput").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_guest_that_is_larger_than_its_jobs_process_may_be_fails_and_says_so()
    {
        JsonElement job = Job(3);
        Assert.Equal("failed", State(job));
        Assert.Equal(["crashed"], Outcomes(job));
        Assert.StartsWith("its process ended with status 71: mmap: Cannot allocate memory (ENOMEM): 917504 KiB of anonymous memory", Reason(job), StringComparison.Ordinal);
    }

    [Fact]
    public void A_monitor_that_crashes_is_started_again_as_often_as_the_job_may_be_and_no_more()
    {
        JsonElement job = Job(4);
        Assert.Equal("failed", State(job));
        Assert.Equal(["crashed", "crashed"], Outcomes(job));
        Assert.All(job.GetProperty("attempts").EnumerateArray(), attempt => Assert.Equal(128 + 11, attempt.GetProperty("exitStatus").GetInt32()));
        Assert.StartsWith("its process ended with status 139", Reason(job), StringComparison.Ordinal);
    }

    [Fact]
    public void The_program_behind_them_is_run_and_its_output_kept()
    {
        Assert.Equal("done", State(Job(5)));
        JsonElement result = Result(5);
        Assert.Equal(("Hello, world\nargument 1: [one]\n", "1 arguments\n", 1), (result.GetProperty("output").GetString(), result.GetProperty("errorOutput").GetString(), result.GetProperty("exitStatus").GetInt32()));
    }

    [Fact]
    public void The_bench_behind_them_has_its_document_in_which_nothing_is_a_CPUs()
    {
        // What an emulator's clocks make of a bench may be unstable every time; it is kept all the same.
        JsonElement job = Job(6);
        Assert.True(State(job) == "done" || Outcomes(job).All(outcome => outcome == "unstable"), $"{job}");
        if (State(job) == "done")
        {
            JsonElement result = Result(6);
            Assert.Equal(("kvmsys.bench/2", "emulated"), (result.GetProperty("schema").GetString(), result.GetProperty("verdict").GetString()));
            Assert.Equal("sysenter", Assert.Single(result.GetProperty("results").EnumerateArray()).GetProperty("mechanism").GetString());
        }
    }

    [Fact]
    public void A_program_that_is_cancelled_has_no_result_although_it_ends_when_it_is_asked_to()
    {
        JsonElement job = Job(7);
        Assert.Equal(("cancelled", "cancelled"), (State(job), Reason(job)));
        Assert.Equal(["cancelled"], Outcomes(job));
    }

    [Fact]
    public void The_daemon_stays_up_is_ready_and_ends_in_order()
    {
        Assert.Equal("ready\n\n-- 0\n", Said.Value["ready"]);
        Assert.EndsWith("-- 0\n", Said.Value["alive"], StringComparison.Ordinal);
        Assert.Contains("job 6: attempt 1", Said.Value["log, status 0"], StringComparison.Ordinal);
    }

    private static string? State(JsonElement job) => job.GetProperty("state").GetString();

    private static string? Reason(JsonElement job) => job.GetProperty("reason").GetString();

    private static IEnumerable<string?> Outcomes(JsonElement job) => job.GetProperty("attempts").EnumerateArray().Select(attempt => attempt.GetProperty("outcome").GetString());

    private static JsonElement Job(int id) => Parse($"job {id}");

    private static JsonElement Result(int id) => Parse($"result {id}");

    private static JsonElement Parse(string name)
    {
        string said = Said.Value[name];
        Assert.EndsWith("\n-- 0\n", said, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(said[..^"\n-- 0\n".Length]);
        return document.RootElement.Clone();
    }

    /// <summary>What was said in the lab, by its name: all of it in one start of a machine.</summary>
    private static Dictionary<string, string> RunDaemon()
    {
        Assert.SkipWhen(LabRun.IsIntel, "Bochs is too slow for a daemon and its jobs; nothing here is the CPU's");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kvmsys-lab-test-");
        try
        {
            string programs = string.Join(" && ", ((string[])["Programs/loop", "Programs/hello", "Lab/eater"]).Select(
                source => $"gcc -m32 -static -O2 -std=gnu11 -D_GNU_SOURCE -o {folder}/{Path.GetFileName(source)} tests/{source}.c"));
            LabResult built = LabRun.Bash(programs);
            Assert.True(built.Status == 0, built.Error);
            LabResult result = LabRun.Lab(
                "/bin/sh daemon.sh",
                $"--timeout 280 --files {folder}/loop --files {folder}/hello --files {folder}/eater --files tests/Lab/daemon.sh --files artifacts/kvmsys");
            Assert.True(result.Status == 0, result.Error);
            return result.Output.Split("\n== ").Skip(1).Select(said => said.Split('\n', 2)).ToDictionary(said => said[0], said => said[1]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
