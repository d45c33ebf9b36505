// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Fuzz.Targets;

namespace Kvmsys.Fuzz;

/// <summary>Makes new inputs out of known ones: a few changes at random places, of the kinds that break readers of binary files.</summary>
internal sealed class Mutator(IFuzzTarget target, Random random)
{
    private const int MaxChanges = 8;

    private static readonly uint[] Interesting =
        [0, 1, 2, 4, 8, 0x10, 0x20, 0x7f, 0x80, 0xff, 0x100, 0x1000, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff];

    private readonly byte[] _buffer = new byte[target.MaxLength];
    private int _length;

    /// <summary>A changed copy, which is good until the next call.</summary>
    /// <param name="parent">What is changed.</param>
    /// <param name="other">Another input, of which a part may be taken.</param>
    public ReadOnlySpan<byte> Mutate(ReadOnlySpan<byte> parent, ReadOnlySpan<byte> other)
    {
        parent.CopyTo(_buffer);
        _length = parent.Length;
        for (int changes = random.Next(1, MaxChanges + 1); changes > 0; changes--)
        {
            Change(other);
        }

        return _buffer.AsSpan(0, _length);
    }

    private void Change(ReadOnlySpan<byte> other)
    {
        if (_length < sizeof(uint))
        {
            Insert(other.IsEmpty ? [(byte)random.Next(256)] : Part(other));
            return;
        }

        int at = random.Next(_length);
        switch (random.Next(12))
        {
            case 0:
                _buffer[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                _buffer[at] = (byte)random.Next(256);
                break;
            case 2:
                _buffer[at] += (byte)random.Next(-16, 17);
                break;
            case 3 or 4:
                BinaryPrimitives.WriteUInt32LittleEndian(Word(), Interesting[random.Next(Interesting.Length)]);
                break;
            case 5:
                BinaryPrimitives.WriteUInt16LittleEndian(Word(), (ushort)Interesting[random.Next(Interesting.Length)]);
                break;
            case 6:
                Span<byte> word = Word();
                BinaryPrimitives.WriteUInt32LittleEndian(word, BinaryPrimitives.ReadUInt32LittleEndian(word) + (uint)random.Next(-64, 65));
                break;
            case 7:
                // One field's value in another: an offset where a size belongs, an address where another does.
                Word().CopyTo(Word());
                break;
            case 8 when target.Dictionary.Count > 0:
                Overwrite(target.Dictionary[random.Next(target.Dictionary.Count)]);
                break;
            case 9:
                Overwrite(Part(other).ToArray());
                break;
            case 10:
                Insert(Part(random.Next(2) == 0 ? other : _buffer.AsSpan(0, _length)).ToArray());
                break;
            default:
                Remove();
                break;
        }
    }

    // Mostly at a multiple of four, where the fields of structures are.
    private Span<byte> Word()
    {
        int at = random.Next(_length - sizeof(uint) + 1);
        return _buffer.AsSpan(random.Next(4) == 0 ? at : at & ~3, sizeof(uint));
    }

    private ReadOnlySpan<byte> Part(ReadOnlySpan<byte> bytes)
    {
        int length = random.Next(Math.Min(bytes.Length, 64) + 1);
        return bytes.Slice(random.Next(bytes.Length - length + 1), length);
    }

    private void Overwrite(ReadOnlySpan<byte> bytes)
    {
        int at = random.Next(_length);
        at = random.Next(4) == 0 ? at : at & ~3;
        bytes[..Math.Min(bytes.Length, _length - at)].CopyTo(_buffer.AsSpan(at));
    }

    private void Insert(ReadOnlySpan<byte> bytes)
    {
        int at = random.Next(_length + 1);
        int count = Math.Min(bytes.Length, _buffer.Length - _length);
        _buffer.AsSpan(at, _length - at).CopyTo(_buffer.AsSpan(at + count));
        bytes[..count].CopyTo(_buffer.AsSpan(at));
        _length += count;
    }

    private void Remove()
    {
        int at = random.Next(_length);
        int count = random.Next(4) == 0 ? _length - at : Math.Min(random.Next(64), _length - at);
        _buffer.AsSpan(at + count, _length - at - count).CopyTo(_buffer.AsSpan(at));
        _length -= count;
    }
}
