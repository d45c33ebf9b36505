// SPDX-License-Identifier: MIT

namespace Kvmsys.Tests;

/// <summary>The checkout that the tests were built in.</summary>
internal static class Checkout
{
    /// <summary>Its folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The binary that ships.</summary>
    public static string Binary
    {
        get
        {
            string binary = Path.Combine(Root, "artifacts", "kvmsys");
            return File.Exists(binary) ? binary : throw new FileNotFoundException($"{binary} is not built. Build it: ./build.sh build");
        }
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Kvmsys.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("These tests run in a checkout: Kvmsys.sln is in no folder above them.");
    }
}
