// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Kvmsys.Monitor.Farm.Protocol;

namespace Kvmsys.Scale;

/// <summary>Simulates farms of these sizes, one after the other, and tells what they cost.</summary>
internal static class Program
{
    // Files that a process of some thousand connections has open beside them.
    private const int OtherFiles = 200;

    private static readonly int[] UsualSizes = [100, 1000, 3000, 10_000];

    private static async Task<int> Main(string[] arguments)
    {
        bool json = arguments.Contains("--json");
        int[] sizes = [.. arguments.Where(word => word != "--json").Select(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? size : 0)];
        if (sizes.Any(size => size is < 1 or > 99_999))
        {
            Console.Error.WriteLine("scale: expected: [--json] [HOSTS...], each from 1 to 99999");
            return 2;
        }

        try
        {
            sizes = sizes.Length > 0 ? sizes : UsualSizes;
            int files = Load.MostFiles("self");
            if (sizes.Max() + OtherFiles > files)
            {
                throw new ScaleException($"{sizes.Max()} hosts need as many connections, and a process may have {files} files open here. Cure: ulimit -n {sizes.Max() + OtherFiles}, as root ulimit -Hn too");
            }

            string server = Server();
            byte[] document = Bench();
            List<ScaleFigures> runs = [];
            foreach (int size in sizes)
            {
                long begin = Stopwatch.GetTimestamp();
                ScaleFigures figures = new() { Agents = size };
                await new ScaleRun(figures, document, what => Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{size} hosts, {Stopwatch.GetElapsedTime(begin).TotalSeconds,4:F0} s: {what}")))
                    .Make(server, CancellationToken.None).ConfigureAwait(false);
                runs.Add(figures);
            }

            Console.WriteLine(json ? JsonSerializer.Serialize(runs, ScaleJson.Default.IReadOnlyListScaleFigures) : string.Join('\n', ScaleTable.Of(runs)));
            return runs.Exists(run => run.EndedBy is not null) ? 1 : 0;
        }
        catch (ScaleException exception)
        {
            Console.Error.WriteLine($"scale: {exception.Message}");
            return 1;
        }
    }

    private static string Server()
    {
        const string program = "nats-server";
        string fetched = Path.Combine(Checkout.Root, "artifacts", program, "usr/sbin", program);
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, program)).Append(fetched).FirstOrDefault(File.Exists)
            ?? throw new ScaleException($"{program} is not here. Cure: ./build.sh scale fetches it");
    }

    /// <summary>What a bench of this host's own kernel comes to: all hosts send it.</summary>
    private static byte[] Bench()
    {
        using Process bench = Process.Start(new ProcessStartInfo(Checkout.Binary, ["bench", "--on", "host", "--sessions", "3", "--runs", "2", "--no-history", "--json"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        bench.ErrorDataReceived += (_, _) => { };
        bench.BeginErrorReadLine();
        using MemoryStream output = new();
        bench.StandardOutput.BaseStream.CopyTo(output);
        bench.WaitForExit();

        // That it was disturbed does not matter here.
        const int unstable = 5;
        return bench.ExitCode is 0 or unstable ? FarmProtocol.Pack(output.ToArray()) : throw new ScaleException($"kvmsys bench has ended with {bench.ExitCode}");
    }
}
