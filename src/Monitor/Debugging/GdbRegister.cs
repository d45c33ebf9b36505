// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Debugging;

/// <summary>A register as GDB numbers them on i386: in the order of <see cref="GdbRegisters.All"/>.</summary>
/// <param name="Name">Its name in GDB's features.</param>
/// <param name="Offset">Where it lies in the block of all registers.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Type">GDB's type.</param>
internal sealed record GdbRegister(string Name, int Offset, int Size, string Type);
