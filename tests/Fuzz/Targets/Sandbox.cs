// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Kvmsys.Fuzz.Targets;

/// <summary>
/// A folder that a program may read, with a few files and with links that lead out of it, and beside it a file that it must never see. They
/// are made once in a process, and go with it.
/// </summary>
internal static class Sandbox
{
    /// <summary>What the file outside holds.</summary>
    public const string Secret = "what no program may read";

    /// <summary>Names in the folder, and ways to what is outside.</summary>
    public static readonly string[] Names =
    [
        "small", "empty", "big", "sub", "sub/deep", "fifo", "inside", "loop", "up", "absolute", "root", "sub/out", "missing",
        "../secret", "sub/../../secret", "/etc/passwd", "/proc/self/exe", "/dev/null", ".", "..", "/",
    ];

    /// <summary>The harmless file that a program's output goes to.</summary>
    private static readonly SafeFileHandle NullDevice = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);

    private static readonly string Top = Create();

    /// <summary>The folder's absolute path.</summary>
    public static string Granted => Path.Combine(Top, "granted");

    /// <summary>Absolute path of the file that is not in it.</summary>
    public static string SecretFile => Path.Combine(Top, "secret");

    /// <summary>Number of the null device's descriptor.</summary>
    public static int NullDescriptor => (int)NullDevice.DangerousGetHandle();

    private static string Create()
    {
        // Where a link leads is compared with paths that the kernel gives: there must be no link on the way.
        string top = Directory.CreateTempSubdirectory("kvmsys-sandbox-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(top, recursive: true);
        string granted = Path.Combine(top, "granted");
        Directory.CreateDirectory(Path.Combine(granted, "sub"));
        File.WriteAllText(Path.Combine(top, "secret"), Secret);
        File.WriteAllText(Path.Combine(granted, "small"), "a small file\n");
        File.WriteAllBytes(Path.Combine(granted, "empty"), []);
        File.WriteAllBytes(Path.Combine(granted, "big"), [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i >> 8))]);
        File.WriteAllText(Path.Combine(granted, "sub", "deep"), "a file further down\n");
        File.CreateSymbolicLink(Path.Combine(granted, "inside"), "sub/../small");
        File.CreateSymbolicLink(Path.Combine(granted, "loop"), "loop");
        File.CreateSymbolicLink(Path.Combine(granted, "up"), "../secret");
        File.CreateSymbolicLink(Path.Combine(granted, "absolute"), Path.Combine(top, "secret"));
        File.CreateSymbolicLink(Path.Combine(granted, "root"), "/");
        File.CreateSymbolicLink(Path.Combine(granted, "sub", "out"), "../../secret");
        using Process mkfifo = Process.Start("mkfifo", [Path.Combine(granted, "fifo")]);
        mkfifo.WaitForExit();
        return top;
    }
}
