// SPDX-License-Identifier: MIT

using Iced.Intel;

namespace Kvmsys.Guest.Assembly;

/// <summary>Code under construction: Iced's assembler, with labels by name that become symbols.</summary>
internal sealed class CodeUnit
{
    private readonly Dictionary<string, Label> _labels = [];
    private int _labelled = -1;

    /// <summary>Code for an address.</summary>
    /// <param name="address">Virtual address of the first instruction.</param>
    /// <param name="bitness">32 or 64: the mode that the CPU is in when it executes it.</param>
    public CodeUnit(uint address, int bitness)
    {
        Address = address;
        Asm = new Assembler(bitness);
    }

    /// <summary>Virtual address of the first instruction.</summary>
    public uint Address { get; }

    /// <summary>Iced's assembler.</summary>
    public Assembler Asm { get; }

    /// <summary>The label of that name, to branch to; it may be defined later.</summary>
    public Label this[string name]
    {
        get
        {
            if (!_labels.TryGetValue(name, out Label label))
            {
                label = Asm.CreateLabel(name);
                _labels.Add(name, label);
            }

            return label;
        }
    }

    /// <summary>Defines a label at the next instruction, which may have several.</summary>
    public void Define(string name)
    {
        if (_labelled == Asm.Instructions.Count)
        {
            // Iced takes one label an instruction; one without bytes carries the next label.
            Asm.zero_bytes();
        }

        _labelled = Asm.Instructions.Count;
        Label label = this[name];
        Asm.Label(ref label);
        _labels[name] = label;
    }

    /// <summary>Encodes the code.</summary>
    /// <returns>The bytes, and the labels as symbols.</returns>
    public (byte[] Bytes, Symbol[] Symbols) Assemble()
    {
        using MemoryStream stream = new();
        AssemblerResult result = Asm.Assemble(new StreamCodeWriter(stream), Address, BlockEncoderOptions.ReturnNewInstructionOffsets);
        Symbol[] symbols = [.. _labels.Select(label => new Symbol((uint)result.GetLabelRIP(label.Value), label.Key))];
        return (stream.ToArray(), symbols);
    }
}
