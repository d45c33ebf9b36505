// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>Something that came where results come, and is none.</summary>
/// <param name="Id">Its number.</param>
/// <param name="At">When it came.</param>
/// <param name="Subject">Where.</param>
/// <param name="Reason">Why it is none.</param>
/// <param name="Bytes">Its length.</param>
internal sealed record SetAsideResult(long Id, DateTimeOffset At, string Subject, string Reason, long Bytes);
