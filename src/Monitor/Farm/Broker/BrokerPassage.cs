// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>How messages with a subject get from a host's account of the server into the farm's, or back.</summary>
internal enum BrokerPassage
{
    /// <summary>They do not: they stay where they are sent.</summary>
    None,

    /// <summary>The host asks, and gets one answer.</summary>
    Request,

    /// <summary>The host asks, and gets answers for a while.</summary>
    Requests,

    /// <summary>The farm says something, and the host hears it.</summary>
    Broadcast,
}
