// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Daemon.Access;

/// <summary>
/// A daemon's tokens: a folder with a file for each, named by its number. They are no part of the database, so that one that is damaged or put back from
/// a backup locks nobody out and lets nobody in again.
/// </summary>
internal sealed class TokenFolder
{
    private const string FolderName = "tokens";
    private const int MostBytes = 4096;
    private const UnixFileMode OwnersFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _stateFolder;
    private readonly string _folder;
    private readonly TimeProvider _time;

    /// <summary>The tokens of a daemon; the folder need not be there.</summary>
    /// <param name="stateFolder">The daemon's folder.</param>
    /// <param name="time">The clock.</param>
    public TokenFolder(string stateFolder, TimeProvider time) =>
        (_stateFolder, _folder, _time) = (stateFolder, Path.Combine(stateFolder, FolderName), time);

    /// <summary>The token that a secret is of; null when there is none, or none any more.</summary>
    /// <exception cref="AccessException">What is kept of it cannot be read, or this host has no OpenSSL.</exception>
    public AccessToken? Find(string secret) =>
        TokenSecret.Parse(secret) is TokenSecret parsed && Read(parsed.Id) is AccessToken token && parsed.IsOf(token) && IsGood(token) ? token : null;

    /// <summary>Those that are good, by name; those of one name in the order of their making.</summary>
    /// <exception cref="AccessException">One of them cannot be read.</exception>
    public IReadOnlyList<AccessToken> List() => [.. All().Where(IsGood).OrderBy(token => token.Name, StringComparer.Ordinal).ThenBy(token => token.CreatedAt)];

    /// <summary>Makes a token.</summary>
    /// <param name="name">Whose it is: a name that none of them has yet.</param>
    /// <param name="scope">What its holder may do.</param>
    /// <param name="lifetime">How long it is good; null for ever.</param>
    /// <exception cref="AccessException">The name is none or taken, or it cannot be kept.</exception>
    public TokenSecret Create(string name, Scope scope, TimeSpan? lifetime)
    {
        if (!AccessToken.IsName(name))
        {
            throw new AccessException($"{name} is no name for a token", $"take 1 to {AccessToken.LongestName} of a-z, 0-9, '.', '_' and '-'; {Caller.Socket}, {Caller.Loopback} and {Caller.Nobody} are taken");
        }

        RemoveExpired();
        return List().Any(token => token.Name == name)
            ? throw new AccessException($"there is a token {name} already", $"kvmsys daemon token rotate {name} makes another secret for it, or take another name")
            : Add(name, scope, lifetime);
    }

    /// <summary>Makes another secret for a token; those that it had are good for a while yet.</summary>
    /// <param name="name">Whose it is.</param>
    /// <param name="overlap">How long they are.</param>
    /// <exception cref="AccessException">There is no such token, or it cannot be kept.</exception>
    public TokenSecret Rotate(string name, TimeSpan overlap)
    {
        AccessToken[] old = Of(name);
        DateTimeOffset end = _time.GetUtcNow() + overlap;
        TokenSecret secret = Add(name, old[^1].Scope, old[^1].ExpiresAt - old[^1].CreatedAt);
        foreach (AccessToken token in old.Where(token => token.ExpiresAt is not DateTimeOffset expiry || expiry > end))
        {
            Keep(token with { ExpiresAt = end });
        }

        RemoveExpired();
        return secret;
    }

    /// <summary>Ends a token, at once.</summary>
    /// <param name="name">Whose it is.</param>
    /// <exception cref="AccessException">There is no such token, or its file cannot be removed.</exception>
    public void Revoke(string name) => Remove(Of(name));

    private AccessToken[] Of(string name) => List().Where(token => token.Name == name).ToArray() is { Length: > 0 } found
        ? found
        : throw new AccessException($"there is no token {name}", "kvmsys daemon token list has those that there are");

    private bool IsGood(AccessToken token) => token.ExpiresAt is not DateTimeOffset expiry || _time.GetUtcNow() < expiry;

    private TokenSecret Add(string name, Scope scope, TimeSpan? lifetime)
    {
        TokenSecret secret = TokenSecret.Create();
        DateTimeOffset now = _time.GetUtcNow();
        Keep(new() { Id = secret.Id, Name = name, Scope = scope, Sha256 = secret.Sha256(), CreatedAt = now, ExpiresAt = now + lifetime });
        return secret;
    }

    private string PathOf(string id) => Path.Combine(_folder, id);

    private AccessToken? Read(string id) => Explained(() =>
    {
        try
        {
            using FileStream file = new(PathOf(id), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            return file.Length <= MostBytes && JsonSerializer.Deserialize(file, AccessJson.Default.AccessToken) is AccessToken token && token.Id == id
                ? token
                : throw new JsonException("it is no token's");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    });

    /// <summary>Keeps a token, whole or not at all, and on the disk.</summary>
    private void Keep(AccessToken token) => Explained(() =>
    {
        Directory.CreateDirectory(_stateFolder, OwnersFolder);
        RefuseOtherOwner();
        Directory.CreateDirectory(_folder, OwnersFolder);
        string draft = PathOf($".{token.Id}");
        using (FileStream file = new(draft, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnersFile }))
        {
            JsonSerializer.Serialize(file, token, AccessJson.Default.AccessToken);
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, PathOf(token.Id), overwrite: true);
        Sync();
        return true;
    });

    private void Remove(IEnumerable<AccessToken> tokens) => Explained(() =>
    {
        RefuseOtherOwner();
        foreach (AccessToken token in tokens)
        {
            File.Delete(PathOf(token.Id));
        }

        Sync();
        return true;
    });

    private void RemoveExpired()
    {
        AccessToken[] expired = [.. All().Where(token => !IsGood(token))];
        if (expired.Length > 0)
        {
            Remove(expired);
        }
    }

    private AccessToken[] All() => Explained(() =>
    {
        try
        {
            return Directory.GetFiles(_folder).Select(path => Path.GetFileName(path)).Where(TokenSecret.IsId).Select(Read).OfType<AccessToken>().ToArray();
        }
        catch (DirectoryNotFoundException)
        {
            // Nobody has made one yet. Directory.Exists would say so too of a folder that one may not see into.
            return [];
        }
    });

    /// <summary>A file of root's would be none that the daemon of another user could read.</summary>
    private void RefuseOtherOwner()
    {
        using OpenFile folder = OpenFile.ForReading(_stateFolder);
        if (folder.Stat(out Statx status) == 0 && status.StxUid != UserIdentity.Uid)
        {
            throw new AccessException($"{_stateFolder} is another user's ({status.StxUid})", "do it as that one: sudo -u USER kvmsys daemon token ...");
        }
    }

    private void Sync()
    {
        using OpenFile folder = OpenFile.ForReading(_folder);
        int error = -folder.Sync();
        if (error != 0)
        {
            throw new KvmException("fsync", (Errno)error, _folder);
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
            throw new AccessException($"the tokens in {_folder} cannot be used: {exception.Message.TrimEnd('.')}", "make the folder and what is in it the daemon's own, or remove the file");
        }
    }
}
