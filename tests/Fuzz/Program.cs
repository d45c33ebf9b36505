// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Runtime.CompilerServices;
using Kvmsys.Fuzz.Targets;

namespace Kvmsys.Fuzz;

/// <summary>Fuzzes one target for a bounded time, or runs it with the inputs of given files.</summary>
internal static class Program
{
    private const string Usage = """
        Kvmsys.Fuzz --list                      names the targets
        Kvmsys.Fuzz TARGET [--seconds N] [--seed N] [--update]
                                                fuzzes one, 30 s if no time is given; --update replaces what earlier runs found in
                                                its corpus by what this one did
        Kvmsys.Fuzz TARGET FILE...              runs it with the inputs in these files
        """;

    private static int Main(string[] arguments)
    {
        // Before anything of the assemblies that it changes is touched: hence a method of its own for the rest.
        CoverageMap.Instrument();
        return Run(arguments);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Run(string[] arguments)
    {
        if (arguments is ["--list"])
        {
            Console.WriteLine(string.Join('\n', FuzzTargets.All.Select(target => target.Name)));
            return 0;
        }

        if (arguments is not [string name, .. string[] rest] || FuzzTargets.All.SingleOrDefault(target => target.Name == name) is not { } chosen)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        if (rest.Length > 0 && rest.All(File.Exists))
        {
            return Replay(chosen, rest);
        }

        double seconds = 30;
        int seed = Environment.TickCount;
        bool update = false;
        for (int i = 0; i < rest.Length; i++)
        {
            bool hasValue = i + 1 < rest.Length;
            if (rest[i] == "--update")
            {
                update = true;
            }
            else if (!hasValue
                || !(rest[i] == "--seconds" && double.TryParse(rest[++i], NumberStyles.Float, CultureInfo.InvariantCulture, out seconds)
                    || rest[i] == "--seed" && int.TryParse(rest[++i], NumberStyles.Integer, CultureInfo.InvariantCulture, out seed)))
            {
                Console.Error.WriteLine(Usage);
                return 2;
            }
        }

        return Fuzz(chosen, TimeSpan.FromSeconds(seconds), seed, update);
    }

    private static int Replay(IFuzzTarget target, string[] files)
    {
        foreach (string file in files)
        {
            target.Run(File.ReadAllBytes(file));
            Console.WriteLine($"{file}: good");
        }

        return 0;
    }

    private static int Fuzz(IFuzzTarget target, TimeSpan duration, int seed, bool update)
    {
        string folder = Path.Combine(Checkout.Root, "tests", "Fuzz", "corpus", target.Name);
        string artifacts = Path.Combine(Checkout.Root, "artifacts", "fuzz", target.Name);
        string[] files = [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)];
        using Campaign campaign = new(target, files.Select(File.ReadAllBytes), artifacts, seed);
        (Exception Exception, string Path)? finding = campaign.Run(duration);
        if (finding is (Exception exception, string path))
        {
            path = Path.GetRelativePath(Checkout.Root, path);
            string program = Path.GetRelativePath(Checkout.Root, Environment.ProcessPath!);
            Console.Error.WriteLine(exception);
            Console.Error.WriteLine($"The input is {path}. Again: {program} {target.Name} {path}");
            Console.Error.WriteLine($"Once it is cured, let it stay so: cp {path} {Path.GetRelativePath(Checkout.Root, folder)}");
        }
        else if (update)
        {
            Update(campaign, files);
        }

        Console.WriteLine($"{campaign.Executions} executions, {campaign.Edges} edges, {campaign.CorpusCount} inputs, seed {seed}");
        return finding is null ? 0 : 1;
    }

    // What was written by hand has a name that says what it is; what was found has its hash for one.
    private static void Update(Campaign campaign, string[] files)
    {
        ILookup<bool, string> found = files.ToLookup(file => Path.GetFileName(file) == Campaign.NameOf(File.ReadAllBytes(file)));
        IReadOnlyList<byte[]> inputs = campaign.Minimize(found[false].Select(File.ReadAllBytes));
        foreach (string file in found[true])
        {
            File.Delete(file);
        }

        foreach (byte[] input in inputs)
        {
            File.WriteAllBytes(Path.Combine(Path.GetDirectoryName(files[0])!, Campaign.NameOf(input)), input);
        }
    }
}
