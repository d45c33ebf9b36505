// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Kvmsys.Tests.NoDevice.CommandLine;

/// <summary>Runs the binary that ships, as a user's shell does.</summary>
internal static class Shell
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs a line of bash in which $kvmsys is the binary.</summary>
    public static (int Status, string Output, string Error) Run(string line, string? term = null)
    {
        // A lock of its own: tests do not wait for each other.
        string lockFile = Path.GetTempFileName();
        File.SetUnixFileMode(lockFile, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        using Process process = Start($"export KVMSYS_LOCK={lockFile}; {line}", term);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"still running after {Patience}: {line}");
        }

        File.Delete(lockFile);
        return (process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Starts a line of bash in which $kvmsys is the binary, whose output and errors are the caller's to read.</summary>
    public static Process Start(string line, string? term = null) => Process.Start(new ProcessStartInfo("bash", ["-c", line])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        // Nothing is left in the history of who runs the tests.
        Environment = { ["kvmsys"] = Checkout.Binary, ["TERM"] = term ?? "dumb", ["XDG_STATE_HOME"] = "/dev/null/none" },
    })!;
}
