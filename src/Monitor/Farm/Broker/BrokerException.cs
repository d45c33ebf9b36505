// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>A farm's folder or one of its keys cannot be used, or not so.</summary>
internal sealed class BrokerException : Exception
{
    private BrokerException(bool isRefusal, string reason, string cure)
        : base($"{reason}. Cure: {cure}.") => IsRefusal = isRefusal;

    /// <summary>Whether what was asked for is wrong; else it is a file or folder that cannot be used.</summary>
    public bool IsRefusal { get; }

    /// <summary>What was asked for is wrong.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="cure">What helps.</param>
    public static BrokerException Refusal(string reason, string cure) => new(isRefusal: true, reason, cure);

    /// <summary>A file or folder cannot be used.</summary>
    /// <param name="reason">Why not.</param>
    /// <param name="cure">What helps.</param>
    public static BrokerException OfFile(string reason, string cure) => new(isRefusal: false, reason, cure);
}
