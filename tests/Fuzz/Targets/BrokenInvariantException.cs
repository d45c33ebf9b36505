// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Kvmsys.Fuzz.Targets;

/// <summary>What must hold for every input does not hold for this one.</summary>
internal sealed class BrokenInvariantException : Exception
{
    private BrokenInvariantException(string message)
        : base(message)
    {
    }

    /// <summary>Throws unless a condition holds.</summary>
    /// <param name="condition">What must hold.</param>
    /// <param name="values">The values that it is about.</param>
    /// <param name="text">The condition's text, by the compiler.</param>
    public static void ThrowUnless(
        [DoesNotReturnIf(false)] bool condition, object? values = null, [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        if (!condition)
        {
            throw new BrokenInvariantException($"{text} does not hold: {values}");
        }
    }
}
