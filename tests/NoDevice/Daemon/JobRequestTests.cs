// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Text.Json;
using FsCheck.Xunit;
using Kvmsys.Monitor.Commands;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>A job as somebody submits it, what is wrong with it, and the command line that it becomes.</summary>
public sealed class JobRequestTests
{
    private const string Device = "/dev/kvm";
    private const string ProgramPath = "/spool/1.1.elf";
    private const int DeadlineSeconds = 60;

    [Theory]
    [InlineData("""{"kind":"doctor"}""")]
    [InlineData("""{"kind":"bench"}""")]
    [InlineData("""{"kind":"bench","name":"nightly","priority":-100,"deadlineSeconds":86400,"maxAttempts":10,"bench":{}}""")]
    [InlineData("""{"kind":"bench","bench":{"mechanisms":["int80","hlt"],"profiles":["bare64"],"mitigations":["ibpb"],"protocol":"full","sessions":1,"runs":1,"cpu":0,"seed":0}}""")]
    [InlineData("""{"kind":"run","program":{"file":"AAAA"}}""")]
    [InlineData("""{"kind":"run","program":{"file":"AAAA","arguments":["","--html","@a"],"environment":["A=","_b=c=d"],"memoryMebibytes":4}}""")]
    public void To_what_can_be_done_there_is_no_objection(string json) => Assert.Empty(Read(json).Objections());

    [Theory]
    [InlineData("""{"kind":"doctor","name":""}""", "name")]
    [InlineData("""{"kind":"doctor","name":"a\u001bb"}""", "name")]
    [InlineData("""{"kind":"doctor","priority":101}""", "priority")]
    [InlineData("""{"kind":"doctor","priority":-2147483648}""", "priority")]
    [InlineData("""{"kind":"doctor","deadlineSeconds":0}""", "deadlineSeconds")]
    [InlineData("""{"kind":"doctor","deadlineSeconds":86401}""", "deadlineSeconds")]
    [InlineData("""{"kind":"doctor","maxAttempts":0}""", "maxAttempts")]
    [InlineData("""{"kind":"doctor","maxAttempts":11}""", "maxAttempts")]
    [InlineData("""{"kind":"doctor","bench":{}}""", "bench")]
    [InlineData("""{"kind":"run"}""", "program")]
    [InlineData("""{"kind":"doctor","program":{"file":"AAAA"}}""", "program")]
    [InlineData("""{"kind":"bench","bench":{"mechanisms":["--html"]}}""", "bench.mechanisms")]
    [InlineData("""{"kind":"bench","bench":{"mechanisms":["INT80"]}}""", "bench.mechanisms")]
    [InlineData("""{"kind":"bench","bench":{"mechanisms":["int80","int80"]}}""", "bench.mechanisms")]
    [InlineData("""{"kind":"bench","bench":{"mechanisms":[null]}}""", "bench.mechanisms")]
    [InlineData("""{"kind":"bench","bench":{"mechanisms":[null,"--html"]}}""", "bench.mechanisms")]
    [InlineData("""{"kind":"bench","bench":{"profiles":["bare","none"]}}""", "bench.profiles")]
    [InlineData("""{"kind":"bench","bench":{"mitigations":["all"]}}""", "bench.mitigations")]
    [InlineData("""{"kind":"bench","bench":{"protocol":"html"}}""", "bench.protocol")]
    [InlineData("""{"kind":"bench","bench":{"sessions":0}}""", "bench.sessions")]
    [InlineData("""{"kind":"bench","bench":{"runs":2147483647}}""", "bench.runs")]
    [InlineData("""{"kind":"bench","bench":{"cpu":-1}}""", "bench.cpu")]
    [InlineData("""{"kind":"bench","bench":{"seed":-1}}""", "bench.seed")]
    [InlineData("""{"kind":"run","program":{"file":""}}""", "program.file")]
    [InlineData("""{"kind":"run","program":{"file":"AAAA","arguments":["a\u0000b"]}}""", "program.arguments")]
    [InlineData("""{"kind":"run","program":{"file":"AAAA","arguments":[null]}}""", "program.arguments")]
    [InlineData("""{"kind":"run","program":{"file":"AAAA","environment":["PATH"]}}""", "program.environment")]
    [InlineData("""{"kind":"run","program":{"file":"AAAA","environment":["--ro=/"]}}""", "program.environment")]
    [InlineData("""{"kind":"run","program":{"file":"AAAA","environment":["=a"]}}""", "program.environment")]
    [InlineData("""{"kind":"run","program":{"file":"AAAA","environment":[null]}}""", "program.environment")]
    [InlineData("""{"kind":"run","program":{"file":"AAAA","memoryMebibytes":3}}""", "program.memoryMebibytes")]
    [InlineData("""{"kind":"run","program":{"file":"AAAA","memoryMebibytes":897}}""", "program.memoryMebibytes")]
    public void A_field_that_cannot_be_is_named(string json, string field) => Assert.Equal([field], Read(json).Objections().Select(FieldOf));

    [Fact]
    public void All_that_is_wrong_is_told_at_once() => Assert.Equal(
        ["name", "priority", "deadlineSeconds", "maxAttempts", "program", "bench.mechanisms", "bench.profiles", "bench.protocol", "bench.sessions", "bench.cpu"],
        Read(
            """
            {"kind":"bench","name":"","priority":1000,"deadlineSeconds":-1,"maxAttempts":-1,"program":{"file":"AAAA"},
             "bench":{"mechanisms":["a"],"profiles":["b"],"protocol":"c","sessions":-1,"cpu":-1}}
            """).Objections().Select(FieldOf));

