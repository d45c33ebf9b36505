// SPDX-License-Identifier: MIT

using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kvmsys.Monitor.Daemon.Access;

/// <summary>The certificate that a daemon shows who it is by, from PEM files that may be replaced while it runs.</summary>
internal sealed class ServerCertificate
{
    private readonly string _certificate;
    private readonly string _key;
    private readonly Lock _lock = new();
    private SslServerAuthenticationOptions _options;
    private (DateTime Certificate, DateTime Key) _written;

    /// <summary>Reads a certificate.</summary>
    /// <param name="certificate">Path of the certificate and those that lead to its issuer.</param>
    /// <param name="key">Path of its private key.</param>
    /// <exception cref="AccessException">They cannot be read, do not belong together, or this host has no OpenSSL.</exception>
    public ServerCertificate(string certificate, string key)
    {
        OpenSsl.Require("https:// addresses");
        (_certificate, _key) = (certificate, key);
        _written = Written();
        _options = Read();
    }

    /// <summary>Called when the files have changed and cannot be used; what they were goes on.</summary>
    public event Action<AccessException>? Failed;

    /// <summary>How a connection is made safe now: TLS 1.2 or 1.3.</summary>
    public SslServerAuthenticationOptions Options
    {
        get
        {
            lock (_lock)
            {
                if (Written() is var written && written != _written)
                {
                    _written = written;
                    try
                    {
                        _options = Read();
                    }
                    catch (AccessException exception)
                    {
                        Failed?.Invoke(exception);
                    }
                }

                return _options;
            }
        }
    }

    private (DateTime Certificate, DateTime Key) Written() => (File.GetLastWriteTimeUtc(_certificate), File.GetLastWriteTimeUtc(_key));

    private SslServerAuthenticationOptions Read()
    {
        try
        {
            X509Certificate2Collection chain = [];
            chain.ImportFromPemFile(_certificate);
            X509Certificate2 own = X509Certificate2.CreateFromPemFile(_certificate, _key);
            return new()
            {
                ServerCertificateContext = SslStreamCertificateContext.Create(own, chain, offline: true),
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                AllowRenegotiation = false,
                ApplicationProtocols = [SslApplicationProtocol.Http11],
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new AccessException(
                $"the certificate {_certificate} with the key {_key} cannot be used: {exception.Message.TrimEnd('.')}", "give tlsCertificate and tlsKey PEM files that belong together and that the daemon may read");
        }
    }
}
