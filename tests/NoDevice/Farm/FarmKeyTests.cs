// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Farm.Broker;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A member's key, and the file that it is in.</summary>
public sealed class FarmKeyTests : IDisposable
{
    private const UnixFileMode Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kvmsys-key-");

    private string KeyPath => Path.Combine(_folder.FullName, "key");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_key_is_read_as_it_was_written_and_its_file_is_its_owners_alone()
    {
        FarmKey key = FarmKey.Create();
        key.Write(KeyPath);
        Assert.Equal(Owners, File.GetUnixFileMode(KeyPath));
        FarmKey read = FarmKey.Read(KeyPath);
        Assert.Equal((key.PublicKey, key.Seed), (read.PublicKey, read.Seed));
        Assert.StartsWith("U", key.PublicKey, StringComparison.Ordinal);
        Assert.StartsWith("SU", key.Seed, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_keys_are_two() => Assert.NotEqual(FarmKey.Create().Seed, FarmKey.Create().Seed);

    [Fact]
    public void A_file_that_is_there_is_never_written_over()
    {
        File.WriteAllText(KeyPath, "somebody's");
        BrokerException refusal = Assert.Throws<BrokerException>(() => FarmKey.Create().Write(KeyPath));
        Assert.True(refusal.IsRefusal);
        Assert.Contains("Cure:", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("somebody's", File.ReadAllText(KeyPath));
    }

    [Fact]
    public void A_link_to_nowhere_is_not_followed()
    {
        string target = Path.Combine(_folder.FullName, "target");
        File.CreateSymbolicLink(KeyPath, target);
        Assert.Throws<BrokerException>(() => FarmKey.Create().Write(KeyPath));
        Assert.False(File.Exists(target));
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.GroupWrite)]
    public void A_file_that_others_can_read_or_change_is_refused(UnixFileMode others)
    {
        FarmKey.Create().Write(KeyPath);
        File.SetUnixFileMode(KeyPath, Owners | others);
        BrokerException refusal = Assert.Throws<BrokerException>(() => FarmKey.Read(KeyPath));
        Assert.Contains($"Cure: chmod 600 {KeyPath}", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("SU")]
    [InlineData("not a key at all")]
    [InlineData("\0\0\0\0")]
    [InlineData("SAAFFOGMRHSPAKGB6VBOFDVEKTXN5VYUWOCQ5CRQTDHYYZKBHT2RMYLPUU")]
    public void A_file_without_a_key_is_refused_and_what_is_in_it_is_not_shown(string text)
    {
        File.WriteAllText(KeyPath, text);
        File.SetUnixFileMode(KeyPath, Owners);
        BrokerException refusal = Assert.Throws<BrokerException>(() => FarmKey.Read(KeyPath));
        Assert.True(text.Length < 3 || !refusal.Message.Contains(text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_seed_of_which_one_character_is_wrong_is_refused()
    {
        string seed = FarmKey.Create().Seed;
        File.WriteAllText(KeyPath, $"{seed[..20]}{(seed[20] == 'A' ? 'B' : 'A')}{seed[21..]}");
        File.SetUnixFileMode(KeyPath, Owners);
        Assert.DoesNotContain(seed[..10], Assert.Throws<BrokerException>(() => FarmKey.Read(KeyPath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_there_or_no_file_is_refused()
    {
        Assert.Throws<BrokerException>(() => FarmKey.Read(KeyPath));
        Assert.Throws<BrokerException>(() => FarmKey.Read(_folder.FullName));
        Assert.Throws<BrokerException>(() => FarmKey.Create().Write(Path.Combine(KeyPath, "deeper")));
    }

    [Fact]
    public void A_public_key_is_one_of_a_user_with_its_checksum()
    {
        string key = FarmKey.Create().PublicKey;
        Assert.True(FarmKey.IsPublicKey(key));
        Assert.All(
            new[] { "", "U", key[..55], key + "A", $"{key} ", $"{key}\n", key.ToLowerInvariant(), $"A{key[1..]}", $"{key[..30]}{(key[30] == 'A' ? 'B' : 'A')}{key[31..]}", FarmKey.Create().Seed, new('U', 56), new('é', 56) },
            wrong => Assert.False(FarmKey.IsPublicKey(wrong), wrong));
    }
}
