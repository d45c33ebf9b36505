// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Kvmsys.Tests.Programs;

/// <summary>Runs many cases in one go, for a machine of the lab takes longer to start than a case takes to run.</summary>
internal static class Batch
{
    // For a program under kvmsys, on an emulated CPU of a busy host. Those that end run for less than a second there.
    private const int SecondsPerCase = 60;
    private const int SecondsInLab = 1800;

    private static readonly string Programs = Path.Combine(Checkout.Root, "artifacts", "programs");

    /// <summary>Runs them directly on this host's kernel.</summary>
    public static IReadOnlyDictionary<string, Outcome> RunHere(IReadOnlyList<Case> cases) =>
        Run(cases, (folder, output) => Bash(folder, $"exec sh {folder}/cases.sh {output}"));

    /// <summary>Runs them by kvmsys on this host's KVM.</summary>
    public static IReadOnlyDictionary<string, Outcome> RunOnHostsKvm(IReadOnlyList<Case> cases) =>
        Run(cases, (folder, output) => Bash(folder, $"exec sh {folder}/cases.sh {output} {Kvmsys()} run"));

    /// <summary>Runs them by kvmsys in a machine of the lab.</summary>
    public static IReadOnlyDictionary<string, Outcome> RunInLab(string machine, IReadOnlyList<Case> cases) =>
        Run(cases, (folder, output) => Bash(
            Checkout.Root,
            $"exec lab/lab.sh --machine {machine} --timeout {SecondsInLab} --files {folder} --files {Kvmsys()} --output {output}"
            + $" -- /bin/sh {Path.GetFileName(folder)}/cases.sh /out ../kvmsys run"));

    // The binary that ships, unless another is to be tested.
    private static string Kvmsys() => Environment.GetEnvironmentVariable("KVMSYS_BINARY") ?? Checkout.Binary;

    private static Dictionary<string, Outcome> Run(IReadOnlyList<Case> cases, Action<string, string> run)
    {
        DirectoryInfo temporary = Directory.CreateTempSubdirectory("kvmsys-programs-");
        try
        {
            DirectoryInfo folder = temporary.CreateSubdirectory("batch");
            DirectoryInfo output = temporary.CreateSubdirectory("output");
            Write(cases, folder);
            run(folder.FullName, output.FullName);
            return Read(cases, output.FullName);
        }
        finally
        {
            temporary.Delete(recursive: true);
        }
    }

    private static void Write(IReadOnlyList<Case> cases, DirectoryInfo folder)
    {
        DirectoryInfo inputs = folder.CreateSubdirectory("inputs");
        StringBuilder list = new();
        for (int i = 0; i < cases.Count; i++)
        {
            Case each = cases[i];
            File.WriteAllBytes(Path.Combine(inputs.FullName, Number(i)), each.Input);
            string streams = each.Streams switch { Streams.Pipes => "pipes", Streams.BrokenPipe => "broken", _ => "files" };
            string options = string.Join(' ', each.Options.Concat(each.Environment.SelectMany(variable => new[] { "--env", variable })).Select(Quoted));
            list.Append(CultureInfo.InvariantCulture, $"one {Number(i)} {streams} {SecondsPerCase}")
                .Append(CultureInfo.InvariantCulture, $" ${{RUN:+$RUN {options}}} ${{NATIVE:+env -i {string.Join(' ', each.Environment.Select(Quoted))}}}")
                .Append(CultureInfo.InvariantCulture, $" programs/{each.Program} {string.Join(' ', each.Arguments.Select(Quoted))}\n");

            string program = Path.Combine(folder.FullName, "programs", each.Program);
            string built = Path.Combine(Programs, each.Program);
            if (!File.Exists(built))
            {
                throw new FileNotFoundException($"{built} is not built. Build it: tests/Programs/build.sh artifacts/programs");
            }

            if (!File.Exists(program))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(program)!);
                File.Copy(built, program);
            }
        }

        // The page of the article's Hello,World.
        File.WriteAllText(Path.Combine(folder.FullName, Cases.HelloFile), "Hello,World\0");
        File.WriteAllText(Path.Combine(folder.FullName, "list"), list.ToString());
        File.Copy(Path.Combine(Checkout.Root, "tests", "Programs", "cases.sh"), Path.Combine(folder.FullName, "cases.sh"));
    }

    private static Dictionary<string, Outcome> Read(IReadOnlyList<Case> cases, string output)
    {
        Dictionary<string, Outcome> outcomes = [];
        foreach (string line in File.ReadLines(Path.Combine(output, "statuses")))
        {
            string[] words = line.Split(' ');
            double seconds = double.Parse(words[3], CultureInfo.InvariantCulture) - double.Parse(words[2], CultureInfo.InvariantCulture);
            outcomes[cases[int.Parse(words[0], CultureInfo.InvariantCulture)].Name] = new Outcome(
                int.Parse(words[1], CultureInfo.InvariantCulture), Bytes($"{words[0]}.out"), Bytes($"{words[0]}.err"), seconds);
        }

        return outcomes;

        string Bytes(string file) => Encoding.Latin1.GetString(File.ReadAllBytes(Path.Combine(output, file)));
    }

    private static string Number(int i) => i.ToString("d4", CultureInfo.InvariantCulture);

    // For a shell. Not all that a program may be started with is ASCII.
    private static string Quoted(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static void Bash(string folder, string line)
    {
        ProcessStartInfo start = new("bash", ["-c", line]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The batch itself ended with status {process.ExitCode}: {output.Result}{error}");
        }
    }
}
