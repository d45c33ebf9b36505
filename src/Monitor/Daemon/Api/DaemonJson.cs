// SPDX-License-Identifier: MIT

using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Webhooks;
using Kvmsys.Monitor.Farm.Controller;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>What the daemon reads and writes as JSON, serialized without reflection. A name that it does not know is refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DictionaryKeyPolicy = JsonKnownNamingPolicy.Unspecified,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(JobRequest))]
[JsonSerializable(typeof(RunDocument))]
[JsonSerializable(typeof(JobDocument))]
[JsonSerializable(typeof(JobListDocument))]
[JsonSerializable(typeof(ResultListDocument))]
[JsonSerializable(typeof(SeriesListDocument))]
[JsonSerializable(typeof(HostStateDocument))]
[JsonSerializable(typeof(ScheduleRequest))]
[JsonSerializable(typeof(ScheduleDocument))]
[JsonSerializable(typeof(ScheduleListDocument))]
[JsonSerializable(typeof(CallerDocument))]
[JsonSerializable(typeof(BenchChoicesDocument))]
[JsonSerializable(typeof(JobEvent))]
[JsonSerializable(typeof(RegressionListDocument))]
[JsonSerializable(typeof(BatchRequest))]
[JsonSerializable(typeof(BatchDocument))]
[JsonSerializable(typeof(FarmHostDocument))]
[JsonSerializable(typeof(FarmHostListDocument))]
[JsonSerializable(typeof(FarmChangeListDocument))]
[JsonSerializable(typeof(SetAsideListDocument))]
[JsonSerializable(typeof(WebhookDocument))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class DaemonJson : JsonSerializerContext;
