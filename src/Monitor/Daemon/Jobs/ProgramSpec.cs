// SPDX-License-Identifier: MIT

using Kvmsys.Guest;

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>A static i386 Linux program that is to be run, and what it is run with.</summary>
public sealed record ProgramSpec
{
    private const int MiB = 1 << 20;

    /// <summary>The least <see cref="MemoryMebibytes"/>: what a guest needs.</summary>
    public const int LeastMebibytes = (int)(I386GuestOptions.MinMemorySize / MiB);

    /// <summary>The most <see cref="MemoryMebibytes"/>: what a guest's kernel reaches.</summary>
    public const int MostMebibytes = (int)(I386GuestOptions.MaxMemorySize / MiB);

    private const int MostWords = 1000;

    /// <summary>The ELF file.</summary>
    public required byte[] File { get; init; }

    /// <summary>Its arguments, without its own name.</summary>
    public IReadOnlyList<string> Arguments { get => field ?? []; init; }

    /// <summary>Its environment, "NAME=VALUE" each.</summary>
    public IReadOnlyList<string> Environment { get => field ?? []; init; }

    /// <summary>The guest's memory in MiB; kvmsys run's default where nothing is said.</summary>
    public int? MemoryMebibytes { get; init; }

    /// <summary>What is wrong with it; empty where nothing is.</summary>
    public IEnumerable<string> Objections()
    {
        if (File.Length == 0)
        {
            yield return "program.file: a static i386 ELF file, in Base64";
        }

        if (Arguments.Count > MostWords || Arguments.Any(argument => argument is null || argument.Contains('\0', StringComparison.Ordinal)))
        {
            yield return $"program.arguments: at most {MostWords}, none of them with a zero in it";
        }

        if (Environment.Count > MostWords || !Environment.All(IsVariable))
        {
            yield return $"program.environment: at most {MostWords}, each NAME=VALUE";
        }

        if (MemoryMebibytes is < LeastMebibytes or > MostMebibytes)
        {
            yield return $"program.memoryMebibytes: {LeastMebibytes} to {MostMebibytes}";
        }
    }

    private static bool IsVariable(string? variable) =>
        variable is { Length: > 0 } && (char.IsAsciiLetter(variable[0]) || variable[0] == '_') && variable.IndexOf('=', StringComparison.Ordinal) > 0
        && !variable.Contains('\0', StringComparison.Ordinal);
}
