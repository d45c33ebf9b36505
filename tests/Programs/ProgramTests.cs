// SPDX-License-Identifier: MIT

using System.Text;
using System.Text.RegularExpressions;

namespace Kvmsys.Tests.Programs;

/// <summary>Unmodified programs under kvmsys run. Where: KVMSYS_LAB_MACHINE, amd or intel, or host.</summary>
public sealed partial class ProgramTests
{
    private static readonly string Machine = Environment.GetEnvironmentVariable("KVMSYS_LAB_MACHINE") ?? "amd";

    private static readonly Lazy<IReadOnlyDictionary<string, Outcome>> Native =
        new(() => Batch.RunHere([.. Cases.All.Values.Where(each => each.Expected is null)]));

    private static readonly Lazy<IReadOnlyDictionary<string, Outcome>> Guest = new(() =>
    {
        Case[] cases = [.. Cases.All.Values.Where(IsHere)];
        return Machine == "host" ? Batch.RunOnHostsKvm(cases) : Batch.RunInLab(Machine, cases);
    });

    /// <summary>Cases that have a counterpart on this host's kernel.</summary>
    public static TheoryData<string> Compared => [.. Cases.All.Values.Where(each => each.Expected is null && IsNamedHere(each)).Select(each => each.Name)];

    /// <summary>Cases that have none.</summary>
    public static TheoryData<string> OfTheGuestAlone => [.. Cases.All.Values.Where(each => each.Expected is not null && IsNamedHere(each)).Select(each => each.Name)];

    [Theory]
    [MemberData(nameof(Compared))]
    public void It_does_under_kvmsys_what_it_does_on_this_hosts_kernel(string name)
    {
        Case each = Cases.All[name];
        Assert.SkipWhen(Machine == "amd" && each.NotOnAmd is not null, each.NotOnAmd ?? "");
        Outcome native = Native.Value[name];
        Assert.SkipWhen(native.Status == 126, "This host's kernel does not run i386 programs.");
        Assert.DoesNotMatch("(?m): NO$|LOST|WRONG|ELSEWHERE", native.Output);

        Outcome guest = Came(name);
        Assert.True(guest.Status == native.Status && guest.Output == native.Output, Difference(native, guest));

        // kvmsys has a word about the end by a signal, and about system calls that are not there.
        string error = Missing().Replace(guest.Error, "");
        Assert.True(!guest.Exited || error == native.Error, $"standard error is [{error}] instead of [{native.Error}]");
    }

    [Theory]
    [MemberData(nameof(OfTheGuestAlone))]
    public void It_does_under_kvmsys_what_is_expected(string name)
    {
        Expectation expected = Cases.All[name].Expected!;
        Outcome guest = Came(name);
        Assert.True(
            guest.Status == expected.Status && Regex.IsMatch(guest.Output, $@"\A(?:{expected.Output})\z", RegexOptions.Singleline),
            $"status {guest.Status} (expected {expected.Status}), output (expected {expected.Output}):\n{Shown(guest.Output)}\nstandard error: {guest.Error}");
    }

    [Fact]
    public void Every_program_has_a_case()
    {
        string[] programs = [.. Directory.GetFiles(Path.Combine(Checkout.Root, "tests", "Programs"), "*.c").Select(Path.GetFileNameWithoutExtension).OfType<string>()];
        Assert.NotEmpty(programs);
        Assert.Empty(programs.Except(Cases.All.Values.Select(each => Path.GetFileName(each.Program))));
    }

    // Rows of cases that another flavour stands for would only be noise; those that this machine cannot show are rows, and say why.
    private static bool IsNamedHere(Case each) => Machine != "intel" || !each.Thinned;

    private static bool IsHere(Case each) => IsNamedHere(each) && (Machine != "amd" || each.NotOnAmd is null);

    [GeneratedRegex(@"^kvmsys: the program makes system call .*, which is not there: -ENOSYS\n", RegexOptions.Multiline)]
    private static partial Regex Missing();

    private static Outcome Came(string name)
    {
        Assert.True(Guest.Value.TryGetValue(name, out Outcome? guest), "The batch did not come to this case.");
        return guest;
    }

    private static string Difference(Outcome native, Outcome guest)
    {
        string[] wanted = native.Output.Split('\n'), found = guest.Output.Split('\n');
        int same = wanted.Zip(found).TakeWhile(pair => pair.First == pair.Second).Count();
        StringBuilder text = new($"status {guest.Status} instead of {native.Status}, after {guest.Seconds:f2} s");
        if (guest.Output != native.Output)
        {
            text.Append($"\nstandard output differs from line {same + 1} on\n  here:\n{Lines(wanted)}  under kvmsys:\n{Lines(found)}");
        }

        return text.Append($"\nstandard error under kvmsys: {guest.Error}").ToString();

        string Lines(string[] lines) => string.Concat(lines.Skip(Math.Max(0, same - 1)).Take(8).Select(line => $"    {Shown(line)}\n"));
    }

    // Not everything is text, and some of it is long.
    private static string Shown(string output) =>
        Regex.Replace(output.Length > 2000 ? $"{output[..2000]}..." : output, @"[^\n\x20-\x7e]", match => $@"\x{(int)match.Value[0]:x2}");
}
