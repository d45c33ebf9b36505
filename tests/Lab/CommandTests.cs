// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.RegularExpressions;

namespace Kvmsys.Tests.Lab;

/// <summary>kvmsys as it ships, on the lab's KVM.</summary>
public sealed class CommandTests : IDisposable
{
    private static readonly string[] Figures = ["coreCycles", "tscTicks", "ns", "interceptCoreCycles", "speedUp"];

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-lab-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Bench_shows_what_each_mechanism_did_and_no_cost_that_is_no_CPUs()
    {
        LabResult result = LabRun.Lab("kvmsys bench --seed 7");
        Assert.Equal((0, ""), (result.Status, result.Error));
        foreach (string mechanism in new[] { "empty", "call", "int80", "sysenter", "vsyscall" })
        {
            Assert.Equal(2, Regex.Count(result.Output, $"│ (bare|linux26) +│ {mechanism} "));
        }

        foreach (string mechanism in new[] { "empty", "call", "int80", "pf", LabRun.IsIntel ? "sysenter" : "syscall" })
        {
            Assert.Contains($"│ compat  │ {mechanism} ", result.Output, StringComparison.Ordinal);
        }

        Assert.Contains("│ bare64  │ syscall ", result.Output, StringComparison.Ordinal);

        Assert.Matches(@"│ runs │ +calls │ +exits │", result.Output);
        Assert.DoesNotMatch(@"core cycles|TSC ticks/call|│ +ns ", result.Output);
        Assert.Contains("No cost is shown", result.Output, StringComparison.Ordinal);
        Assert.Equal(LabRun.IsIntel, result.Output.Contains("absent on bare: syscall: only AMD's CPUs have SYSCALL in 32-bit code", StringComparison.Ordinal));
        Assert.Equal(!LabRun.IsIntel, result.Output.Contains("absent on compat: sysenter: AMD's CPUs have SYSENTER in legacy mode only", StringComparison.Ordinal));
        Assert.Contains("verdict: emulated - not proved that a CPU executed the program", result.Output, StringComparison.Ordinal);
        Assert.Matches(LabRun.IsIntel ? @"dependent multiply / add +1\.000" : "TCGTCGTCGTCG: QEMU's software CPU", result.Output);
    }

    [Fact]
    public void An_emulator_is_found_out_by_more_than_its_name()
    {
        using JsonDocument document = JsonDocument.Parse(LabRun.Lab("kvmsys bench --mechanism int80 --profile bare --json").Output);
        string[] against =
        [
            .. document.RootElement.GetProperty("results")[0].GetProperty("evidence").EnumerateArray()
                .Where(evidence => !evidence.GetProperty("forHardware").GetBoolean())
                .Select(evidence => evidence.GetProperty("name").GetString()!),
        ];
        Assert.Contains("dependent floating multiply / add", against);
    }

    [Fact]
    public void Bench_as_JSON_has_everything()
    {
        LabResult result = LabRun.Lab("kvmsys bench --seed 7 --json");
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement root = document.RootElement;
        Assert.Equal("kvmsys.bench/2", root.GetProperty("schema").GetString());
        Assert.Equal("emulated", root.GetProperty("verdict").GetString());
        Assert.True(root.GetProperty("complete").GetBoolean());
        Assert.Equal($"kvm_{LabRun.Machine}", root.GetProperty("host").GetProperty("kvmModule").GetString());
        Assert.Equal(LabRun.IsIntel ? null : "TCGTCGTCGTCG", root.GetProperty("host").GetProperty("hypervisor").GetString());
        Assert.Contains(
            root.GetProperty("host").GetProperty("kvmParameters").EnumerateObject(),
            parameter => parameter.Name == (LabRun.IsIntel ? "kvm_intel.ept" : "kvm_amd.npt"));
        Assert.Equal(7, root.GetProperty("plan").GetProperty("seed").GetInt32());
        Assert.Matches("^[0-9a-f]{16}$", root.GetProperty("plan").GetProperty("hash").GetString());
        Assert.Equal(LabRun.IsIntel ? 8 : 7, root.GetProperty("plan").GetProperty("absent").GetArrayLength());
        Assert.Equal(LabRun.IsIntel ? 30 : 31, root.GetProperty("results").GetArrayLength());
        Assert.True(root.GetProperty("placement").GetProperty("fifo").GetBoolean());
        foreach (JsonElement call in root.GetProperty("results").EnumerateArray())
        {
            bool exits = call.GetProperty("mechanism").GetString() is "ud" or "cpuid" or "pio" or "mmio" or "vmcall" or "hlt";
            Assert.True(call.GetProperty("calls").GetUInt64() >= 32 * 3 * 8);
            Assert.Equal(exits, call.GetProperty("exits").GetInt64() - call.GetProperty("irqExits").GetInt64() >= call.GetProperty("calls").GetInt64());
            Assert.True(exits || call.GetProperty("emulatedInstructions").GetInt64() == 0);
            Assert.Equal("emulated", call.GetProperty("verdict").GetString());
            Assert.Equal(8, call.GetProperty("evidence").GetArrayLength());
            Assert.All(Figures, figure => Assert.Equal(JsonValueKind.Null, call.GetProperty(figure).ValueKind));
        }
    }

