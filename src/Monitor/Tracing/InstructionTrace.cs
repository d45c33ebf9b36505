// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;
using Iced.Intel;
using Kvmsys.Guest;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Tracing;

/// <summary>
/// Writes a line for each instruction of a program and of its kernel, and one for each change of the ring: how it came about, what the
/// program wants, and what it gets.
/// </summary>
internal sealed class InstructionTrace : IDebugger, ISignalWatch
{
    private const int SystemCallVector = 0x80;
    private const int SymbolColumn = 28;
    private const int BufferedChars = 32 << 10;

    private readonly LinuxMachine _program;
    private readonly SymbolTable _symbols;
    private readonly Disassembly _disassembly;
    private readonly TraceOptions _options;
    private readonly Action<string> _write;
    private readonly StringBuilder _text = new();

    // The system calls (by number) and exceptions (null) that the kernel is busy with, the last one on top.
    private readonly Stack<uint?> _open = new();
    private Instruction? _last;
    private uint _lastPc;
    private int _lastRing;
    private long _repeated;
    private bool _started;

    /// <summary>The trace of a program that has not run yet; it is the machine's debugger from now on.</summary>
    /// <param name="program">The program.</param>
    /// <param name="options">What to show.</param>
    /// <param name="write">Where to: is given whole lines.</param>
    public InstructionTrace(LinuxMachine program, TraceOptions options, Action<string> write)
    {
        _program = program;
        _symbols = program.Guest.Image.Symbols;
        _disassembly = new Disassembly(_symbols);
        _options = options;
        _write = write;
        program.Machine.Debugger = this;
        program.Process.Watch = this;
    }

    /// <summary>How much there was.</summary>
    public TraceCounts Counts { get; } = new();

    /// <inheritdoc/>
    public void Stopped(in DebugStop stop, GuestDebug guest)
    {
        guest.Action = DebugAction.Step;
        if (_started)
        {
            Follow(stop, guest);
        }
        else if (guest.Ring == 3)
        {
            _started = true;
            Line($"<- ring 3 by iret, at {Name(guest.Pc)}: the program starts");
        }
        else
        {
            return;
        }

        Show(guest);
    }

    /// <inheritdoc/>
    public SignalInfo? Delivering(in SignalInfo info)
    {
        ShowRepetition();
        Line($"** {Signals.NameOf(info.Number)} for the program");
        return info;
    }

    /// <summary>Writes what is left, and the summary.</summary>
    public void Finish()
    {
        ShowRepetition();
        _text.Append(Counts);
        Flush();
    }

    /// <summary>What the last instruction has led to.</summary>
    private void Follow(in DebugStop stop, GuestDebug guest)
    {
        bool isGate = stop.Vector is not null;
        Mnemonic mnemonic = _last?.Mnemonic ?? Mnemonic.INVALID;
        bool isInterrupt = mnemonic is Mnemonic.Int or Mnemonic.Int3 or Mnemonic.Into or Mnemonic.Int1;
        bool isHandler = stop.Kind == DebugStopKind.Handler;
        if (isHandler || (isGate && !isInterrupt))
        {
            // It was not executed; it will be shown again when it is.
            Counts[_lastRing]--;
        }

        if (isHandler)
        {
            return;
        }

        if (stop.Vector is int vector)
        {
            bool isCall = vector == SystemCallVector && mnemonic == Mnemonic.Int;
            Enter(isCall ? "int $0x80" : ExceptionVector.Describe((uint)vector), isCall ? null : vector, guest);
        }
        else if (mnemonic == Mnemonic.Sysenter)
        {
            Enter("sysenter", null, guest);
        }
        else if (mnemonic is Mnemonic.Sysexit or Mnemonic.Iretd or Mnemonic.Iret)
        {
            Leave(mnemonic == Mnemonic.Sysexit ? "sysexit" : "iret", guest);
        }
    }

