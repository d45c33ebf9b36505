// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;

namespace Kvmsys.Tests.Lab;

/// <summary>./build.sh run with a program of the user's: what it is given is the same on this host's KVM and in the lab.</summary>
public sealed class BuildRunTests : IDisposable
{
    // Prints the folder it is in, the files that its arguments name, and its standard input.
    private const string Source = """
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>

        static void copy(FILE *from)
        {
            for (int c; (c = getc(from)) != EOF;)
                putchar(c);
        }

        int main(int count, char **arguments)
        {
            char folder[4096];
            const char *colour = getenv("COLOUR");
            printf("%s %s\n", getcwd(folder, sizeof folder), colour ? colour : "none");
            for (int i = 1; i < count; i++)
            {
                FILE *file = fopen(arguments[i], "r");
                if (!file)
                    return perror(arguments[i]), 3;
                copy(file);
                fclose(file);
            }
            copy(stdin);
            return 7;
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-lab-test-").FullName;

    public BuildRunTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "data"));
        File.WriteAllText(Path.Combine(_folder, "data/words"), "words\n");
        File.WriteAllText(Path.Combine(_folder, "secret"), "secret\n");
        File.WriteAllText(Path.Combine(_folder, "input"), "input\n");
        File.WriteAllText(Path.Combine(_folder, "show.c"), Source);
        LabResult built = LabRun.Bash($"gcc -m32 -static -O2 -o {_folder}/show {_folder}/show.c");
        Assert.True(built.Status == 0, built.Error);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Relative_and_absolute_paths_are_right() =>
        AssertPrints($"{_folder} none\nwords\nwords\n", $"run run --ro data ./show data/words {_folder}/data/words </dev/null");

    [Fact]
    public void What_is_not_granted_is_not_there()
    {
        LabResult result = Run("run run --ro=data ./show secret </dev/null");
        Assert.Equal((3, $"{_folder} none\n"), (result.Status, result.Output));
        Assert.Contains("secret: No such file or directory", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Standard_input_and_a_variable_of_the_environment_go_along()
    {
        AssertPrints($"{_folder} red\ninput\n", "run run --env COLOUR ./show <input", "export COLOUR=red; ");
        AssertPrints($"{_folder} blue\npipe\n", "run run --env COLOUR=blue ./show", "echo pipe | ");
    }

    [Fact]
    public void What_is_not_there_is_told_as_kvmsys_tells_it()
    {
        LabResult result = Run("run run ./nothing");
        Assert.Equal((2, "", "kvmsys: the program ./nothing cannot be used: there is no such file.\n"), (result.Status, result.Output, result.Error));
        Assert.Equal((2, "kvmsys: --ro nothing: there is no such folder.\n"), (Run("run run --ro nothing ./show").Status, Run("run run --ro nothing ./show").Error));
    }

    [Fact]
    public void A_program_may_lie_where_the_lab_has_one_of_its_own()
    {
        LabResult result = Run("run run /bin/ls");
        Assert.Equal(2, result.Status);
        Assert.Matches(@"^(== .*\n)*kvmsys: /bin/ls: a 64-bit program .*\n$", result.Error);
    }

    [Fact]
    public void A_program_that_has_used_up_its_memory_is_shown_where_it_wanted_more()
    {
        File.WriteAllText(Path.Combine(_folder, "eat.c"), "#include <stdlib.h>\n#include <string.h>\nint main(void) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }\n");
        LabResult result = Run("run run --memory 16 ./eat", "gcc -m32 -static -O0 -o eat eat.c && ");
        Assert.Equal(137, result.Status);
        Assert.Matches(@"kvmsys: the guest's memory, 16 MiB, is all in use.*\nkvmsys: SIGKILL ended the program\. #PF \(page fault\) in ring 3 at .*: a write of", result.Error);
    }

    [Fact]
    public void The_programs_own_options_are_the_programs()
    {
        LabResult result = Run("run run ./show --help </dev/null");
        Assert.Equal((3, $"{_folder} none\n"), (result.Status, result.Output));
    }

    [Fact]
    public void The_page_is_written_to_the_file_that_is_named()
    {
        Assert.Equal((0, ""), (Run("run page dump --seed 1 --output page.so").Status, Run("run page dump --seed 1 -o=other.so").Output));
        Assert.Equal(4096, new FileInfo(Path.Combine(_folder, "page.so")).Length);
        Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, "page.so")), File.ReadAllBytes(Path.Combine(_folder, "other.so")));
    }

    private void AssertPrints(string output, string arguments, string before = "")
    {
        LabResult result = Run(arguments, before);
        Assert.Equal((7, output), (result.Status, result.Output));

        // Nothing but what ./build.sh itself has to say.
        Assert.All(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches(new Regex("^== "), line));
    }

    private LabResult Run(string arguments, string before = "") => LabRun.Bash($"cd {_folder} && {before}{Checkout.Root}/build.sh {arguments}");
}
