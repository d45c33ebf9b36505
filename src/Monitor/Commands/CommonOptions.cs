// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Commands;

/// <summary>Options that several commands share, each made anew for its command.</summary>
internal static class CommonOptions
{
    private const int DefaultTimeoutSeconds = 600;
    private const int MaxTimeoutSeconds = 24 * 60 * 60;

    private const string Int80 = "int80";
    private const string Sysenter = "sysenter";
    private const string NoSep = "no-sep";

    /// <summary>--json.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Write the whole result as JSON." };

    /// <summary>--show-emulated.</summary>
    public static Option<bool> ShowEmulated() => new("--show-emulated") { Description = "Show figures of software too, each marked as one." };

    /// <summary>--device.</summary>
    public static Option<string> Device() => new("--device")
    {
        Description = "Path of KVM's device.",
        HelpName = "PATH",
        DefaultValueFactory = _ => Kvm.DefaultPath,
    };

    /// <summary>--calls.</summary>
    public static Option<uint> Calls(uint defaultValue) => new("--calls", "-n")
    {
        Description = "Calls in each measurement.",
        HelpName = "N",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result => ParseNumber(result, 1u, uint.MaxValue),
    };

    /// <summary>--seed.</summary>
    public static Option<int?> Seed() => new("--seed")
    {
        Description = "Decides which frames a guest's pages get, its process identifier, and what else is left to chance; chosen at random when not given.",
        HelpName = "N",
        CustomParser = result => ParseNumber(result, 0, int.MaxValue),
    };

    /// <summary>--timeout.</summary>
    public static Option<int> Timeout() => new("--timeout")
    {
        Description = "Seconds that one run of the guest may take.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => DefaultTimeoutSeconds,
        CustomParser = result => ParseNumber(result, 1, MaxTimeoutSeconds),
    };

    /// <summary>--cpu: where to measure.</summary>
    public static Option<int?> Cpu() => new("--cpu")
    {
        Description = "The host's CPU to measure on; the last that is isolated, or else the last, when not given.",
        HelpName = "N",
        CustomParser = result => ParseNumber<int>(result, 0, int.MaxValue),
    };

    /// <summary>An option that takes one of some values.</summary>
    public static Option<string> OneOf(string name, string description, string[] values, string defaultValue)
    {
        Option<string> option = new(name)
        {
            Description = description,
            HelpName = string.Join('|', values),
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result => ParseOneOf(result, values),
        };
        option.CompletionSources.Add(values);
        return option;
    }

    /// <summary>Takes one of some values, and says which there are.</summary>
    public static string ParseOneOf(ArgumentResult result, string[] values)
    {
        ArgumentNullException.ThrowIfNull(result);
        string given = result.Tokens[0].Value;
        if (!values.Contains(given))
        {
            result.AddError($"{NameOf(result)} {given}: one of {string.Join(", ", values)} is needed.");
        }

        return given;
    }

    private static string NameOf(ArgumentResult result) => (result.Parent as OptionResult)?.IdentifierToken?.Value ?? result.Argument.Name;

    /// <summary>The seed that was given, or a new one.</summary>
    public static int SeedOrRandom(int? given) => given ?? Random.Shared.Next();

    /// <summary>--timeout of a program, which has none when it is not given.</summary>
    public static Option<int?> ProgramTimeout() => new("--timeout", "-t")
    {
        Description = "Seconds after which the program is ended; for ever when not given.",
        HelpName = "SECONDS",
        CustomParser = result => ParseNumber(result, 1, MaxTimeoutSeconds),
    };

    /// <summary>--mechanism of the vsyscall page.</summary>
    public static Option<string?> Mechanism()
    {
        Option<string?> option = new("--mechanism") { Description = "How the vsyscall page enters the kernel; the CPU decides when not given.", HelpName = "int80|sysenter" };
        option.AcceptOnlyFromAmong(Int80, Sysenter);
        return option;
    }

    /// <summary>--cpuid.</summary>
    public static Option<string?> Cpuid()
    {
        Option<string?> option = new("--cpuid") { Description = "A CPU that says that it has no SYSENTER.", HelpName = NoSep };
        option.AcceptOnlyFromAmong(NoSep);
        return option;
    }

    /// <summary>What --mechanism means.</summary>
    public static VsyscallVariant? VariantOf(string? mechanism) => mechanism switch
    {
        Int80 => VsyscallVariant.Int80,
        Sysenter => VsyscallVariant.Sysenter,
        _ => null,
    };

    /// <summary>Makes sure that the guest's CPU has what --mechanism wants.</summary>
    /// <exception cref="CommandFailedException">It has not.</exception>
    public static void CheckVariant(VsyscallVariant? variant, GuestCpuid cpuid)
    {
        if (variant == VsyscallVariant.Sysenter && !cpuid.Identity.HasSysenter)
        {
            throw new CommandFailedException(
                ExitCode.Usage,
                $"the page cannot use SYSENTER, the guest's CPU has none ({cpuid.Identity}). Cure: leave --mechanism out, or take int80.");
        }
    }

    /// <summary>What --cpuid means.</summary>
    public static GuestCpuid CpuidOf(string? cpuid, Kvm kvm) => cpuid == NoSep ? GuestCpuid.Of(kvm).WithoutSep() : GuestCpuid.Of(kvm);

    /// <summary>A whole number, in which underscores may stand.</summary>
    public static T ParseNumber<T>(ArgumentResult result, T min, T max)
        where T : struct, System.Numerics.IBinaryInteger<T>
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (T.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out T value)
            && value >= min && value <= max)
        {
            return value;
        }

        result.AddError(string.Create(
            CultureInfo.InvariantCulture,
            $"{NameOf(result)} {text}: a whole number from {min} to {max} is needed."));
        return default;
    }

    /// <summary>The number of something that a daemon has.</summary>
    /// <param name="name">The argument's name.</param>
    /// <param name="description">What it is, for people.</param>
    /// <param name="what">Of what it is the number, for people.</param>
    public static Argument<long> Id(string name, string description, string what) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            if (!long.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out long id) || id == 0)
            {
                result.AddError($"{Shown.OneLine(result.Tokens[0].Value)}: the number of {what} is needed.");
            }

            return id;
        },
    };
}
