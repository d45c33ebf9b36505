// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;

namespace Kvmsys.Tests.Lab;

/// <summary>The lab as a tool: what goes in, what comes out, and what must not stay behind.</summary>
public sealed class LabTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-lab-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("exit 255", 255)]
    [InlineData("exit 124", 124)]
    [InlineData("kill -TERM $$", 143)]
    [InlineData("kill -SEGV $$", 139)]
    public void The_commands_status_is_the_labs(string script, int status)
    {
        LabResult result = Script(script);
        Assert.Equal((status, "", ""), (result.Status, result.Output, result.Error));
    }

    [Fact]
    public void Output_and_error_come_apart_and_byte_for_byte()
    {
        LabResult result = LabRun.Bash(
            $"lab/lab.sh --files {Write("script", "printf '\\000\\377\\r\\n\\033x'; printf 'to error' >&2")} -- /bin/sh script | od -An -tx1");
        Assert.Equal("00 ff 0d 0a 1b 78", result.Output.Trim());
        Assert.Equal("to error", result.Error);
    }

    [Fact]
    public void Megabytes_of_output_arrive_whole()
    {
        LabResult result = LabRun.Bash(
            $"lab/lab.sh --files {Write("script", "yes 0123456789abcdef | head -n 200000")} -- /bin/sh script | cksum; yes 0123456789abcdef | head -n 200000 | cksum");
        string[] sums = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(sums[1], sums[0]);
    }

    [Fact]
    public void Output_comes_while_the_command_still_runs()
    {
        using Process lab = LabRun.Start($"exec lab/lab.sh --files {Write("script", "echo first; while :; do :; done")} -- /bin/sh script", _folder);
        long start = Stopwatch.GetTimestamp();
        Assert.Equal("first", lab.StandardOutput.ReadLine());
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "The first line came only with the last.");
        Interrupt(lab);
    }

    [Fact]
    public void The_guest_sees_only_what_it_was_given()
    {
        LabResult result = Script("ls -A; ls -d /home /usr/share /etc/hostname 2>/dev/null; touch new 2>/dev/null || echo read-only");
        Assert.Equal(["script", "sh", "read-only"], Lines(result.Output));
    }

    [Fact]
    public void Files_and_folders_go_in_and_what_is_left_in_out_comes_back()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "data"));
        Write("data/one", "1");
        string script = Write("script", "cat data/one; mkdir /out/folder; echo back >/out/folder/file");
        LabResult result = LabRun.Lab("/bin/sh script", $"--files {script} --files {_folder}/data --output {_folder}/results");
        Assert.Equal((0, "1"), (result.Status, result.Output.Trim()));
        Assert.Equal("back\n", File.ReadAllText(Path.Combine(_folder, "results/folder/file")));
    }

    [Fact]
    public void Variables_go_in_and_no_others()
    {
        LabResult result = LabRun.Bash($"SECRET=1 lab/lab.sh --env LEVEL='a b' --files {Write("script", "echo \"$LEVEL|$SECRET|$LAB|$LAB_EXACT\"")} -- /bin/sh script");
        Assert.Equal($"a b||{LabRun.Machine}|\n", result.Output);
    }

    [Fact]
    public void Arguments_go_in_as_they_are() =>
        Assert.Equal("[a b][][$HOME][it's][*]\n", LabRun.Lab("/bin/sh script 'a b' '' '$HOME' \"it's\" '*'", $"--files {Write("script", "for a; do printf '[%s]' \"$a\"; done; echo")}").Output);

    [Fact]
    public void What_is_kept_lies_where_it_lies_here_and_the_command_starts_where_the_lab_was_called()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "data/deep"));
        Write("data/deep/one", "1");
        Write("alone", "2");
        string script = Write("script", $"pwd; cat {_folder}/data/deep/one ../alone; readlink {_folder}/data/link; touch new 2>/dev/null || echo read-only; ls -A ..");
        LabResult result = LabRun.Bash(
            $"cd {_folder}/data && ln -s deep/one link && {Checkout.Root}/lab/lab.sh --keep . --keep deep --keep ../alone --files {script} -- /bin/sh /lab/files/script");
        Assert.Equal((0, ""), (result.Status, result.Error));
        Assert.Equal([$"{_folder}/data", "1", "2", "deep/one", "read-only", "alone", "data"], Lines(result.Output));
    }

    [Fact]
    public void Standard_input_goes_in_as_a_file()
    {
        string script = Write("script", "cat; test -f /dev/stdin && echo file");
        Assert.Equal("a\nb\nfile\n", LabRun.Bash($"printf 'a\nb\n' | lab/lab.sh --input - --files {script} -- /bin/sh script").Output);
        Assert.Equal("x\nfile\n", LabRun.Lab("/bin/sh script", $"--input {Write("input", "x")} --files {script}").Output);
    }

    [Fact]
    public void A_command_that_takes_too_long_is_told_as_that()
    {
        LabResult result = LabRun.Lab("/bin/sh script", $"--timeout 3 --files {Write("script", "echo begun; while :; do :; done")}");
        Assert.Equal((124, "begun\n"), (result.Status, result.Output));
        Assert.Contains("lab: timed out after 3 s", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--frobnicate", 125, "unknown option --frobnicate")]
    [InlineData("--timeout never -- true", 125, "--timeout never: not a number of seconds")]
    [InlineData("", 125, "no command")]
    [InlineData("-- no-such-command", 125, "there is no command no-such-command")]
    [InlineData("--files /no/such/file -- /bin/true", 125, "there is no /no/such/file")]
    [InlineData("--keep /no/such/file -- /bin/true", 125, "there is no /no/such/file")]
    [InlineData("--keep / -- /bin/true", 125, "--keep /: the machine has its own")]
    [InlineData("--keep /dev/kvm/.. -- /bin/true", 125, "the machine has its own")]
    [InlineData("--input /no/such/file -- /bin/true", 125, "/no/such/file cannot be read")]
    [InlineData("--output /proc/none -- /bin/true", 125, "cannot write to /proc/none")]
    [InlineData("--machine sparc -- /bin/true", 125, "--machine sparc: amd or intel is needed")]
    [InlineData("--machine amd --cpu penryn -- /bin/true", 125, "--cpu penryn: the machine amd has epyc")]
    [InlineData("--machine intel --cpu 486 -- /bin/true", 125, "--cpu 486: the machine intel has haswell skylake lynnfield penryn")]
    [InlineData("--kvm-options 'a;b' -- /bin/true", 125, "--kvm-options a;b: not NAME=VALUE words")]
    public void What_the_lab_cannot_do_is_said_before_anything_starts(string arguments, int status, string message)
    {
        LabResult result = LabRun.Bash($"lab/lab.sh {arguments}");
        Assert.Equal((status, ""), (result.Status, result.Output));
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("INT", 130, false)]
    [InlineData("INT", 130, true)]
    [InlineData("TERM", 143, false)]
    [InlineData("HUP", 129, false)]
    [InlineData("HUP", 129, true)]
    public void An_interrupted_lab_leaves_no_process_and_no_file(string signal, int status, bool wholeGroup)
    {
        using Process lab = StartSleeper();
        Interrupt(lab, signal, wholeGroup);
        Assert.Equal(status, lab.ExitCode);
        AssertNothingIsLeft();
    }

    [Fact]
    public void A_killed_lab_leaves_no_process()
    {
        using Process lab = StartSleeper();
        Interrupt(lab, "KILL");
        Assert.True(SpinWait.SpinUntil(() => Leftovers() == "", TimeSpan.FromSeconds(10)), Leftovers());
    }

    [Fact]
    public void Two_labs_run_at_once()
    {
        string script = Write("script", "sleep 2; echo $1");
        LabResult result = LabRun.Bash($"lab/lab.sh --files {script} -- /bin/sh script one & lab/lab.sh --files {script} -- /bin/sh script two; wait");
        Assert.Equal(["one", "two"], Lines(result.Output).Order());
    }

    [Fact]
    public void The_KVM_module_is_loaded_with_the_options_that_are_asked_for()
    {
        string parameters = $"/sys/module/kvm_{LabRun.Machine}/parameters";
        string option = LabRun.IsIntel ? "ept" : "npt";
        string script = Write("script", $"cat {parameters}/{option}; ls /dev/kvm");
        Assert.Equal("Y\n/dev/kvm\n", LabRun.Lab("/bin/sh script", $"--files {script}").Output);
        Assert.Equal("N\n/dev/kvm\n", LabRun.Lab("/bin/sh script", $"--kvm-options {option}=0 --files {script}").Output);
    }

    [Fact]
    public void An_option_that_the_KVM_module_does_not_know_fails_the_run()
    {
        LabResult result = LabRun.Lab("/bin/true", "--kvm-options frobnicate=1");
        Assert.Equal((125, ""), (result.Status, result.Output));
        Assert.Contains($"lab: the run failed: kvm_{LabRun.Machine} has no option frobnicate=1", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_clock_is_the_hosts_and_random_numbers_differ_from_run_to_run()
    {
        string script = Write("script", "date +%s; head -c 16 /dev/urandom | od -An -tx1");
        string[] first = Lines(LabRun.Lab("/bin/sh script", $"--files {script}").Output);
        string[] second = Lines(LabRun.Lab("/bin/sh script", $"--files {script}").Output);
        Assert.NotEqual(first[1], second[1]);
        Assert.InRange(long.Parse(second[0], CultureInfo.InvariantCulture), DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 60, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 5);
    }

    [Fact]
    public void An_exact_run_repeats_itself()
    {
        string script = Write("script", "date +%s; head -c 16 /dev/urandom | od -An -tx1; cat /proc/uptime; echo $LAB_EXACT");
        string options = $"--exact --files {script}";
        string first = LabRun.Lab("/bin/sh script", options).Output;
        Assert.EndsWith("1\n", first, StringComparison.Ordinal);
        Assert.Equal(first, LabRun.Lab("/bin/sh script", options).Output);
    }

    [Fact]
    public void A_broken_snapshot_is_made_anew_and_the_command_still_runs()
    {
        string cache = Path.Combine(_folder, "cache");
        string copy = $"cp -a --sparse=always \"${{KVMSYS_LAB_CACHE:-${{XDG_CACHE_HOME:-$HOME/.cache}}/kvmsys/lab}}\" {cache} && truncate -s 1000 {cache}/{(LabRun.IsIntel ? "intel-*/haswell-*/memory.ram" : "amd-*/normal-*/state")}";
        LabResult result = LabRun.Bash($"{copy} && export KVMSYS_LAB_CACHE={cache} && lab/lab.sh -- /bin/echo alive && lab/lab.sh -- /bin/echo again");
        Assert.Equal((0, "alive\nagain\n"), (result.Status, result.Output));
        Assert.Matches("lab: the snapshot(?: of haswell)?: it is broken; booting to make it", result.Error);
    }

    [Fact]
    public void Its_help_has_examples()
    {
        LabResult result = LabRun.Bash("lab/lab.sh --help");
        Assert.Equal(0, result.Status);
        Assert.Contains("lab.sh -- kvmsys doctor", result.Output, StringComparison.Ordinal);
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A signal to the lab alone; or, as a terminal does on Ctrl-C, to everything that it has started too.</summary>
    private static void Interrupt(Process lab, string signal = "INT", bool wholeGroup = false)
    {
        LabRun.Bash($"kill -{signal} -- {(wholeGroup ? "-" : "")}{lab.Id}");
        Assert.True(lab.WaitForExit(TimeSpan.FromSeconds(20)), "The lab goes on after " + signal);
    }

    private LabResult Script(string script) => LabRun.Lab("/bin/sh script", $"--files {Write("script", script)}");

    private string Write(string name, string contents)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, contents + "\n");
        return path;
    }

    /// <summary>A lab whose command runs for a minute, once it has begun.</summary>
    private Process StartSleeper()
    {
        Process lab = LabRun.Start($"exec lab/lab.sh --files {Write("script", "echo begun; while :; do :; done")} -- /bin/sh script", _folder);
        Assert.Equal("begun", lab.StandardOutput.ReadLine());
        return lab;
    }

    private void AssertNothingIsLeft()
    {
        Assert.Equal("", Leftovers());
        Assert.Empty(Directory.GetFileSystemEntries(_folder, "kvmsys-lab.*"));
    }

    /// <summary>Processes that work in this test's folder: the lab's temporary folders are in it.</summary>
    private string Leftovers() => LabRun.Bash($"for p in /proc/[0-9]*; do case $(readlink $p/cwd 2>/dev/null) in {_folder}/*) tr '\\0' ' ' <$p/cmdline;; esac; done").Output;
}
