// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Linux;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.NoDevice.Linux;

/// <summary>The structures and numbers of i386 programs, held against this system's kernel headers by its C compiler.</summary>
public sealed partial class LayoutTests
{
    private const string Headers = """
        #include <stddef.h>
        #include <asm/siginfo.h>
        #include <asm/signal.h>
        #include <asm/sigcontext.h>
        #include <asm/ucontext.h>
        #include <asm/stat.h>
        #include <asm/ldt.h>
        #include <asm/unistd.h>
        #include <asm/auxvec.h>
        #include <linux/auxvec.h>
        #include <linux/fcntl.h>
        #include <linux/mman.h>
        #include <linux/resource.h>
        #include <linux/stat.h>
        #include <linux/sysinfo.h>
        #include <linux/time.h>
        #include <linux/time_types.h>
        #include <linux/times.h>
        #include <linux/utsname.h>
        #define check(what) _Static_assert(what, #what)

        """;

    private static readonly Dictionary<int, string> NamesOfSaved = new()
    {
        [PtRegs.Ebx] = "ebx",
        [PtRegs.Ecx] = "ecx",
        [PtRegs.Edx] = "edx",
        [PtRegs.Esi] = "esi",
        [PtRegs.Edi] = "edi",
        [PtRegs.Ebp] = "ebp",
        [PtRegs.Eax] = "eax",
        [PtRegs.Ds] = "ds",
        [PtRegs.Es] = "es",
        [PtRegs.Eip] = "eip",
        [PtRegs.Cs] = "cs",
        [PtRegs.Eflags] = "eflags",
        [PtRegs.Esp] = "esp",
        [PtRegs.Ss] = "ss",
    };

    [Fact]
    public void Structures_agree_with_the_headers()
    {
        List<string> checks =
        [
            .. Fields(typeof(Stat64Layout), "struct stat64", ("_device", "st_dev"), ("_shortInode", "__st_ino"), ("_mode", "st_mode"), ("_links", "st_nlink"),
                ("_uid", "st_uid"), ("_gid", "st_gid"), ("_representedDevice", "st_rdev"), ("_size", "st_size"), ("_blockSize", "st_blksize"),
                ("_blocks", "st_blocks"), ("_accessSeconds", "st_atime"), ("_accessNanoseconds", "st_atime_nsec"), ("_modificationSeconds", "st_mtime"),
                ("_modificationNanoseconds", "st_mtime_nsec"), ("_changeSeconds", "st_ctime"), ("_changeNanoseconds", "st_ctime_nsec"), ("_inode", "st_ino")),
            .. Fields(typeof(AlternateStack), "stack_t", ("Address", "ss_sp"), ("Flags", "ss_flags"), ("Size", "ss_size")),
            .. Fields(Nested(typeof(SignalCalls), "OldAction"), "struct sigaction", ("Handler", "_u"), ("Mask", "sa_mask"), ("Flags", "sa_flags"), ("Restorer", "sa_restorer")),
            .. Fields(Nested(typeof(ThreadAreas), "UserDescriptor"), "struct user_desc", ("EntryNumber", "entry_number"), ("Base", "base_addr"), ("Limit", "limit")),
            .. Fields(Nested(typeof(ProcessCalls), "Limit32"), "struct rlimit", ("Soft", "rlim_cur"), ("Hard", "rlim_max")),
            .. Fields(Nested(typeof(ProcessCalls), "Limit64"), "struct rlimit64", ("Soft", "rlim_cur"), ("Hard", "rlim_max")),
            .. Fields(Nested(typeof(TimeCalls), "Timeval"), "struct timeval", ("Seconds", "tv_sec"), ("Microseconds", "tv_usec")),
            .. Fields(Nested(typeof(TimeCalls), "Tms"), "struct tms", ("User", "tms_utime"), ("System", "tms_stime"), ("ChildrenUser", "tms_cutime"), ("ChildrenSystem", "tms_cstime")),
            .. Fields(Nested(typeof(GuestTime), "Narrow"), "struct timespec", ("Seconds", "tv_sec"), ("Nanoseconds", "tv_nsec")),
            .. Fields(Nested(typeof(GuestTime), "Wide"), "struct __kernel_timespec", ("Seconds", "tv_sec"), ("Nanoseconds", "tv_nsec")),
            .. Fields(Nested(typeof(AlarmClock), "Setting"), "struct itimerval", ("_intervalSeconds", "it_interval.tv_sec"),
                ("_intervalMicroseconds", "it_interval.tv_usec"), ("_valueSeconds", "it_value.tv_sec"), ("_valueMicroseconds", "it_value.tv_usec")),
            .. Fields(typeof(Statx), "struct statx", [.. typeof(Statx).GetFields().Where(field => field.Name.StartsWith("Stx", StringComparison.Ordinal)
                && !field.Name.Contains("Spare", StringComparison.Ordinal)).Select(field => (field.Name, Snake(field.Name)))]),
            $"sizeof(siginfo_t) == {SignalInfo.Size}",
            "offsetof(siginfo_t, si_code) == 8",
            "offsetof(siginfo_t, si_addr) == 12",
            "offsetof(siginfo_t, si_uid) == 16",
            "offsetof(siginfo_t, si_value) == 20",
            "sizeof(struct new_utsname) == 6 * 65",
            "sizeof(struct sysinfo) == 64",
            "offsetof(struct sysinfo, totalram) == 16",
            "offsetof(struct sysinfo, procs) == 40",
            "offsetof(struct sysinfo, mem_unit) == 52",
            "sizeof(struct rusage) == 72",
        ];
        AssertGood(checks, atLeast: 70);
    }

