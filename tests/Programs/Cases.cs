// SPDX-License-Identifier: MIT

using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;

namespace Kvmsys.Tests.Programs;

/// <summary>All the cases.</summary>
internal static partial class Cases
{
    /// <summary>What lies on the page at 0xffffd000, as a file beside the list.</summary>
    public const string HelloFile = "hello.txt";

    private const string NoAlignmentChecks = "QEMU's software CPU checks no alignment.";
    private const string NoSegmentLimits = "QEMU's software CPU checks no segment's limit.";
    private const string NoSseExceptions = "QEMU's software CPU raises no exception of SSE's.";

    private const string Shell = """
        i=0; while [ $i -lt 5 ]; do i=$((i+1)); echo line $i; done
        while read a b; do echo "$b/$a"; done
        f() { return 9; }; f; echo $?
        set -- a b c; shift; echo $# $1 $((1<<20))
        case $i in 5) exit 3;; esac
        """;

    private static readonly string[] CLibraries = ["glibc-O0", "glibc-O2", "glibc-pie", "musl-O0", "musl-O2"];
    private static readonly byte[] Text = Encoding.ASCII.GetBytes("the quick brown fox\njumps over\nthe lazy dog\nthe end\n");

    /// <summary>Every case, by its name.</summary>
    public static IReadOnlyDictionary<string, Case> All { get; } = Compiled().Concat(Debian()).ToDictionary(each => each.Name);

    private static IEnumerable<Case> Compiled()
    {
        // Of all flavours.
        foreach (string program in (string[])[
            "auxv", "brk", "clocks", "context", "descriptors", "exhaustion", "flags", "float", "fpe-x87", "fpu-state", "handlers",
            "hostile", "identity", "interrupts", "itself", "library", "longjump", "madvise", "malloc", "masks", "mmap", "mprotect", "mremap",
            "pipes", "preempted", "queues", "registers", "restorer", "segments", "selectors", "siginfo", "small", "sse", "stack", "tls", "trap", "unknown", "vsyscall", "waits", "x87",
            "altstack", "atexit"])
        {
            foreach (Case each in Flavours(program))
            {
                yield return each;
            }
        }

        foreach (Case each in Flavours("alignment").Concat(Flavours("limits")).Concat(Flavours("fpe-sse")))
        {
            yield return each with
            {
                NotOnAmd = each.Program.EndsWith("/limits", StringComparison.Ordinal) ? NoSegmentLimits
                    : each.Program.EndsWith("/alignment", StringComparison.Ordinal) ? NoAlignmentChecks : NoSseExceptions,
            };
        }

        IEnumerable<Case> more =
        [
            .. Flavours("hello", "one", "", "three words here").Select(each => each with { Environment = ["B=2", "A=1", "C=", "LONG=" + new string('x', 3000)] }),
            .. Flavours("arguments", ["", "a", "", "tab\tnew\nline", "\u00e9\u20ac", "--option=value", "-", "--", new string('y', 20_000)]),
            .. Flavours("environment").Select(each => each with { Environment = ["LEVEL=3", "EMPTY=", "SPACED= a b "] }),
            .. Flavours("start", "x", "", "yy").Select(each => each with { Environment = ["A=1", "B="] }),
            .. Flavours("efault").Select(each => each with { Input = Text }),
            .. Flavours("reads").Select(each => each with { Input = Text }),
            .. Flavours("vectors").Select(each => each with { Input = Text }),
            .. Flavours("digest").Select(each => each with { Input = Bulk(10_000) }),
            .. Flavours("sort").Select(each => each with { Input = Lines(500) }),
            .. Flavours("streams"),
            .. Flavours("seek").Select(each => each with { Input = Text }),
            .. Two("streams").Select(each => each with { Label = "pipes", Streams = Streams.Pipes }),
            .. Two("seek").Select(each => each with { Label = "pipes", Streams = Streams.Pipes, Input = Text }),
            .. Two("cat").Select(each => each with { Label = "nothing" }),
            .. Two("cat").Select(each => each with { Label = "bulk", Input = Bulk(100_000) }),
            .. Two("cat").Select(each => each with { Label = "bulk through pipes", Input = Bulk(200_000), Streams = Streams.Pipes }),
            .. Two("large").Select(each => each with { Label = "into a file" }),
            .. Two("large").Select(each => each with { Label = "through a pipe", Streams = Streams.Pipes }),
            .. Two("interrupts", "8").Select(each => each with { Label = "8" }),
            .. Arguments("broken-pipe", "default", "ignore", "handle").Select(each => each with { Streams = Streams.BrokenPipe }),
            .. Arguments("exits", "return 0", "return 7", "return 256", "return 511", "return -1", "exit 3", "quick_exit 4", "_exit 5", "exit_group 6", "SYS_exit 300"),
            .. Arguments("returns", "lret-kernel", "lret-nothing", "lret-beyond", "iret-kernel", "iret-nothing", "iret-beyond"),
            .. Arguments(
                "death",
                "read", "write", "jump", "overflow", "abort", "division", "ud2", "int3", "step", "kill", "term", "user", "realtime", "alarm",
                "ignored", "blocked", "twice", "no-stack", "full-stack", "bad-frame", "bad-rt-frame"),
        ];
        foreach (Case each in more.Concat(GuestOnly()))
        {
            yield return each;
        }
    }

