// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Runtime.InteropServices;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Native;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.I386Guest;

/// <summary>What disturbs a run from outside, done to it on purpose: the gate sees it by what KVM has counted.</summary>
public sealed partial class GateTests : IDisposable
{
    private const int Sigwinch = 28;
    private const int ReadWrite = 3;
    private const int ReadWriteExecute = 7;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(120);

    // Some milliseconds on a CPU, and a second on an emulated one.
    private static readonly CallLoopParameters Parameters = new() { Rounds = 500, Batches = CallLoop.MaxBatches, WarmUpRounds = 16, WarmUpGroups = 2 };

    private static readonly EntryPath Path = new(KernelProfile.Bare, EntryMechanism.Int80);

    private readonly Kvm _kvm = Kvm.Open();

    public GateTests() => Assert.SkipWhen(_kvm.CheckExtension(KvmCapability.BinaryStatsFd) == 0, "this KVM has no KVM_CAP_BINARY_STATS_FD");

    public void Dispose() => _kvm.Dispose();

    [Fact]
    public void A_signal_to_the_vCPUs_thread_is_seen()
    {
        // One that would be ignored if nobody had asked for it: so it makes KVM_RUN return, and nothing else.
        using PosixSignalRegistration asked = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => { });
        int thread = 0;
        Assert.True(IsSeen(GateReason.Signal, guest =>
        {
            thread = thread == 0 ? VcpuThreadId() : thread;
            ThreadSignals.Send(thread, Sigwinch);
        }));
    }

    [Fact]
    public void Memory_that_the_host_maps_anew_is_seen()
    {
        // Changing what the memory may be used for takes it out of the guest's second level of page tables, and each page comes back by a fault.
        bool executable = false;
        Assert.True(IsSeen(GateReason.PageFault, guest =>
        {
            executable = !executable;
            Protect(guest.Machine.Ram.Mapping, executable ? ReadWriteExecute : ReadWrite);
        }));
    }

    [Fact]
    public void A_thread_that_others_take_the_CPU_from_is_seen()
    {
        using CancellationTokenSource done = new();
        Thread[] others = [.. Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
                Thread.SpinWait(1000);
            }
        }))];
        Array.ForEach(others, other => other.Start());
        bool seen = IsSeen(GateReason.Preempted, _ => { });
        done.Cancel();
        Array.ForEach(others, other => other.Join());
        Assert.True(seen);
    }

    [Fact]
    public void A_clock_that_somebody_changed_between_two_runs_is_seen()
    {
        // By ten seconds: KVM takes a smaller step for a try to set the TSCs of several vCPUs alike.
        const ulong seconds = 10;
        MeasuredGuest guest = Make();
        using PathSession session = new(Path, guest);
        session.SizeBatches(Time, CancellationToken.None);
        session.Run(Time, CancellationToken.None);
        Assert.SkipWhen(guest.TscKhz is null, "this KVM does not tell the TSC's rate");

        // Over less than 100 ms no rate is judged.
        Thread.Sleep(200);
        guest.Machine.SetMsr(Msr.TimeStampCounter, LastTicks() + (seconds * 1000 * (ulong)guest.TscKhz!.Value));
        session.Run(Time, CancellationToken.None);
        Assert.All(session.Close(), run => Assert.Equal(GateReason.TscRate, run.Reasons & GateReason.TscRate));

        ulong LastTicks() => guest.Run(Parameters with { Rounds = 1, Batches = 2 }, Time).Results.Batches[1].EndTicks;
    }

    [Fact]
    public void Nothing_is_seen_where_nothing_is_done() => Assert.False(IsSeen(GateReason.Signal | GateReason.PageFault, _ => { }, tries: 2));

    /// <summary>Whether the gate sees it in one of some runs in whose middle it is done: a run may be over before the first time.</summary>
    private bool IsSeen(GateReason reason, Action<MeasuredGuest> disturb, int tries = 100)
    {
        using MeasuredGuest guest = Make();
        guest.Run(Parameters with { Rounds = 1, Batches = 2 }, Time);
        return Enumerable.Range(0, tries).Any(_ =>
        {
            Task<CallRun> run = Task.Run(() => guest.Run(Parameters, Time));
            while (!run.Wait(TimeSpan.FromMilliseconds(1)))
            {
                disturb(guest);
            }

            return (GatedRun.Of(run.Result).Reasons & reason) != 0;
        });
    }

    private MeasuredGuest Make() => new(_kvm, GuestCpuid.Of(_kvm), Path, seed: 1, Guest.I386GuestOptions.MinMemorySize);

    private static int VcpuThreadId() => int.Parse(
        System.IO.Path.GetFileName(Directory.GetDirectories("/proc/self/task").Single(task => NameOf(task) == "vcpu\n")), CultureInfo.InvariantCulture);

    private static string NameOf(string task)
    {
        try
        {
            return File.ReadAllText(System.IO.Path.Combine(task, "comm"));
        }
        catch (IOException)
        {
            // A thread of the runtime's has ended meanwhile.
            return "";
        }
    }

    private static unsafe void Protect(MemoryMapping memory, int protection) =>
        Assert.Equal(0, MProtect((nint)memory.Address, memory.Length, protection));

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int MProtect(nint address, nuint length, int protection);
}
