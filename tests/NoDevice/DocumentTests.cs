// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;

namespace Kvmsys.Tests.NoDevice;

/// <summary>What the documents name is there, and what is there they name.</summary>
public sealed partial class DocumentTests
{
    private static readonly string Architecture = Read("docs/ARCHITECTURE.md");

    [Fact]
    public void Every_room_of_the_source_is_in_the_architecture()
    {
        IEnumerable<string> rooms =
            from project in Directory.GetDirectories(Path.Combine(Checkout.Root, "src"))
            from folder in Directory.GetDirectories(project).Prepend(project)
            where Path.GetFileName(folder) is not ("bin" or "obj")
            select Path.GetRelativePath(Checkout.Root, folder);
        Assert.All(rooms, room => Assert.Contains($"| `{room}` |", Architecture, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/ARCHITECTURE.md")]
    [InlineData("docs/LABS.md")]
    [InlineData("docs/MEASUREMENT.md")]
    [InlineData("docs/LINUX.md")]
    [InlineData("docs/FIXMAP.md")]
    public void Every_path_that_a_document_names_exists(string document)
    {
        string[] paths = [.. RepositoryPath().Matches(Read(document)).Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(paths);
        Assert.All(paths, path => Assert.True(Path.Exists(Path.Combine(Checkout.Root, path)), path));
    }

    [Fact]
    public void Every_type_that_the_architecture_names_exists()
    {
        HashSet<string> types = [.. new[] { typeof(Kvmsys.Native.Kvm), typeof(Kvmsys.Guest.GuestImage), typeof(Kvmsys.Monitor.Machine.VirtualMachine) }
            .SelectMany(type => type.Assembly.GetTypes())
            .Select(type => type.Name)];
        string[] named = [.. TypeName().Matches(Architecture).Select(match => match.Groups[1].Value).Distinct()];
        Assert.True(named.Length > 20, $"Only {named.Length} names look like types.");
        Assert.All(named, name => Assert.True(types.Contains(name) || name == nameof(Kvmsys.Guest.Kernel.MonitorCall.Mark), name));
    }

    private static string Read(string document) => File.ReadAllText(Path.Combine(Checkout.Root, document));

    /// <summary>A path from the top of the repository: in back-quotes, or the target of a link to a document.</summary>
    [GeneratedRegex(@"[`(]((?:src|tests|lab|docs|deploy|artifacts|\.ci|build\.sh)(?:/[\w.-]+)*)[`)]")]
    private static partial Regex RepositoryPath();

    /// <summary>One word in back-quotes that begins with a capital letter.</summary>
    [GeneratedRegex(@"`([A-Z]\w+)`")]
    private static partial Regex TypeName();
}
