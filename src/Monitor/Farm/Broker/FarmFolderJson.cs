// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>A farm's folder as JSON, serialized without reflection. A name that is not known is refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    UseStringEnumConverter = true,
    WriteIndented = true)]
[JsonSerializable(typeof(FarmDocument))]
[JsonSerializable(typeof(FarmKeyListDocument))]
internal sealed partial class FarmFolderJson : JsonSerializerContext;
