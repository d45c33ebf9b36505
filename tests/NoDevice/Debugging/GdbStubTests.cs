// SPDX-License-Identifier: MIT

using System.Text;
using System.Xml;
using System.Xml.Linq;
using FsCheck.Xunit;
using Kvmsys.Monitor.Debugging;

namespace Kvmsys.Tests.NoDevice.Debugging;

/// <summary>Every packet, good and bad.</summary>
public sealed class GdbStubTests
{
    private readonly FakeTarget _target = new();
    private readonly GdbStub _stub;

    public GdbStubTests() => _stub = new GdbStub(_target);

    [Theory]
    [InlineData("m8048010,4", "10111213")]
    [InlineData("m8048ffe,8", "feff")]
    [InlineData("m8048000,0", "")]
    [InlineData("m8047fff,1", "E0e")]
    [InlineData("mffffffff,ffffffff", "E0e")]
    [InlineData("m", "E01")]
    [InlineData("m8048000", "E01")]
    [InlineData("m8048000,", "E01")]
    [InlineData("m,4", "E01")]
    [InlineData("m-1,4", "E01")]
    [InlineData("m108048000,4", "E01")]
    [InlineData("m 8048000,4", "E01")]
    [InlineData("M8048010,2:abcd", "OK")]
    [InlineData("M8048ffe,8:0000000000000000", "E0e")]
    [InlineData("M8048010,2:ab", "E01")]
    [InlineData("M8048010,2:abc", "E01")]
    [InlineData("M8048010,2:abxy", "E01")]
    [InlineData("M8048010,ffffffff:ab", "E01")]
    [InlineData("M8048010,2", "E01")]
    [InlineData("X8048010,2:ab", "OK")]
    [InlineData("X8048010,0:", "OK")]
    [InlineData("X8048010,3:ab", "E01")]
    [InlineData("p8", "78563412")]
    [InlineData("p29", "00000000")]
    [InlineData("p2a", "E01")]
    [InlineData("pffffffff", "E01")]
    [InlineData("p", "E01")]
    [InlineData("P8=00000001", "OK")]
    [InlineData("P8=0001", "E01")]
    [InlineData("P8", "E01")]
    [InlineData("P2a=00000000", "E01")]
    [InlineData("P=00000000", "E01")]
    [InlineData("Pb=01000000", "E01")]
    [InlineData("G", "E01")]
    [InlineData("G00", "E01")]
    [InlineData("Z0,8048000,1", "OK")]
    [InlineData("Z1,8048000,1", "OK")]
    [InlineData("Z2,8048000,4", "OK")]
    [InlineData("Z3,8048000,4", "")]
    [InlineData("Z4,8048000,4", "OK")]
    [InlineData("Z5,8048000,4", "")]
    [InlineData("Z0,0,1", "E0e")]
    [InlineData("Z0,8048000,1;X3,220027", "OK")]
    [InlineData("Z0,8048000", "E01")]
    [InlineData("Z", "E01")]
    [InlineData("z0,8048000,1", "OK")]
    [InlineData("z9,8048000,1", "")]
    [InlineData("Hg0", "OK")]
    [InlineData("Hc-1", "OK")]
    [InlineData("Hgp3e8.3e8", "OK")]
    [InlineData("Hgp3e8.-1", "OK")]
    [InlineData("Hgp1.1", "E01")]
    [InlineData("Hg", "E01")]
    [InlineData("H", "E01")]
    [InlineData("T3e8", "OK")]
    [InlineData("T3e9", "E01")]
    [InlineData("T", "E01")]
    [InlineData("qC", "QC3e8")]
    [InlineData("qfThreadInfo", "m3e8")]
    [InlineData("qsThreadInfo", "l")]
    [InlineData("qAttached", "0")]
    [InlineData("qAttached:3e8", "0")]
    [InlineData("qSymbol::", "OK")]
    [InlineData("qRcmd,776865726", "E01")]
    [InlineData("qXfer:auxv:read::0,1000", "l!\0\0\0\0\u00e0\u00ff\u00ff")]
    [InlineData("qXfer:auxv:read::0,4", "m!\0\0\0")]
    [InlineData("qXfer:auxv:read::8,4", "l")]
    [InlineData("qXfer:auxv:read::ffffffff,ffffffff", "l")]
    [InlineData("qXfer:auxv:read::x", "E01")]
    [InlineData("qXfer:auxv:write::0:00", "")]
    [InlineData("qXfer:features:read:none.xml:0,10", "E00")]
    [InlineData("qXfer:spu:read::0,10", "")]
    [InlineData("qXfer:", "")]
    [InlineData("QStartNoAckMode", "OK")]
    [InlineData("QNonStop:1", "")]
    [InlineData("vCont?", "vCont;c;C;s;S")]
    [InlineData("vCont;", "E01")]
    [InlineData("vCont;x", "E01")]
    [InlineData("vCont;c:p1.1", "E01")]
    [InlineData("vCont;Cxx", "E01")]
    [InlineData("vMustReplyEmpty", "")]
    [InlineData("vFile:setfs:0", "F0")]
    [InlineData("vFile:open:2f6574632f706173737764,0,0", "F-1,2")]
    [InlineData("vFile:open:", "F-1,2")]
    [InlineData("vFile:pread:3,1000,0", "F0;")]
    [InlineData("vFile:pread:4,1000,0", "F-1,9")]
    [InlineData("vFile:pread:", "F-1,9")]
    [InlineData("vFile:close:5", "F-1,9")]
    [InlineData("vFile:unlink:61", "")]
    [InlineData("vFile:", "")]
    [InlineData("cx", "E01")]
    [InlineData("C", "E01")]
    [InlineData("Szz;8048000", "E01")]
    [InlineData("!", "")]
    [InlineData("R00", "")]
    [InlineData("", "")]
    [InlineData("\u00ff", "")]
    public void A_packet_and_its_reply(string packet, string reply)
    {
        _target[GdbRegisters.Eip] = 0x12345678;
        Assert.Equal(reply, Reply(packet));
    }

