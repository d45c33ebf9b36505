// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.Reports.Fleet;

namespace Kvmsys.Monitor.Reports;

/// <summary>The documents that kvmsys writes as JSON, and the one that it reads again, serialized without reflection.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DictionaryKeyPolicy = JsonKnownNamingPolicy.Unspecified,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(BenchDocument))]
[JsonSerializable(typeof(CompareDocument))]
[JsonSerializable(typeof(FleetDocument))]
[JsonSerializable(typeof(LatencyDocument))]
[JsonSerializable(typeof(HistoryDocument))]
[JsonSerializable(typeof(GoogleBenchmarkDocument))]
[JsonSerializable(typeof(DoctorDocument))]
[JsonSerializable(typeof(ArticleDocument))]
[JsonSerializable(typeof(PageSymbolsDocument))]
internal sealed partial class KvmsysJson : JsonSerializerContext;
