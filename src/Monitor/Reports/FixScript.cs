// SPDX-License-Identifier: MIT

using System.Text;
using Kvmsys.Monitor.Host;

namespace Kvmsys.Monitor.Reports;

/// <summary>What mends a host's failed checks, as a script for a root shell. It is only text: nothing here runs it.</summary>
public static class FixScript
{
    /// <summary>A comment for each check that has a cure, and its command where it has one; empty when there is nothing to mend.</summary>
    public static string Of(IEnumerable<Check> checks)
    {
        ArgumentNullException.ThrowIfNull(checks);
        StringBuilder script = new();
        foreach (Check check in checks.Where(check => check is { Passed: false, Cure: not null }))
        {
            // Evidence is text of the kernel's: a line break in it would end the comment.
            script.Append($"# {check.Name}: {check.Evidence}; {check.Cure}".ReplaceLineEndings(" ")).Append('\n');
            if (check.Command is not null)
            {
                script.Append(check.Command).Append('\n');
            }
        }

        return script.ToString();
    }
}