    [Fact]
    public void What_is_written_is_there()
    {
        Reply("M8048010,2:abcd");
        Reply("X8048020,2:\u00ff}");
        Reply("P8=78563412");
        Assert.Equal([0xab, 0xcd], _target.Memory[0x10..0x12]);
        Assert.Equal([0xff, (byte)'}'], _target.Memory[0x20..0x22]);
        Assert.Equal(0x12345678u, _target[GdbRegisters.Eip]);
    }

    [Fact]
    public void All_registers_go_out_and_come_in_together()
    {
        for (int i = 0; i < _target.Registers.Length; i++)
        {
            _target.Registers[i] = (byte)i;
        }

        string all = Reply("g");
        Assert.Equal(312 * 2, all.Length);
        byte[] before = [.. _target.Registers];
        Assert.Equal("OK", Reply($"G{all}"));
        Assert.Equal(before, _target.Registers);
    }

    [Fact]
    public void Breakpoints_are_set_and_taken_away()
    {
        Reply("Z0,8048000,1");
        Reply("Z2,8048004,4");
        Assert.Equal([(BreakpointType.Software, 0x8048000u, 1u), (BreakpointType.Write, 0x8048004u, 4u)], _target.Breakpoints);
        Reply("z0,8048000,1");
        Assert.Equal(BreakpointType.Write, Assert.Single(_target.Breakpoints).Type);
    }

    [Theory]
    [InlineData("c", ResumptionKind.Continue, 0)]
    [InlineData("s", ResumptionKind.Step, 0)]
    [InlineData("C0b", ResumptionKind.Continue, 11)]
    [InlineData("S1e", ResumptionKind.Step, 10)]
    [InlineData("C0b;8048123", ResumptionKind.Continue, 11)]
    [InlineData("vCont;c", ResumptionKind.Continue, 0)]
    [InlineData("vCont;s:p3e8.3e8;c", ResumptionKind.Step, 0)]
    [InlineData("vCont;s:p1.1;c", ResumptionKind.Continue, 0)]
    [InlineData("vCont;C0a:p3e8.-1", ResumptionKind.Continue, 7)]
    [InlineData("vCont;S8f", ResumptionKind.Step, 0)]
    [InlineData("k", ResumptionKind.Kill, 0)]
    [InlineData("vKill;3e8", ResumptionKind.Kill, 0)]
    [InlineData("D", ResumptionKind.Detach, 0)]
    [InlineData("D;3e8", ResumptionKind.Detach, 0)]
    public void The_program_goes_on(string packet, object kind, int signal)
    {
        GdbAnswer answer = Answer(packet);
        Assert.Equal(new Resumption((ResumptionKind)kind, signal), answer.Resumption);
        Assert.Equal(packet[0] is 'D' || packet.StartsWith("vKill", StringComparison.Ordinal), answer.Reply is not null);
    }

    [Fact]
    public void It_goes_on_elsewhere()
    {
        Assert.Equal(ResumptionKind.Continue, Answer("c8048123").Resumption?.Kind);
        Assert.Equal(0x08048123u, _target[GdbRegisters.Eip]);
    }

    [Fact]
    public void A_stop_tells_signal_reason_registers_and_thread()
    {
        _target[GdbRegisters.Eip] = 0xffffe405;
        Assert.Equal("T0505:00000000;04:00000000;08:05e4ffff;thread:3e8;", Reply("?"));
        Assert.StartsWith("PacketSize=4000;", Reply("qSupported:multiprocess+;swbreak+;hwbreak+"), StringComparison.Ordinal);
        _stub.Stop = new ProgramStop(5, BreakpointType.Software);
        Assert.Equal("T05swbreak:;05:00000000;04:00000000;08:05e4ffff;thread:p3e8.3e8;", Reply("?"));
        _stub.Stop = new ProgramStop(5, BreakpointType.Write, 0x0804c010);
        Assert.StartsWith("T05watch:804c010;", Reply("?"), StringComparison.Ordinal);
        _stub.Stop = new ProgramStop(7);
        Assert.StartsWith("T0a05:", Reply("?"), StringComparison.Ordinal);
        Assert.Equal("QCp3e8.3e8", Reply("qC"));
    }

