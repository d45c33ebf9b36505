// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Debugging;

/// <summary>The program that stands still, as a debugger sees it.</summary>
internal interface IDebugTarget
{
    /// <summary>The process identifier; it has one thread, with the same.</summary>
    uint ProcessId { get; }

    /// <summary>The auxiliary vector that the program was started with.</summary>
    ReadOnlyMemory<byte> AuxiliaryVector { get; }

    /// <summary>The program's memory, as /proc/PID/maps has it.</summary>
    string MemoryMap { get; }

    /// <summary>Reads all registers.</summary>
    /// <param name="block"><see cref="GdbRegisters.Size"/> bytes.</param>
    void ReadRegisters(Span<byte> block);

    /// <summary>Writes a register.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="value">Its bytes, as many as it has.</param>
    /// <returns>False when it cannot have that value.</returns>
    bool TryWriteRegister(int number, ReadOnlySpan<byte> value);

    /// <summary>Reads memory.</summary>
    /// <returns>How many bytes from the address on there are.</returns>
    int ReadMemory(uint address, Span<byte> bytes);

    /// <summary>Writes memory, whatever the program itself may do there.</summary>
    /// <returns>False when not all of it is there.</returns>
    bool TryWriteMemory(uint address, ReadOnlySpan<byte> bytes);

    /// <summary>Sets a breakpoint.</summary>
    /// <returns>False when it is not possible there, or no debug register is free.</returns>
    bool TryInsert(BreakpointType type, uint address, uint length);

    /// <summary>Takes a breakpoint away, if there is one.</summary>
    void Remove(BreakpointType type, uint address, uint length);

    /// <summary>A command of the person at the debugger: "monitor ...".</summary>
    /// <returns>What to tell that person.</returns>
    string Command(string command);
}
