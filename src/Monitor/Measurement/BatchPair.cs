// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Measurement;

/// <summary>What a short batch of n calls and a long one of 2n, timed one after the other, say together. In TSC ticks.</summary>
/// <param name="CallTicks">A call's cost: the difference of the two by n, in which the timer and the loop's ends cancel.</param>
/// <param name="InterceptTicks">What cancelled: what a batch of no calls would take.</param>
public readonly record struct BatchPair(double CallTicks, double InterceptTicks);
