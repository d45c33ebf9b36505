// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>What a bench may name, in JSON.</summary>
internal sealed record BenchChoicesDocument
{
    /// <summary>Ways into the kernel.</summary>
    public IReadOnlyList<string> Mechanisms { get; init; } = BenchSpec.KnownMechanisms;

    /// <summary>Kernels.</summary>
    public IReadOnlyList<string> Profiles { get; init; } = BenchSpec.KnownProfiles;

    /// <summary>What the 64-bit kernel can do on an entry beyond that.</summary>
    public IReadOnlyList<string> Mitigations { get; init; } = BenchSpec.KnownMitigations;

    /// <summary>How much is measured; the first where nothing is said.</summary>
    public IReadOnlyList<string> Protocols { get; init; } = BenchSpec.KnownProtocols;
}
