// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Linux;

/// <summary>Who is told of a program's signals before the program is: a debugger.</summary>
internal interface ISignalWatch
{
    /// <summary>A signal is about to be delivered. Called on the vCPU's thread, while the program's registers lie where the kernel has saved them.</summary>
    /// <param name="info">The signal.</param>
    /// <returns>What is delivered in its place; null for nothing.</returns>
    SignalInfo? Delivering(in SignalInfo info);
}
