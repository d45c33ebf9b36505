// SPDX-License-Identifier: MIT

using System.Reflection;
using System.Runtime.InteropServices;
using Kvmsys.Native;
using Kvmsys.Native.Linux;
using SQLitePCL;

namespace Kvmsys.Monitor.Sql;

/// <summary>
/// SQLite's own code, which is a resource of this binary: what ships is one file, and runs where nothing is installed. It is put into a file
/// that has no place in any file system, and loaded from there when it is first needed.
/// </summary>
internal static class SqliteLibrary
{
    private const string Resource = "libe_sqlite3.so";

    // The name under which the provider's P/Invokes ask for it.
    private const string ImportName = "e_sqlite3";

    private static readonly Lazy<nint> Handle = new(LoadFromMemory);
    private static readonly Lazy<bool> Provider = new(SetProvider);

    /// <summary>Loads it, the first time.</summary>
    /// <exception cref="DllNotFoundException">The system does not load it.</exception>
    /// <exception cref="KvmException">There is no memory or no file descriptor for it.</exception>
    public static void Load() => _ = Provider.Value;

    private static bool SetProvider()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, (name, _, _) => name == ImportName ? Handle.Value : 0);
        _ = Handle.Value;
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        return true;
    }

    private static nint LoadFromMemory()
    {
        using Stream resource = Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource)!;
        using OpenFile file = OpenFile.InMemory(Resource);
        byte[] buffer = new byte[64 << 10];
        while (resource.Read(buffer) is int read and > 0)
        {
            FileDescriptor.WriteAll(file.Descriptor, buffer.AsSpan(0, read));
        }

        // What is mapped stays when the file is closed.
        return NativeLibrary.Load($"/proc/self/fd/{file.Descriptor}");
    }
}
