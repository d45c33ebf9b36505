// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Kvmsys.Guest;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Probes;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Benchmarks;

/// <summary>What kvmsys itself costs: start-up, size, the daemon, KVM_RUN, set-up, image building, kicks. C# and C take turns, pair by pair.</summary>
internal static unsafe class Program
{
    private const double Microsecond = 1e3;
    private const double Millisecond = 1e6;
    private const int Pairs = 31;
    private const int SetUpPairs = 101;

    private static int Main(string[] arguments)
    {
        try
        {
            Measure(arguments);
            return 0;
        }
        catch (KvmException exception)
        {
            Console.Error.WriteLine($"benchmarks: {exception.Message}. Cure: kvmsys doctor tells what this KVM can do.");
            return 3;
        }
        catch (IOException exception)
        {
            Console.Error.WriteLine($"benchmarks: {exception.Message}. Cure: keep standard output open, and its disk from being full.");
            return 74;
        }
    }

    private static void Measure(string[] arguments)
    {
        // Before anything else has warmed the assembler up.
        Samples cold = new();
        TimeImage(cold);

        HostEnvironment host = HostEnvironment.Read();
        bool runsGuest = Checkup.Of(Kvm.DefaultPath, host).CanRunGuest;
        Say($"host: {host.Cpu.Brand}, {host.BackEnd.Module}, hypervisor {host.Cpu.Hypervisor ?? "none"}; the i386 guest {(runsGuest ? "runs" : "does not run")} here");
        Say("each line: median (minimum to maximum); ratios are medians of ratios of C# to C, pair by pair");
        Say("");

        foreach (string binary in arguments)
        {
            MeasureBinary(binary);
            DaemonFigures.Measure(binary, Say);
        }

        MeasureImage(cold);
        using Kvm kvm = Kvm.Open();
        GuestCpuid cpuid = GuestCpuid.Of(kvm);
        MeasureRun(kvm);
        MeasureSetUp(kvm, cpuid, runsGuest);
        MeasureKicks(kvm, cpuid);
    }

    private static void MeasureBinary(string binary)
    {
        Samples start = new();
        for (int i = 0; i < Pairs; i++)
        {
            long begin = Stopwatch.GetTimestamp();
            using Process process = Process.Start(new ProcessStartInfo(binary, ["--version"]) { RedirectStandardOutput = true })!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            start.Add(Stopwatch.GetElapsedTime(begin).TotalNanoseconds);
        }

        Say($"kvmsys --version, started and ended   {start.In(Millisecond, "ms")}   aim 30");
        Say(string.Create(CultureInfo.InvariantCulture, $"kvmsys, size                          {new FileInfo(binary).Length / 1e6,9:N3} MB   aim 8"));
    }

    /// <summary>KVM_RUN to an OUT and back, on one vCPU, in turns.</summary>
    private static void MeasureRun(Kvm kvm)
    {
        const int exits = 20_000;
        const ushort port = 0x10;
        using KvmVm vm = kvm.CreateVm();
        using MemoryMapping memory = MemoryMapping.Anonymous(0x10000);
        ReadOnlySpan<byte> outAndAgain = [0xe6, (byte)port, 0xeb, 0xfc];
        outAndAgain.CopyTo(memory.Slice(0x1000, outAndAgain.Length));
        vm.SetTssAddr(0xfffbd000);
        vm.SetUserMemoryRegion(slot: 0, guestPhysAddr: 0, memory);
        using KvmVcpu vcpu = vm.CreateVcpu(id: 0);
        vcpu.SetCpuid(kvm.GetSupportedCpuid());
        vcpu.SetSregs(VcpuState.ToSregs(ProbeGuest.Flat().InitialState, vcpu.GetSregs()));
        vcpu.SetRegs(new KvmRegs { Rip = 0x1000, Rflags = 2 });

        Samples csharp = new();
        Samples c = new();
        RunExits(vcpu, exits, port);
        for (int i = 0; i < Pairs; i++)
        {
            long begin = Stopwatch.GetTimestamp();
            RunExits(vcpu, exits, port);
            csharp.Add(Stopwatch.GetElapsedTime(begin).TotalNanoseconds / exits);
            long nanoseconds = Baseline.Run(vcpu, vcpu.RunPage.Address, exits, port);
            c.Add((double)Check(nanoseconds) / exits);
        }

        Say($"KVM_RUN round trip (OUT), C#          {csharp.In(Microsecond, "us")}");
        Say($"KVM_RUN round trip (OUT), C           {c.In(Microsecond, "us")}");
        Say(Ratio("KVM_RUN round trip, C# / C", csharp, c, 1.05));
    }

