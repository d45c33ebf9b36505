// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Kvmsys.Monitor.Debugging;

/// <summary>
/// GDB's remote serial protocol, packet by packet: what each means for the program, and what is answered ("GDB Remote Serial Protocol" in
/// GDB's manual). Whatever a packet holds, it has an answer; one that is not known has the empty one.
/// </summary>
/// <param name="target">The program.</param>
internal sealed class GdbStub(IDebugTarget target)
{
    private const string Ok = "OK";
    private const string BadRequest = "E01";
    private const string BadAddress = "E0e";
    private const string Unknown = "";
    private const int SigTrap = 5;

    // The one file that a debugger can open: its number, and the errors of the protocol's file calls.
    private const uint MapFile = 3;
    private const string NoSuchFile = "F-1,2";
    private const string BadFile = "F-1,9";

    private bool _multiprocess;
    private bool _reportsBreakpoints;
    private ReadOnlyMemory<byte> _map;

    /// <summary>Whether packets are acknowledged no more.</summary>
    public bool NoAcknowledgements { get; private set; }

    /// <summary>Why the program stands still.</summary>
    public ProgramStop Stop { get; set; } = new(SigTrap);

    /// <summary>The reply that tells that the program stands still.</summary>
    public ReadOnlyMemory<byte> StopReply
    {
        get
        {
            StringBuilder reply = new();
            reply.Append(CultureInfo.InvariantCulture, $"T{GdbSignals.OfLinux(Stop.Signal):x2}");
            switch (Stop.Breakpoint)
            {
                case BreakpointType.Software when _reportsBreakpoints:
                    reply.Append("swbreak:;");
                    break;
                case BreakpointType.Hardware when _reportsBreakpoints:
                    reply.Append("hwbreak:;");
                    break;
                case BreakpointType.Write:
                    reply.Append(CultureInfo.InvariantCulture, $"watch:{Stop.Watched:x};");
                    break;
                case BreakpointType.Access:
                    reply.Append(CultureInfo.InvariantCulture, $"awatch:{Stop.Watched:x};");
                    break;
                default:
                    break;
            }

            // The registers that GDB always asks for next.
            byte[] block = ReadRegisters();
            foreach (int number in new[] { GdbRegisters.Ebp, GdbRegisters.Esp, GdbRegisters.Eip })
            {
                reply.Append(CultureInfo.InvariantCulture, $"{number:x2}:{Hex.Of(block.AsSpan(GdbRegisters.All[number].Offset, GdbRegisters.All[number].Size))};");
            }

            return Bytes(reply.Append("thread:").Append(Thread).Append(';').ToString());
        }
    }

    private string Thread => _multiprocess
        ? string.Create(CultureInfo.InvariantCulture, $"p{target.ProcessId:x}.{target.ProcessId:x}")
        : target.ProcessId.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>The reply that tells that the program has exited.</summary>
    public ReadOnlyMemory<byte> ExitReply(uint status) => EndReply('W', (byte)status);

    /// <summary>The reply that tells that a signal has ended the program.</summary>
    /// <param name="signal">Linux' number.</param>
    public ReadOnlyMemory<byte> SignalReply(int signal) => EndReply('X', (byte)GdbSignals.OfLinux(signal));

    /// <summary>Answers a packet.</summary>
    public GdbAnswer Answer(ReadOnlySpan<byte> packet)
    {
        // One character for each byte, so that binary data lie where they did.
        string text = Encoding.Latin1.GetString(packet);
        if (text.Length == 0)
        {
            return Reply(Unknown);
        }

        string rest = text[1..];
        return text[0] switch
        {
            '?' => new(StopReply),
            '!' or 'R' => Reply(Unknown),
            'g' => Reply(Hex.Of(ReadRegisters())),
            'G' => Reply(WriteRegisters(rest)),
            'p' => Reply(ReadRegister(rest)),
            'P' => Reply(WriteRegister(rest)),
            'm' => Reply(ReadMemory(rest)),
            'M' => Reply(WriteMemory(rest, data => Hex.TryParse(data, out byte[] bytes) ? bytes : null)),
            'X' => Reply(WriteMemory(rest, Encoding.Latin1.GetBytes)),
            'c' => Resume(ResumptionKind.Continue, null, rest),
            's' => Resume(ResumptionKind.Step, null, rest),
            'C' => ResumeWithSignal(ResumptionKind.Continue, rest),
            'S' => ResumeWithSignal(ResumptionKind.Step, rest),
            'k' => new(null, new(ResumptionKind.Kill)),
            'D' => new(Bytes(Ok), new(ResumptionKind.Detach)),
            'H' => Reply(rest.Length > 1 && IsOurs(rest.AsSpan(1)) ? Ok : BadRequest),
            'T' => Reply(IsOurs(rest) ? Ok : BadRequest),
            'Z' => Reply(Breakpoint(rest, insert: true)),
            'z' => Reply(Breakpoint(rest, insert: false)),
            'q' => Reply(Query(text)),
            'Q' => Reply(Set(text)),
            'v' => Verb(text),
            _ => Reply(Unknown),
        };
    }

