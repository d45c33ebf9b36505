// SPDX-License-Identifier: MIT

namespace Kvmsys.Tests.Lab;

/// <summary>How a command in the lab ended.</summary>
/// <param name="Status">Exit status.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record LabResult(int Status, string Output, string Error);
