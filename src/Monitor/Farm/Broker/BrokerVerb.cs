// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>What can be done with a subject.</summary>
internal enum BrokerVerb
{
    /// <summary>Messages may be sent there.</summary>
    Publish,

    /// <summary>Messages may be heard there.</summary>
    Subscribe,
}