    private static void RunExits(KvmVcpu vcpu, int exits, ushort port)
    {
        while (exits > 0)
        {
            if (vcpu.Run() != KvmRunOutcome.Exited)
            {
                continue;
            }

            KvmExit exit = vcpu.Exit;
            if (exit.Reason != KvmExitReason.Io || exit.Io.Port != port)
            {
                throw new InvalidOperationException($"An unexpected exit: {exit.Reason}.");
            }

            exits--;
        }
    }

    private static void MeasureImage(Samples cold)
    {
        Samples warm = new();
        for (int i = 0; i < SetUpPairs; i++)
        {
            TimeImage(warm);
        }

        Say($"image built (Iced), cold              {cold.In(Millisecond, "ms")}   aim 2");
        Say($"image built (Iced), warm              {warm.In(Millisecond, "ms")}   aim 0.4");
    }

    private static void TimeImage(Samples samples)
    {
        const KernelProfile profile = KernelProfile.Linux26;
        long begin = Stopwatch.GetTimestamp();
        BuildGuest(new Guest.Cpu.CpuIdentity("AuthenticAMD", 23, 1, 2, Sep: true), profile, new CallLoop(EntryMechanism.Int80).Assemble(profile));
        samples.Add(Stopwatch.GetElapsedTime(begin).TotalNanoseconds);
    }

    private static I386Guest BuildGuest(Guest.Cpu.CpuIdentity cpu, KernelProfile profile, GuestProgram program) =>
        I386Guest.Build(new I386GuestOptions { Program = program, Profile = profile, Cpu = cpu });

    /// <summary>From nothing to the guest's first instruction, phase by phase.</summary>
    private static void MeasureSetUp(Kvm kvm, GuestCpuid cpuid, bool runsGuest)
    {
        // MOV EAX, Mark; INT 0x81: the first thing that the program does is to say that it is there.
        GuestImage i386 = BuildGuest(cpuid.Identity, KernelProfile.Linux26, GuestProgram.OfCode(new byte[] { 0xb8, (byte)MonitorCall.Mark, 0, 0, 0, 0xcd, 0x81 })).Image;
        MeasureSetUp("i386 guest", kvm, cpuid, i386, run: runsGuest);
        if (!runsGuest)
        {
            // MOV EAX, Mark; MOV DX, port; OUT DX, EAX.
            GuestImage flat = ProbeGuest.Flat().WithBytes(
                ProbeGuest.Text, [0xb8, (byte)MonitorCall.Mark, 0, 0, 0, 0x66, 0xba, MonitorPort.Call & 0xff, MonitorPort.Call >> 8, 0xef]);
            MeasureSetUp("flat guest", kvm, cpuid, flat, run: true);
        }
    }

    private static void MeasureSetUp(string guest, Kvm kvm, GuestCpuid cpuid, GuestImage image, bool run)
    {
        string[] names = ["create VM", "memory and image", "create vCPU, statistics", "CPUID and registers", .. run ? ["first instruction"] : Array.Empty<string>()];
        Samples[] csharp = [.. names.Select(_ => new Samples())];
        Samples[] c = [.. names.Select(_ => new Samples())];
        Samples total = new();
        Samples totalOfC = new();
        for (int i = -3; i < SetUpPairs; i++)
        {
            // Each is gone before the other begins: the first VM of a host switches the CPUs' virtualization on.
            TimeSpan[] phases = SetUpInCSharp(kvm, image, cpuid, run);
            long[] phasesOfC;
            using (GuestRam ram = new(image.MemorySize))
            {
                phasesOfC = OnNewThread(() => SetUpInC(kvm, image, cpuid, ram.Mapping, run));
            }

            if (i < 0)
            {
                continue;
            }

            for (int phase = 0; phase < names.Length; phase++)
            {
                csharp[phase].Add(phases[phase].TotalNanoseconds);
                c[phase].Add(phasesOfC[phase]);
            }

            total.Add(phases.Sum(phase => phase.TotalNanoseconds));
            totalOfC.Add(phasesOfC.Sum());
        }

        for (int phase = 0; phase < names.Length; phase++)
        {
            Say($"{guest}, {names[phase],-23}, C#  {csharp[phase].In(Microsecond, "us")}");
            Say($"{guest}, {names[phase],-23}, C   {c[phase].In(Microsecond, "us")}");
            Say(Ratio($"{guest}, {names[phase]}, C# / C", csharp[phase], c[phase], 1.10));
        }

        Say($"{guest}, {"all of these",-23}, C#  {total.In(Microsecond, "us")}");
        Say($"{guest}, {"all of these",-23}, C   {totalOfC.In(Microsecond, "us")}");
        Say(Ratio($"{guest}, all of these, C# / C", total, totalOfC, 1.10));
    }

