// SPDX-License-Identifier: MIT

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kvmsys.Monitor.Daemon.Access;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>An issuer of a farm's own, and the certificate of its server: what hosts know the server by, where nobody else has issued one.</summary>
/// <param name="Issuer">The issuer's certificate, PEM: for every host.</param>
/// <param name="IssuerKey">Its private key, PEM; needed only to make another certificate.</param>
/// <param name="Server">The server's certificate, PEM.</param>
/// <param name="ServerKey">Its private key, PEM.</param>
internal sealed record FarmCertificates(string Issuer, string IssuerKey, string Server, string ServerKey)
{
    /// <summary>Days that the server's certificate is good: as many as clients take at most.</summary>
    public const int ServerDays = 825;

    /// <summary>Years that the issuer's certificate is good.</summary>
    public const int IssuerYears = 10;

    // X.520: a common name has 64 characters at most.
    private const int LongestCommonName = 64;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    // Clocks of hosts that were just switched on may be slow.
    private static readonly TimeSpan Earlier = TimeSpan.FromHours(1);

    /// <summary>Whether a text is a name or an address of a host.</summary>
    public static bool IsName(string text) => IPAddress.TryParse(text, out IPAddress? address)
        ? address.ToString() == text
        : text.Length <= 253 && !text.EndsWith('.') && Uri.CheckHostName(text) == UriHostNameType.Dns && text.All(char.IsAscii);

    /// <summary>Makes them.</summary>
    /// <param name="names">The names and addresses of the server; the first is what it is called.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="AccessException">This host has no OpenSSL.</exception>
    public static FarmCertificates Make(IReadOnlyList<string> names, TimeProvider time)
    {
        OpenSsl.Require("certificates");
        DateTimeOffset from = time.GetUtcNow() - Earlier;
        using ECDsa issuerPair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 issuer = Issue(issuerPair, from);
        using ECDsa serverPair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 server = Issue(serverPair, issuer, names, from);
        return new(issuer.ExportCertificatePem() + "\n", issuerPair.ExportPkcs8PrivateKeyPem() + "\n", server.ExportCertificatePem() + "\n", serverPair.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private static X509Certificate2 Issue(ECDsa pair, DateTimeOffset from)
    {
        CertificateRequest request = new("CN=kvmsys farm", pair, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(from, from.AddYears(IssuerYears));
    }

    private static X509Certificate2 Issue(ECDsa pair, X509Certificate2 issuer, IReadOnlyList<string> names, DateTimeOffset from)
    {
        X500DistinguishedNameBuilder subject = new();
        subject.AddCommonName(names[0].Length <= LongestCommonName ? names[0] : "kvmsys farm server");
        SubjectAlternativeNameBuilder alternatives = new();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        CertificateRequest request = new(subject.Build(), pair, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));

        // The first bit clear: a serial number is positive.
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return request.Create(issuer, from, from.AddDays(ServerDays), serial);
    }
}