    // What is about this guest, and has no counterpart on the host.
    private static IEnumerable<Case> GuestOnly() =>
    [
        .. Flavours("article-int80").Select(each => each with { Expected = new(0, @"got pid = (\d+), actual pid = \1\n") }),
        .. Flavours("article-vsyscall").Select(each => each with { Expected = new(0, @"got pid = (\d+), actual pid = \1\n") }),
        .. Flavours("article-dump").Select(each => each with { Expected = new(0, @"\x7fELF.{1020}QRU\x89\xe5\x0f\x34\x90{7}\xeb\xf3\]ZY\xc3.{3052}") }),
        .. Flavours("article-hello").Select(each => each with { Options = ["--fixmap", $"hello={HelloFile}"], Expected = new(0, @"Hello,World\n") }),
        .. Flavours("enter-badly").Select(each => each with { Expected = new(0, @"(.+: SIGSEGV, eax: EFAULT\n){7}and the program goes on: yes\n") }),
        .. Flavours("step-enter").Select(each => each with { Expected = new(0, @"(.+: yes\n){4}") }),
        .. Flavours("files").Select(each => each with { Expected = new(0, @"(.+: yes\n){14}") }),
        .. Flavours("fixmap").Select(each => each with
        {
            Options = ["--fixmap", $"hello={HelloFile}"],
            Input = Text,
            Expected = new(
                0,
                @"(.+: yes\n){6}write to the page: SIGSEGV, code 1, error 7\nwrite to the page below: SIGSEGV, code 1, error 7\n" +
                @"write to the kernel: SIGSEGV, code 1, error 7\nread the kernel: SIGSEGV, code 1, error 5\nread the page above: SIGSEGV, code 1, error 5\n" +
                @"write\(2\) from the page: EFAULT\nread\(2\) into the page: EFAULT\n"),
        }),
        .. Two("loop").Select(each => each with { Label = "until its time is over", Options = ["--timeout", "1"], Expected = new(124, @"for ever\n") }),
        .. Two("loop", "calls").Select(each => each with { Label = "of calls until its time is over", Options = ["--timeout", "1"], Expected = new(124, @"for ever\n") }),
    ];

