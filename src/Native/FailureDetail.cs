// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Kvmsys.Native;

/// <summary>The values that a call was made with, put into words only when the call has failed: a call that succeeds must not pay for its error.</summary>
[InterpolatedStringHandler]
internal ref struct FailureDetail
{
    private DefaultInterpolatedStringHandler _text;

    /// <summary>Called by the compiler for an interpolated string.</summary>
    /// <param name="literalLength">Characters outside the holes.</param>
    /// <param name="formattedCount">Number of holes.</param>
    /// <param name="answer">The call's answer: below 0 when it has failed.</param>
    /// <param name="isNeeded">Whether the words are needed.</param>
    public FailureDetail(int literalLength, int formattedCount, int answer, out bool isNeeded)
    {
        isNeeded = answer < 0;
        _text = isNeeded ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
    }

    /// <summary>Called by the compiler.</summary>
    public void AppendLiteral(string value) => _text.AppendLiteral(value);

    /// <summary>Called by the compiler.</summary>
    public void AppendFormatted<T>(T value, string? format = null) => _text.AppendFormatted(value, format);

    /// <summary>The words; empty when they were not needed.</summary>
    public string ToStringAndClear() => _text.ToStringAndClear();
}
