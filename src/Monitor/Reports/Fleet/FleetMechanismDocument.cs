// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>One mechanism on one kernel across CPU models, in JSON.</summary>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="Profile">The kernel's profile.</param>
/// <param name="Rows">A row for each CPU model that has it, and each verdict that it has there.</param>
public sealed record FleetMechanismDocument(string Mechanism, string Profile, IReadOnlyList<FleetRowDocument> Rows)
{
    /// <summary>The document of a mechanism.</summary>
    public static FleetMechanismDocument Of(FleetMechanism mechanism)
    {
        ArgumentNullException.ThrowIfNull(mechanism);
        return new(mechanism.Mechanism, mechanism.Profile, [.. mechanism.Rows.Select(FleetRowDocument.Of)]);
    }
}