    // Programs that nobody here compiled, of four C libraries: glibc, musl, dietlibc, klibc.
    private static IEnumerable<Case> Debian()
    {
        foreach (string command in (string[])[
            "echo a b", "cat", "wc", "sort -u", "uniq -c", "tr a-z A-Z", "rev", "tac", "nl", "head -n 2", "tail -n 1", "cut -c1-3",
            "sed s/the/THE/", "grep -n the", "od -c", "sha256sum", "md5sum", "base64", "seq 3", "factor 1234567", "expr 6 + 7", "true", "false",
            "xxd", "fold -w 7", "tee", "uname -s", "env", "basename /a/b", "gzip -c", "bzip2 -c", "sleep 0", "test 1 -eq 2", "cal 8 2005",
            "hexdump -C", "date -u -d @1124064000", "dd bs=7 count=2", "nosuch"])
        {
            yield return new Case("debian/busybox", command.Split(' ')) { Label = command, Input = Text, Environment = ["LANG=C", "VISIBLE=1"] };
        }

        yield return Shells("busybox", "sh", "-c", Shell);
        yield return Shells("bash", "-c", Shell);
        yield return Shells("zsh", "-f", "-c", Shell);
        yield return Shells("mksh-musl", "-c", Shell);
        yield return Shells("mksh-dietlibc", "-c", Shell);
        yield return Shells("mksh-klibc", "-c", Shell);
        yield return Shells("bash", "-c", """
            trap "echo caught" USR1; kill -USR1 $$; echo after; a=(1 2 3); a+=(4); echo ${a[@]} ${#a[@]}
            printf "%08.3f %q\n" 3.14159 "a b"; [[ abc =~ ^a(.)c ]] && echo ${BASH_REMATCH[1]}
            mapfile -t l; echo ${#l[@]} ${l[2]^^}; echo $((2**40)); exit 7
            """) with { Label = "more" };
        yield return Shells("bash", "-c", """trap "echo bye" EXIT; kill -TERM $$""") with { Label = "ended by itself" };
        yield return Shells("zsh", "-f", "-c", """print -l ${(o)=:-c b a}; echo $((1.0/3)); printf "%x\n" 255; exit 4""") with { Label = "more" };
        yield return Shells("busybox", "awk", """{ n += NF; print NR, $NF } END { printf "%d %s\n", n, toupper("x") }""") with { Label = "awk" };
        yield return new Case("debian/sash", "-c", "-echo hello") { Environment = ["PATH=/bin", "HOME=/"] };
        yield return new Case("debian/ldconfig", "--version");
        yield return new Case("debian/e2fsck", "-V");
        yield return new Case("debian/gpgv", "--version") { Environment = ["HOME=/"] };
        yield return new Case("debian/gzip-klibc", "-dc") { Input = Gzip(Bulk(5000)) };
        yield return new Case("debian/gzip-klibc", "-dc") { Label = "of what is none", Input = Text };
    }

    private static Case Shells(string program, params string[] arguments) =>
        new($"debian/{program}", arguments) { Label = "script", Input = Text, Environment = ["PATH=/bin", "HOME=/", "LANG=C"] };

    // In every flavour that its source names. On the slower machine one of each C library's stands for all, which ones goes by turns.
    private static IEnumerable<Case> Flavours(string program, params string[] arguments)
    {
        string[] flavours = FlavoursOf(program);
        int turn = program.Sum(letter => letter);
        string[] kept = [.. flavours.GroupBy(flavour => flavour.Split('-')[0]).Select(library => library.ElementAt(turn % library.Count()))];
        return flavours.Select(flavour => new Case($"{flavour}/{program}", arguments) { Thinned = !kept.Contains(flavour) });
    }

    // In one flavour of each C library: where the point is in the arguments.
    private static IEnumerable<Case> Two(string program, params string[] arguments) =>
        [new Case($"glibc-O2/{program}", arguments), new Case($"musl-O0/{program}", arguments)];

    // Once for each string of arguments, by turns with the one C library and the other.
    private static IEnumerable<Case> Arguments(string program, params string[] arguments) =>
        arguments.Select((line, i) => new Case($"{(i % 2 == 0 ? "glibc-O2" : "musl-O2")}/{program}", line.Split(' ')) { Label = line });

    private static string[] FlavoursOf(string program)
    {
        Match named = BuiltAs().Match(File.ReadAllText(Path.Combine(Checkout.Root, "tests", "Programs", $"{program}.c")));
        return named.Success ? named.Groups[1].Value.Split(' ') : CLibraries;
    }

    // Bytes of every value, the same each time.
    private static byte[] Bulk(int length)
    {
        byte[] bytes = new byte[length];
        new Random(2005).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Lines(int count)
    {
        Random random = new(815);
        return Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, count).Select(_ => $"line {random.Next(300)}\n")));
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    [GeneratedRegex("^// built as: (.*)$", RegexOptions.Multiline)]
    private static partial Regex BuiltAs();
}
