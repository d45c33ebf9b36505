// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Kvmsys.Native;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.NoDevice.Native;

/// <summary>
/// The binary interface, proved against this system's kernel headers: every structure and constant of the library becomes C
/// <c>_Static_assert</c>s, and the C compiler judges them. C names follow from ours (GuestPhysAddr: guest_phys_addr); what does not follow
/// is in the tables below.
/// </summary>
public sealed class AbiTests
{
    /// <summary>Enumerations, and the prefix of their constants in C.</summary>
    private static readonly Dictionary<Type, string> EnumPrefixes = new()
    {
        [typeof(KvmCapability)] = "KVM_CAP_",
        [typeof(KvmCpuidFlags)] = "KVM_CPUID_FLAG_",
        [typeof(KvmDisableExits)] = "KVM_X86_DISABLE_EXITS_",
        [typeof(KvmEmulationFailureFlags)] = "KVM_INTERNAL_ERROR_EMULATION_FLAG_",
        [typeof(KvmExitReason)] = "KVM_EXIT_",
        [typeof(KvmGuestDebugControl)] = "KVM_GUESTDBG_",
        [typeof(KvmInternalError)] = "KVM_INTERNAL_ERROR_",
        [typeof(KvmInterruptShadow)] = "KVM_X86_SHADOW_INT_",
        [typeof(KvmIoDirection)] = "KVM_EXIT_IO_",
        [typeof(KvmMemFlags)] = "KVM_MEM_",
        [typeof(KvmMpState)] = "KVM_MP_STATE_",
        [typeof(KvmMsrExitReasons)] = "KVM_MSR_EXIT_REASON_",
        [typeof(KvmMsrFilterAccess)] = "KVM_MSR_FILTER_",
        [typeof(KvmMsrFilterDefault)] = "KVM_MSR_FILTER_DEFAULT_",
        [typeof(KvmNotifyFlags)] = "KVM_NOTIFY_",
        [typeof(KvmRunFlags)] = "KVM_RUN_X86_",
        [typeof(KvmSregs2Flags)] = "KVM_SREGS2_FLAGS_",
        [typeof(KvmStatsBase)] = "KVM_STATS_BASE_",
        [typeof(KvmStatsType)] = "KVM_STATS_TYPE_",
        [typeof(KvmStatsUnit)] = "KVM_STATS_UNIT_",
        [typeof(KvmSyncRegisters)] = "KVM_SYNC_X86_",
        [typeof(KvmSystemEvent)] = "KVM_SYSTEM_EVENT_",
        [typeof(KvmVcpuEventFlags)] = "KVM_VCPUEVENT_VALID_",
        [typeof(PollEvents)] = "POLL",
        [typeof(Errno)] = "",
    };

    /// <summary>Enumerations of the library's own, which the kernel does not know.</summary>
    private static readonly HashSet<Type> OwnEnums = [typeof(KvmRunOutcome)];

    /// <summary>Structures of the library's own, which the kernel does not see.</summary>
    private static readonly HashSet<Type> OwnStructs = [typeof(KvmExit), typeof(SignalSet), typeof(PolledFile), typeof(ThreadUsage)];

    /// <summary>C fields whose names do not follow from ours: by our structure and field.</summary>
    private static readonly Dictionary<(Type, string), string> FieldNames = new()
    {
        [(typeof(KvmRun.SyncedState), nameof(KvmRun.SyncedState.Regs))] = "regs",
        [(typeof(Libc.Sigevent), nameof(Libc.Sigevent.SigevNotifyThreadId))] = "_sigev_un._tid",
    };

    /// <summary>Fields that keep a place, and have another name in each version of the headers.</summary>
    private static readonly HashSet<string> Padding = ["_padding", "_reserved", "_rest"];

    /// <summary>Members of C's unions that share our field's bytes, and are checked in its place.</summary>
    private static readonly Dictionary<Type, string> StructNames = new()
    {
        [typeof(Libc.Timespec)] = "struct timespec",
        [typeof(Libc.Timeval)] = "struct timeval",
        [typeof(Libc.Rusage)] = "struct rusage",
        [typeof(Libc.Rlimit)] = "struct rlimit",
        [typeof(Libc.Itimerspec)] = "struct itimerspec",
        [typeof(Libc.Sigevent)] = "struct sigevent",
        [typeof(Libc.Pollfd)] = "struct pollfd",
        [typeof(Libc.Winsize)] = "struct winsize",
        [typeof(Libc.OpenHow)] = "struct open_how",
        [typeof(Statx)] = "struct statx",
        [typeof(StatxTimestamp)] = "struct statx_timestamp",
    };

    /// <summary>Constants of classes: by our class, the C prefix.</summary>
    private static readonly Dictionary<Type, string> ConstantPrefixes = new()
    {
        [typeof(KvmIoctl)] = "KVM_",
        [typeof(Libc)] = "",
    };

