// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>
/// A piece of HTML or SVG, written as an interpolated string: what stands in the source is markup, and every value in it is text, which is escaped
/// wherever it is from.
/// </summary>
internal readonly struct Fragment
{
    private readonly string? _markup;

    private Fragment(string markup) => _markup = markup;

    /// <summary>A piece of markup with values in it.</summary>
    public static Fragment Of(Handler handler) => new(handler.Markup);

    /// <summary>What is markup as a whole, such as a file that is embedded in this program.</summary>
    public static Fragment Verbatim(string markup) => new(markup);

    /// <summary>The markup.</summary>
    public override string ToString() => _markup ?? "";

    /// <summary>A text without what shows nothing, turns the direction of writing, or is not allowed in XML even when it is escaped.</summary>
    private static string Printable(string text) => string.Concat(text.EnumerateRunes().Select(rune => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        ? Rune.ReplacementChar
        : rune));

    /// <summary>Takes an interpolated string apart.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Handler
    {
        private readonly StringBuilder _markup;

        /// <summary>Called by the compiler.</summary>
        /// <param name="literalLength">Characters that are markup.</param>
        /// <param name="formattedCount">Values in between.</param>
        public Handler(int literalLength, int formattedCount) => _markup = new(literalLength + (16 * formattedCount));

        /// <summary>All of it.</summary>
        public string Markup => _markup.ToString();

        /// <summary>Markup.</summary>
        public void AppendLiteral(string markup) => _markup.Append(markup);

        /// <summary>A text.</summary>
        public void AppendFormatted(string? text) => _markup.Append(HtmlEncoder.Default.Encode(Printable(text ?? "")));

        /// <summary>A number, such as a coordinate: to a hundredth.</summary>
        public void AppendFormatted(double number) => _markup.Append(number.ToString("0.##", CultureInfo.InvariantCulture));

        /// <summary>Markup that was made before.</summary>
        public void AppendFormatted(Fragment markup) => _markup.Append(markup);

        /// <summary>Pieces of markup, a line for each.</summary>
        public void AppendFormatted(IEnumerable<Fragment> parts) => _markup.AppendJoin('\n', parts);
    }
}
