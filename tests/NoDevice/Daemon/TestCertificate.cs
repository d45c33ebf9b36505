// SPDX-License-Identifier: MIT

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>A certificate that is its own issuer's, as PEM files.</summary>
internal static class TestCertificate
{
    /// <summary>Writes one for localhost and 127.0.0.1.</summary>
    /// <param name="certificate">Path of the certificate.</param>
    /// <param name="key">Path of its key.</param>
    /// <param name="subject">Its subject.</param>
    /// <returns>Its thumbprint.</returns>
    public static string Write(string certificate, string key, string subject = "CN=localhost")
    {
        using ECDsa pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(subject, pair, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(key, pair.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificate, made.ExportCertificatePem());
        return made.Thumbprint;
    }
}
