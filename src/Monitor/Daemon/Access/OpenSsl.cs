// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Monitor.Daemon.Access;

/// <summary>The host's OpenSSL, which .NET's cryptography calls. Only tokens, TLS and signatures need it; without it .NET would end the process.</summary>
internal static class OpenSsl
{
    private static readonly string[] Libraries = ["libssl.so.3", "libssl.so.1.1", "libssl.so.4"];

    private static readonly Lazy<bool> IsThere = new(() => Array.Exists(Libraries, library => NativeLibrary.TryLoad(library, out _)));

    /// <summary>Makes sure that it is there.</summary>
    /// <param name="what">What needs it, for people.</param>
    /// <exception cref="AccessException">It is not.</exception>
    public static void Require(string what)
    {
        if (!IsThere.Value)
        {
            throw new AccessException($"{what} need OpenSSL, and this host has no {Libraries[0]}", "install it (Debian: libssl3)");
        }
    }
}
