// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;

namespace Kvmsys.Tests.Lab;

/// <summary>docs/FIXMAP.md as its reader follows it: its C program, its commands, and what they print.</summary>
public sealed partial class FixmapDocumentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-lab-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_command_prints_what_the_document_says()
    {
        // kvmsys here is what ./build.sh run makes of it: on this host's KVM, or else in the lab.
        string kvmsys = Path.Combine(_folder, "kvmsys");
        File.WriteAllText(kvmsys, $"#!/bin/sh\nexec {Checkout.Root}/build.sh run \"$@\"\n");
        File.SetUnixFileMode(kvmsys, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        MatchCollection blocks = Block().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs/FIXMAP.md")));
        File.WriteAllText(Path.Combine(_folder, "article-hello.c"), blocks.Single(block => block.Groups["kind"].Value == "c").Groups["text"].Value);
        int commands = 0;
        for (int i = 0; i < blocks.Count; i++)
        {
            if (blocks[i].Groups["kind"].Value != "sh")
            {
                continue;
            }

            // A block without a kind is the output of the one before.
            string printed = i + 1 < blocks.Count && blocks[i + 1].Groups["kind"].Value == "" ? blocks[i + 1].Groups["text"].Value : "";
            string script = Path.Combine(_folder, "commands");
            File.WriteAllText(script, blocks[i].Groups["text"].Value);
            LabResult result = LabRun.Bash($"cd {_folder} && PATH={_folder}:$PATH bash -eu commands </dev/null");
            Assert.True(
                (result.Status, result.Output) == (0, printed),
                $"{blocks[i].Groups["text"].Value}ended with status {result.Status} and printed:\n{result.Output}{result.Error}");
            commands++;
        }

        Assert.True(commands >= 4, $"Only {commands} blocks of commands were found.");
    }

    [GeneratedRegex("^```(?<kind>\\w*)\n(?<text>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();
}
