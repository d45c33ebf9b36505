// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Native;
using Kvmsys.Native.Linux;
using NATS.NKeys;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>A pair of keys by which a member of a farm shows who it is: an nkey of NATS'. The server knows the public one alone.</summary>
internal sealed class FarmKey
{
    private const int MostBytes = 1024;
    private const int PublicKeyLength = 56;
    private const uint OthersBits = 0b000_111_111;
    private const uint OthersBitsOfRootsFile = 0b000_011_111;

    private FarmKey(KeyPair pair) => (PublicKey, Seed) = (pair.GetPublicKey(), pair.GetSeed());

    /// <summary>What the server is told: U and 55 characters more.</summary>
    public string PublicKey { get; }

    /// <summary>What makes the pair, and is nobody else's to know: SU and 56 characters more.</summary>
    public string Seed { get; }

    /// <summary>A new one.</summary>
    /// <exception cref="AccessException">This host has no OpenSSL.</exception>
    public static FarmKey Create()
    {
        OpenSsl.Require("keys of a farm");
        using KeyPair pair = KeyPair.CreatePair(PrefixByte.User);
        return new(pair);
    }

    /// <summary>Whether a text is a public key of a member: its prefix and its checksum are right.</summary>
    public static bool IsPublicKey(string text)
    {
        try
        {
            // The length first: decoding takes whatever characters follow.
            return text.Length == PublicKeyLength && text.All(c => c is (>= 'A' and <= 'Z') or (>= '2' and <= '7')) && KeyPair.IsValidPublicKey(PrefixByte.User, text);
        }
        catch (NKeysException)
        {
            return false;
        }
    }

    /// <summary>Reads a key's file.</summary>
    /// <exception cref="BrokerException">There is none, others can read it, or it is no key's.</exception>
    public static FarmKey Read(string path)
    {
        try
        {
            using OpenFile file = OpenFile.ForReading(path);
            int error = -file.Stat(out Statx status);
            if (error != 0)
            {
                throw new KvmException("statx", (Errno)error, path);
            }

            if ((status.StxMode & Statx.SIfmt) != Statx.SIfreg)
            {
                throw BrokerException.OfFile($"{Shown.OneLine(path)} is no regular file", "name the file of a key; kvmsys farm key create makes one");
            }

            // What root gives a group to read is meant so, and a credential of systemd's looks so, whose list of who may read it shows as its group.
            uint shared = status.StxMode & (status.StxUid == 0 ? OthersBitsOfRootsFile : OthersBits);
            if (shared != 0)
            {
                string mode = Convert.ToString(status.StxMode & 0b111_111_111, toBase: 8);
                throw BrokerException.OfFile(
                    $"the key {Shown.OneLine(path)} can be read or changed by others (mode {mode})", $"chmod 600 {path}; and if somebody else may have read it, revoke it and make another");
            }

            byte[] bytes = new byte[MostBytes];
            int count = file.ReadAt(bytes, 0);
            return count < 0 ? throw new KvmException("read", (Errno)(-count), path) : Parse(Encoding.ASCII.GetString(bytes, 0, count).Trim(), path);
        }
        catch (KvmException exception)
        {
            throw BrokerException.OfFile($"the key {Shown.OneLine(path)} cannot be read: {exception.Message}", "name the file of a key that this user may read; kvmsys farm key create makes one");
        }
    }

    /// <summary>Writes it into a file that is not there yet.</summary>
    /// <exception cref="BrokerException">It is there, or cannot be made.</exception>
    public void Write(string path)
    {
        try
        {
            using FileStream file = new(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            try
            {
                file.Write(Encoding.ASCII.GetBytes($"{Seed}\n"));
                file.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                // Half of a key is none, and would keep the next one from being made.
                File.Delete(path);
                throw;
            }
        }
        catch (IOException) when (Path.Exists(path))
        {
            throw BrokerException.Refusal($"{Shown.OneLine(path)} is there already, and a key is never written over", "take another --file, or remove that one when nobody needs it any more");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw BrokerException.OfFile(
                string.Create(CultureInfo.InvariantCulture, $"the key {Shown.OneLine(path)} cannot be made: {Shown.OneLine(exception.Message.TrimEnd('.'))}"), "name a file in a folder that is there and that this user may write to");
        }
    }

    private static FarmKey Parse(string seed, string path)
    {
        try
        {
            using KeyPair pair = KeyPair.FromSeed(seed);
            return pair.Prefix == PrefixByte.User ? new(pair) : throw new NKeysException("it is no user's");
        }
        catch (Exception exception) when (exception is NKeysException or ArgumentException or IndexOutOfRangeException or FormatException)
        {
            // Its text is not shown: it may be all but one character of a secret.
            throw BrokerException.OfFile($"{Shown.OneLine(path)} has no key of a farm's: one line that begins with SU is expected", "kvmsys farm key create makes one");
        }
    }
}
