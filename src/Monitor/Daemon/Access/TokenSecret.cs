// SPDX-License-Identifier: MIT

using System.Security.Cryptography;

namespace Kvmsys.Monitor.Daemon.Access;

/// <summary>What a token's holder has: kvmsys_ID_SECRET. It is shown once and kept nowhere.</summary>
internal sealed class TokenSecret
{
    private const string Scheme = "kvmsys";
    private const int IdBytes = 8;
    private const int SecretBytes = 32;

    private readonly byte[] _secret;

    private TokenSecret(string id, byte[] secret) => (Id, _secret) = (id, secret);

    /// <summary>The token's number, in hexadecimal.</summary>
    public string Id { get; }

    /// <summary>A new one.</summary>
    /// <exception cref="AccessException">This host has no OpenSSL.</exception>
    public static TokenSecret Create()
    {
        OpenSsl.Require("tokens");
        return new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)), RandomNumberGenerator.GetBytes(SecretBytes));
    }

    /// <summary>Reads one.</summary>
    /// <param name="text">What somebody has sent.</param>
    /// <returns>The secret; null when it is none.</returns>
    public static TokenSecret? Parse(string text)
    {
        string[] parts = text.Split('_');
        return parts is [Scheme, string id, { Length: 2 * SecretBytes } secret] && IsId(id) && IsHexadecimal(secret) ? new(id, Convert.FromHexString(secret)) : null;
    }

    /// <summary>Whether a text can be a token's number.</summary>
    public static bool IsId(string text) => text.Length == 2 * IdBytes && IsHexadecimal(text);

    /// <summary>SHA-256 of the secret: 32 bytes.</summary>
    /// <exception cref="AccessException">This host has no OpenSSL.</exception>
    public byte[] Sha256()
    {
        OpenSsl.Require("tokens");
        return SHA256.HashData(_secret);
    }

    /// <summary>Whether a token's is this secret; it takes as long whatever differs.</summary>
    /// <exception cref="AccessException">This host has no OpenSSL.</exception>
    public bool IsOf(AccessToken token) => CryptographicOperations.FixedTimeEquals(Sha256(), token.Sha256);

    /// <inheritdoc/>
    public override string ToString() => $"{Scheme}_{Id}_{Convert.ToHexStringLower(_secret)}";

    private static bool IsHexadecimal(string text) => text.All(char.IsAsciiHexDigitLower);
}
