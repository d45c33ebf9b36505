// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon;

/// <summary>The unit file that a daemon runs by under systemd: it may do what measuring needs, and nothing else (systemd.exec(5)).</summary>
internal static class UnitFile
{
    /// <summary>The file.</summary>
    /// <param name="executable">Path of the binary.</param>
    public static string Text(string executable) => $"""
        [Unit]
        Description=Kvmsys: what entering a kernel costs on this host
        After=network.target time-sync.target

        [Service]
        Type=notify
        NotifyAccess=main
        ExecStart="{executable.Replace("%", "%%", StringComparison.Ordinal)}" daemon
        WatchdogSec=60s
        Restart=on-failure
        RestartSec=2s
        KillMode=mixed
        TimeoutStopSec=20s

        # Who it is, and where its files are: /var/lib/kvmsys, and /run/kvmsys with the socket that group kvmsys may open.
        User=kvmsys
        Group=kvmsys
        SupplementaryGroups=kvm
        StateDirectory=kvmsys
        StateDirectoryMode=0700
        RuntimeDirectory=kvmsys
        RuntimeDirectoryMode=0750
        UMask=0077

        # /dev/kvm is the one device. PrivateDevices would hide it, and PrivateUsers would take the group away that may open it.
        DevicePolicy=closed
        DeviceAllow=/dev/kvm rw
        PrivateDevices=no

        # Guest memory is locked, so that the host takes no page of it away between two runs.
        LimitMEMLOCK=infinity
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
        # It listens on this host alone, and calls nobody. A drop-in with IPAddressAllow= lets in those whom it is to listen to.
        RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
        IPAddressDeny=any
        IPAddressAllow=localhost
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
