// SPDX-License-Identifier: MIT

using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>What looks different where there is more room.</summary>
/// <param name="of">Makes it for so many columns.</param>
internal sealed class WidthDependent(Func<int, IRenderable> of) : Renderable
{
    /// <inheritdoc/>
    protected override Spectre.Console.Rendering.Measurement Measure(RenderOptions options, int maxWidth) => of(maxWidth).Measure(options, maxWidth);

    /// <inheritdoc/>
    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => of(maxWidth).Render(options, maxWidth);
}
