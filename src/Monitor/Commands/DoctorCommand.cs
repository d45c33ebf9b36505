// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Guest;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys doctor.</summary>
internal static class DoctorCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<string> device = CommonOptions.Device();
        Option<bool> json = CommonOptions.Json();
        Option<bool> fix = new("--fix") { Description = "Only print the commands that tune this host for measurements, for a root shell; none is run." };
        Command command = new("doctor", "Tell what this host's KVM can do, proved by tiny guests; what to change, and why.") { device, json, fix };
        command.Validators.Add(result =>
        {
            if (result.GetValue(json) && result.GetValue(fix))
            {
                result.AddError("--json and --fix exclude each other.");
            }
        });
        command.SetAction(parsed => parsed.GetValue(fix) ? Fix() : Run(parsed.GetValue(device)!, parsed.GetValue(json)));
        return command;
    }

    /// <summary>The placement is tried as a bench asks for it, and with the memory that a bench's guest has.</summary>
    private static IReadOnlyList<Check> Tuning(int cpu, HostTuning tuning) =>
        TuningChecks.Of(cpu, tuning, new VcpuPlacement(cpu).Try(I386GuestOptions.MinMemorySize));

    private static int Fix()
    {
        int cpu = CpuChoice.Read().Best;
        string script = FixScript.Of(Tuning(cpu, HostTuning.Read(cpu)));
        if (script.Length == 0)
        {
            StandardStream.WriteMessage("kvmsys: there is nothing to mend.\n");
        }

        StandardStream.WriteResults(script);
        return ExitCode.Done;
    }

    private static int Run(string device, bool json)
    {
        int cpu = CpuChoice.Read().Best;
        HostEnvironment host = HostEnvironment.Read(cpu);
        Checkup checkup = Checkup.Of(device, host, everything: true);
        IReadOnlyList<Check> tuning = Tuning(cpu, host.Tuning);
        if (json)
        {
            Terminal.WriteJson(DoctorDocument.Of(checkup, tuning), KvmsysJson.Default.DoctorDocument);
        }
        else
        {
            Terminal.Write(DoctorTable.Render(checkup, tuning));
        }

        return checkup switch
        {
            { HasUsableDevice: false } => ExitCode.NoKvm,
            { CanRunGuest: false } => ExitCode.CannotRunGuest,
            _ => ExitCode.Done,
        };
    }
}