    [Fact]
    public void More_words_than_a_program_takes_are_refused()
    {
        JobRequest request = Program(Enumerable.Repeat("a", 1001), Enumerable.Repeat("A=a", 1001));
        Assert.Equal(["program.arguments", "program.environment"], request.Objections().Select(FieldOf));
    }

    [Theory]
    [InlineData("""{"kind":"doctor"}""", "doctor --json --device /dev/kvm")]
    [InlineData("""{"kind":"bench"}""", "bench --json --no-history --device /dev/kvm")]
    [InlineData(
        """{"kind":"bench","bench":{"mechanisms":["int80","hlt"],"profiles":["bare","bare64"],"mitigations":["ibpb"],"protocol":"full","sessions":2,"runs":3,"cpu":1,"seed":4,"showEmulated":true}}""",
        "bench --json --no-history --mechanism int80 hlt --profile bare bare64 --mitigation ibpb --full --sessions 2 --runs 3 --cpu 1 --seed 4 --show-emulated --device /dev/kvm")]
    [InlineData("""{"kind":"run","program":{"file":"AAAA"}}""", "run --timeout 60 --device /dev/kvm -- /spool/1.1.elf")]
    [InlineData(
        """{"kind":"run","program":{"file":"AAAA","arguments":["--html","--","-v"],"environment":["A=--ro","B=b"],"memoryMebibytes":64}}""",
        "run --timeout 60 --memory 64 --env A=--ro --env B=b --device /dev/kvm -- /spool/1.1.elf --html -- -v")]
    public void A_job_is_a_command_line_that_kvmsys_takes(string json, string expected)
    {
        string[] arguments = ArgumentsOf(Read(json));
        Assert.Equal(expected, string.Join(' ', arguments));
        Assert.Empty(Parse(arguments).Errors);
    }

    [Fact]
    public void Whatever_can_be_asked_of_a_bench_kvmsys_takes()
    {
        string[] objections = [.. new BenchSpec { Mechanisms = ["?"], Profiles = ["?"], Mitigations = ["?"] }.Objections()];
        BenchSpec everything = new() { Mechanisms = NamesIn(objections[0]), Profiles = NamesIn(objections[1]), Mitigations = NamesIn(objections[2]), Protocol = "quick" };
        Assert.Empty(everything.Objections());
        Assert.Empty(Parse(ArgumentsOf(new JobRequest { Kind = JobKind.Bench, Bench = everything })).Errors);

        static string[] NamesIn(string objection) => objection.Split("of ")[1].Split(", each")[0].Split(", ");
    }

    [Property]
    public void What_a_program_is_given_reaches_it_and_nothing_else(string?[] words)
    {
        string[] given = [.. words.Select(word => (word ?? "--json").Replace("\0", "", StringComparison.Ordinal))];
        string[] variables = [.. given.Select(word => $"A={word}")];
        JobRequest request = Program(given, variables);
        Assert.Empty(request.Objections());
        ParseResult parsed = Parse(ArgumentsOf(request));
        Assert.Empty(parsed.Errors);
        Assert.Equal(ProgramPath, parsed.GetValue<string>("FILE"));
        Assert.Equal(given, parsed.GetValue<string[]>("ARGS"));
        Assert.Equal(variables, parsed.GetValue<string[]>("--env") ?? []);
        Assert.Equal((Device, DeadlineSeconds), (parsed.GetValue<string>("--device"), parsed.GetValue<int?>("--timeout")));
        Assert.Empty(parsed.GetValue<string[]>("--ro") ?? []);
    }

    [Theory]
    [InlineData("""{"kind":"doctor","command":"reboot"}""")]
    [InlineData("""{"kind":"bench","bench":{"html":"/etc/passwd"}}""")]
    [InlineData("""{"kind":"run","program":{"file":"AAAA","path":"/bin/sh"}}""")]
    [InlineData("""{"kind":"shell"}""")]
    [InlineData("""{"name":"without a kind"}""")]
    [InlineData("""{"kind":"run","program":{"file":null}}""")]
    public void A_field_that_nobody_knows_is_not_read(string json) => Assert.Throws<JsonException>(() => Read(json));

    private static JobRequest Read(string json) => JsonSerializer.Deserialize(json, DaemonJson.Default.JobRequest)!;

    private static string FieldOf(string objection) => objection[..objection.IndexOf(':', StringComparison.Ordinal)];

    private static JobRequest Program(IEnumerable<string> arguments, IEnumerable<string> environment) => new()
    {
        Kind = JobKind.Run,
        Program = new ProgramSpec { File = [1], Arguments = [.. arguments], Environment = [.. environment] },
    };

    private static string[] ArgumentsOf(JobRequest request) =>
        [.. JobArguments.Of(request, DeadlineSeconds, Device, request.Kind == JobKind.Run ? ProgramPath : null)];

    private static ParseResult Parse(string[] arguments)
    {
        RootCommand root = new() { BenchCommand.Create(), RunCommand.Create(), DoctorCommand.Create() };
        return root.Parse(ProgramArguments.Separate(arguments, root), new ParserConfiguration { ResponseFileTokenReplacer = null });
    }
}
