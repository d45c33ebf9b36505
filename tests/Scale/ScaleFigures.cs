// SPDX-License-Identifier: MIT

namespace Kvmsys.Scale;

/// <summary>What a farm of so many hosts has cost; what is null was not reached.</summary>
internal sealed record ScaleFigures
{
    /// <summary>Hosts.</summary>
    public required int Agents { get; init; }

    /// <summary>Bytes of farm.json.</summary>
    public long? FarmJsonBytes { get; set; }

    /// <summary>Bytes of server.conf.</summary>
    public long? ServerConfBytes { get; set; }

    /// <summary>Seconds that kvmsys farm configure takes.</summary>
    public double? ConfigureSeconds { get; set; }

    /// <summary>Seconds that kvmsys farm key add takes for one more host.</summary>
    public double? AddKeySeconds { get; set; }

    /// <summary>Seconds until the server lets somebody in.</summary>
    public double? BrokerStartSeconds { get; set; }

    /// <summary>MB of the server that are resident, before anybody comes.</summary>
    public double? BrokerEmptyMegabytes { get; set; }

    /// <summary>Seconds until the controller takes jobs, at its first start.</summary>
    public double? ControllerStartSeconds { get; set; }

    /// <summary>Seconds until all hosts are connected, since the first one began.</summary>
    public double? ConnectSeconds { get; set; }

    /// <summary>Seconds until the controller has heard of all hosts, since the first one began.</summary>
    public double? HeardSeconds { get; set; }

    /// <summary>Percent of a CPU that the server takes while hosts look for work and say that they are there.</summary>
    public double? BrokerCpuPercent { get; set; }

    /// <summary>The same of the controller.</summary>
    public double? ControllerCpuPercent { get; set; }

    /// <summary>The same of all hosts together.</summary>
    public double? AgentsCpuPercent { get; set; }

    /// <summary>MB of the server that are resident then.</summary>
    public double? BrokerMegabytes { get; set; }

    /// <summary>The same of the controller.</summary>
    public double? ControllerMegabytes { get; set; }

    /// <summary>The same of all hosts together.</summary>
    public double? AgentsMegabytes { get; set; }

    /// <summary>Files and connections that the server has open then.</summary>
    public int? BrokerFiles { get; set; }

    /// <summary>From when a host says that it is there until the controller knows, in ms.</summary>
    public LatencyFigure? Heartbeat { get; set; }

    /// <summary>A PING of a host and the server's PONG, in ms.</summary>
    public LatencyFigure? Ping { get; set; }

    /// <summary>A look for work that finds none, in ms.</summary>
    public LatencyFigure? Look { get; set; }

    /// <summary>The list of hosts from the controller, in ms.</summary>
    public LatencyFigure? HostList { get; set; }

    /// <summary>Its bytes.</summary>
    public long? HostListBytes { get; set; }

    /// <summary>All that the page of hosts asks for, in ms.</summary>
    public LatencyFigure? HostsPage { get; set; }

    /// <summary>Seconds that the server takes to read its configuration anew.</summary>
    public double? ReloadSeconds { get; set; }

    /// <summary>MB of the server that are resident after that.</summary>
    public double? BrokerReloadedMegabytes { get; set; }

    /// <summary>Connections that were there before that and are not just after it.</summary>
    public int? LostByReload { get; set; }

    /// <summary>Jobs of the batch.</summary>
    public int? Jobs { get; set; }

    /// <summary>Bytes of a result as it is sent.</summary>
    public int? ResultBytes { get; set; }

    /// <summary>Seconds until the batch is accepted.</summary>
    public double? SubmitSeconds { get; set; }

    /// <summary>Seconds until the first job is done, since the batch was sent.</summary>
    public double? FirstDoneSeconds { get; set; }

    /// <summary>Seconds until all jobs are done, since the batch was sent.</summary>
    public double? AllDoneSeconds { get; set; }

    /// <summary>Jobs that were done in a second, from the acceptance on.</summary>
    public double? JobsPerSecond { get; set; }

    /// <summary>From when the server has a job until its host has it, in ms.</summary>
    public LatencyFigure? Handed { get; set; }

    /// <summary>From when a result is sent until the server says that it has it, in ms.</summary>
    public LatencyFigure? Kept { get; set; }

    /// <summary>From when a result is sent until the job is done in the ledger, in ms.</summary>
    public LatencyFigure? Settled { get; set; }

    /// <summary>Percent of a CPU that the server takes from the submission until all are done.</summary>
    public double? BrokerBatchCpuPercent { get; set; }

    /// <summary>The same of the controller.</summary>
    public double? ControllerBatchCpuPercent { get; set; }

    /// <summary>The same of all hosts together.</summary>
    public double? AgentsBatchCpuPercent { get; set; }

    /// <summary>MB of the controller that are resident then.</summary>
    public double? ControllerBatchMegabytes { get; set; }

    /// <summary>MB of the server that are resident then.</summary>
    public double? BrokerBatchMegabytes { get; set; }

    /// <summary>Seconds until the controller takes jobs, when it is started anew and knows all hosts.</summary>
    public double? ControllerRestartSeconds { get; set; }

    /// <summary>Seconds until it has heard of all of them again.</summary>
    public double? ControllerHeardSeconds { get; set; }

    /// <summary>Seconds until the server lets somebody in, when it is started anew after having been killed.</summary>
    public double? BrokerRestartSeconds { get; set; }

    /// <summary>Seconds until the controller has heard of all hosts again.</summary>
    public double? BrokerHeardSeconds { get; set; }

    /// <summary>Seconds until all hosts are connected again.</summary>
    public double? BrokerBackSeconds { get; set; }

    /// <summary>What hosts were told of that went wrong, and how often.</summary>
    public IReadOnlyDictionary<string, int>? Troubles { get; set; }

    /// <summary>The load average of the machine when the steady state was measured: above 2 others take part.</summary>
    public double? LoadAverage { get; set; }

    /// <summary>Why it goes no further; null where it has come to its end.</summary>
    public string? EndedBy { get; set; }
}
