// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;

namespace Kvmsys.Monitor.Linux;

/// <summary>Which system call is served by what. All else is -ENOSYS.</summary>
internal sealed class SystemCalls
{
    private readonly Func<CallContext, Answer>?[] _handlers = new Func<CallContext, Answer>?[SyscallNumber.Count];

    /// <summary>The table over a program's state.</summary>
    public SystemCalls(
        MemoryCalls memory,
        DescriptorCalls descriptors,
        TransferCalls transfers,
        PollCalls polls,
        PathCalls paths,
        TimeCalls time,
        AlarmClock alarm,
        SignalCalls signals,
        ProcessCalls process,
        ThreadAreas areas)
    {
        Serve(Syscall.read, transfers.Read);
        Serve(Syscall.write, transfers.Write);
        Serve(Syscall.open, paths.Open);
        Serve(Syscall.close, descriptors.Close);
        Serve(Syscall.waitpid, ProcessCalls.Wait);
        Serve(Syscall.time, time.Time);
        Serve(Syscall.lseek, descriptors.Lseek);
        Serve(Syscall.chdir, paths.Chdir);
        Serve(Syscall.alarm, alarm.Alarm);
        Serve(Syscall.pause, signals.Pause);
        Serve(Syscall.access, paths.Access);
        Serve(Syscall.kill, signals.Kill);
        Serve(Syscall.dup, descriptors.Dup);
        Serve(Syscall.pipe, descriptors.Pipe);
        Serve(Syscall.times, time.Times);
        Serve(Syscall.brk, memory.Brk);
        Serve(Syscall.signal, signals.Signal);
        Serve(Syscall.ioctl, descriptors.Ioctl);
        Serve(Syscall.fcntl, descriptors.Fcntl);
        Serve(Syscall.setpgid, process.Setpgid);
        Serve(Syscall.umask, paths.Umask);
        Serve(Syscall.dup2, descriptors.Dup2);
        Serve(Syscall.setsid, ProcessCalls.Setsid);
        Serve(Syscall.sigaction, signals.Sigaction);
        Serve(Syscall.sgetmask, signals.Sgetmask);
        Serve(Syscall.ssetmask, signals.Ssetmask);
        Serve(Syscall.sigsuspend, signals.Sigsuspend);
        Serve(Syscall.sigpending, signals.Sigpending);
        Serve(Syscall.setrlimit, process.Setrlimit);
        Serve(Syscall.getrlimit, call => process.Getrlimit(call, old: true));
        Serve(Syscall.getrusage, time.Getrusage);
        Serve(Syscall.gettimeofday, time.Gettimeofday);
        Serve(Syscall.readlink, paths.Readlink);
        Serve(Syscall.mmap, memory.OldMmap);
        Serve(Syscall.munmap, memory.Munmap);
        Serve(Syscall.getpriority, ProcessCalls.Getpriority);
        Serve(Syscall.setitimer, alarm.Setitimer);
        Serve(Syscall.getitimer, alarm.Getitimer);
        Serve(Syscall.wait4, ProcessCalls.Wait);
        Serve(Syscall.sysinfo, process.Sysinfo);
        Serve(Syscall.sigreturn, signals.Sigreturn);
        Serve(Syscall.uname, process.Uname);
        Serve(Syscall.mprotect, memory.Mprotect);
        Serve(Syscall.sigprocmask, signals.Sigprocmask);
        Serve(Syscall.getpgid, process.Getpgid);
        Serve(Syscall.personality, ProcessCalls.Personality);
        Serve(Syscall._llseek, descriptors.Llseek);
        Serve(Syscall._newselect, polls.Newselect);
        Serve(Syscall.readv, transfers.Readv);
        Serve(Syscall.writev, transfers.Writev);
        Serve(Syscall.getsid, process.Getpgid);
        Serve(Syscall.nanosleep, time.Nanosleep);
        Serve(Syscall.mremap, memory.Mremap);
        Serve(Syscall.poll, polls.Poll);
        Serve(Syscall.prctl, process.Prctl);
        Serve(Syscall.rt_sigreturn, signals.RtSigreturn);
        Serve(Syscall.rt_sigaction, signals.RtSigaction);
        Serve(Syscall.rt_sigprocmask, signals.RtSigprocmask);
        Serve(Syscall.rt_sigpending, signals.RtSigpending);
        Serve(Syscall.rt_sigtimedwait, call => signals.RtSigtimedwait(call, wide: false));
        Serve(Syscall.rt_sigqueueinfo, call => signals.Queue(signals.IsSelf(call.Ebx), call.Ecx, call.Edx, toThread: false));
        Serve(Syscall.rt_sigsuspend, signals.RtSigsuspend);
        Serve(Syscall.pread64, transfers.Pread64);
        Serve(Syscall.getcwd, paths.Getcwd);
        Serve(Syscall.sigaltstack, signals.Sigaltstack);
        Serve(Syscall.ugetrlimit, call => process.Getrlimit(call, old: false));
        Serve(Syscall.mmap2, memory.Mmap2);
        Serve(Syscall.stat64, paths.Stat64);
        Serve(Syscall.lstat64, paths.Lstat64);
        Serve(Syscall.fstat64, paths.Fstat64);
        Serve(Syscall.getgroups32, ProcessCalls.Getgroups);
        Serve(Syscall.getresuid32, process.Getresuid);
        Serve(Syscall.getresgid32, process.Getresgid);
        Serve(Syscall.madvise, memory.Madvise);
        Serve(Syscall.getdents64, paths.Getdents64);
        Serve(Syscall.fcntl64, descriptors.Fcntl);
        Serve(Syscall.tkill, signals.Tkill);
        Serve(Syscall.futex, call => process.Futex(call, wide: false));
        Serve(Syscall.sched_getaffinity, process.SchedGetaffinity);
        Serve(Syscall.set_thread_area, areas.Set);
        Serve(Syscall.get_thread_area, areas.Get);
        Serve(Syscall.set_tid_address, process.SetTidAddress);
        Serve(Syscall.clock_gettime, call => time.ClockGettime(call, wide: false));
        Serve(Syscall.clock_getres, call => time.ClockGetres(call, wide: false));
        Serve(Syscall.clock_nanosleep, call => time.ClockNanosleep(call, wide: false));
        Serve(Syscall.tgkill, signals.Tgkill);
        Serve(Syscall.openat, paths.Openat);
        Serve(Syscall.fstatat64, paths.Fstatat64);
        Serve(Syscall.readlinkat, paths.Readlinkat);
        Serve(Syscall.faccessat, paths.Faccessat);
        Serve(Syscall.pselect6, call => polls.Pselect6(call, wide: false));
        Serve(Syscall.ppoll, call => polls.Ppoll(call, wide: false));
        Serve(Syscall.set_robust_list, ProcessCalls.SetRobustList);
        Serve(Syscall.dup3, descriptors.Dup3);
        Serve(Syscall.pipe2, descriptors.Pipe2);
        Serve(Syscall.rt_tgsigqueueinfo, call => signals.Queue(signals.IsSelf(call.Ebx) && signals.IsSelf(call.Ecx), call.Edx, call.Esi, toThread: true));
        Serve(Syscall.prlimit64, process.Prlimit64);
        Serve(Syscall.getrandom, process.Getrandom);
        Serve(Syscall.statx, paths.Statx);
        Serve(Syscall.rseq, process.Rseq);
        Serve(Syscall.clock_gettime64, call => time.ClockGettime(call, wide: true));
        Serve(Syscall.clock_getres_time64, call => time.ClockGetres(call, wide: true));
        Serve(Syscall.clock_nanosleep_time64, call => time.ClockNanosleep(call, wide: true));
        Serve(Syscall.pselect6_time64, call => polls.Pselect6(call, wide: true));
        Serve(Syscall.ppoll_time64, call => polls.Ppoll(call, wide: true));
        Serve(Syscall.rt_sigtimedwait_time64, call => signals.RtSigtimedwait(call, wide: true));
        Serve(Syscall.futex_time64, call => process.Futex(call, wide: true));
        Serve(Syscall.faccessat2, paths.Faccessat);
        Serve(Syscall.sendfile, call => transfers.Sendfile(call, wide: false));
        Serve(Syscall.sendfile64, call => transfers.Sendfile(call, wide: true));
        RefuseChanges(paths);
    }

