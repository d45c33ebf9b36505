// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Kvmsys.Monitor.Debugging;

/// <summary>
/// GDB's registers of an i386 Linux program: their numbers, where each lies in a "g" packet, and the description by which GDB knows it
/// (gdb/features/i386: 32bit-core, 32bit-sse, 32bit-linux).
/// </summary>
internal static class GdbRegisters
{
    /// <summary>Number of EAX; the general registers are in the order of their encoding.</summary>
    public const int Eax = 0;

    /// <summary>Number of ESP.</summary>
    public const int Esp = 4;

    /// <summary>Number of EBP.</summary>
    public const int Ebp = 5;

    /// <summary>Number of EIP.</summary>
    public const int Eip = 8;

    /// <summary>Number of EFLAGS.</summary>
    public const int Eflags = 9;

    /// <summary>Number of CS; then SS, DS, ES, FS, GS.</summary>
    public const int Cs = 10;

    /// <summary>Number of ST0.</summary>
    public const int St0 = 16;

    /// <summary>Number of the FPU's control word; then status, tags, CS, EIP, DS, operand, opcode.</summary>
    public const int Fctrl = 24;

    /// <summary>Number of XMM0.</summary>
    public const int Xmm0 = 32;

    /// <summary>Number of MXCSR.</summary>
    public const int Mxcsr = 40;

    /// <summary>Number of ORIG_EAX.</summary>
    public const int OrigEax = 41;

    private const int SseStart = Xmm0;
    private const int LinuxStart = OrigEax;

    /// <summary>All of them, by number.</summary>
    public static IReadOnlyList<GdbRegister> All { get; } = Build();

    /// <summary>Bytes of the block of all registers.</summary>
    public static int Size { get; } = All[^1].Offset + All[^1].Size;

    /// <summary>target.xml.</summary>
    public static string Description { get; } = Describe();

    private static List<GdbRegister> Build()
    {
        List<GdbRegister> registers = [];
        Add(4, "int32", "eax", "ecx", "edx", "ebx");
        Add(4, "data_ptr", "esp", "ebp");
        Add(4, "int32", "esi", "edi");
        Add(4, "code_ptr", "eip");
        Add(4, "i386_eflags", "eflags");
        Add(4, "int32", "cs", "ss", "ds", "es", "fs", "gs");
        Add(10, "i387_ext", "st0", "st1", "st2", "st3", "st4", "st5", "st6", "st7");
        Add(4, "int", "fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop");
        Add(16, "vec128", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
        Add(4, "i386_mxcsr", "mxcsr");
        Add(4, "int", "orig_eax");
        return registers;

        void Add(int size, string type, params ReadOnlySpan<string> names)
        {
            foreach (string name in names)
            {
                int offset = registers.Count == 0 ? 0 : registers[^1].Offset + registers[^1].Size;
                registers.Add(new(name, offset, size, type));
            }
        }
    }

    private static string Describe()
    {
        StringBuilder xml = new();
        xml.Append("<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">");
        xml.Append("<architecture>i386</architecture><osabi>GNU/Linux</osabi>");
        xml.Append("<feature name=\"org.gnu.gdb.i386.core\">");
        Flags("i386_eflags", ("CF", 0), ("", 1), ("PF", 2), ("AF", 4), ("ZF", 6), ("SF", 7), ("TF", 8), ("IF", 9), ("DF", 10), ("OF", 11), ("NT", 14), ("RF", 16), ("VM", 17), ("AC", 18), ("VIF", 19), ("VIP", 20), ("ID", 21));
        Registers(0, SseStart);
        xml.Append("</feature><feature name=\"org.gnu.gdb.i386.sse\">");
        (string Id, string Type, int Count, string Field)[] vectors =
        [
            ("v4f", "ieee_single", 4, "v4_float"), ("v2d", "ieee_double", 2, "v2_double"), ("v16i8", "int8", 16, "v16_int8"),
            ("v8i16", "int16", 8, "v8_int16"), ("v4i32", "int32", 4, "v4_int32"), ("v2i64", "int64", 2, "v2_int64"),
        ];
        foreach ((string id, string type, int count, string _) in vectors)
        {
            xml.Append(CultureInfo.InvariantCulture, $"<vector id=\"{id}\" type=\"{type}\" count=\"{count}\"/>");
        }

        xml.Append("<union id=\"vec128\">");
        foreach ((string id, string _, int _, string field) in vectors)
        {
            xml.Append(CultureInfo.InvariantCulture, $"<field name=\"{field}\" type=\"{id}\"/>");
        }

        xml.Append("<field name=\"uint128\" type=\"uint128\"/></union>");
        Flags("i386_mxcsr", ("IE", 0), ("DE", 1), ("ZE", 2), ("OE", 3), ("UE", 4), ("PE", 5), ("DAZ", 6), ("IM", 7), ("DM", 8), ("ZM", 9), ("OM", 10), ("UM", 11), ("PM", 12), ("FZ", 15));
        Registers(SseStart, LinuxStart);
        xml.Append("</feature><feature name=\"org.gnu.gdb.i386.linux\">");
        Registers(LinuxStart, All.Count);
        return xml.Append("</feature></target>").ToString();

        void Flags(string id, params ReadOnlySpan<(string Name, int Bit)> fields)
        {
            xml.Append(CultureInfo.InvariantCulture, $"<flags id=\"{id}\" size=\"4\">");
            foreach ((string name, int bit) in fields)
            {
                xml.Append(CultureInfo.InvariantCulture, $"<field name=\"{name}\" start=\"{bit}\" end=\"{bit}\"/>");
            }

            xml.Append("</flags>");
        }

        void Registers(int first, int end)
        {
            for (int number = first; number < end; number++)
            {
                GdbRegister register = All[number];
                xml.Append(CultureInfo.InvariantCulture, $"<reg name=\"{register.Name}\" bitsize=\"{register.Size * 8}\" type=\"{register.Type}\" regnum=\"{number}\"/>");
            }
        }
    }
}
