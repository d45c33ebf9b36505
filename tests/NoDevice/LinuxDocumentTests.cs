// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Linux;

namespace Kvmsys.Tests.NoDevice;

/// <summary>docs/LINUX.md has each system call that is answered, and no other, with who answers it.</summary>
public sealed partial class LinuxDocumentTests
{
    private const string Guest = "guest";
    private const string Monitor = "monitor";

    [Fact]
    public void The_table_of_system_calls_is_the_codes()
    {
        Dictionary<string, string> documented = [];
        foreach (Match row in Row().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs/LINUX.md"))))
        {
            foreach (Match name in Name().Matches(row.Groups["names"].Value))
            {
                Assert.True(documented.TryAdd(name.Groups[1].Value, row.Groups["by"].Value), $"docs/LINUX.md has `{name.Groups[1].Value}` twice.");
            }
        }

        Dictionary<string, string> answered = [];
        foreach (int number in InGuest())
        {
            answered[$"{(Syscall)number}"] = Guest;
        }

        foreach (int number in InMonitor())
        {
            answered.TryAdd($"{(Syscall)number}", Monitor);
        }

        string[] differences =
        [
            .. from call in answered
               where !documented.ContainsKey(call.Key)
               select $"this line is missing: | `{call.Key}` | {call.Value} | what to know |",
            .. from call in documented
               where !answered.ContainsKey(call.Key)
               select $"`{call.Key}` is in the table, and is refused",
            .. from call in documented
               where answered.GetValueOrDefault(call.Key, call.Value) != call.Value
               select $"`{call.Key}` is answered by the {answered[call.Key]}, not by the {call.Value}",
        ];
        Assert.True(differences.Length == 0, $"docs/LINUX.md, \"System calls\":\n{string.Join('\n', differences)}");
    }

    /// <summary>The calls whose entry of the kernel's table leads to a routine that is not the way to the monitor.</summary>
    private static IEnumerable<int> InGuest()
    {
        GuestImage image = I386Guest.Build(new I386GuestOptions
        {
            Program = ArticleProgram.Dump(),
            Profile = KernelProfile.Linux26,
            Cpu = new CpuIdentity("GenuineIntel", Family: 15, Model: 2, Stepping: 9, Sep: true),
        }).Image;
        uint physical = KernelLayout.Physical(KernelLayout.SyscallTable);
        PhysicalRange range = image.Ranges.Single(range => physical >= range.Address && physical < range.End);
        ReadOnlyMemory<byte> table = range.Bytes.Slice((int)(physical - range.Address), SyscallNumber.Count * sizeof(uint));
        uint[] entries = [.. Enumerable.Range(0, SyscallNumber.Count).Select(number => BinaryPrimitives.ReadUInt32LittleEndian(table.Span[(number * sizeof(uint))..]))];

        // No system call has the last number.
        return Enumerable.Range(0, SyscallNumber.Count).Where(number => entries[number] != entries[^1]);
    }

    /// <summary>The calls that the monitor's table has a handler for. What the handlers work on makes no difference here.</summary>
    private static IEnumerable<int> InMonitor()
    {
        ConstructorInfo constructor = typeof(SystemCalls).GetConstructors().Single();
        SystemCalls calls = (SystemCalls)constructor.Invoke(
            [.. constructor.GetParameters().Select(parameter => RuntimeHelpers.GetUninitializedObject(parameter.ParameterType))]);
        return Enumerable.Range(0, SyscallNumber.Count).Where(number => calls[(uint)number] is not null);
    }

    [GeneratedRegex(@"^\| (?<names>(?:`\w+` )+)\| (?<by>\w+) \| .+ \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"`(\w+)`")]
    private static partial Regex Name();
}
