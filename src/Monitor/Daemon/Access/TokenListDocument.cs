// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Access;

/// <summary>Tokens in JSON.</summary>
/// <param name="Tokens">Those that are good.</param>
internal sealed record TokenListDocument(IReadOnlyList<TokenDocument> Tokens);
