// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;
using Kvmsys.Tests.NoDevice.CommandLine;

namespace Kvmsys.Tests.NoDevice.Deploy;

/// <summary>deploy/Containerfile is held against the binary that it is for.</summary>
public sealed partial class ContainerTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Checkout.Root, "deploy/Containerfile"));

    [Fact]
    public void The_image_has_every_library_that_the_binary_is_linked_with()
    {
        (int status, string output, _) = Shell.Run("readelf --dynamic --wide $kvmsys");
        Assert.Equal(0, status);
        string[] needed = [.. Needed().Matches(output).Select(match => match.Groups[1].Value)];
        Assert.Contains("libc.so.6", needed);
        Assert.All(needed, library => Assert.Contains($"/{library}", Text, StringComparison.Ordinal));
    }

    [Fact]
    public void The_images_user_is_the_pods_and_not_root()
    {
        Assert.Contains("USER 10001:10001", Text, StringComparison.Ordinal);
        Assert.Contains("runAsUser: 10001", File.ReadAllText(Path.Combine(Checkout.Root, "deploy/kubernetes.yaml")), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\(NEEDED\).*\[(.*)\]")]
    private static partial Regex Needed();
}
