// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>An enumeration as its words in JSON, and never as a number.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
public sealed class WordConverter<T>() : JsonStringEnumConverter<T>(namingPolicy: null, allowIntegerValues: false)
    where T : struct, Enum;