    /// <summary>Constants whose C names do not follow from ours.</summary>
    private static readonly Dictionary<string, string> ConstantNames = new()
    {
        ["Kvm.StableApiVersion"] = "KVM_API_VERSION",
        ["KvmStatistic.TypeMask"] = "KVM_STATS_TYPE_MASK",
        ["KvmStatistic.UnitMask"] = "KVM_STATS_UNIT_MASK",
        ["KvmStatistic.BaseMask"] = "KVM_STATS_BASE_MASK",
        ["FileDescriptor.StandardOutput"] = "STDOUT_FILENO",
        ["FileDescriptor.StandardError"] = "STDERR_FILENO",
        ["FileDescriptor.StandardInput"] = "STDIN_FILENO",
        ["Libc.ORdonly"] = "O_RDONLY",
        ["Libc.ORdwr"] = "O_RDWR",
        ["Libc.ONonblock"] = "O_NONBLOCK",
        ["Libc.OAccmode"] = "O_ACCMODE",
        ["Libc.OAppend"] = "O_APPEND",
        ["Libc.ONoctty"] = "O_NOCTTY",
        ["Libc.ODirectory"] = "O_DIRECTORY",
        ["Libc.OPath"] = "O_PATH",
        ["Libc.FGetfd"] = "F_GETFD",
        ["Libc.FGetfl"] = "F_GETFL",
        ["Libc.SysGetdents64"] = "__NR_getdents64",
        ["Libc.SysStatx"] = "__NR_statx",
        ["Libc.SysOpenat2"] = "__NR_openat2",
        ["Libc.SysFaccessat2"] = "__NR_faccessat2",
        ["Libc.OCloexec"] = "O_CLOEXEC",
        ["Libc.SysRtSigprocmask"] = "__NR_rt_sigprocmask",
        ["Libc.SysRtSigtimedwait"] = "__NR_rt_sigtimedwait",
        ["Libc.SysGettid"] = "__NR_gettid",
        ["Libc.SysTimerCreate"] = "__NR_timer_create",
        ["Libc.SysTimerSettime"] = "__NR_timer_settime",
        ["Libc.SysTimerDelete"] = "__NR_timer_delete",
        ["Libc.SysTgkill"] = "__NR_tgkill",
        ["Libc.SysPidfdSendSignal"] = "__NR_pidfd_send_signal",
        ["Libc.SysPidfdOpen"] = "__NR_pidfd_open",
        ["Libc.SigevThreadId"] = "SIGEV_THREAD_ID",
    };

    /// <summary>Constants that are not the kernel's: values of the CPU, of this library, or of file names.</summary>
    private static readonly HashSet<string> OwnConstants =
    [
        "Kvm.DefaultPath", "Kvm.FirstCpuidRoom", "Kvm.LargestCpuidRoom", "KvmVm.BitsPerWord", "Libc.Library",
        "KvmFpu.DefaultFcw", "MemoryMapping.PageSize", "MemoryMapping.HugePageSize", "MemoryMapping.MapFailed", "FileDescriptor.Forever", "SignalFile.Forever", "OpenFile.PathMax",
        "ProcessLimits.FirstToGo", "ThreadScheduling.MaxCpus", "ThreadScheduling.WordBits",
    ];

    private static readonly Assembly Library = typeof(Kvm).Assembly;

    [Fact]
    public void Every_structure_and_constant_agrees_with_the_system_headers()
    {
        StringBuilder c = new("""
            #define _GNU_SOURCE
            #include <errno.h>
            #include <fcntl.h>
            #include <poll.h>
            #include <sched.h>
            #include <signal.h>
            #include <stddef.h>
            #include <sys/file.h>
            #include <sys/ioctl.h>
            #include <sys/mman.h>
            #include <sys/prctl.h>
            #include <sys/resource.h>
            #include <sys/signalfd.h>
            #include <sys/socket.h>
            #include <sys/stat.h>
            #include <sys/syscall.h>
            #include <time.h>
            #include <unistd.h>
            #include <linux/kvm.h>
            #include <linux/openat2.h>
            #define check(what) _Static_assert(what, #what)

            """);
        int checks = 0;
        foreach (string assertion in Structures().Concat(Enumerations()).Concat(Constants()))
        {
            c.Append(CultureInfo.InvariantCulture, $"check({assertion});\n");
            checks++;
        }

        Assert.True(checks > 600, $"Only {checks} assertions were generated.");
        string complaints = Compile(c.ToString());
        Assert.True(complaints.Length == 0, complaints);
    }

    [Fact]
    public void A_wrong_value_does_not_compile() =>
        Assert.Contains("static assertion failed", Compile("_Static_assert(1 == 2, \"\");\n"), StringComparison.Ordinal);

