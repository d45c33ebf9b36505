// SPDX-License-Identifier: MIT

using System.ComponentModel;
using System.Diagnostics;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>A program of somebody else's that reads a file of ours.</summary>
internal static class Stranger
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, string> Packages = new()
    {
        ["as"] = "binutils",
        ["eu-elflint"] = "elfutils",
        ["eu-readelf"] = "elfutils",
        ["eu-stack"] = "elfutils",
        ["file"] = "file",
        ["gdb"] = "gdb",
        ["ld"] = "binutils",
        ["objcopy"] = "binutils",
        ["objdump"] = "binutils",
        ["readelf"] = "binutils",
    };

    /// <summary>Lets a program read a file.</summary>
    /// <param name="content">The file.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments; {} is the file's name.</param>
    /// <returns>The status that it ended with, what it wrote, and what it complained about.</returns>
    public static (int Status, string Output, string Error) Read(ReadOnlyMemory<byte> content, string program, params string[] arguments)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, content.Span);
            return Run(program, [.. arguments.Select(argument => argument.Replace("{}", path, StringComparison.Ordinal))]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Runs a program.</summary>
    /// <returns>The status that it ended with, what it wrote, and what it complained about.</returns>
    public static (int Status, string Output, string Error) Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["LC_ALL"] = "C", ["DEBUGINFOD_URLS"] = "" },
        };
        using Process process = Start(start);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} is still running after {Patience}.");
        }

        return (process.ExitCode, output.Result, error.Result);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new FileNotFoundException(
                $"{start.FileName} is missing here. It is in Debian's package {Packages[start.FileName]}; ./build.sh test installs it.",
                missing);
        }
    }
}
