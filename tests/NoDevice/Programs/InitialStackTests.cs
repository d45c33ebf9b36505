// SPDX-License-Identifier: MIT

using System.Text;
using FsCheck.Xunit;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Tests.NoDevice.Programs;

/// <summary>What a program finds on its stack when it starts.</summary>
public sealed class InitialStackTests
{
    private static readonly byte[] RandomBytes = [.. Enumerable.Range(1, ProcessStart.RandomSize).Select(i => (byte)i)];

    [Property]
    public void Arguments_environment_and_auxiliary_vector_are_where_the_ABI_says(byte[][] arguments, byte[][] environment)
    {
        byte[][] given = [.. arguments.Select(WithoutZeros)];
        byte[][] variables = [.. environment.Select(WithoutZeros)];
        InitialStack stack = Build(given, variables);
        Assert.Equal(0u, stack.StackPointer % 16);
        Assert.Equal(0, stack.Bytes.Length % 0x1000);
        uint at = stack.StackPointer;
        Assert.Equal((uint)given.Length, Next());
        Assert.Equal(given, Strings());
        Assert.Equal(variables, Strings());
        Dictionary<AuxiliaryType, uint> auxiliary = [];
        while (Next() is uint type && type != (uint)AuxiliaryType.Null)
        {
            auxiliary.Add((AuxiliaryType)type, Next());
        }

        Assert.Equal("./program", Encoding.ASCII.GetString(String(auxiliary[AuxiliaryType.ExecutableName])));
        Assert.Equal("i686", Encoding.ASCII.GetString(String(auxiliary[AuxiliaryType.Platform])));
        Assert.Equal(RandomBytes, Bytes(auxiliary[AuxiliaryType.Random], RandomBytes.Length));
        Assert.Equal(
            (TinyElf.TextAddress + 0x100, TinyElf.TextAddress + 52, 3u, 32u, 4096u),
            (auxiliary[AuxiliaryType.Entry], auxiliary[AuxiliaryType.ProgramHeaders], auxiliary[AuxiliaryType.ProgramHeaderCount],
                auxiliary[AuxiliaryType.ProgramHeaderSize], auxiliary[AuxiliaryType.PageSize]));
        Assert.Equal((7u, 8u, 0u), (auxiliary[AuxiliaryType.Uid], auxiliary[AuxiliaryType.Gid], auxiliary[AuxiliaryType.Secure]));

        // The last word of all is a null pointer.
        Assert.Equal(new byte[4], Bytes(GuestProgram.StackTop - 4, 4));

        uint Next()
        {
            at += 4;
            return BitConverter.ToUInt32(Bytes(at - 4, 4));
        }

        List<byte[]> Strings()
        {
            List<byte[]> strings = [];
            while (Next() is uint pointer and not 0)
            {
                strings.Add(String(pointer));
            }

            return strings;
        }

        byte[] String(uint address) => Bytes(address, (int)(GuestProgram.StackTop - address)).TakeWhile(value => value != 0).ToArray();

        byte[] Bytes(uint address, int length) => stack.Bytes.Span.Slice((int)(address - (GuestProgram.StackTop - (uint)stack.Bytes.Length)), length).ToArray();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void More_than_Linux_takes_is_refused(int excess)
    {
        // Zero and pointer count too, and so does the program's name.
        byte[][] arguments = [new byte[InitialStack.MaxBytes - 5 - "./program".Length + excess]];
        Array.Fill(arguments[0], (byte)'x');
        if (excess == 0)
        {
            Assert.InRange(Build(arguments, []).Bytes.Length, InitialStack.MaxBytes, InitialStack.MaxBytes + 0x2000);
        }
        else
        {
            Assert.Contains($"take {InitialStack.MaxBytes + 1} bytes", Assert.Throws<ArgumentException>(() => Build(arguments, [])).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Very_many_empty_arguments_fit_or_are_refused()
    {
        const int most = (InitialStack.MaxBytes - 9) / 5;
        Assert.Equal(0u, Build([.. Enumerable.Repeat(Array.Empty<byte>(), most)], []).StackPointer % 16);
        Assert.Throws<ArgumentException>(() => Build([.. Enumerable.Repeat(Array.Empty<byte>(), most + 1)], []));
    }

    [Fact]
    public void The_pages_end_where_the_kernel_begins()
    {
        ProgramSegment segment = Build([], []).ToSegment(SegmentFlags.Read | SegmentFlags.Write);
        Assert.Equal((GuestProgram.StackTop - 0x1000, GuestProgram.StackTop), (segment.Address, segment.End));
    }

    private static byte[] WithoutZeros(byte[] text) => [.. text.Where(value => value != 0)];

    private static InitialStack Build(byte[][] arguments, byte[][] environment) => InitialStack.Build(new TinyElf().Parse(), new ProcessStart
    {
        FileName = "./program"u8.ToArray(),
        Arguments = [.. arguments.Select(text => (ReadOnlyMemory<byte>)text)],
        Environment = [.. environment.Select(text => (ReadOnlyMemory<byte>)text)],
        RandomBytes = RandomBytes,
        Uid = 7,
        Gid = 8,
    });
}