    [Fact]
    public void Who_asks_for_an_emulators_figures_gets_each_of_them_marked()
    {
        const string bench = "kvmsys bench --mechanism int80 empty --profile bare --sessions 2 --runs 1 --show-emulated";
        string table = LabRun.Lab(bench).Output;
        Assert.Equal(2, Regex.Count(table, @"│ bare +│ (int80|empty) +│ +[0-9.]+ emulated │"));
        using JsonDocument document = JsonDocument.Parse(LabRun.Lab($"{bench} --json").Output);
        foreach (JsonElement call in document.RootElement.GetProperty("results").EnumerateArray())
        {
            foreach (string unit in new[] { "coreCycles", "tscTicks", "ns" })
            {
                Assert.True(call.GetProperty(unit).GetProperty("emulated").GetBoolean());
                Assert.Equal(2, call.GetProperty(unit).GetProperty("sessions").GetArrayLength());
            }

            Assert.Equal(["0", "16", "32", "48"], call.GetProperty("coreCyclesByAlignment").EnumerateObject().Select(alignment => alignment.Name));
        }
    }

    [Fact]
    public void Bench_keeps_figures_in_a_history_and_nothing_else_there()
    {
        const string bench = "./kvmsys bench --mechanism int80 empty --profile bare --sessions 2 --runs 1";
        string script = Path.Combine(_folder, "script");
        File.WriteAllText(script, $"""
            export XDG_STATE_HOME=/tmp/state
            {bench} --json >/dev/null; {bench} --no-history --show-emulated --json >/dev/null
            [ ! -e /tmp/state ] && {bench} --show-emulated --json >/tmp/bench.json && ./kvmsys history show 1 | cmp - /tmp/bench.json
            ./kvmsys history; ./kvmsys history --mechanism int80
            # What cannot be kept is shown all the same, and what cannot be shown is kept.
            {bench} --show-emulated --json --history /dev/full >/tmp/bench.json; echo $? $(wc -l </tmp/bench.json | grep -c ...)
            {bench} --show-emulated --json >/dev/full; echo $?; ./kvmsys history show 2 >/dev/null; echo $?

            """);
        LabResult result = LabRun.Lab("/bin/sh script", $"--files {script} --files artifacts/kvmsys");
        Assert.Equal(0, result.Status);
        Assert.Matches(new Regex(@"│  1 │ .* emulated .*\n│  1 │ \S+ \S+ │ +[0-9.]+ +emulated │.*●.*\n0 1\n74\n0\n$", RegexOptions.Singleline), result.Output);
        Assert.Matches(
            "^kvmsys: this bench is not in the history: the history /dev/full cannot be used: it is no regular file. Cure: name another one with --history; --no-history if none is wanted.\n"
            + "kvmsys: standard output cannot be written: [^\n]+\n$",
            result.Error);
    }

