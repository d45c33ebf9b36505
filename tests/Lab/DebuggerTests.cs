// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;

namespace Kvmsys.Tests.Lab;

/// <summary>kvmsys trace, and a real GDB at kvmsys run --gdb.</summary>
public sealed class DebuggerTests : IDisposable
{
    private const int PageInstructions = 9;

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-lab-test-").FullName;

    public DebuggerTests() => Succeed(
        $"as --32 -g -o {_folder}/debugged.o tests/Lab/debugged.s && ld -m elf_i386 -o {_folder}/debugged {_folder}/debugged.o && tests/Lab/gdb.sh {_folder}/gdb");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("0")]
    [InlineData("/tmp/socket")]
    public void GDB_steps_through_the_page_with_a_right_backtrace_at_every_instruction(string where)
    {
        // QEMU's software CPU does not look at the debug registers of a guest.
        string untilWritten = LabRun.IsIntel ? "watch *(int *)&counter\ncontinue" : "stepi";
        (int status, string output) = Debug(where, $$"""
            break caller
            continue
            break *0xffffe400
            continue
            set $i = 0
            while $i < {{PageInstructions}}
              printf "at %x\n", $pc
              backtrace
              stepi
              set $i = $i + 1
            end
            delete
            {{untilWritten}}
            print *(int *)&counter
            stepi
            set $eax = 42
            continue
            """);
        string[] stretches = [.. output.Split("at ffffe4").Skip(1)];
        Assert.Equal(PageInstructions, stretches.Length);
        Assert.Equal(["00", "01", "02", "03", "05", "10", "11", "12", "13"], stretches.Select(stretch => stretch[..2]));
        Assert.All(stretches, stretch => Assert.Matches(new Regex(@"^..\n#0  0xffffe4\w\w in __kernel_vsyscall \(\)\n#1  .*caller \(\).*\n#2  .*_start \(\).*\n"), stretch));
        Assert.Equal(LabRun.IsIntel, output.Contains("Old value = 0\nNew value = 7\n", StringComparison.Ordinal));
        Assert.Contains("$1 = 7", output, StringComparison.Ordinal);
        Assert.Contains("exited with code 052", output, StringComparison.Ordinal);
        Assert.Equal(42, status);
    }

    [Fact]
    public void GDB_steps_through_the_page_without_SYSENTER()
    {
        (_, string output) = Debug("0", """
            break *0xffffe400
            continue
            stepi
            printf "at %x, %d\n", $pc, $eax == 20
            backtrace
            stepi
            info symbol $pc
            monitor ring0 on
            kill
            """, "--mechanism int80");
        Assert.Matches(new Regex(@"at ffffe402, 0\n#0  0xffffe402 in __kernel_vsyscall \(\)\n#1  .*caller \(\).*\n#2  .*_start \(\)"), output);
        Assert.Contains("caller + ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Trace_shows_the_way_through_the_kernel_beside_what_the_program_writes()
    {
        LabResult result = LabRun.Lab("kvmsys trace --seed 1 ./debugged", $"--files {_folder}/debugged");
        Assert.Equal((7, ""), (result.Status, result.Output));
        string[] marks = [.. result.Error.Split('\n').Where(line => line.StartsWith("->", StringComparison.Ordinal) || line.StartsWith("<-", StringComparison.Ordinal))];
        Assert.Collection(
            marks,
            mark => Assert.Equal("<- ring 3 by iret, at _start: the program starts", mark),
            mark => Assert.Equal("-> ring 0 by sysenter, at sysenter_entry: system call 20 (getpid)", mark),
            mark => Assert.Matches(@"^<- ring 3 by sysexit, at SYSENTER_RETURN: getpid = \d+$", mark),
            mark => Assert.Equal("-> ring 0 by int $0x80, at system_call: system call 1 (exit)", mark));
        Assert.EndsWith("-- into ring 0:  1 by sysenter, 1 by int $0x80\n-- into ring 3:  1 by sysexit\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_that_exists_and_a_port_that_is_none_are_refused()
    {
        LabResult result = LabRun.Lab("kvmsys run --gdb /dev/null ./debugged", $"--files {_folder}/debugged");
        Assert.Equal((2, ""), (result.Status, result.Output));
        Assert.StartsWith("kvmsys: --gdb /dev/null: ", result.Error, StringComparison.Ordinal);
        Assert.EndsWith("Cure: a port that nobody uses, or a path where nothing is yet.\n", result.Error, StringComparison.Ordinal);
    }

    private static void Succeed(string line)
    {
        LabResult result = LabRun.Bash(line);
        Assert.True(result.Status == 0, result.Error);
    }

    /// <summary>Runs the program under GDB, all of it in the lab, which has no way out.</summary>
    /// <returns>kvmsys' status, and what GDB wrote.</returns>
    private (int Status, string Output) Debug(string where, string commands, string options = "")
    {
        File.WriteAllText(Path.Combine(_folder, "commands"), commands);
        File.WriteAllText(Path.Combine(_folder, "script"), $$"""
            ./kvmsys run --gdb {{where}} {{options}} ./debugged 2>/tmp/message & program=$!
            until target=$(sed -n "s/.*-ex '\(target remote .*\)'$/\1/p" /tmp/message) && [ -n "$target" ]; do sleep 0.1; done
            LD_LIBRARY_PATH=$PWD/gdb PYTHONHOME=$PWD/gdb/python gdb/gdb --data-directory gdb/data -nx -batch -ex 'set pagination off' -ex "$target" -x commands ./debugged 2>&1
            wait $program
            exit $?
            """);
        LabResult result = LabRun.Lab(
            "/bin/sh script",
            $"--timeout 280 --files {_folder}/script --files {_folder}/commands --files {_folder}/debugged --files {_folder}/gdb --files artifacts/kvmsys");
        return (result.Status, result.Output);
    }
}