    private void Enter(string way, int? exception, GuestDebug guest)
    {
        uint? call = exception is null ? (uint)guest.Regs.Rax : null;
        _open.Push(call);
        bool fromUser = _lastRing == 3;
        if (fromUser)
        {
            Counts.Enter(way);
        }
        else if (_options.UserOnly)
        {
            return;
        }

        string what = call is uint number ? $"system call {number} ({NameOfCall(number)})"
            : exception == (int)ExceptionVector.Pf ? DescribePageFault(guest)
            : $"at {Name(_lastPc)}";
        Line($"-> ring 0 {(fromUser ? "by" : "again by")} {way}, at {Name(guest.Pc)}: {what}");
    }

    private void Leave(string way, GuestDebug guest)
    {
        _open.TryPop(out uint? call);
        bool toUser = guest.Ring == 3;
        if (toUser)
        {
            Counts.Return(way);
        }
        else if (_options.UserOnly)
        {
            return;
        }

        string what = call is uint number ? $": {NameOfCall(number)} = {Result((uint)guest.Regs.Rax)}" : "";
        Line($"<- ring {guest.Ring} by {way}, at {Name(guest.Pc)}{what}");
    }

    private string DescribePageFault(GuestDebug guest)
    {
        const uint present = 1;
        const uint write = 2;
        byte[] word = new byte[sizeof(uint)];
        guest.Read((uint)guest.Regs.Rsp, word);
        uint error = BitConverter.ToUInt32(word);
        uint address = (uint)guest.Sregs.Cr2;
        bool isWrite = (error & write) != 0;
        bool isDemand = (error & present) == 0 && _program.Process.Memory.Regions.At(address)?.Allows(isWrite) == true;
        string access = $"a {(isWrite ? "write" : "read")} of {Name(address)}";
        return isDemand ? $"{access}, whose page is now given to the program" : access;
    }

    /// <summary>The next instruction.</summary>
    private void Show(GuestDebug guest)
    {
        uint pc = guest.Pc;
        if (pc == _lastPc && _last is Instruction last && IsRepeated(last) && guest.Ring == _lastRing)
        {
            _repeated++;
            return;
        }

        ShowRepetition();
        if (_options.Limit is long limit && Counts[3] + (_options.UserOnly ? 0 : Counts[0]) >= limit)
        {
            guest.Action = DebugAction.End;
            return;
        }

        _last = guest.Next;
        _lastPc = pc;
        _lastRing = guest.Ring;
        Counts[_lastRing]++;
        if (_lastRing == 3 || !_options.UserOnly)
        {
            string symbol = _symbols.Describe(pc) ?? "";
            string text = _last is Instruction instruction ? _disassembly.Format(instruction) : "(no instruction can be read here)";
            Line(string.Create(CultureInfo.InvariantCulture, $"{_lastRing}  {pc:x8}  {symbol,-SymbolColumn}  {text}"));
        }

        // What the program itself writes comes behind what led to it.
        if (_last?.Mnemonic == Mnemonic.Out)
        {
            Flush();
        }
    }

    private void ShowRepetition()
    {
        if (_repeated > 0)
        {
            Line(string.Create(CultureInfo.InvariantCulture, $"   ... {_repeated + 1:N0} times"));
            _repeated = 0;
        }
    }

    private void Line(string line)
    {
        _text.Append(line).Append('\n');
        if (_text.Length >= BufferedChars)
        {
            Flush();
        }
    }

    private void Flush()
    {
        _write(_text.ToString());
        _text.Clear();
    }

    private string Name(uint address) =>
        _symbols.Describe(address) ?? string.Create(CultureInfo.InvariantCulture, $"0x{address:x8}");

    private static bool IsRepeated(in Instruction instruction) => instruction.HasRepPrefix || instruction.HasRepnePrefix;

    private static string NameOfCall(uint number) => Enum.IsDefined((Syscall)number) ? $"{(Syscall)number}" : "no name";

    private static string Result(uint eax)
    {
        const uint lastError = 4095;
        const uint large = 0x10000;
        uint error = unchecked(0 - eax);
        return error is > 0 and <= lastError ? string.Create(CultureInfo.InvariantCulture, $"-{(Errno)error}")
            : eax >= large ? string.Create(CultureInfo.InvariantCulture, $"0x{eax:x}")
            : eax.ToString(CultureInfo.InvariantCulture);
    }
}