    private static GdbAnswer Reply(ReadOnlyMemory<byte> reply) => new(reply);

    private static GdbAnswer Reply(string reply) => new(Bytes(reply));

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static GdbAnswer Refuse() => Reply(BadRequest);

    private ReadOnlyMemory<byte> EndReply(char kind, byte value) => Bytes(string.Create(
        CultureInfo.InvariantCulture,
        $"{kind}{value:x2}{(_multiprocess ? $";process:{target.ProcessId:x}" : "")}"));

    // ---- Registers ----

    private byte[] ReadRegisters()
    {
        byte[] block = new byte[GdbRegisters.Size];
        target.ReadRegisters(block);
        return block;
    }

    private string WriteRegisters(string data)
    {
        if (!Hex.TryParse(data, out byte[] block) || block.Length != GdbRegisters.Size)
        {
            return BadRequest;
        }

        bool done = true;
        for (int number = 0; number < GdbRegisters.All.Count; number++)
        {
            GdbRegister register = GdbRegisters.All[number];
            done &= target.TryWriteRegister(number, block.AsSpan(register.Offset, register.Size));
        }

        return done ? Ok : BadRequest;
    }

    private string ReadRegister(string which)
    {
        if (!Hex.TryParse(which, out uint number) || number >= GdbRegisters.All.Count)
        {
            return BadRequest;
        }

        GdbRegister register = GdbRegisters.All[(int)number];
        return Hex.Of(ReadRegisters().AsSpan(register.Offset, register.Size));
    }

    private string WriteRegister(string request)
    {
        int separator = request.IndexOf('=', StringComparison.Ordinal);
        return separator > 0
            && Hex.TryParse(request.AsSpan(0, separator), out uint number) && number < GdbRegisters.All.Count
            && Hex.TryParse(request.AsSpan(separator + 1), out byte[] value) && value.Length == GdbRegisters.All[(int)number].Size
            && target.TryWriteRegister((int)number, value)
                ? Ok
                : BadRequest;
    }

    // ---- Memory ----

    private string ReadMemory(string request)
    {
        if (!TryParseRange(request, out uint address, out uint length))
        {
            return BadRequest;
        }

        // Two digits a byte; less than was asked for may be answered.
        byte[] bytes = new byte[Math.Min(length, PacketReader.MaxPayload / 2)];
        int read = target.ReadMemory(address, bytes);
        return read == 0 && length != 0 ? BadAddress : Hex.Of(bytes.AsSpan(0, read));
    }

    private string WriteMemory(string request, Func<string, byte[]?> decode)
    {
        int separator = request.IndexOf(':', StringComparison.Ordinal);
        if (separator < 0
            || !TryParseRange(request.AsSpan(0, separator), out uint address, out uint length)
            || decode(request[(separator + 1)..]) is not byte[] bytes
            || bytes.Length != length)
        {
            return BadRequest;
        }

        return target.TryWriteMemory(address, bytes) ? Ok : BadAddress;
    }

    private string Breakpoint(string request, bool insert)
    {
        // TYPE,ADDRESS,LENGTH; conditions may follow, and GDB looks at them itself when they are not taken.
        string[] parts = request.Split(';')[0].Split(',');
        if (parts.Length != 3
            || !Hex.TryParse(parts[0], out uint type)
            || !Hex.TryParse(parts[1], out uint address)
            || !Hex.TryParse(parts[2], out uint length))
        {
            return BadRequest;
        }

        if (!Enum.IsDefined((BreakpointType)type))
        {
            return Unknown;
        }

        if (insert)
        {
            return target.TryInsert((BreakpointType)type, address, length) ? Ok : BadAddress;
        }

        target.Remove((BreakpointType)type, address, length);
        return Ok;
    }

