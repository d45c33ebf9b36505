// SPDX-License-Identifier: MIT

using System.ComponentModel;
using System.Diagnostics;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>A file system in memory that is soon full.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int BallastBytes = 64 << 10;

    private readonly DirectoryInfo _folder;

    private SmallDisk(DirectoryInfo folder) => _folder = folder;

    /// <summary>Where it is.</summary>
    public string Path => _folder.FullName;

    private string Rest => System.IO.Path.Combine(Path, "rest");

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <summary>Mounts one, with something on it that can be removed; null where this user may not.</summary>
    public static SmallDisk? TryMount(string size = "512k")
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kvmsys-disk-");
        if (!Succeeds("mount", "-t", "tmpfs", "-o", $"size={size}", "none", folder.FullName))
        {
            folder.Delete();
            return null;
        }

        SmallDisk disk = new(folder);
        File.WriteAllBytes(disk.Ballast, new byte[BallastBytes]);
        return disk;
    }

    /// <summary>Writes until nothing more fits.</summary>
    public void Fill()
    {
        using FileStream file = new(Rest, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                file.Write(new byte[4096]);
            }
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    /// <summary>Removes what it was filled with.</summary>
    public void Empty() => File.Delete(Rest);

    /// <summary>Removes what only takes room.</summary>
    public void MakeRoom() => File.Delete(Ballast);

    public void Dispose()
    {
        Succeeds("umount", "--lazy", Path);
        _folder.Delete();
    }

    private static bool Succeeds(string command, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