    [Fact]
    public void No_structure_enumeration_or_constant_is_left_unchecked()
    {
        foreach (Type type in Library.GetTypes().Where(type => type.IsVisible || type.DeclaringType == typeof(Libc)))
        {
            if (type.IsEnum)
            {
                Assert.True(EnumPrefixes.ContainsKey(type) || OwnEnums.Contains(type), $"{type} has no C prefix.");
            }
            else if (type.IsValueType)
            {
                bool known = OwnStructs.Contains(type) || StructNames.ContainsKey(type) || IsInlineArray(type)
                    || type.DeclaringType is { IsValueType: true } || type.Namespace == typeof(KvmRun).Namespace;
                Assert.True(known, $"{type} is not compared with C.");
            }
        }

        HashSet<string> constants = [.. ConstantFields().Select(Name)];
        foreach (string name in OwnConstants.Concat(ConstantNames.Keys))
        {
            Assert.True(constants.Contains(name), $"{name} is in a table of this test and does not exist.");
        }
    }

    private static IEnumerable<string> Structures()
    {
        IEnumerable<Type> roots = Library.GetTypes().Where(type =>
            type.IsValueType && !type.IsEnum && !IsInlineArray(type) && !OwnStructs.Contains(type)
            && (StructNames.ContainsKey(type) || (type.IsVisible && !type.IsNested)));
        foreach (Type type in roots)
        {
            string c = StructNames.GetValueOrDefault(type) ?? $"struct {Snake(type.Name)}";
            yield return $"sizeof({c}) == {SizeOf(type)}";
            foreach (string assertion in Fields(type, c, path: ""))
            {
                yield return assertion;
            }
        }
    }

    /// <summary>Offsets and sizes of the fields, into C's anonymous structures as deep as ours are nested.</summary>
    private static IEnumerable<string> Fields(Type type, string c, string path, int start = 0)
    {
        foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Where(field => !Padding.Contains(field.Name)))
        {
            string name = path + (FieldNames.GetValueOrDefault((type, field.Name)) ?? Snake(field.Name));
            int offset = start + (int)Marshal.OffsetOf(type, field.Name);
            yield return $"offsetof({c}, {name}) == {offset}";
            if (field.FieldType.IsNested && !IsInlineArray(field.FieldType))
            {
                foreach (string assertion in Fields(field.FieldType, c, $"{name}.", offset))
                {
                    yield return assertion;
                }
            }
            else
            {
                yield return $"sizeof((({c} *)0)->{name}) == {SizeOf(field.FieldType)}";
            }
        }
    }

    private static IEnumerable<string> Enumerations() =>
        from pair in EnumPrefixes
        from name in Enum.GetNames(pair.Key)
        let value = Convert.ToInt64(Enum.Parse(pair.Key, name), CultureInfo.InvariantCulture)
        let isAbsence = name == "None" && value == 0 && !Defined(pair.Key)
        where !isAbsence
        select $"{pair.Value}{(pair.Key == typeof(Errno) ? name : Snake(name).ToUpperInvariant())} == {value}";

    /// <summary>Whether None is a constant of the kernel's too, not only the empty set of flags.</summary>
    private static bool Defined(Type type) => type == typeof(KvmStatsUnit);

    private static IEnumerable<string> Constants() =>
        from field in ConstantFields()
        where !OwnConstants.Contains(Name(field))
        let prefix = ConstantPrefixes.GetValueOrDefault(field.DeclaringType!)
        let c = ConstantNames.GetValueOrDefault(Name(field)) ?? $"{prefix}{Snake(field.Name).ToUpperInvariant()}"
        select $"{c} == {Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)}";

    private static IEnumerable<FieldInfo> ConstantFields() =>
        from type in Library.GetTypes()
        where !type.IsEnum && !type.IsDefined(typeof(CompilerGeneratedAttribute))
        from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        where field.IsLiteral
        select field;

    private static string Name(FieldInfo field) => $"{field.DeclaringType!.Name}.{field.Name}";

    private static bool IsInlineArray(Type type) => type.IsDefined(typeof(InlineArrayAttribute));

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    /// <summary>GuestPhysAddr: guest_phys_addr. X86SetMsrFilter: x86_set_msr_filter.</summary>
    private static string Snake(string name)
    {
        StringBuilder snake = new();
        for (int i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0)
            {
                snake.Append('_');
            }

            snake.Append(char.ToLowerInvariant(name[i]));
        }

        return snake.ToString();
    }

    /// <returns>What the compiler complains about; nothing when all holds.</returns>
    private static string Compile(string source)
    {
        ProcessStartInfo start = new("gcc", ["-x", "c", "-std=gnu11", "-fsyntax-only", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        using Process gcc = Process.Start(start)!;
        Task<string> complaints = gcc.StandardError.ReadToEndAsync();
        gcc.StandardInput.Write(source);
        gcc.StandardInput.Close();
        gcc.WaitForExit();
        return complaints.Result;
    }
}
