// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>
/// What a farm's server is set up by, in one folder that is its owner's alone: farm.json, the configuration that is made of it, the controller's key and,
/// with TLS, certificates.
/// </summary>
/// <remarks>
/// farm.json is the truth, and server.conf is made of it. A change holds a lock, and writes both anew beside the old ones: farm.json first, so that whatever ends it between
/// the two, the next change writes the server.conf that was missing.
/// </remarks>
internal sealed class FarmFolder
{
    private const string DocumentName = "farm.json";
    private const string ConfigurationName = "server.conf";
    private const string ControllerKeyName = "controller.nk";
    private const string IssuerName = "ca.pem";
    private const string IssuerKeyName = "ca-key.pem";
    private const string CertificateName = "server.pem";
    private const string CertificateKeyName = "server-key.pem";
    // Some 200,000 hosts.
    private const int MostBytes = 64 << 20;
    private const UnixFileMode OwnersFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly string _folder;

    /// <summary>A farm's folder, which need not be there.</summary>
    /// <exception cref="BrokerException">It cannot be called so.</exception>
    public FarmFolder(string folder)
    {
        RefuseControlCharacters(folder);
        _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
    }

    /// <summary>Its path.</summary>
    public string Location => _folder;

    /// <summary>The server's configuration.</summary>
    public string ConfigurationPath => PathOf(ConfigurationName);

    /// <summary>Where the server keeps its process' number.</summary>
    public string ProcessPath => PathOf("server.pid");

    /// <summary>The controller's key.</summary>
    public string ControllerKeyPath => PathOf(ControllerKeyName);