    [Fact]
    public void The_labs_own_Linux_is_an_emulators_too()
    {
        LabResult result = LabRun.Lab("kvmsys bench --on host --sessions 1 --runs 1");
        Assert.Equal((0, ""), (result.Status, result.Error));
        foreach (string row in new[] { "host32  │ int80 ", "host32  │ vsyscall ", "host64  │ int80 ", "host64  │ syscall " })
        {
            Assert.Contains(row, result.Output, StringComparison.Ordinal);
        }

        Assert.Contains("No cost is shown", result.Output, StringComparison.Ordinal);
        Assert.Contains("verdict: emulated", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("back end", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_mitigation_adds_is_told_and_what_the_CPU_lacks_is_absent()
    {
        LabResult result = LabRun.Lab("kvmsys bench --profile bare64 --mechanism syscall --mitigation all --sessions 2 --runs 1 --show-emulated --no-history");
        Assert.Equal((0, ""), (result.Status, result.Error));
        foreach (string step in new[] { "swapgs", "swapgs-lfence", @"cr3\*", @"cr3-global\*", "rsb" })
        {
            Assert.Matches($@"│ {step} +│ syscall on bare64 │ +-?[0-9.]+ emulated │", result.Output);
        }

        Assert.Contains("absent on bare64: syscall+ibrs: the guest's CPU has no IBRS", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Calls_one_by_one_have_their_tail_told_by_what_KVM_counted()
    {
        using JsonDocument document = JsonDocument.Parse(LabRun.Lab("kvmsys latency --calls 6400 --show-emulated --json").Output);
        foreach (JsonElement result in document.RootElement.GetProperty("results").EnumerateArray())
        {
            Assert.Equal(6400, result.GetProperty("callsByTscTicks").EnumerateObject().Sum(bucket => bucket.Value.GetInt64()));
            Assert.True(result.GetProperty("emulated").GetBoolean());
            Assert.Equal(0, result.GetProperty("tail").GetProperty("unknown").GetInt64());
        }
    }

    [Fact]
    public void Bench_measures_only_what_was_asked_for()
    {
        using JsonDocument document = JsonDocument.Parse(LabRun.Lab("kvmsys bench --mechanism sysenter int80 --profile linux26 --json").Output);
        Assert.Equal(
            ["int80 linux26", "sysenter linux26"],
            document.RootElement.GetProperty("results").EnumerateArray().Select(call => $"{call.GetProperty("mechanism")} {call.GetProperty("profile")}"));
    }

    [Fact]
    public void Article_goes_through_its_steps_and_sets_its_numbers_beside_2005s()
    {
        LabResult result = LabRun.Lab("kvmsys article --calls 10000");
        Assert.Equal(0, result.Status);
        int position = 0;
        foreach (string step in new[]
        {
            "1. Detect", "the page gets SYSENTER", "2. Allocate", "physical 0x00", "3. Map", "virtual 0xffffe000", "directory entry at", "table entry at", "= 0x00",
            "025", "physical", "user, read-only", "4. Dump", "4096 bytes", "ELF 32-bit LSB shared object, Intel 80386, version 1 (SYSV)", "stripped",
            "linux-gate.so.1: entry 0xffffe400, 4 program headers at 0x34", "5. Disassemble", "ffffe400 <__kernel_vsyscall>:", "ffffe405:  0f 34", "sysenter",
            "6. 10,000 calls by int $0x80", "got pid = ", "7. 10,000 calls by call 0xffffe400",
            "8. Is there a speed-up?", "3.900 s", "1.400 s", "2.79", "verdict: emulated", "9. Fixmap your own Hello,World", "virtual 0xffffd000, physical 0x00",
            "which do not hold the text, prints it: Hello,World\n",
        })
        {
            int found = result.Output.IndexOf(step, position, StringComparison.Ordinal);
            Assert.True(found >= 0, $"'{step}' is not where it should be in:\n{result.Output}");
            position = found;
        }
    }

    [Fact]
    public void Article_into_a_file_leaves_every_step_there()
    {
        string script = Path.Combine(_folder, "script");
        File.WriteAllText(script, "{ echo before; ./kvmsys article --calls 10; echo after; } >/tmp/article && cat /tmp/article\n");
        LabResult result = LabRun.Lab("/bin/sh script", $"--files {script} --files artifacts/kvmsys");
        Assert.Equal((0, ""), (result.Status, result.Error));
        Assert.Matches(new Regex("^before\n1[.] Detect\n.*\n3[.] Map\n.*\n7[.] 10 calls .*verdict: .*\n9[.] Fixmap .*\nafter\n$", RegexOptions.Singleline), result.Output);
    }

    [Fact]
    public void An_interrupted_article_reports_the_loop_that_it_has()
    {
        // The loop by INT 0x80 takes seconds; the signal comes in the second loop, which is about a third of it.
        string script = Path.Combine(_folder, "script");
        File.WriteAllText(script, """
            : >/tmp/article
            ./kvmsys article --calls 6000000 >/tmp/article & article=$!
            until grep -q '^6[.]' /tmp/article; do sleep 0.01; done
            kill -TERM $article
            wait $article || status=$?
            cat /tmp/article
            exit $status
            """);
        LabResult result = LabRun.Lab("/bin/sh script", $"--files {script} --files artifacts/kvmsys");
        Assert.Equal((143, "kvmsys: interrupted\n"), (result.Status, result.Error));
        Assert.Matches(@"│ int \$0x80 +│ +3\.900 s \(390\.0 ns a call\) │ +[0-9.]+ s ", result.Output);
        Assert.Matches(@"│ call 0xffffe400 .* not measured │", result.Output);
        Assert.DoesNotContain("9. ", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Article_as_JSON_has_both_loops_and_the_walk()
    {
        using JsonDocument document = JsonDocument.Parse(LabRun.Lab("kvmsys article --calls 1000 --json").Output);
        JsonElement root = document.RootElement;
        Assert.Equal("kvmsys.article/1", root.GetProperty("schema").GetString());
        Assert.True(root.GetProperty("complete").GetBoolean());
        Assert.Equal("0xffffe000", root.GetProperty("virtualAddress").GetString());
        Assert.Equal("int80", root.GetProperty("int80").GetProperty("mechanism").GetString());
        Assert.Equal("vsyscall", root.GetProperty("vsyscall").GetProperty("mechanism").GetString());
        Assert.Equal(root.GetProperty("speedUp").GetDouble(), root.GetProperty("vsyscall").GetProperty("speedUp").GetDouble());
        Assert.InRange(root.GetProperty("articleSpeedUp").GetDouble(), 2.78, 2.79);
        JsonElement dump = root.GetProperty("dump");
        Assert.Equal((4096, "linux-gate.so.1", "0xffffe400"), (dump.GetProperty("bytes").GetInt32(), dump.GetProperty("sharedObjectName").GetString(), dump.GetProperty("entry").GetString()));
        Assert.Equal(4, dump.GetProperty("symbols").GetArrayLength());
        Assert.Equal("ffffe405:  0f 34                  sysenter", root.GetProperty("disassembly")[5].GetString());
        JsonElement hello = root.GetProperty("helloWorld");
        Assert.Equal(("0xffffd000", "Hello,World", false), (hello.GetProperty("virtualAddress").GetString(), hello.GetProperty("text").GetString(), hello.GetProperty("programHoldsText").GetBoolean()));
        Assert.NotEqual(root.GetProperty("physicalAddress").GetString(), hello.GetProperty("physicalAddress").GetString());
    }

    [Fact]
    public void Doctor_finds_that_the_guest_runs_and_that_no_CPU_does_it()
    {
        LabResult result = LabRun.Lab("kvmsys doctor --json");
        Assert.Equal(0, result.Status);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement root = document.RootElement;
        Assert.True(root.GetProperty("canRunGuest").GetBoolean());
        Assert.Equal("emulated", root.GetProperty("verdict").GetString());
        Dictionary<string, bool> checks = root.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("name").GetString()!, check => check.GetProperty("passed").GetBoolean());
        Assert.All(["device", "API version", "back end", "nested paging", "statistics", "flat 32-bit code", "32-bit paging", "INT 0x80", "SYSENTER"], name => Assert.True(checks[name], name));
        Assert.False(checks["hardware speed"]);
        string entries = root.GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("name").GetString() == "entries by mode").GetProperty("evidence").GetString()!;
        Assert.Equal(
            LabRun.IsIntel
                ? "32-bit: INT80 SYSENTER; compatibility: INT80 SYSENTER; 64-bit: INT80 SYSENTER SYSCALL"
                : "32-bit: INT80 SYSENTER SYSCALL; compatibility: INT80 SYSCALL; 64-bit: INT80 SYSCALL",
            entries);
    }

    [Fact]
    public void Doctor_tells_what_the_KVM_module_makes_of_the_CPU()
    {
        Assert.SkipUnless(LabRun.IsIntel, "kvm_amd has no unrestricted guest to do without");
        Assert.Equal("nested paging: True EPT; unrestricted guest: True", Told(""));
        Assert.Equal("nested paging: True EPT; unrestricted guest: False", Told("--kvm-options unrestricted_guest=0"));
        Assert.Equal("nested paging: False no EPT; unrestricted guest: False", Told("--kvm-options ept=0"));
        Assert.Equal("nested paging: False no EPT; unrestricted guest: False", Told("--cpu penryn"));

        static string Told(string options)
        {
            using JsonDocument document = JsonDocument.Parse(LabRun.Lab("kvmsys doctor --json", options).Output);
            Dictionary<string, JsonElement> checks = document.RootElement.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("name").GetString()!);
            JsonElement paging = checks["nested paging"];
            return $"nested paging: {paging.GetProperty("passed")} {paging.GetProperty("evidence")}; unrestricted guest: {checks["unrestricted guest"].GetProperty("passed")}";
        }
    }

    [Fact]
    public void Exact_mode_gives_bench_exact_numbers()
    {
        // The TSC counts instructions: a call's own, and an eighth of the loop's two.
        const string bench = "kvmsys bench --mechanism int80 --sessions 2 --runs 1 --seed 1 --show-emulated --json";
        using JsonDocument document = JsonDocument.Parse(LabRun.Lab(bench, "--exact").Output);
        Assert.Equal(
            [4.25, 50.25, 4.25, 4.25],
            document.RootElement.GetProperty("results").EnumerateArray().Select(call => call.GetProperty("tscTicks").GetProperty("value").GetDouble()));
    }

    [Fact]
    public void A_batch_that_takes_too_long_says_where_and_the_cure()
    {
        LabResult result = LabRun.Lab("kvmsys article --calls 4294967295 --timeout 1 --json");
        Assert.Equal((124, ""), (result.Status, result.Output));
        Assert.StartsWith("kvmsys: int80 on the linux26 kernel: The guest's time was over in ring ", result.Error, StringComparison.Ordinal);
        Assert.EndsWith(", after 1 s. Cure: give it more with --timeout, or fewer --calls.\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_terminal_there_are_colour_and_progress()
    {
        string output = OnTerminal("./kvmsys bench --mechanism int80 --sessions 5 --runs 2", "");
        Assert.Contains("\u001b[", output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[?1h", output, StringComparison.Ordinal);
        Assert.Contains("measuring", output, StringComparison.Ordinal);
        Assert.Matches(new Regex("\u001b\\[[0-9;]*3[0-9;]*memulated"), output);
    }

    [Fact]
    public void NO_COLOR_is_respected()
    {
        string output = OnTerminal("./kvmsys bench --mechanism int80", "--env NO_COLOR=1");
        Assert.Contains("verdict: emulated", Regex.Replace(output, "\u001b\\[[0-9;?]*[A-Za-z]", ""), StringComparison.Ordinal);
        Assert.DoesNotMatch(new Regex("\u001b\\[[0-9;]*3[0-9]+[0-9;]*m"), output);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public void An_interrupted_bench_reports_what_it_has_and_ends_with_the_signals_status(string signal, int status)
    {
        const string bench = "./kvmsys bench --profile bare --mechanism empty int80 --sessions 1000 --runs 10";
        string script = Path.Combine(_folder, "script");
        File.WriteAllText(script, $"exec timeout -s {signal} 5 {bench}\n");
        LabResult result = LabRun.Lab("/bin/sh script", $"--files {script} --files artifacts/kvmsys");
        Assert.Equal((status, "kvmsys: interrupted\n"), (result.Status, result.Error));
        Assert.Contains("│ empty ", result.Output, StringComparison.Ordinal);
        Assert.Matches(@"incomplete: [0-9,]+ of 20,000 runs were made", result.Output);
    }

    private string OnTerminal(string command, string options)
    {
        LabResult built = LabRun.Bash($"gcc -static -o {_folder}/terminal tests/Lab/terminal.c -lutil");
        Assert.Equal((0, ""), (built.Status, built.Error));
        LabResult result = LabRun.Lab($"./terminal {command}", $"--env TERM=xterm-256color {options} --files {_folder}/terminal --files artifacts/kvmsys");
        Assert.Equal((0, ""), (result.Status, result.Error));
        return result.Output;
    }
}
