// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;

namespace Kvmsys.Tests.NoDevice.CommandLine;

/// <summary>What goes wrong before a device is needed, or because there is none: one line that names the cure, and a status of its own.</summary>
public sealed class BadInputTests
{
    [Theory]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("4294967296")]
    [InlineData("99999999999999999999")]
    [InlineData("1e9")]
    [InlineData("many")]
    [InlineData("''")]
    public void A_number_that_is_none(string number)
    {
        AssertRefused($"article --calls {number}", "a whole number from 1 to 4294967295 is needed", "kvmsys article --help");
        AssertRefused($"bench --runs {number}", "a whole number from 1 to 100000 is needed", "kvmsys bench --help");
        AssertRefused($"bench --sessions {number}", "a whole number from 1 to 1000 is needed", "kvmsys bench --help");
    }

    [Theory]
    [InlineData("--mechanism syscal", "--mechanism syscal: one of empty, call, int80, sysenter, vsyscall, syscall, callgate, ud, pf, cpuid, pio, mmio, vmcall, hlt is needed.")]
    [InlineData("--mechanism int80 INT80", "--mechanism INT80: one of")]
    [InlineData("--profile linux27", "--profile linux27: one of bare, linux26, bare64, compat, fred64, host32, host64 is needed.")]
    [InlineData("--seed abc", "a whole number from 0 to 2147483647 is needed")]
    [InlineData("--mechanism callgate int80 --profile compat", "--mechanism callgate needs --profile bare.")]
    [InlineData("--mechanism hlt --on host", "--mechanism hlt needs --profile bare64.")]
    [InlineData("--on nowhere", "--on nowhere: one of kvm, host is needed.")]
    [InlineData("--on host --profile bare", "--on and --profile exclude each other")]
    [InlineData("--mitigation kpti", "--mitigation kpti: one of all, swapgs, swapgs-lfence, cr3, cr3-global, cr3-pcid, ibrs, ibpb, rsb, verw is needed.")]
    [InlineData("--mitigation ibrs --profile bare linux26", "--mitigation needs --profile bare64 or compat")]
    [InlineData("--mitigation ibrs --mechanism ud", "--mitigation needs --profile bare64 or compat, and --mechanism int80, syscall or sysenter.")]
    [InlineData("--quick --full", "--quick and --full exclude each other.")]
    [InlineData("--json --csv", "--json and --csv exclude each other.")]
    [InlineData("--benchfmt --markdown --google-benchmark", "--markdown and --google-benchmark and --benchfmt exclude each other.")]
    [InlineData("--html - --json", "--json and --html - exclude each other.")]
    [InlineData("--html - --svg -", "--html - and --svg - exclude each other.")]
    [InlineData("--html ./same --svg same", "--html and --svg are both ./same.")]
    [InlineData("--html", "Required argument missing for option: '--html'.")]
    [InlineData("--svg ''", "--svg '': a file's name is needed")]
    [InlineData("--cpu -1", "a whole number from 0 to 2147483647 is needed")]
    [InlineData("--timeout 0", "a whole number from 1 to 86400 is needed")]
    [InlineData("--frobnicate", "--frobnicate is no command or option here.")]
    [InlineData("surplus", "surplus is no command or option here.")]
    public void An_option_that_is_not_understood(string options, string message) => AssertRefused($"bench {options}", message, "kvmsys bench --help");

    [Theory]
    [InlineData("--calls 0", "a whole number from 1 to 1000000000 is needed")]
    [InlineData("--mechanism int81", "--mechanism int81: one of empty, call, int80,")]
    [InlineData("--profile linux27", "--profile linux27: one of bare, linux26, bare64, compat, fred64, host32, host64 is needed.")]
    [InlineData("--mechanism callgate --profile compat", "--mechanism callgate needs --profile bare.")]
    [InlineData("--json --hgrm", "--json and --hgrm exclude each other.")]
    public void A_latency_that_is_not_understood(string options, string message) => AssertRefused($"latency {options}", message, "kvmsys latency --help");

    [Fact]
    public void The_doctors_commands_are_no_JSON() =>
        AssertRefused("doctor --json --fix", "--json and --fix exclude each other.", "kvmsys doctor --help");

    [Theory]
    [InlineData("", "Required command was not provided.", "kvmsys page --help")]
    [InlineData("show", "show is no command or option here.", "kvmsys page --help")]
    [InlineData("dump page.so", "page.so is no command or option here.", "kvmsys page dump --help")]
    [InlineData("dump --output", "--output", "kvmsys page dump --help")]
    [InlineData("disasm --mechanism sysentry", "sysentry", "kvmsys page disasm --help")]
    [InlineData("symbols --cpuid no-sse", "no-sse", "kvmsys page symbols --help")]
    [InlineData("symbols --seed -1", "a whole number from 0 to 2147483647 is needed", "kvmsys page symbols --help")]
    [InlineData("disasm --json", "--json is no command or option here.", "kvmsys page disasm --help")]
    public void A_page_verb_that_is_not_understood(string arguments, string message, string cure) => AssertRefused($"page {arguments}", message, cure);

    [Theory]
    [InlineData("base.json", "Required argument 'NEW' missing for command: 'compare'.")]
    [InlineData("base.json new.json more.json", "more.json is no command or option here.")]
    [InlineData("--threshold-percent -1 base.json new.json", "--threshold-percent -1: a number from 0 to 1000 is needed.")]
    [InlineData("--threshold-percent NaN base.json new.json", "--threshold-percent NaN: a number from 0 to 1000 is needed.")]
    [InlineData("--threshold-cycles 1e9 base.json new.json", "--threshold-cycles 1e9: a number from 0 to 1000000000 is needed.")]
    public void A_comparison_that_is_not_understood(string arguments, string message) => AssertRefused($"compare {arguments}", message, "kvmsys compare --help");

    [Theory]
    [InlineData("/no/such/file /dev/null", "the bench /no/such/file cannot be used: there is no such file.")]
    [InlineData("/dev/null /dev/null", "the bench /dev/null cannot be used: it is no regular file.")]
    [InlineData("/bin/true /dev/null", "the bench /bin/true cannot be used: it is no JSON as kvmsys.bench/2 has it")]
    public void A_comparison_of_what_is_no_bench(string files, string message)
    {
        (int status, string output, string error) = Shell.Run($"$kvmsys compare {files}");
        Assert.Equal((2, ""), (status, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
        AssertOneLine(error);
    }

    [Theory]
    [InlineData("bench.json", "--html FILE or --svg FILE is needed.")]
    [InlineData("--html page.html", "Required argument 'BENCH' missing for command: 'report'.")]
    [InlineData("bench.json --html - --svg -", "--html - and --svg - exclude each other.")]
    [InlineData("bench.json --html a --json", "--json is no command or option here.")]
    public void A_report_that_is_not_understood(string arguments, string message) => AssertRefused($"report {arguments}", message, "kvmsys report --help");

    [Theory]
    [InlineData("/no/such/folder/page.html", "Could not find a part of the path")]
    [InlineData("/", "it is a folder")]
    [InlineData("/dev/null", "it is no regular file")]
    [InlineData("/dev/stdout", "it is no file of its own")]
    [InlineData("/proc/self/fd/1", "it is no file of its own")]
    public void A_file_that_cannot_be_written_is_told_before_anything_is_measured(string file, string reason)
    {
        foreach (string command in new[] { "bench --device /dev/no-such-kvm --html", "bench --device /dev/no-such-kvm --svg", "report /no/such/bench.json --html" })
        {
            (int status, string output, string error) = Shell.Run($"$kvmsys {command} {file}");
            Assert.Equal((2, ""), (status, output));
            Assert.Contains($"{file} cannot be written: {reason}", error, StringComparison.Ordinal);
            Assert.EndsWith(". Cure: name a file in a folder that you may write to, or - for standard output.\n", error, StringComparison.Ordinal);
            AssertOneLine(error);
        }
    }

    [Fact]
    public void The_pages_bytes_are_not_for_a_terminal()
    {
        // script(1) gives it one, and takes standard error for its output too.
        (int status, string output, _) = Shell.Run("script -qec '$kvmsys page dump' /dev/null </dev/null");
        Assert.Equal(2, status);
        Assert.Equal("kvmsys: standard output is a terminal, and the page is no text. Cure: kvmsys page dump > page.so, or --hex to look at it.\r\n", output);
    }

    [Fact]
    public void What_is_repeated_of_bad_input_is_one_line_without_control_characters()
    {
        AssertRefused("$'\\e[31mred\\nblue'", "\\x1b[31mred\\x0ablue is no command or option here.", "kvmsys --help");
        AssertRefused("bench --runs $'1\\n2'", "1\\x0a2", "kvmsys bench --help");
        AssertRefused("''", "'' is no command or option here.", "kvmsys --help");
        AssertRefused("$(head -c 100000 /dev/zero | tr '\\0' x)", "xxx... is no command or option here.", "kvmsys --help");
    }

    [Fact]
    public void A_word_that_begins_with_an_at_sign_names_no_file_of_arguments() => AssertRefused("bench @/etc/hostname", "@/etc/hostname is no", "kvmsys bench --help");

    [Theory]
    [InlineData(">&- <&-")]
    [InlineData(">&- 2>&- <&-")]
    [InlineData(">&- 2>&-")]
    public void Standard_streams_that_were_never_open_are_taken_for_closed(string closed)
    {
        (int status, string output, string error) = Shell.Run($"$kvmsys doctor {closed}");
        Assert.Equal((74, ""), (status, output));
        Assert.DoesNotContain("check", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_that_does_not_exist() => AssertRefused("frobnicate", "frobnicate is no command or option here.", "kvmsys --help");

    [Fact]
    public void No_arguments_at_all_show_the_help_as_an_error()
    {
        (int status, string output, string error) = Shell.Run("$kvmsys");
        Assert.Equal((2, ""), (status, output));
        Assert.Contains("Examples:", error, StringComparison.Ordinal);
        Assert.Contains("kvmsys bench", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("doctor")]
    [InlineData("bench")]
    [InlineData("article")]
    [InlineData("page dump")]
    [InlineData("page disasm")]
    [InlineData("page symbols")]
    public void A_device_that_is_not_there(string command)
    {
        (int status, string output, string error) = Shell.Run($"$kvmsys {command} --device /dev/no-such-kvm");
        Assert.Equal(3, status);
        string told = command == "doctor" ? output : error;
        Assert.Contains("No such file or directory (ENOENT)", told, StringComparison.Ordinal);
        Assert.Contains("leave --device out to use /dev/kvm", Regex.Replace(told, "[│\\s]+", " "), StringComparison.Ordinal);
        AssertOneLine(command == "doctor" ? "kvmsys: x\n" : error);
    }

    [Fact]
    public void A_device_that_this_user_may_not_open()
    {
        string device = Path.GetTempFileName();
        try
        {
            File.SetUnixFileMode(device, UnixFileMode.None);

            // Root may open everything; nobody may not.
            string asNobody = Environment.IsPrivilegedProcess ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
            (int status, _, string error) = Shell.Run($"cp $kvmsys /tmp/kvmsys-$$ && chmod 755 /tmp/kvmsys-$$; {asNobody}/tmp/kvmsys-$$ bench --device {device}; s=$?; rm /tmp/kvmsys-$$; exit $s");
            Assert.Equal(3, status);
            Assert.Contains("Permission denied (EACCES)", error, StringComparison.Ordinal);
            Assert.Contains("usermod -aG kvm", error, StringComparison.Ordinal);
            AssertOneLine(error);
        }
        finally
        {
            File.Delete(device);
        }
    }

    [Fact]
    public void A_file_that_is_not_KVM()
    {
        (int status, _, string error) = Shell.Run("$kvmsys bench --device /dev/null");
        Assert.Equal(3, status);
        Assert.Contains("/dev/null is not KVM's device", error, StringComparison.Ordinal);
        AssertOneLine(error);
    }

    [Theory]
    [InlineData("doctor --device /dev/null >/dev/full")]
    [InlineData("doctor --device /dev/null --json >/dev/full")]
    [InlineData("doctor --device /dev/null >&-")]
    [InlineData("--help >/dev/full")]
    [InlineData("bench --help >&-")]
    [InlineData("--version >/dev/full")]
    public void A_standard_output_that_takes_nothing(string arguments)
    {
        (int status, _, string error) = Shell.Run($"$kvmsys {arguments}");
        Assert.Equal(74, status);
        Assert.Contains("standard output cannot be written", error, StringComparison.Ordinal);
        AssertOneLine(error);
    }

    [Fact]
    public void In_a_file_that_others_write_too_every_byte_stays()
    {
        string file = Path.GetTempFileName();
        try
        {
            Shell.Run($"{{ echo before; $kvmsys doctor --device /dev/null; $kvmsys --version; echo after; }} >{file}");
            string[] lines = File.ReadAllLines(file);
            Assert.Equal(("before", "after"), (lines[0], lines[^1]));
            Assert.Equal("There is no usable KVM here.", lines[^4]);
            Assert.Contains(lines, line => line.Contains("/dev/null is not KVM's device", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_reader_that_has_gone_is_told_too()
    {
        // The reader ends first: the pipe is broken before anything is written.
        (_, string output, string error) = Shell.Run("{ sleep 0.3; $kvmsys doctor --device /dev/null; echo $? >&3; } 3>&2 | true");
        Assert.Equal("", output);
        Assert.Contains("Broken pipe", error, StringComparison.Ordinal);
        Assert.EndsWith("74\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_streams_closed_still_leave_the_status() =>
        Assert.Equal(74, Shell.Run("$kvmsys doctor --device /dev/null >&- 2>&-").Status);

    [Fact]
    public void Too_few_files_to_open()
    {
        (int status, _, string error) = Shell.Run("ulimit -n 4; $kvmsys doctor");
        Assert.Equal(71, status);
        Assert.Contains("ulimit -a", error, StringComparison.Ordinal);
        AssertOneLine(error);
    }

    [Fact]
    public void A_KVM_that_speaks_another_version_of_its_API()
    {
        (int status, _, string error) = RunOnPretendedKvm("case 0xae00: return 11;", "bench");
        Assert.Equal(3, status);
        Assert.StartsWith("kvmsys: API version: 11. Cure: version 12 is needed", error, StringComparison.Ordinal);
        AssertOneLine(error);
    }

    [Theory]
    [InlineData("bench")]
    [InlineData("article")]
    [InlineData("doctor")]
    public void A_kernel_that_has_no_memory_left_for_a_VM(string command)
    {
        (int status, _, string error) = RunOnPretendedKvm("case 0xae01: errno = ENOMEM; return -1;", command);
        Assert.Equal(71, status);
        Assert.StartsWith("kvmsys: KVM_CREATE_VM: Cannot allocate memory (ENOMEM). Cure: raise this process's limits", error, StringComparison.Ordinal);
        AssertOneLine(error);
    }

    [Fact]
    public void No_memory_left_for_the_guest()
    {
        // The flat probe's 128 KiB.
        const string noMemory = "void *mmap(void *a, size_t n, int p, int f, int d, off_t o) "
            + "{ if (n == 0x20000 && d == -1) { errno = ENOMEM; return MAP_FAILED; } return (void *)syscall(SYS_mmap, a, n, p, f, d, o); }";
        (int status, _, string error) = RunOnPretendedKvm("", "bench", noMemory);
        Assert.Equal(71, status);
        Assert.StartsWith("kvmsys: mmap: Cannot allocate memory (ENOMEM): 128 KiB of anonymous memory. Cure: ", error, StringComparison.Ordinal);
        AssertOneLine(error);
    }

    /// <summary>Runs a command on /dev/null with a library before libc that answers in KVM's place, as far as it gets there.</summary>
    private static (int Status, string Output, string Error) RunOnPretendedKvm(string answers, string command, string more = "")
    {
        string source = $$"""
            #define _GNU_SOURCE
            #include <errno.h>
            #include <stdarg.h>
            #include <sys/mman.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            {{more}}
            int ioctl(int fd, unsigned long request, ...)
            {
                va_list arguments;
                va_start(arguments, request);
                long argument = va_arg(arguments, long);
                va_end(arguments);
                switch (request)
                {
                    {{answers}}
                }
                switch (request)
                {
                    case 0xae00: return 12;           // KVM_GET_API_VERSION
                    case 0xae03: return 0;            // KVM_CHECK_EXTENSION
                    case 0xae04: return 3 * 4096;     // KVM_GET_VCPU_MMAP_SIZE
                    case 0xc008ae05: return 0;        // KVM_GET_SUPPORTED_CPUID
                }
                return syscall(SYS_ioctl, fd, request, argument);
            }
            """;
        string folder = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "pretend.c"), source);
            return Shell.Run($"cd {folder} && gcc -shared -fPIC -o pretend.so pretend.c && LD_PRELOAD=./pretend.so $kvmsys {command} --device /dev/null");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void AssertRefused(string arguments, string message, string cure)
    {
        (int status, string output, string error) = Shell.Run($"$kvmsys {arguments}");
        Assert.Equal((2, ""), (status, output));
        Assert.StartsWith("kvmsys: ", error, StringComparison.Ordinal);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.EndsWith($"Cure: see {cure}\n", error, StringComparison.Ordinal);
        AssertOneLine(error);
    }

    private static void AssertOneLine(string error) => Assert.Equal(error.Length - 1, error.IndexOf('\n', StringComparison.Ordinal));
}