    [Fact]
    public void The_end_is_told_by_status_or_by_signal()
    {
        Assert.Equal("W07", Text(_stub.ExitReply(0x107)));
        Reply("qSupported:multiprocess+");
        Assert.Equal("W2a;process:3e8", Text(_stub.ExitReply(42)));
        Assert.Equal("X0b;process:3e8", Text(_stub.SignalReply(11)));
    }

    [Fact]
    public void A_command_of_the_person_at_the_debugger()
    {
        Assert.Equal(Convert.ToHexStringLower("done\n"u8), Reply($"qRcmd,{Convert.ToHexStringLower("ring0 on"u8)}"));
        Assert.Equal(["ring0 on"], _target.Commands);
    }

    [Fact]
    public void The_map_of_the_memory_is_a_file()
    {
        foreach (string path in new[] { "/proc/1000/maps", "/proc/1000/task/1000/maps" })
        {
            Assert.Equal("F3", Reply($"vFile:open:{Convert.ToHexStringLower(Encoding.ASCII.GetBytes(path))},0,0"));
            Assert.Equal("F8;ffffe000", Reply("vFile:pread:3,8,0"));
            Assert.Equal($"F{_target.MemoryMap.Length - 9:x};{_target.MemoryMap[9..]}", Reply("vFile:pread:3,1000,9"));
            Assert.Equal("F0;", Reply("vFile:pread:3,1000,1000"));
            Assert.Equal("F0", Reply("vFile:close:3"));
        }
    }

    [Fact]
    public void The_description_is_in_parts_that_make_up_valid_XML_with_every_register_in_its_place()
    {
        StringBuilder whole = new();
        string part;
        do
        {
            part = Reply($"qXfer:features:read:target.xml:{whole.Length:x},400");
            Assert.InRange(part.Length, 1, 0x401);
            whole.Append(part.AsSpan(1));
        }
        while (part[0] == 'm');

        using XmlReader reader = XmlReader.Create(new StringReader(whole.ToString()), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        XDocument document = XDocument.Load(reader);
        Assert.Equal(
            ["org.gnu.gdb.i386.core", "org.gnu.gdb.i386.sse", "org.gnu.gdb.i386.linux"],
            document.Descendants("feature").Select(feature => feature.Attribute("name")!.Value));
        int offset = 0;
        int number = 0;
        foreach (XElement register in document.Descendants("reg"))
        {
            Assert.Equal($"{number}", register.Attribute("regnum")!.Value);
            Assert.Equal((register.Attribute("name")!.Value, offset), (GdbRegisters.All[number].Name, GdbRegisters.All[number].Offset));
            offset += int.Parse(register.Attribute("bitsize")!.Value, System.Globalization.CultureInfo.InvariantCulture) / 8;
            number++;
        }

        Assert.Equal((42, GdbRegisters.Size), (number, offset));
    }

    [Fact]
    public void Signals_have_GDBs_numbers_and_come_back()
    {
        for (int signal = 1; signal <= 64; signal++)
        {
            int gdb = GdbSignals.OfLinux(signal);
            Assert.Equal(gdb == 143 ? 0 : signal, GdbSignals.ToLinux((uint)gdb));
        }

        Assert.All(
            [(5, 5), (7, 10), (11, 11), (10, 30), (17, 20), (32, 77), (33, 45), (64, 78)],
            pair => Assert.Equal(pair.Item2, GdbSignals.OfLinux(pair.Item1)));
    }

    [Property(MaxTest = 2000)]
    public void Whatever_arrives_is_answered(byte first, byte[] rest)
    {
        GdbAnswer answer = _stub.Answer([first, .. rest]);
        Assert.True(answer.Reply is not null || answer.Resumption is not null);
    }

    [Property(MaxTest = 2000)]
    public void Whatever_becomes_of_a_good_packet_is_answered(byte which, byte position, byte value, bool cut)
    {
        string[] good =
        [
            "m8048000,10", "M8048000,2:abcd", "X8048000,2:ab", "P8=00000000", "Z0,8048000,1", "vCont;s:p3e8.3e8;c", "qXfer:features:read:target.xml:0,100",
            "qSupported:multiprocess+;swbreak+", "vFile:open:2f70,0,0", "vFile:pread:3,10,0", "C0b;8048000", "Hgp3e8.3e8", "qRcmd,6162",
        ];
        byte[] packet = Encoding.Latin1.GetBytes(good[which % good.Length]);
        int index = position % packet.Length;
        packet[index] = value;
        GdbAnswer answer = _stub.Answer(cut ? packet.AsSpan(0, index) : packet);
        Assert.True(answer.Reply is not null || answer.Resumption is not null);
    }

    private static string Text(ReadOnlyMemory<byte> reply) => Encoding.Latin1.GetString(reply.Span);

    private GdbAnswer Answer(string packet) => _stub.Answer(Encoding.Latin1.GetBytes(packet));

    private string Reply(string packet)
    {
        GdbAnswer answer = Answer(packet);
        Assert.Null(answer.Resumption);
        return Text(answer.Reply!.Value);
    }
}