    [Fact]
    public void The_frames_of_signals_agree_with_the_headers()
    {
        (int Context, int Saved)[] general = ((int, int)[])typeof(SignalFrame).GetField("General", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!;
        const int stackPointerAtSignal = 68;
        int ucontext = Constant("RtFrameUcontext");
        AssertGood(
            [
                .. general.Select(entry => $"offsetof(struct sigcontext, {(entry.Context == stackPointerAtSignal ? "esp_at_signal" : NamesOfSaved[entry.Saved])}) == {entry.Context}"),
                .. new[]
                {
                    ("ContextGs", "gs"), ("ContextFs", "fs"), ("ContextTrap", "trapno"), ("ContextError", "err"), ("ContextSs", "ss"),
                    ("ContextFpState", "fpstate"), ("ContextOldMask", "oldmask"), ("ContextCr2", "cr2"),
                }.Select(pair => $"offsetof(struct sigcontext, {pair.Item2}) == {Constant(pair.Item1)}"),
                $"sizeof(struct sigcontext) == {Constant("ContextSize")}",
                $"sizeof(struct _fpstate_32) == {Constant("FpStateSize")}",
                $"offsetof(struct _fpstate_32, _fxsr_env) == {Constant("FpStateFxsave")}",
                $"offsetof(struct ucontext, uc_stack) == {Constant("RtFrameStack") - ucontext}",
                $"offsetof(struct ucontext, uc_mcontext) == {Constant("RtFrameContext") - ucontext}",
                $"offsetof(struct ucontext, uc_sigmask) == {Constant("RtFrameMask") - ucontext}",
            ],
            atLeast: 25);

        static int Constant(string name) =>
            (int)typeof(SignalFrame).GetField(name, BindingFlags.NonPublic | BindingFlags.Static)!.GetRawConstantValue()!;
    }

    [Fact]
    public void Types_of_the_auxiliary_vector_agree_with_the_headers()
    {
        Dictionary<AuxiliaryType, string> names = new()
        {
            [AuxiliaryType.ProgramHeaders] = "PHDR",
            [AuxiliaryType.ProgramHeaderSize] = "PHENT",
            [AuxiliaryType.ProgramHeaderCount] = "PHNUM",
            [AuxiliaryType.PageSize] = "PAGESZ",
            [AuxiliaryType.EffectiveUid] = "EUID",
            [AuxiliaryType.EffectiveGid] = "EGID",
            [AuxiliaryType.ClockTick] = "CLKTCK",
            [AuxiliaryType.ExecutableName] = "EXECFN",
            [AuxiliaryType.SysInfoEhdr] = "SYSINFO_EHDR",
        };
        AssertGood(
            Enum.GetValues<AuxiliaryType>().Select(type => $"AT_{names.GetValueOrDefault(type, $"{type}".ToUpperInvariant())} == {(uint)type}"),
            atLeast: 15);
    }

    [Fact]
    public void Numbers_of_system_calls_agree_with_the_headers()
    {
        Dictionary<string, int> there = SystemCall().Matches(Gcc("#include <asm/unistd.h>\n", "-dM", "-E").Output)
            .ToDictionary(match => match.Groups[1].Value, match => int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
        Assert.InRange(there.Count, 400, 1000);
        foreach (string name in Enum.GetNames<Syscall>())
        {
            // Headers may be older than the table.
            Assert.Equal((int)Enum.Parse<Syscall>(name), there.GetValueOrDefault(name, (int)Enum.Parse<Syscall>(name)));
        }

        int last = Enum.GetValues<Syscall>().Max(number => (int)number);
        Assert.All(there.Where(pair => pair.Value <= last), pair => Assert.Equal(pair.Key, Enum.GetName((Syscall)pair.Value)));
    }

    [Fact]
    public void A_wrong_layout_does_not_compile() => Assert.Contains(
        "static assertion failed", Gcc(Headers + "check(offsetof(struct stat64, st_size) == 40);\n", "-fsyntax-only").Complaints, StringComparison.Ordinal);

    private static void AssertGood(IEnumerable<string> checks, int atLeast)
    {
        string[] all = [.. checks];
        Assert.InRange(all.Length, atLeast, 1000);
        string complaints = Gcc(Headers + string.Concat(all.Select(check => $"check({check});\n")), "-fsyntax-only").Complaints;
        Assert.True(complaints.Length == 0, complaints);
    }

    private static IEnumerable<string> Fields(Type type, string c, params (string Ours, string Theirs)[] fields)
    {
        // The monitor writes the structures as they are: none of their bytes is padding of another length.
        yield return $"sizeof({c}) == {Marshal.SizeOf(type)}";
        foreach ((string ours, string theirs) in fields)
        {
            bool isField = type.GetField(ours, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic) is not null;
            yield return $"offsetof({c}, {theirs}) == {(int)Marshal.OffsetOf(type, isField ? ours : $"<{ours}>k__BackingField")}";
        }
    }

    private static Type Nested(Type outer, string name) => outer.GetNestedType(name, BindingFlags.NonPublic)!;

    private static string Snake(string name) => string.Concat(name.Select((c, i) => char.IsUpper(c) && i > 0 ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    private static (string Output, string Complaints) Gcc(string source, params string[] options)
    {
        ProcessStartInfo start = new("gcc", ["-m32", "-x", "c", "-std=gnu11", .. options, "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process gcc = Process.Start(start)!;
        Task<string> complaints = gcc.StandardError.ReadToEndAsync();
        Task<string> output = gcc.StandardOutput.ReadToEndAsync();
        gcc.StandardInput.Write(source);
        gcc.StandardInput.Close();
        gcc.WaitForExit();
        return (output.Result, complaints.Result);
    }

    [GeneratedRegex(@"^#define __NR_(\w+) (\d+)$", RegexOptions.Multiline)]
    private static partial Regex SystemCall();
}
