// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>Whom a farm's server lets in, for scripts.</summary>
/// <param name="Keys">They, in the order of their names.</param>
internal sealed record FarmKeyListDocument(IReadOnlyList<FarmMember> Keys);
