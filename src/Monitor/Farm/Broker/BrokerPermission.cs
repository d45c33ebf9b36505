// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>Something that a role may do.</summary>
/// <param name="Role">Whose it is.</param>
/// <param name="Does">What may be done.</param>
/// <param name="Passage">How its messages get from account to account.</param>
/// <param name="Why">What for, for people.</param>
/// <param name="Subjects">With which subjects, of a member by its name and, of a host, its CPU key.</param>
internal sealed record BrokerPermission(FarmRole Role, BrokerVerb Does, BrokerPassage Passage, string Why, Func<string, string, string[]> Subjects);
