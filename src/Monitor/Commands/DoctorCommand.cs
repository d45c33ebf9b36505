// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Host;
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
        Command command = new("doctor", "Tell what this host's KVM can do, proved by tiny guests; what to change, and why.") { device, json };
        command.SetAction(parsed => Run(parsed.GetValue(device)!, parsed.GetValue(json)));
        return command;
    }

    private static int Run(string device, bool json)
    {
        Checkup checkup = Checkup.Of(device, HostEnvironment.Read(), everything: true);
        if (json)
        {
            Terminal.WriteJson(DoctorDocument.Of(checkup), KvmsysJson.Default.DoctorDocument);
        }
        else
        {
            Terminal.Write(DoctorTable.Render(checkup));
        }

        return checkup switch
        {
            { HasUsableDevice: false } => ExitCode.NoKvm,
            { CanRunGuest: false } => ExitCode.CannotRunGuest,
            _ => ExitCode.Done,
        };
    }
}
