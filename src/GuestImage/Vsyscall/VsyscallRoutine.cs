// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Vsyscall;

/// <summary>An entry point of the page, with its code.</summary>
/// <param name="Name">Its symbol.</param>
/// <param name="Address">Virtual address of its first instruction.</param>
/// <param name="Code">The code.</param>
internal sealed record VsyscallRoutine(string Name, uint Address, byte[] Code);
