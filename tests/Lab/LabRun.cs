// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Kvmsys.Tests.Lab;

/// <summary>Runs lab/lab.sh as a user does.</summary>
internal static class LabRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>The lab's machine: amd or intel.</summary>
    public static string Machine { get; } = Environment.GetEnvironmentVariable("KVMSYS_LAB_MACHINE") ?? "amd";

    /// <summary>Whether it is the one whose emulator is Bochs, which skips the time in which nothing runs.</summary>
    public static bool IsIntel => Machine == "intel";

    /// <summary>Runs a line of bash in the checkout, with a folder of its own for temporary files.</summary>
    public static LabResult Bash(string line, string? temporaryFolder = null)
    {
        using Process process = Start(line, temporaryFolder);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"still running after {Patience}: {line}");
        }

        return new LabResult(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Runs a command in the lab.</summary>
    public static LabResult Lab(string command, string options = "") => Bash($"lab/lab.sh {options} -- {command}");

    /// <summary>Starts a line of bash in a process group of its own, whose number is the process's, as an interactive shell does; it ignores no signal, also under nohup.</summary>
    public static Process Start(string line, string? temporaryFolder = null) => Process.Start(new ProcessStartInfo("setsid", ["env", "--default-signal", "bash", "-c", line])
    {
        WorkingDirectory = Checkout.Root,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment = { ["TMPDIR"] = temporaryFolder ?? Path.GetTempPath() },
    })!;
}
