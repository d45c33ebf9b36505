// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.Daemon.Jobs;

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
[JsonSerializable(typeof(JobState))]
[JsonSerializable(typeof(JobKind))]
[JsonSerializable(typeof(AttemptOutcome))]
[JsonSerializable(typeof(RunDocument))]
internal sealed partial class DaemonJson : JsonSerializerContext;
