// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>What pages are made of.</summary>
internal static class PagePart
{
    /// <summary>A section with its title.</summary>
    /// <param name="id">Its name in the page.</param>
    /// <param name="title">Its title.</param>
    /// <param name="content">What is in it.</param>
    public static Fragment Section(string id, string title, Fragment content) => Fragment.Of(
        $"""
        <section id="{id}" aria-labelledby="{id}-title">
        <h2 id="{id}-title">{title}</h2>
        {content}
        </section>
        """);

    /// <summary>Names and what they have.</summary>
    public static Fragment Facts(IEnumerable<KeyValuePair<string, string>> facts) => Fragment.Of(
        $"""
        <dl class="facts">
        {facts.Select(fact => Fragment.Of($"<div><dt>{fact.Key}</dt><dd>{fact.Value}</dd></div>"))}
        </dl>
        """);

    /// <summary>Facts that are shown when they are asked for.</summary>
    public static Fragment More(string title, IReadOnlyDictionary<string, string> facts) => facts.Count == 0 ? default : Fragment.Of(
        $"""
        <details>
        <summary>{title} <span class="count">{facts.Count}</span></summary>
        {Facts(facts)}
        </details>
        """);

    /// <summary>What a reader should not miss.</summary>
    public static Fragment Warning(string text) => Fragment.Of($"""<p class="warning">{text}</p>""");

    /// <summary>What a reader may want to know.</summary>
    public static Fragment Note(string text) => Fragment.Of($"""<p class="note">{text}</p>""");

    /// <summary>A field of a table.</summary>
    /// <param name="text">What is in it.</param>
    /// <param name="kind">How it looks.</param>
    public static Fragment Cell(string text, string kind = "") => Fragment.Of($"""<td class="{kind}">{text}</td>""");

    /// <summary>A figure, and that it is no CPU's where it is none.</summary>
    public static Fragment Marked(string figure, bool emulated) =>
        emulated && figure.Length > 0 ? Fragment.Of($"""{figure} <small class="emulated">emulated</small>""") : Fragment.Of($"{figure}");

    /// <summary>What is wider than a narrow window, in a box of its own.</summary>
    /// <param name="label">What it is, for who does not see it.</param>
    /// <param name="content">What is in it.</param>
    public static Fragment Scroll(string label, Fragment content) =>
        Fragment.Of($"""<div class="scroll" tabindex="0" role="group" aria-label="{label}">{content}</div>""");
}
