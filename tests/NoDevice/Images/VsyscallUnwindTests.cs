// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.RegularExpressions;
using Iced.Intel;
using Kvmsys.Guest.Vsyscall;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>
/// What debuggers find in a core dump of a process that stopped at each instruction of the page. They know the page by the auxiliary vector
/// alone, and nothing describes its caller: all that leads them there is in the page.
/// </summary>
public sealed partial class VsyscallUnwindTests
{
    private const uint Page = 0xffffe000;
    private const string Entry = "__kernel_vsyscall";
    private const string Sigreturn = "__kernel_sigreturn";
    private const string RtSigreturn = "__kernel_rt_sigreturn";

    private const uint ReturnAddress = I386Process.Program + 0x105;
    private const uint InterruptedInstruction = I386Process.Program + 0x234;
    private const uint HandlersInstruction = I386Process.Program + 0x345;
    private const uint CallersStack = I386Process.Stack + 0x800;
    private const uint SignalFrame = I386Process.Stack + 0x400;

    private static readonly Dictionary<Register, uint> Caller = new()
    {
        [Register.EAX] = 0x1a1a1a01,
        [Register.ECX] = 0x1c1c1c01,
        [Register.EDX] = 0x1d1d1d01,
        [Register.EBX] = 0x1b1b1b01,
        [Register.ESP] = CallersStack,
        [Register.EBP] = 0x1e1e1e01,
        [Register.ESI] = 0x15151501,
        [Register.EDI] = 0x1f1f1f01,
        [Register.EIP] = ReturnAddress,
    };

    private static readonly Dictionary<Register, uint> Interrupted = new()
    {
        [Register.EAX] = 0x2a2a2a02,
        [Register.ECX] = 0x2c2c2c02,
        [Register.EDX] = 0x2d2d2d02,
        [Register.EBX] = 0x2b2b2b02,
        [Register.ESP] = CallersStack,
        [Register.EBP] = 0x2e2e2e02,
        [Register.ESI] = 0x25252502,
        [Register.EDI] = 0x2f2f2f02,
        [Register.EIP] = InterruptedInstruction,
    };

    /// <summary>Where struct sigcontext of i386 keeps them.</summary>
    private static readonly Dictionary<Register, uint> Sigcontext = new()
    {
        [Register.EDI] = 16,
        [Register.ESI] = 20,
        [Register.EBP] = 24,
        [Register.ESP] = 28,
        [Register.EBX] = 32,
        [Register.EDX] = 36,
        [Register.ECX] = 40,
        [Register.EAX] = 44,
        [Register.EIP] = 56,
    };

    /// <summary>A signal return's address, and the distance from the handler's return address to struct sigcontext.</summary>
    private static readonly Dictionary<string, (uint Address, uint Context)> SignalReturns = new()
    {
        [Sigreturn] = (0xffffe420, 8),
        [RtSigreturn] = (0xffffe440, 0xa4),
    };

    /// <summary>Every instruction of the entry.</summary>
    public static TheoryData<VsyscallVariant, string> EntryInstructions { get; } =
    [
        .. from variant in Enum.GetValues<VsyscallVariant>()
           from address in Instructions(variant, VsyscallPage.Entry)
           select (variant, address),
    ];

    /// <summary>Every instruction of the signal returns.</summary>
    public static TheoryData<VsyscallVariant, string, string> SignalReturnInstructions { get; } =
    [
        .. from variant in Enum.GetValues<VsyscallVariant>()
           from signalReturn in SignalReturns
           from address in Instructions(variant, signalReturn.Value.Address)
           select (variant, signalReturn.Key, address),
    ];

    [Theory]
    [MemberData(nameof(EntryInstructions))]
    public void Gdb_comes_from_each_instruction_of_the_entry_to_its_caller(VsyscallVariant variant, string address)
    {
        Backtrace backtrace = Gdb(InEntry(variant, address), up: 1);
        Assert.Equal([$"#0 0x{address} in {Entry} ()", $"#1 0x{ReturnAddress:x8} in ?? ()"], backtrace.Frames[..2]);
        Assert.Equal(Without(Register.EAX, Caller), Without(Register.EAX, backtrace.Registers));
    }

    [Theory]
    [MemberData(nameof(SignalReturnInstructions))]
    public void Gdb_comes_from_each_instruction_of_a_signal_return_to_what_was_interrupted(
        VsyscallVariant variant,
        string name,
        string address)
    {
        Backtrace backtrace = Gdb(InSignalReturn(variant, name, address), up: 1);
        Assert.Equal(["#0 <signal handler called>", $"#1 0x{InterruptedInstruction:x8} in ?? ()"], backtrace.Frames[..2]);
        Assert.Matches($"^{name}( |$)", backtrace.Symbol);
        Assert.Equal(Interrupted, backtrace.Registers);
    }

    [Theory]
    [InlineData(VsyscallVariant.Sysenter, Sigreturn)]
    [InlineData(VsyscallVariant.Sysenter, RtSigreturn)]
    [InlineData(VsyscallVariant.Int80, Sigreturn)]
    [InlineData(VsyscallVariant.Int80, RtSigreturn)]
    public void Gdb_comes_from_a_signals_handler_to_what_was_interrupted(VsyscallVariant variant, string name)
    {
        Backtrace backtrace = Gdb(InHandler(variant, name), up: 2);
        Assert.Equal(
            [$"#0 0x{HandlersInstruction:x8} in ?? ()", "#1 <signal handler called>", $"#2 0x{InterruptedInstruction:x8} in ?? ()"],
            backtrace.Frames[..3]);
        Assert.Equal(Interrupted, backtrace.Registers);
    }

