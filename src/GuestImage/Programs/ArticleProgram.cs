// SPDX-License-Identifier: MIT

using System.Text;
using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Vsyscall;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Programs;

/// <summary>
/// The two programs of the 2005 article that look at the fixmap, in assembly: ordinary programs of Linux, which copy from a fixed address to
/// their stack and write(2) that. A write straight from there would be -EFAULT: the page lies above what a program may pass to its kernel.
/// </summary>
public static class ArticleProgram
{
    /// <summary>What the article's second page holds, in <see cref="Fixmap.HelloWorld"/>.</summary>
    public const string HelloWorldText = "Hello,World";

    private const int StandardOutput = 1;
    private const byte NewLine = (byte)'\n';

    /// <summary>The article's second page, for <see cref="I386GuestOptions.Fixmap"/>.</summary>
    public static FixmapContents HelloWorldPage { get; } = new("hello_world", Encoding.ASCII.GetBytes(HelloWorldText));

    /// <summary>The program that writes the 4096 bytes at 0xffffe000 to its standard output.</summary>
    public static GuestProgram Dump() => Assemble("dump", code =>
    {
        Assembler c = code.Asm;
        c.sub(esp, PageTableBuilder.PageSize);
        c.mov(esi, Fixmap.AddressOf(Fixmap.Vsyscall));
        c.mov(edi, esp);
        c.mov(ecx, PageTableBuilder.PageSize / sizeof(uint));
        c.rep.movsd();
        c.mov(edx, PageTableBuilder.PageSize);
        EmitWriteAndExit(code);
    });

    /// <summary>The program that writes the text at 0xffffd000, whatever it is, and a line's end: none of the text is in the program.</summary>
    public static GuestProgram HelloWorld() => Assemble("hello", code =>
    {
        Assembler c = code.Asm;
        c.sub(esp, PageTableBuilder.PageSize + sizeof(uint));
        c.mov(esi, Fixmap.AddressOf(Fixmap.HelloWorld));
        c.mov(edi, esp);
        c.mov(ecx, PageTableBuilder.PageSize);
        code.Define("next_character");
        c.lodsb();
        c.test(al, al);
        c.je(code["end_of_text"]);
        c.stosb();
        c.dec(ecx);
        c.jne(code["next_character"]);
        code.Define("end_of_text");
        c.mov(al, NewLine);
        c.stosb();
        c.mov(edx, edi);
        c.sub(edx, esp);
        EmitWriteAndExit(code);
    });

    private static GuestProgram Assemble(string name, Action<CodeUnit> emit)
    {
        TextSection text = new(GuestProgram.TextAddress, PageTableBuilder.PageSize);
        uint start = text.Add(name, emit);
        return GuestProgram.OfCode(text.ToArray()) with
        {
            MakesMonitorCalls = false,
            Entry = start,
            Symbols = [.. text.Symbols],
        };
    }

    /// <summary>Writes EDX bytes from the top of the stack; the program's status is 0 when all of them went out.</summary>
    private static void EmitWriteAndExit(CodeUnit code)
    {
        Assembler c = code.Asm;
        c.mov(ebx, StandardOutput);
        c.mov(ecx, esp);
        c.mov(eax, SyscallNumber.Write);
        c.call(VsyscallPage.Entry);
        c.xor(ebx, ebx);
        c.cmp(eax, edx);
        c.setne(bl);
        c.mov(eax, SyscallNumber.Exit);
        c.call(VsyscallPage.Entry);
        c.ud2();
    }
}
