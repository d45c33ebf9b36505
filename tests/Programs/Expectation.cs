// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;

namespace Kvmsys.Tests.Programs;

/// <summary>What a case must come to that cannot run on this host's kernel.</summary>
/// <param name="Status">Exit status.</param>
/// <param name="Output">A regular expression that all of standard output matches, each byte a character.</param>
internal sealed record Expectation(int Status, [StringSyntax(StringSyntaxAttribute.Regex)] string Output);
