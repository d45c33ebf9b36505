// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Tests.NoDevice.Reports;

namespace Kvmsys.Tests.NoDevice.CommandLine;

/// <summary>kvmsys history as a user's shell has it, on files of its own.</summary>
public sealed class HistoryCommandTests : IDisposable
{
    // glibc's. What is loaded from memory has the number of its file descriptor as its name.
    private static readonly string[] Allowed = ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1", "ld-linux-x86-64.so.2"];

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;

    public HistoryCommandTests()
    {
        File.WriteAllText(Path.Combine(_folder, "base.json"), $"{MadeUpBench.Json(MadeUpBench.OnACpu())}\n");
        File.WriteAllText(Path.Combine(_folder, "slow.json"), $"{MadeUpBench.Json(MadeUpBench.OnACpu(int80: 620))}\n");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_bench_comes_back_to_the_byte_and_can_be_compared()
    {
        (int status, string output, string error) = Run(
            "$kvmsys history import base.json && $kvmsys history import slow.json && $kvmsys history show 1 | cmp - base.json && $kvmsys compare history:1 history:2");
        Assert.Equal((0, "kvmsys: base.json is entry 1 now.\nkvmsys: slow.json is entry 2 now.\n"), (status, error));
        Assert.Contains("slower", output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_folder, "state", "kvmsys", "history.db")));
    }

    [Theory]
    [InlineData("history import base.json")]
    [InlineData("history show 1")]
    [InlineData("history --mechanism int80")]
    [InlineData("compare history:1 base.json")]
    public void The_binary_brings_along_what_it_needs(string arguments)
    {
        (int status, string libraries, _) = Run(
            $"$kvmsys history import base.json 2>/dev/null; LD_DEBUG=files $kvmsys {arguments} 2>&1 >/dev/null | grep -oE 'calling init: .*' | sed 's|.*/||'; exit ${{PIPESTATUS[0]}}");
        Assert.Equal(0, status);
        string[] loaded = [.. libraries.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(name => !name.All(char.IsAsciiDigit))];
        Assert.Contains("libc.so.6", loaded);
        Assert.Empty(loaded.Except(Allowed));
    }

    [Fact]
    public void The_list_has_a_row_per_bench()
    {
        string[] rows = Run("for i in 1 2; do $kvmsys history import base.json; done 2>/dev/null; touch -d '2026-01-02 03:04' slow.json; $kvmsys history import slow.json; $kvmsys history").Output.Split('\n');
        Assert.Equal(3, rows.Count(row => row.Contains("AMD EPYC 7003", StringComparison.Ordinal)));
        Assert.Contains("│  3 │ 2026-01-02 03:04 │ AMD EPYC 7003, made up │ hardware │", rows[3], StringComparison.Ordinal);
        Assert.Contains("│  2 │", Run("$kvmsys history --limit 1").Output, StringComparison.Ordinal);
        Assert.DoesNotContain("│  1 │", Run("$kvmsys history --limit 1").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_list_in_JSON()
    {
        using JsonDocument document = JsonDocument.Parse(Run("$kvmsys history import base.json 2>/dev/null; $kvmsys history --json").Output);
        Assert.Equal("kvmsys.history/1", document.RootElement.GetProperty("schema").GetString());
        JsonElement entry = Assert.Single(document.RootElement.GetProperty("entries").EnumerateArray());
        Assert.Equal((1, "AuthenticAMD 25/1/2"), (entry.GetProperty("id").GetInt32(), entry.GetProperty("cpuSignature").GetString()));
        Assert.Equal(JsonValueKind.Null, document.RootElement.GetProperty("series").ValueKind);
    }

    [Fact]
    public void A_change_is_found_and_told()
    {
        string output = Run(
            "for i in $(seq 24); do f=$([ $i -le 12 ] && echo base || echo slow).json; touch -d \"2026-01-02 $((i - 1)):00\" $f; $kvmsys history import $f; done 2>/dev/null; "
            + "$kvmsys history --mechanism int80 --profile bare").Output;
        Assert.Contains("changed from entry 13 on (2026-01-02 12:00): +20", output, StringComparison.Ordinal);
        Assert.DoesNotContain("changed", Run("$kvmsys history --mechanism sysenter").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bench_that_was_removed_is_gone()
    {
        (int status, string output, _) = Run("$kvmsys history import base.json && $kvmsys history delete 1 && $kvmsys history");
        Assert.Equal((0, $"Nothing is in the history {_folder}/state/kvmsys/history.db yet; kvmsys bench adds to it.\n"), (status, output));
    }

    [Fact]
    public void An_empty_history_is_no_failure_but_one_that_was_named_has_to_be_there()
    {
        Assert.Equal((0, $"Nothing of hlt on bare64 is in the history {_folder}/state/kvmsys/history.db yet; kvmsys bench adds to it.\n", ""), Run("$kvmsys history --mechanism hlt --profile bare64"));
        AssertFails("history --history typo.db", 2, "the history typo.db cannot be used: there is no such file. Cure: ");
        Assert.False(File.Exists(Path.Combine(_folder, "typo.db")));
    }

    [Theory]
    [InlineData("history --mechanism int81", "int81")]
    [InlineData("history --profile bare", "--profile needs --mechanism.")]
    [InlineData("history --limit 0", "a whole number from 1 to 10000 is needed")]
    [InlineData("history show", "Required argument 'ID' missing")]
    [InlineData("history show 0", "a whole number from 1 to")]
    [InlineData("history --history ''", "--history needs the name of a file.")]
    [InlineData("bench --no-history --history a.db", "--history and --no-history exclude each other.")]
    public void What_is_not_understood(string arguments, string message) => AssertFails(arguments, 2, message);

    [Theory]
    [InlineData("history show 7", 2, "has no entry 7. Cure: kvmsys history lists")]
    [InlineData("history delete 7", 2, "has no entry 7. Cure: kvmsys history lists")]
    [InlineData("compare history:7 base.json", 2, "has no entry 7. Cure: kvmsys history lists")]
    [InlineData("history import /dev/null", 2, "the bench /dev/null cannot be used: it is no regular file.")]
    [InlineData("history import base.json --history /dev/full", 74, "the history /dev/full cannot be used: it is no regular file. Cure: ")]
    [InlineData("history --history base.json", 2, "the history base.json cannot be used: it is no SQLite database. Cure: ")]
    [InlineData("history import base.json --history base.json/history.db", 74, "the history base.json/history.db cannot be used: ")]
    public void What_cannot_be_done(string arguments, int status, string message) => AssertFails(arguments, status, message);

    [Fact]
    public void Without_a_home_a_history_has_to_be_named()
    {
        (int status, string output, string error) = Run("env -u XDG_STATE_HOME -u HOME $kvmsys history");
        Assert.Equal((2, "", "kvmsys: there is no place for a history: neither XDG_STATE_HOME nor HOME has a path. Cure: name a file with --history.\n"), (status, output, error));
        Assert.Equal(0, Run("env -u XDG_STATE_HOME -u HOME $kvmsys history import base.json --history here.db").Status);
    }

    [Fact]
    public void A_folder_that_this_user_may_not_write_keeps_nothing_and_says_so()
    {
        // Root may write everything; nobody may not.
        string asNobody = Environment.IsPrivilegedProcess ? "setpriv --reuid=65534 --regid=65534 --clear-groups" : "";
        (int status, string output, string error) = Run(
            $"cp $kvmsys ./kvmsys && mkdir shut && chmod 755 . && chmod 555 shut && {asNobody} ./kvmsys history import base.json --history shut/history.db");
        Assert.Equal((74, ""), (status, output));
        Assert.StartsWith("kvmsys: the history shut/history.db cannot be used: ", error, StringComparison.Ordinal);
        Assert.EndsWith("Cure: name a file that can be written with --history.\n", error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(c => c == '\n'));
    }

    [Fact]
    public void Several_processes_may_add_at_once()
    {
        (_, string output, string error) = Run("for i in $(seq 12); do $kvmsys history import base.json 2>>log & done; wait; grep -vc 'is entry' log; $kvmsys history --json");
        Assert.Equal("", error);
        Assert.StartsWith("0\n", output, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(output[2..]);
        Assert.Equal(Enumerable.Range(1, 12), document.RootElement.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("id").GetInt32()).Order());
    }

    [Fact]
    public void A_bench_that_cannot_be_made_leaves_no_history()
    {
        Assert.Equal(3, Run("$kvmsys bench --device /dev/null").Status);
        Assert.False(Path.Exists(Path.Combine(_folder, "state")));
    }

    private (int Status, string Output, string Error) Run(string line) => Shell.Run($"cd {_folder} && export XDG_STATE_HOME=$PWD/state TZ=UTC && {{ {line}; }}");

    private void AssertFails(string arguments, int status, string message)
    {
        (int found, string output, string error) = Run($"$kvmsys {arguments}");
        Assert.Equal((status, ""), (found, output));
        Assert.StartsWith("kvmsys: ", error, StringComparison.Ordinal);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(c => c == '\n'));
    }
}