    [Theory]
    [MemberData(nameof(EntryInstructions))]
    public void Elfutils_comes_from_each_instruction_of_the_entry_to_its_caller(VsyscallVariant variant, string address) => Assert.Equal(
        [$"#0 0x{address} {Entry} - linux-gate.so.1", $"#1 0x{ReturnAddress:x8} - 1"],
        ElfutilsStack(InEntry(variant, address)));

    [Theory]
    [MemberData(nameof(SignalReturnInstructions))]
    public void Elfutils_comes_from_each_instruction_of_a_signal_return_to_what_was_interrupted(
        VsyscallVariant variant,
        string name,
        string address) =>
        Assert.Equal(
            [$"#0 0x{address} {name} - linux-gate.so.1", $"#1 0x{InterruptedInstruction:x8} - 1"],
            ElfutilsStack(InSignalReturn(variant, name, address)));

    [Theory]
    [InlineData("ffffe403")]
    [InlineData("ffffe410")]
    [InlineData("ffffe412")]
    public void Without_the_pages_frames_gdb_does_not_find_the_callers_registers(string address)
    {
        byte[] page = VsyscallPage.Build(VsyscallVariant.Sysenter).Bytes.ToArray();
        page.AsSpan(0x460..0x590).Clear();
        Backtrace backtrace = Gdb(InEntry(page, address), up: 1);
        Assert.NotEqual(Without(Register.EAX, Caller), Without(Register.EAX, backtrace.Registers));
    }

    private static IEnumerable<string> Instructions(VsyscallVariant variant, uint start)
    {
        VsyscallPage page = VsyscallPage.Build(variant);
        int length = start switch
        {
            VsyscallPage.Entry => page.EntryLength,
            0xffffe420 => 8,
            _ => 7,
        };
        Decoder decoder = Decoder.Create(bitness: 32, page.Bytes.Slice((int)(start - Page), length).ToArray(), start);
        return [.. decoder.Select(instruction => $"{instruction.IP:x8}")];
    }

    private static I386Process InEntry(VsyscallVariant variant, string address) => InEntry(VsyscallPage.Build(variant).Bytes, address);

    private static I386Process InEntry(ReadOnlyMemory<byte> page, string address)
    {
        I386Process process = new(Caller, page);
        process.Push(ReturnAddress);
        process[Register.EIP] = VsyscallPage.Entry;
        process.RunTo(Parse(address));
        return process;
    }

    /// <summary>The handler has returned; its registers are the caller's, for they are of no use.</summary>
    private static I386Process InSignalReturn(VsyscallVariant variant, string name, string address)
    {
        I386Process process = WithSignalFrame(variant, name);
        process[Register.ESP] = SignalFrame + sizeof(uint);
        process[Register.EIP] = SignalReturns[name].Address;
        process.RunTo(Parse(address));
        return process;
    }

    /// <summary>The handler has pushed EBP and made it its frame pointer, by which a debugger finds its return address.</summary>
    private static I386Process InHandler(VsyscallVariant variant, string name)
    {
        I386Process process = WithSignalFrame(variant, name);
        process[Register.ESP] = SignalFrame;
        process.Push(process[Register.EBP]);
        process[Register.EBP] = process[Register.ESP];
        process[Register.EIP] = HandlersInstruction;
        return process;
    }

    private static I386Process WithSignalFrame(VsyscallVariant variant, string name)
    {
        (uint address, uint context) = SignalReturns[name];
        I386Process process = new(Caller, VsyscallPage.Build(variant).Bytes);
        process.Write(SignalFrame, address);
        foreach ((Register register, uint offset) in Sigcontext)
        {
            process.Write(SignalFrame + context + offset, Interrupted[register]);
        }

        return process;
    }

    private static Dictionary<Register, uint> Without(Register register, Dictionary<Register, uint> registers) =>
        registers.Where(pair => pair.Key != register).ToDictionary();

    private static uint Parse(string hexadecimal) => uint.Parse(hexadecimal, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>The frames that gdb finds, the symbol of the innermost, and the registers of the frame so far up.</summary>
    private static Backtrace Gdb(I386Process process, int up)
    {
        const string separator = "----";
        (int _, string output, string error) = Stranger.Read(
            process.Dump(),
            "gdb",
            [
                "-nx", "-batch", "-ex", "core-file {}",
                .. Separated("backtrace 3"), .. Separated("info symbol $pc"), .. Separated($"up {up}"),
                "-ex", "info registers",
            ]);
        string[] answers = output.Split($"{separator}\n");
        Assert.True(answers.Length == 4, error + output);
        return new Backtrace(
            [.. Frame().Matches(answers[1]).Select(match => Spaces().Replace(match.Value, " "))],
            answers[2].Trim(),
            RegisterLine().Matches(answers[3]).ToDictionary(
                match => Enum.Parse<Register>(match.Groups[1].Value.ToUpperInvariant()),
                match => Parse(match.Groups[2].Value)));

        static string[] Separated(string command) => ["-ex", $"echo {separator}\\n", "-ex", command];
    }

    /// <summary>The frames that elfutils finds. It fails at the caller, which nothing describes, and says so by its status.</summary>
    private static string[] ElfutilsStack(I386Process process) =>
        [.. Frame().Matches(Stranger.Read(process.Dump(), "eu-stack", "-v", "--core={}").Output)
            .Select(match => Spaces().Replace(match.Value, " ").TrimEnd())];

    [GeneratedRegex(@"^#\d.*$", RegexOptions.Multiline)]
    private static partial Regex Frame();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"^(e[a-z]{2}) +0x([0-9a-f]+)", RegexOptions.Multiline)]
    private static partial Regex RegisterLine();

    private sealed record Backtrace(string[] Frames, string Symbol, Dictionary<Register, uint> Registers);
}
