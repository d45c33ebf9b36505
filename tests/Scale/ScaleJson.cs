// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Scale;

/// <summary>The figures as JSON, serialized without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<ScaleFigures>))]
internal sealed partial class ScaleJson : JsonSerializerContext;