    /// <summary>A vCPU gets a thread of its own in C#; so it does in C, for a new thread starts with cold caches. Memory comes from the caller's thread.</summary>
    private static T OnNewThread<T>(Func<T> work)
    {
        T? result = default;
        Thread thread = new(() => result = work());
        thread.Start();
        thread.Join();
        return result!;
    }

    private static TimeSpan[] SetUpInCSharp(Kvm kvm, GuestImage image, GuestCpuid cpuid, bool run)
    {
        using VirtualMachine machine = new(kvm, image, cpuid);
        SetupTimes setup = machine.Setup;
        TimeSpan first = TimeSpan.Zero;
        if (run)
        {
            MachineStop stop = machine.Run(TimeSpan.FromSeconds(10));
            first = stop.Reason == StopReason.Mark ? stop.Elapsed : throw new InvalidOperationException($"The guest did not start: {stop.Crash}");
        }

        return [setup.CreateVm, setup.Memory, setup.CreateVcpu, setup.State, first];
    }

    private static long[] SetUpInC(Kvm kvm, GuestImage image, GuestCpuid cpuid, MemoryMapping memory, bool run)
    {
        KvmMsrEntry[] msrs = VcpuState.ToMsrs(image.InitialState);
        byte[] cpuidList = ListOf(cpuid.Entries);
        byte[] msrList = ListOf<KvmMsrEntry>(msrs);
        KvmSregs sregs = VcpuState.ToSregs(image.InitialState, default);
        KvmRegs regs = VcpuState.ToRegs(image.InitialState);
        KvmFpu fpu = new() { Fcw = KvmFpu.DefaultFcw };
        System.Buffers.MemoryHandle[] pins = [.. image.Ranges.Select(range => range.Bytes.Pin())];
        Baseline.Range[] ranges = [.. image.Ranges.Zip(pins, (range, pin) => RangeOf(range, pin))];
        long[] phases = new long[5];
        fixed (Baseline.Range* rangePointer = ranges)
        fixed (byte* cpuidPointer = cpuidList, msrPointer = msrList)
        fixed (long* phasePointer = phases)
        {
            Check(Baseline.SetUp(
                kvm,
                memory.Address,
                memory.Length,
                rangePointer,
                ranges.Length,
                cpuidPointer,
                &sregs,
                msrPointer,
                &regs,
                &fpu,
                run ? MonitorPort.Call : 0,
                phasePointer));
        }

        Array.ForEach(pins, pin => pin.Dispose());
        return phases;
    }

    private static Baseline.Range RangeOf(PhysicalRange range, System.Buffers.MemoryHandle pin) =>
        new() { Address = range.Address, Bytes = pin.Pointer, Length = (ulong)range.Bytes.Length };

    /// <summary>A count, four bytes of padding, and the entries: struct kvm_cpuid2 and struct kvm_msrs.</summary>
    private static byte[] ListOf<T>(ReadOnlySpan<T> entries)
        where T : unmanaged => [.. BitConverter.GetBytes((long)entries.Length), .. MemoryMarshal.AsBytes(entries)];

    /// <summary>How long after its deadline, or after a cancellation, a guest in JMP to itself has stopped.</summary>
    private static void MeasureKicks(Kvm kvm, GuestCpuid cpuid)
    {
        const int kicks = 200;
        TimeSpan time = TimeSpan.FromMilliseconds(2);
        Samples late = new();
        Samples cancelled = new();
        using VirtualMachine machine = new(kvm, ProbeGuest.Spin(), cpuid);
        for (int i = 0; i < kicks; i++)
        {
            late.Add((machine.Run(time).Elapsed - time).TotalNanoseconds);

            using CancellationTokenSource source = new();
            long asked = 0;
            Thread kicker = new(() =>
            {
                Thread.Sleep(1);
                asked = Stopwatch.GetTimestamp();
                source.Cancel();
            });
            kicker.Start();
            machine.Run(TimeSpan.FromMinutes(1), source.Token);
            kicker.Join();
            cancelled.Add(Stopwatch.GetElapsedTime(asked).TotalNanoseconds);
        }

        Say($"stopped after its deadline            {late.In(Millisecond, "ms")}   aim 1 on a host, 10 in the lab");
        Say($"stopped after a cancellation          {cancelled.In(Millisecond, "ms")}");
    }

    private static string Ratio(string name, Samples csharp, Samples c, double aim) =>
        string.Create(CultureInfo.InvariantCulture, $"{name,-46}{csharp.RatioTo(c):N3}   aim {aim:N2}");

    private static long Check(long result) => result >= 0 ? result : throw new InvalidOperationException("The C side failed.");

    private static void Say(string line) => Console.WriteLine(line);
}