    /// <summary>Makes the folder: all of it, or nothing.</summary>
    /// <param name="setup">How.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="BrokerException">It is there already, it may not be made so, or it cannot be made.</exception>
    /// <exception cref="AccessException">This host has no OpenSSL.</exception>
    public FarmDocument Create(FarmSetup setup, TimeProvider time)
    {
        RefuseExisting();
        if (setup.TlsNames is null && setup.OwnTls is null && !setup.Listen.IsLoopback)
        {
            throw BrokerException.Refusal(
                $"{setup.Listen} is reached by others, and without TLS they could read and change what is said there", "--tls NAME, by which hosts reach this one, makes a certificate; or listen at 127.0.0.1");
        }

        Check(setup);
        FarmKey controller = FarmKey.Create();
        FarmCertificates? certificates = setup.TlsNames is null ? null : FarmCertificates.Make(setup.TlsNames, time);
        FarmDocument farm = new()
        {
            Listen = setup.Listen.ToString(),
            Store = setup.Store ?? PathOf("jetstream"),
            ServerVersion = setup.ServerVersion?.ToString(),
            Hosts = setup.Hosts,
            Tls = certificates is null ? setup.OwnTls : new() { Name = setup.TlsNames![0], Certificate = PathOf(CertificateName), Key = PathOf(CertificateKeyName), Issuer = PathOf(IssuerName) },
            Members = [new() { Name = FarmDocument.ControllerName, Role = FarmRole.Controller, PublicKey = controller.PublicKey, AddedAt = Now(time) }],
        };

        string draft = $"{_folder}.{Path.GetRandomFileName()}";
        return Explained(() =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder)!);
            Directory.CreateDirectory(draft, OwnersFolder);
            try
            {
                controller.Write(Path.Combine(draft, ControllerKeyName));
                if (certificates is not null)
                {
                    WriteNew(draft, IssuerName, certificates.Issuer);
                    WriteNew(draft, IssuerKeyName, certificates.IssuerKey);
                    WriteNew(draft, CertificateName, certificates.Server);
                    WriteNew(draft, CertificateKeyName, certificates.ServerKey);
                }

                WriteNew(draft, DocumentName, JsonSerializer.Serialize(farm, FarmFolderJson.Default.FarmDocument) + "\n");
                WriteNew(draft, ConfigurationName, BrokerConfiguration.Text(farm, ProcessPath));
                Sync(draft);

                // Another init may have been as fast: of two, one has the name, and the other hears so.
                RefuseExisting();
                Directory.Move(draft, _folder);
                Sync(Path.GetDirectoryName(_folder)!);
                return farm;
            }
            finally
            {
                if (Directory.Exists(draft))
                {
                    Directory.Delete(draft, recursive: true);
                }
            }
        });
    }

    /// <summary>What the farm is.</summary>
    /// <exception cref="BrokerException">There is none here, or it cannot be read.</exception>
    public FarmDocument Read() => Explained(() =>
    {
        try
        {
            using FileStream file = new(PathOf(DocumentName), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            FarmDocument farm = (file.Length <= MostBytes ? JsonSerializer.Deserialize(file, FarmFolderJson.Default.FarmDocument) : null)
                ?? throw new JsonException($"{DocumentName} is no farm's");
            return ObjectionTo(farm) is string objection ? throw new JsonException($"{DocumentName}: {objection}") : farm;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw BrokerException.OfFile($"there is no farm in {_folder}", "kvmsys farm init makes one, and --folder names another");
        }
    });

    /// <summary>Lets a host in.</summary>
    /// <param name="name">What it is to be called.</param>
    /// <param name="publicKey">Its public key.</param>
    /// <param name="cpuKey">Its CPU model and KVM back end.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="BrokerException">One of these is none or is taken, or the folder cannot be used.</exception>
    public FarmMember Add(string name, string publicKey, string cpuKey, TimeProvider time)
    {
        if (!FarmNames.IsHost(name) || name == FarmDocument.ControllerName)
        {
            throw BrokerException.Refusal($"{Shown.OneLine(name)} is no name for a host", $"take {FarmNames.ExpectedHost}; {FarmDocument.ControllerName} is taken");
        }

        if (!FarmKey.IsPublicKey(publicKey))
        {
            throw BrokerException.Refusal($"--public {Shown.OneLine(publicKey)} is no public key: one begins with U and has 56 characters, the last of which are a checksum", "copy the line that kvmsys farm key create has shown on the host");
        }

        if (!FarmNames.IsCpuKey(cpuKey))
        {
            throw BrokerException.Refusal($"--cpu {Shown.OneLine(cpuKey)} names no kind of hosts", $"{FarmNames.ExpectedCpuKey}, as kvmsys farm key create has shown it on the host");
        }

        FarmMember member = new() { Name = name, Role = FarmRole.Host, PublicKey = publicKey, CpuKey = cpuKey, AddedAt = Now(time) };
        Change(farm =>
        {
            RefuseTaken(farm);

            // An account that somebody has left is as good as one that nobody had.
            int account = Enumerable.Range(1, farm.Hosts).Except(farm.Members.Select(other => other.Account)).FirstOrDefault();
            member = account > 0 ? member with { Account = account }
                : throw BrokerException.Refusal(
                    $"the server's configuration has accounts for {farm.Hosts} hosts, and each has one", $"kvmsys farm configure --hosts {Math.Min(2 * farm.Hosts, FarmDocument.MostHosts)}, and start the server anew");
            return farm with { Members = [.. farm.Members, member] };
        });
        return member;

        void RefuseTaken(FarmDocument farm)
        {
            if (farm.Members.Any(other => other.Name == name))
            {
                throw BrokerException.Refusal($"there is a host {name} already", $"kvmsys farm key revoke {name} ends its key, then add the new one; or take another name");
            }

            if (farm.Members.FirstOrDefault(other => other.PublicKey == publicKey) is FarmMember owner)
            {
                throw BrokerException.Refusal($"{owner.Name} has that public key already", "make a key for each host: kvmsys farm key create, on the host");
            }
        }
    }

    /// <summary>Lets a host in no more.</summary>
    /// <param name="name">What it is called.</param>
    /// <exception cref="BrokerException">There is no such host, or the folder cannot be used.</exception>
    public void Revoke(string name) => Change(farm => farm.Members.Any(member => member.Name == name && member.Role == FarmRole.Host)
        ? farm with { Members = [.. farm.Members.Where(member => member.Name != name)] }
        : throw BrokerException.Refusal($"there is no host {Shown.OneLine(name)}", "kvmsys farm key list has those that there are"));

    /// <summary>Writes the configuration anew, for a nats-server that may be another one, and is to be started anew.</summary>
    /// <param name="version">Which it is; null when that is not known.</param>
    /// <param name="hosts">Hosts that there are to be accounts for; null for as many as there were.</param>
    /// <exception cref="BrokerException">One of these has a host, or the folder cannot be used.</exception>
    public void Configure(BrokerVersion? version, int? hosts = null) => Change(farm => hosts < farm.Members.Max(member => member.Account)
        ? throw BrokerException.Refusal(
            $"--hosts {hosts} is too few: there is a host with account {farm.Members.Max(member => member.Account)}", "take a larger number, or revoke hosts that are gone")
        : farm with { ServerVersion = version?.ToString(), Hosts = hosts ?? farm.Hosts });

    /// <summary>Times in seconds: they are for people.</summary>
    private static DateTimeOffset Now(TimeProvider time) => DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());

    private static void RefuseControlCharacters(string path)
    {
        if (path.Length == 0 || path.Any(char.IsControl))
        {
            throw BrokerException.Refusal($"{Shown.OneLine(path)} is no path that nats-server's configuration could name", "take one without control characters");
        }
    }

    private static void Check(FarmSetup setup)
    {
        foreach (string path in new[] { setup.Store, setup.OwnTls?.Certificate, setup.OwnTls?.Key, setup.OwnTls?.Issuer }.OfType<string>())
        {
            RefuseControlCharacters(path);
        }

        if (setup.TlsNames is IReadOnlyList<string> names && (names.Count == 0 || names.FirstOrDefault(name => !FarmCertificates.IsName(name)) is not null))
        {
            throw BrokerException.Refusal(
                $"--tls {Shown.OneLine(string.Join(',', names))} has what is no name and no address of a host", "name those by which hosts reach this one, separated by commas: --tls farm.example.org,192.0.2.7");
        }

        if (setup.OwnTls is not BrokerTls tls)
        {
            return;
        }

        OpenSsl.Require("certificates");
        try
        {
            // What nats-server would refuse is refused here, where somebody reads why.
            using X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(tls.Certificate, tls.Key);
            if (certificate.NotAfter.ToUniversalTime() <= DateTime.UtcNow)
            {
                throw BrokerException.Refusal(
                    string.Create(CultureInfo.InvariantCulture, $"the certificate {Shown.OneLine(tls.Certificate)} has expired at {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC"), "renew it");
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw BrokerException.OfFile(
                $"the certificate {Shown.OneLine(tls.Certificate)} with the key {Shown.OneLine(tls.Key)} cannot be used: {Shown.OneLine(Shown.Reason(exception).TrimEnd('.'))}",
                "give --tls-certificate and --tls-key PEM files that belong together and that the server may read");
        }
    }

    /// <summary>What is wrong with a document that somebody may have changed by hand; the server would refuse it, and with it the end of a key.</summary>
    private static string? ObjectionTo(FarmDocument farm)
    {
        foreach (string path in new[] { farm.Store, farm.Tls?.Certificate, farm.Tls?.Key }.OfType<string>())
        {
            if (path.Any(char.IsControl))
            {
                return "a path has control characters";
            }
        }

        return BrokerAddress.Parse(farm.Listen) is not BrokerAddress address ? $"listen {Shown.OneLine(farm.Listen)} is not {BrokerAddress.Expected}"
            : farm.Tls is null && !address.IsLoopback ? $"listen {Shown.OneLine(farm.Listen)} is reached by others, and there is no TLS"
            : farm.ServerVersion is string version && BrokerVersion.Parse(version) is null ? $"serverVersion {Shown.OneLine(version)} is no version"
            : farm.Members.FirstOrDefault(member => !IsMember(member)) is FarmMember wrong ? $"{Shown.OneLine(wrong.Name)} is no member as there can be one"
            : farm.Members.DistinctBy(member => member.Name).Count() < farm.Members.Count || farm.Members.DistinctBy(member => member.PublicKey).Count() < farm.Members.Count
                || farm.Members.DistinctBy(member => member.Account).Count() < farm.Members.Count
                ? "two members have one name, one key or one account"
            : null;

        bool IsMember(FarmMember member) => FarmKey.IsPublicKey(member.PublicKey) && member.Role switch
        {
            FarmRole.Host => FarmNames.IsHost(member.Name) && member.Name != FarmDocument.ControllerName && member.Account >= 1 && member.Account <= farm.Hosts && member.CpuKey is string key && FarmNames.IsCpuKey(key),
            FarmRole.Controller => member.Name == FarmDocument.ControllerName && member.CpuKey is null,
            _ => false,
        };
    }

    private static void WriteNew(string folder, string name, string text)
    {
        using FileStream file = new(Path.Combine(folder, name), new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnersFile });
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Flush(flushToDisk: true);
    }

    private static void Sync(string path)
    {
        using OpenFile folder = OpenFile.ForReading(path);
        int error = -folder.Sync();
        if (error != 0)
        {
            throw new KvmException("fsync", (Errno)error, path);
        }
    }

    private string PathOf(string name) => Path.Combine(_folder, name);

    private void RefuseExisting()
    {
        if (Path.Exists(_folder))
        {
            throw BrokerException.Refusal($"{_folder} is there already, and nothing in it was changed", "take another --folder; kvmsys farm key add lets hosts into a farm that there is");
        }
    }

    /// <summary>Changes the farm, after whoever else does.</summary>
    private void Change(Func<FarmDocument, FarmDocument> change) => Explained(() =>
    {
        // That there is one at all is told before anything else is.
        Read();
        RefuseOtherOwner();
        using FileLock taken = TakeLock();
        FarmDocument farm = Read();
        WriteConfiguration(farm);
        FarmDocument changed = change(farm);
        Replace(DocumentName, JsonSerializer.Serialize(changed, FarmFolderJson.Default.FarmDocument) + "\n");
        WriteConfiguration(changed);
        return true;
    });

    private void WriteConfiguration(FarmDocument farm)
    {
        string text = BrokerConfiguration.Text(farm, ProcessPath);
        if (!File.Exists(ConfigurationPath) || File.ReadAllText(ConfigurationPath) != text)
        {
            Replace(ConfigurationName, text);
        }
    }

    /// <summary>Writes a file, whole or not at all, and on the disk.</summary>
    private void Replace(string name, string text)
    {
        string draft = $".{name}";
        WriteNew(_folder, draft, text);
        File.Move(PathOf(draft), PathOf(name), overwrite: true);
        Sync(_folder);
    }

    private FileLock TakeLock()
    {
        string holder = "";
        using CancellationTokenSource over = new(Patience);
        try
        {
            return FileLock.Take(_folder, known => holder = known is int process ? $", process {process.ToString(CultureInfo.InvariantCulture)}," : "", over.Token);
        }
        catch (OperationCanceledException)
        {
            throw BrokerException.OfFile($"somebody else{holder} has been changing {_folder} for {Patience.TotalSeconds} s", "wait for its end, or end it");
        }
    }

    /// <summary>A file of root's would be none that the server of another user could read: it would go on with the keys that it had.</summary>
    private void RefuseOtherOwner()
    {
        using OpenFile folder = OpenFile.ForReading(_folder);
        if (folder.Stat(out Statx status) == 0 && status.StxUid != UserIdentity.Uid)
        {
            throw BrokerException.OfFile($"{_folder} is another user's ({status.StxUid})", $"do it as that one: sudo -u '#{status.StxUid}' kvmsys farm ...");
        }
    }

    private T Explained<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or KvmException or JsonException)
        {
            throw BrokerException.OfFile($"the farm in {_folder} cannot be used: {Shown.OneLine(exception.Message.TrimEnd('.'))}", "make the folder and what is in it one user's, and put a damaged file back");
        }
    }
}
