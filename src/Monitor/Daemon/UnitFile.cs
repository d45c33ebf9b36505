// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon;

/// <summary>The unit file that a daemon runs by under systemd: it may do what measuring needs, and nothing else (systemd.exec(5)).</summary>
/// <param name="description">What it is.</param>
/// <param name="command">The command, behind the binary.</param>
/// <param name="folder">What its folders are called below /var/lib and /run.</param>
/// <param name="device">Which devices it may use.</param>
/// <param name="network">Whom it may reach, and who it.</param>
/// <param name="credential">A secret that systemd hands to it; empty for none.</param>
internal sealed class UnitFile(string description, string command, string folder, string device, string network, string credential = "")
{
    private const string Kvm = """
        # /dev/kvm is the one device. PrivateDevices would hide it, and PrivateUsers would take the group away that may open it.
        SupplementaryGroups=kvm
        DevicePolicy=closed
        DeviceAllow=/dev/kvm rw
        PrivateDevices=no

        # Guest memory is locked, so that the host takes no page of it away between two runs.
        LimitMEMLOCK=infinity
        """;

    /// <summary>kvmsys daemon.</summary>
    public static UnitFile Daemon { get; } = new(
        "Kvmsys: what entering a kernel costs on this host",
        "daemon",
        "kvmsys",
        Kvm,
        """
            # It listens on this host alone, and calls nobody. A drop-in with IPAddressAllow= lets in those whom it is to listen to.
            RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
            IPAddressDeny=any
            IPAddressAllow=localhost
            """);

    /// <summary>kvmsys farm agent.</summary>
    public static UnitFile Agent { get; } = new(
        "Kvmsys: measures for a farm",
        "farm agent --config /etc/kvmsys/agent.json --key %d/agent.nk",
        "kvmsys",
        Kvm,
        """
            # It calls the farm's server. A drop-in with IPAddressDeny=any and IPAddressAllow= of the server lets it call nobody else.
            RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
            """,
        "LoadCredential=agent.nk:/etc/kvmsys/agent.nk\n");

    /// <summary>kvmsys farm controller.</summary>
    public static UnitFile Controller { get; } = new(
        "Kvmsys: has a farm's hosts measure",
        "farm controller --standby --config /etc/kvmsys/controller.json --key %d/controller.nk",
        "kvmsys-controller",
        """
            # It measures nothing itself.
            DevicePolicy=closed
            PrivateDevices=yes
            """,
        """
            # It calls the farm's server, and listens for those who give it jobs.
            RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
            """,
        """
        LoadCredential=controller.nk:/etc/kvmsys/farm/controller.nk
        # It may have to wait for its database, or for another controller's end.
        TimeoutStartSec=infinity

        """);

    /// <summary>Text of the file.</summary>
    /// <param name="executable">Path of the binary.</param>
    public string Text(string executable) => $"""
        [Unit]
        Description={description}
        After=network.target time-sync.target

        [Service]
        Type=notify
        NotifyAccess=main
        ExecStart="{executable.Replace("%", "%%", StringComparison.Ordinal)}" {command}
        {credential}WatchdogSec=60s
        Restart=on-failure
        RestartSec=2s
        KillMode=mixed
        TimeoutStopSec=20s

        # Who it is, and where its files are: /var/lib/{folder}, and /run/{folder} with the socket that group kvmsys may open.
        User=kvmsys
        Group=kvmsys
        StateDirectory={folder}
        StateDirectoryMode=0700
        RuntimeDirectory={folder}
        RuntimeDirectoryMode=0750
        UMask=0077

        {device}
        LimitCORE=0

        NoNewPrivileges=yes
        CapabilityBoundingSet=
        AmbientCapabilities=
        ProtectSystem=strict
        ProtectHome=yes
        PrivateTmp=yes
        ProtectClock=yes
        ProtectHostname=yes
        ProtectControlGroups=yes
        ProtectKernelLogs=yes
        ProtectKernelModules=yes
        ProtectKernelTunables=yes
        ProtectProc=invisible
        LockPersonality=yes
        MemoryDenyWriteExecute=yes
        RestrictNamespaces=yes
        # SCHED_FIFO keeps others off the CPU while it measures. A drop-in allows it: RestrictRealtime=no, LimitRTPRIO=1.
        RestrictRealtime=yes
        RestrictSUIDSGID=yes
        RemoveIPC=yes
        {network}
        # x86 is for the i386 programs that measure this host's own INT 0x80.
        SystemCallArchitectures=native x86
        # sched_setaffinity is in @resources, which most recipes leave out: measuring pins its thread by it.
        SystemCallFilter=@system-service
        SystemCallFilter=~@privileged
        SystemCallErrorNumber=EPERM

        [Install]
        WantedBy=multi-user.target

        """;
}
