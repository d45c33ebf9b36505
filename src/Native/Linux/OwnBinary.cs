// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Native.Linux;

/// <summary>The file of this process's binary, as it is mapped.</summary>
public static class OwnBinary
{
    /// <summary>
    /// Gives back what of it is mapped: a page comes again, from the page cache, when it is next wanted. What only a start needs does not stay then in a process that waits
    /// for long.
    /// </summary>
    /// <remarks>
    /// madvise(2), MADV_DONTNEED, on mappings that cannot be written, and of which no page ever was: what the loader has relocated is not what the file has.
    /// /proc/self/smaps, proc_pid_smaps(5): range, permissions, offset, device, inode and path of a mapping, and lines with what of it is where, in kB.
    /// </remarks>
    public static void Release()
    {
        string? path = Environment.ProcessPath;
        (nint Start, nint End)? mapping = null;
        foreach (string line in File.ReadAllLines("/proc/self/smaps"))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is [string range, "r-xp" or "r--p", _, _, _, ..] && range.Split('-') is [string from, string to])
            {
                mapping = path is not null && line.EndsWith(path, StringComparison.Ordinal)
                    ? (nint.Parse(from, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), nint.Parse(to, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))
                    : null;
            }
            else if (!words[0].EndsWith(':'))
            {
                mapping = null;
            }
            else if (words is ["Anonymous:", "0", _] && mapping is (nint start, nint end))
            {
                // That it stays mapped instead costs nothing but memory.
                _ = Libc.Madvise(start, (nuint)(end - start), Libc.MadvDontneed);
            }
        }
    }
}
