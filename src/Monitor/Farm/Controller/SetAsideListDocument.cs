// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>What came where results come, and is none, in JSON.</summary>
/// <param name="Results">The latest first.</param>
internal sealed record SetAsideListDocument(IReadOnlyList<SetAsideResult> Results);
