// SPDX-License-Identifier: MIT

using System.Security.Cryptography;
using System.Text;
using Kvmsys.Monitor.Daemon.Access;

namespace Kvmsys.Monitor.Daemon.Webhooks;

/// <summary>By what who is told knows that it was this daemon: HMAC-SHA256, as Standard Webhooks has it (standardwebhooks.com, specification 1.0.0).</summary>
internal sealed class WebhookSecret
{
    private const string Prefix = "whsec_";
    private const int LeastBytes = 24;
    private const int MostBytes = 64;

    private readonly byte[] _key;

    private WebhookSecret(byte[] key) => _key = key;

    /// <summary>Reads a secret from a file that has whsec_ and 24 to 64 bytes in Base64.</summary>
    /// <exception cref="AccessException">It cannot be read, has none, or this host has no OpenSSL.</exception>
    public static WebhookSecret Read(string path)
    {
        OpenSsl.Require("webhooks");
        try
        {
            return Parse(File.ReadAllText(path).Trim()) ?? throw Refusal("it has none");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Refusal(exception.Message.TrimEnd('.'));
        }

        AccessException Refusal(string reason) =>
            new($"the webhooks' secret in {path} cannot be used: {reason}", $"echo {Prefix}$(head -c 32 /dev/urandom | base64) writes one; whoever is told has to know it too");
    }

    /// <summary>Reads a secret.</summary>
    /// <param name="text">whsec_ and Base64.</param>
    /// <returns>The secret; null when it is none.</returns>
    public static WebhookSecret? Parse(string text)
    {
        byte[] key = new byte[text.Length];
        return text.StartsWith(Prefix, StringComparison.Ordinal) && Convert.TryFromBase64String(text[Prefix.Length..], key, out int count) && count is >= LeastBytes and <= MostBytes
            ? new(key[..count])
            : null;
    }

    /// <summary>What is sent as webhook-signature.</summary>
    /// <param name="id">What is sent as webhook-id.</param>
    /// <param name="timestamp">What is sent as webhook-timestamp: seconds since 1970.</param>
    /// <param name="body">The body.</param>
    public string Sign(string id, string timestamp, ReadOnlySpan<byte> body) =>
        $"v1,{Convert.ToBase64String(HMACSHA256.HashData(_key.AsSpan(), [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body]))}";
}
