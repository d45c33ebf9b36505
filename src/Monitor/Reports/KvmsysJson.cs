// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Monitor.Reports;

/// <summary>The documents that kvmsys writes as JSON, serialized without reflection.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DictionaryKeyPolicy = JsonKnownNamingPolicy.Unspecified)]
[JsonSerializable(typeof(BenchDocument))]
[JsonSerializable(typeof(DoctorDocument))]
[JsonSerializable(typeof(ArticleDocument))]
[JsonSerializable(typeof(PageSymbolsDocument))]
internal sealed partial class KvmsysJson : JsonSerializerContext;
