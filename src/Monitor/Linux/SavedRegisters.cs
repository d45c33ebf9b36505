// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Monitor.Machine;

namespace Kvmsys.Monitor.Linux;

/// <summary>The program's registers where the guest's kernel has saved them, at a system call or an exception.</summary>
internal sealed class SavedRegisters : ProgramRegisters
{
    private readonly GuestRam _ram;
    private readonly uint _address;

    // In an exception's frame, the vector lies between the registers and what the CPU pushes.
    private readonly uint _shift;

    private SavedRegisters(GuestRam ram, uint address, uint shift)
    {
        _ram = ram;
        _address = KernelLayout.Physical(address);
        _shift = shift;
    }

    /// <summary>Those of a system call.</summary>
    /// <param name="ram">The guest's memory.</param>
    /// <param name="address">Address of its <see cref="PtRegs"/>.</param>
    public static SavedRegisters OfSystemCall(GuestRam ram, uint address) => new(ram, address, 0);

    /// <summary>Those of an exception in ring 3.</summary>
    /// <param name="ram">The guest's memory.</param>
    /// <param name="address">Address of its <see cref="FaultFrame"/>.</param>
    public static SavedRegisters OfException(GuestRam ram, uint address) => new(ram, address, FaultFrame.Eip - PtRegs.Eip);

    /// <inheritdoc/>
    public override uint this[int offset]
    {
        get => _ram.Read<uint>(AddressOf(offset));
        set => _ram.Write(AddressOf(offset), value);
    }

    private uint AddressOf(int offset) => _address + (uint)offset + (offset >= PtRegs.OrigEax ? _shift : 0);
}