    private static bool TryParseRange(ReadOnlySpan<char> text, out uint first, out uint second)
    {
        first = 0;
        second = 0;
        int separator = text.IndexOf(',');
        return separator > 0 && Hex.TryParse(text[..separator], out first) && Hex.TryParse(text[(separator + 1)..], out second);
    }

    // ---- Going on ----

    private GdbAnswer ResumeWithSignal(ResumptionKind kind, string request)
    {
        string[] parts = request.Split(';', 2);
        return Hex.TryParse(parts[0], out uint signal)
            ? Resume(kind, signal, parts.Length == 2 ? parts[1] : "")
            : Refuse();
    }

    private GdbAnswer Resume(ResumptionKind kind, uint? signal, string address)
    {
        if (address.Length > 0)
        {
            byte[] eip = new byte[sizeof(uint)];
            if (!Hex.TryParse(address, out uint value))
            {
                return Refuse();
            }

            BinaryPrimitives.WriteUInt32LittleEndian(eip, value);
            if (!target.TryWriteRegister(GdbRegisters.Eip, eip))
            {
                return Refuse();
            }
        }

        return new(null, new(kind, signal is uint given ? GdbSignals.ToLinux(given) : 0));
    }

    /// <summary>vCont: the first action that is for our thread.</summary>
    private GdbAnswer Continue(string actions)
    {
        foreach (string action in actions.Split(';'))
        {
            string[] parts = action.Split(':', 2);
            if (parts.Length == 2 && !IsOurs(parts[1]))
            {
                continue;
            }

            string what = parts[0];
            return what.Length == 0 ? Refuse() : what[0] switch
            {
                'c' when what.Length == 1 => Resume(ResumptionKind.Continue, null, ""),
                's' when what.Length == 1 => Resume(ResumptionKind.Step, null, ""),
                'C' => ResumeWithSignal(ResumptionKind.Continue, what[1..]),
                'S' => ResumeWithSignal(ResumptionKind.Step, what[1..]),
                _ => Refuse(),
            };
        }

        return Refuse();
    }

    /// <summary>Whether a thread-id means our thread: its number, or any (0), or all (-1).</summary>
    private bool IsOurs(ReadOnlySpan<char> thread)
    {
        if (thread.StartsWith("p"))
        {
            int separator = thread.IndexOf('.');
            ReadOnlySpan<char> process = separator < 0 ? thread[1..] : thread[1..separator];
            return IsOurNumber(process) && (separator < 0 || IsOurNumber(thread[(separator + 1)..]));
        }

        return IsOurNumber(thread);
    }

    private bool IsOurNumber(ReadOnlySpan<char> number) =>
        number is "-1" || (Hex.TryParse(number, out uint value) && (value == 0 || value == target.ProcessId));

    // ---- What GDB wants to know and set ----

    private ReadOnlyMemory<byte> Query(string packet)
    {
        const string xfer = "qXfer:";
        const string command = "qRcmd,";
        if (packet.StartsWith(xfer, StringComparison.Ordinal))
        {
            return Transfer(packet[xfer.Length..]);
        }

        if (packet.StartsWith(command, StringComparison.Ordinal))
        {
            return Bytes(Hex.TryParse(packet.AsSpan(command.Length), out byte[] line) ? Hex.Of(target.Command(Encoding.UTF8.GetString(line))) : BadRequest);
        }

        string name = packet.Split(':', 2)[0];
        return Bytes(name switch
        {
            "qSupported" => Supported(packet),
            "qAttached" => "0", // Started for the debugger: GDB kills it when it quits.
            "qC" => $"QC{Thread}",
            "qfThreadInfo" => $"m{Thread}",
            "qsThreadInfo" => "l",
            "qSymbol" => Ok,
            _ => Unknown,
        });
    }

