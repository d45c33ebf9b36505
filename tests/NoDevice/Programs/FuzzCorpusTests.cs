// SPDX-License-Identifier: MIT

using Kvmsys.Fuzz.Targets;

namespace Kvmsys.Tests.NoDevice.Programs;

/// <summary>What fuzzing has found stays cured, and what it starts from is there.</summary>
public sealed class FuzzCorpusTests
{
    public static TheoryData<string> Targets() => [.. FuzzTargets.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Every_input_of_the_corpus_is_dealt_with(string name)
    {
        IFuzzTarget target = FuzzTargets.All.Single(target => target.Name == name);
        string[] files = Directory.GetFiles(Path.Combine(Checkout.Root, "tests", "Fuzz", "corpus", name));
        Assert.NotEmpty(files);
        Assert.All(files, file =>
        {
            byte[] input = File.ReadAllBytes(file);
            Assert.InRange(input.Length, 0, target.MaxLength);
            target.Run(input);
        });
    }
}
