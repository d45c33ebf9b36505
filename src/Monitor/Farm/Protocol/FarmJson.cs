// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Monitor.Farm.Protocol;

/// <summary>The messages of a farm as JSON, serialized without reflection. What a newer one says more than this one knows is no fault of it.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DictionaryKeyPolicy = JsonKnownNamingPolicy.Unspecified,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(FarmJob))]
[JsonSerializable(typeof(AttemptReport))]
[JsonSerializable(typeof(HostReport))]
[JsonSerializable(typeof(HostOrders))]
internal sealed partial class FarmJson : JsonSerializerContext;
