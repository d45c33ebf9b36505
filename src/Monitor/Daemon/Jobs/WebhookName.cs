// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>What a webhook is called to people: its path may be all that its receiver knows a friend by.</summary>
internal static class WebhookName
{
    /// <summary>Its scheme, host and port.</summary>
    /// <param name="url">The webhook.</param>
    public static string Of(string url) => Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) ? parsed.GetLeftPart(UriPartial.Authority) : "a webhook";
}
