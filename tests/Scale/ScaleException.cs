// SPDX-License-Identifier: MIT

namespace Kvmsys.Scale;

/// <summary>It goes no further.</summary>
/// <param name="message">Why.</param>
internal sealed class ScaleException(string message) : Exception(message);
