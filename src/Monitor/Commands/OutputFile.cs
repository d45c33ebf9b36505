// SPDX-License-Identifier: MIT

using System.Text;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Commands;

/// <summary>
/// A file that a command is going to write when it has its results. That it can be written is known before; what it had stays until all of the new
/// is there.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    /// <summary>The path that means standard output.</summary>
    public const string StandardOutput = "-";

    private readonly string _path;
    private readonly FileInfo? _target;
    private readonly FileStream? _draft;

    private OutputFile(string path, FileInfo? target, FileStream? draft)
    {
        _path = path;
        _target = target;
        _draft = draft;
    }

    /// <summary>Whether it is standard output.</summary>
    public bool IsStandardOutput => _draft is null;

    /// <summary>Makes a draft beside the file, which takes its place when it is written.</summary>
    /// <param name="option">The option that names the file, to be told.</param>
    /// <param name="path">Its path; - is standard output.</param>
    /// <exception cref="CommandFailedException">It cannot be written.</exception>
    public static OutputFile Prepare(string option, string path)
    {
        if (path == StandardOutput)
        {
            return new(path, null, null);
        }

        try
        {
            // Not the link but what it leads to is written.
            FileInfo named = new(path);
            FileInfo target = named.LinkTarget is null ? named : new FileInfo(named.ResolveLinkTarget(returnFinalTarget: true)!.FullName);
            if (ObjectionTo(named, target) is string objection)
            {
                throw Refuse(objection);
            }

            if (target.Exists)
            {
                // Whether this user may change it: a draft could take the place of a file that is read-only too.
                using FileStream old = new(target.FullName, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            }

            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (target.Exists)
            {
                options.UnixCreateMode = target.UnixFileMode;
            }

            return new(path, target, new FileStream($"{target.FullName}.{Path.GetRandomFileName()}", options));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or KvmException)
        {
            throw Refuse(Shown.OneLine(Shown.Reason(exception).TrimEnd('.')));
        }

        CommandFailedException Refuse(string reason) => new(
            ExitCode.Usage,
            $"{option} {Shown.OneLine(path)} cannot be written: {reason}. Cure: name a file in a folder that you may write to, or - for standard output.");
    }

    /// <summary>Writes a text into it.</summary>
    /// <exception cref="CommandFailedException">Its disk is full, or standard output is closed.</exception>
    public void Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    /// <summary>Writes it.</summary>
    /// <exception cref="CommandFailedException">Its disk is full, or standard output is closed.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_draft is null || _target is null)
        {
            StandardStream.WriteResults(bytes);
            return;
        }

        try
        {
            _draft.Write(bytes);
            _draft.Flush(flushToDisk: true);
            File.Move(_draft.Name, _target.FullName, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(
                ExitCode.CannotWrite,
                $"{Shown.OneLine(_path)} cannot be written: {Shown.OneLine(exception.Message.TrimEnd('.'))}. Cure: keep its disk from being full.");
        }
    }

    /// <summary>Nothing is to take the place of a device, a pipe, or a file that is open as /dev/stdout.</summary>
    private static string? ObjectionTo(FileInfo named, FileInfo target)
    {
        if (new[] { named.FullName, named.LinkTarget ?? "" }.Any(path => path.StartsWith("/proc/", StringComparison.Ordinal) || path.StartsWith("/dev/fd/", StringComparison.Ordinal)))
        {
            return "it is no file of its own";
        }

        if (!Path.Exists(target.FullName))
        {
            return null;
        }

        using OpenFile existing = OpenFile.ForReading(target.FullName);
        return existing.FileType switch
        {
            Statx.SIfreg => null,
            Statx.SIfdir => "it is a folder",
            _ => "it is no regular file",
        };
    }

    /// <summary>Takes the draft away, if it has not become the file.</summary>
    public void Dispose()
    {
        _draft?.Dispose();
        if (_draft is not null)
        {
            File.Delete(_draft.Name);
        }
    }
}
