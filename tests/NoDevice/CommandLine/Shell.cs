// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Kvmsys.Tests.NoDevice.CommandLine;

/// <summary>Runs the binary that ships, as a user's shell does.</summary>
internal static class Shell
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>artifacts/kvmsys of this checkout.</summary>
    public static string Binary { get; } = FindBinary();

    /// <summary>Runs a line of bash in which $kvmsys is the binary.</summary>
    public static (int Status, string Output, string Error) Run(string line, string? term = null)
    {
        ProcessStartInfo start = new("bash", ["-c", line])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["kvmsys"] = Binary, ["TERM"] = term ?? "dumb" },
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"still running after {Patience}: {line}");
        }

        return (process.ExitCode, output.Result, error.Result);
    }

    private static string FindBinary()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string binary = Path.Combine(folder.FullName, "artifacts", "kvmsys");
            if (File.Exists(binary))
            {
                return binary;
            }
        }

        throw new FileNotFoundException("artifacts/kvmsys is not built. Build it: ./build.sh build");
    }
}