    /// <summary>Calls that would change a file system, and which arguments are folder and path of what must be there, or must not.</summary>
    private void RefuseChanges(PathCalls paths)
    {
        const uint workingDirectory = unchecked((uint)-100);
        foreach (Syscall number in new[]
        {
            Syscall.link, Syscall.unlink, Syscall.chmod, Syscall.lchown, Syscall.rename, Syscall.rmdir,
            Syscall.truncate, Syscall.chown, Syscall.truncate64, Syscall.chown32, Syscall.lchown32, Syscall.utime, Syscall.utimes,
        })
        {
            Serve(number, call => paths.RefuseChange(workingDirectory, call.Ebx));
        }

        foreach (Syscall number in new[]
        {
            Syscall.fchownat, Syscall.unlinkat, Syscall.renameat, Syscall.linkat, Syscall.fchmodat, Syscall.renameat2,
        })
        {
            Serve(number, call => paths.RefuseChange(call.Ebx, call.Ecx));
        }

        foreach (Syscall number in new[] { Syscall.mkdir, Syscall.mknod })
        {
            Serve(number, call => paths.RefuseCreation(workingDirectory, call.Ebx));
        }

        foreach (Syscall number in new[] { Syscall.mkdirat, Syscall.mknodat })
        {
            Serve(number, call => paths.RefuseCreation(call.Ebx, call.Ecx));
        }

        Serve(Syscall.utimensat, paths.Utimensat);
        Serve(Syscall.utimensat_time64, paths.Utimensat);
        Serve(Syscall.creat, paths.Creat);
        Serve(Syscall.symlink, call => paths.RefuseCreation(workingDirectory, call.Ecx));
        Serve(Syscall.symlinkat, call => paths.RefuseCreation(call.Ecx, call.Edx));
    }

    /// <summary>What serves a system call; null for nothing.</summary>
    public Func<CallContext, Answer>? this[uint number] => number < (uint)_handlers.Length ? _handlers[number] : null;

    private void Serve(Syscall number, Func<CallContext, Answer> handler) => _handlers[(int)number] = handler;
}
