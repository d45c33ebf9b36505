// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>Prometheus' own judge of metrics and rules.</summary>
internal static class Promtool
{
    private static readonly string Fetched = Path.Combine(Checkout.Root, "artifacts/promtool/usr/bin/promtool");

    private static readonly string? Program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, "promtool")).Append(Fetched).FirstOrDefault(File.Exists);

    /// <summary>Runs it; the test is skipped where it is not there.</summary>
    public static (int Status, string Output) Run(string input, params string[] arguments)
    {
        Assert.SkipWhen(Program is null, "promtool is not here; ./build.sh test fetches it");
        using Process process = Process.Start(new ProcessStartInfo(Program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