    private string Supported(string packet)
    {
        string[] features = packet.Split(':', 2) is [_, string list] ? list.Split(';') : [];
        _multiprocess = features.Contains("multiprocess+");
        _reportsBreakpoints = features.Contains("swbreak+");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"PacketSize={PacketReader.MaxPayload:x};QStartNoAckMode+;multiprocess+;swbreak+;hwbreak+;vContSupported+;qXfer:features:read+;qXfer:auxv:read+");
    }

    /// <summary>OBJECT:read:ANNEX:OFFSET,LENGTH.</summary>
    private ReadOnlyMemory<byte> Transfer(string request)
    {
        string[] parts = request.Split(':');
        if (parts.Length != 4 || parts[1] != "read")
        {
            return Bytes(Unknown);
        }

        bool isDescription = parts is ["features", _, "target.xml", _];
        if (!isDescription && parts is not ["auxv", _, "", _])
        {
            return Bytes(parts[0] is "features" or "auxv" ? "E00" : Unknown);
        }

        ReadOnlyMemory<byte> bytes = isDescription ? Bytes(GdbRegisters.Description) : target.AuxiliaryVector;
        return TryParseRange(parts[3], out uint offset, out uint length) ? Part(bytes, offset, length) : Bytes(BadRequest);
    }

    /// <summary>"m" and a part, "l" and the last one. Every byte may have to be escaped.</summary>
    private static ReadOnlyMemory<byte> Part(ReadOnlyMemory<byte> whole, uint offset, uint length)
    {
        int start = (int)Math.Min(offset, (uint)whole.Length);
        int count = (int)Math.Min(Math.Min(length, (PacketReader.MaxPayload / 2) - 1), (uint)(whole.Length - start));
        bool isLast = start + count == whole.Length;
        return (byte[])[(byte)(isLast ? 'l' : 'm'), .. whole.Slice(start, count).Span];
    }

    private string Set(string packet)
    {
        if (packet != "QStartNoAckMode")
        {
            return Unknown;
        }

        NoAcknowledgements = true;
        return Ok;
    }

    private GdbAnswer Verb(string packet)
    {
        const string vCont = "vCont;";
        const string file = "vFile:";
        return packet switch
        {
            "vCont?" => Reply("vCont;c;C;s;S"),
            _ when packet.StartsWith(vCont, StringComparison.Ordinal) => Continue(packet[vCont.Length..]),
            _ when packet.StartsWith("vKill;", StringComparison.Ordinal) => new(Bytes(Ok), new(ResumptionKind.Kill)),
            _ when packet.StartsWith(file, StringComparison.Ordinal) => Reply(File(packet[file.Length..])),
            _ => Reply(Unknown), // vMustReplyEmpty among them.
        };
    }

    /// <summary>GDB looks into /proc/PID/task/PID/maps for the size of the vsyscall page, through the target's files.</summary>
    private ReadOnlyMemory<byte> File(string request)
    {
        string[] parts = request.Split(':', 2);
        if (parts.Length != 2)
        {
            return Bytes(Unknown);
        }

        string[] arguments = parts[1].Split(',');
        switch (parts[0])
        {
            case "setfs":
                return Bytes("F0");
            case "open":
                string path = Hex.TryParse(arguments[0], out byte[] name) ? Encoding.UTF8.GetString(name) : "";
                uint id = target.ProcessId;
                if (path != $"/proc/{id}/maps" && path != $"/proc/{id}/task/{id}/maps")
                {
                    return Bytes(NoSuchFile);
                }

                _map = Encoding.UTF8.GetBytes(target.MemoryMap);
                return Bytes($"F{MapFile}");
            case "pread":
                if (arguments.Length != 3
                    || !Hex.TryParse(arguments[0], out uint number) || number != MapFile
                    || !Hex.TryParse(arguments[1], out uint length)
                    || !Hex.TryParse(arguments[2], out uint offset))
                {
                    return Bytes(BadFile);
                }

                ReadOnlyMemory<byte> part = Part(_map, offset, length)[1..];
                return (byte[])[.. Bytes(string.Create(CultureInfo.InvariantCulture, $"F{part.Length:x};")).Span, .. part.Span];
            case "close":
                return Bytes(Hex.TryParse(arguments[0], out uint closed) && closed == MapFile ? "F0" : BadFile);
            default:
                return Bytes(Unknown);
        }
    }
}
