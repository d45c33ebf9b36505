// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>The hosts of a farm in JSON.</summary>
/// <param name="Hosts">The hosts, in the order of their names.</param>
internal sealed record FarmHostListDocument(IReadOnlyList<FarmHostDocument> Hosts);
