// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>What the database keeps as JSON beside jobs, serialized without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(RegressionDocument))]
internal sealed partial class StoreJson : JsonSerializerContext;
