// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Tests.NoDevice.CommandLine;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>The tokens that a daemon knows callers by.</summary>
public sealed class TokenTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-tokens-").FullName;
    private readonly SettableClock _clock = new();
    private readonly TokenFolder _tokens;

    public TokenTests() => _tokens = new(Path.Combine(_folder, "state"), _clock);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_token_is_found_by_what_its_holder_has()
    {
        TokenSecret secret = _tokens.Create("ci", Scope.Submit, lifetime: null);
        AccessToken? found = _tokens.Find(secret.ToString());
        Assert.Equal(("ci", Scope.Submit, null), (found!.Name, found.Scope, found.ExpiresAt));
    }

    [Fact]
    public void Nothing_that_is_kept_contains_the_secret_and_only_the_owner_may_read_it()
    {
        string secret = _tokens.Create("ci", Scope.Read, lifetime: null).ToString();
        string file = Assert.Single(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
        Assert.DoesNotContain(secret.Split('_')[2], File.ReadAllText(file), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToBase64String(Convert.FromHexString(secret.Split('_')[2])), File.ReadAllText(file), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(file)!));
    }

    [Fact]
    public void No_two_secrets_are_the_same() =>
        Assert.Equal(100, Enumerable.Range(0, 100).Select(_ => TokenSecret.Create().ToString()).Distinct(StringComparer.Ordinal).Count());

    [Fact]
    public void Another_secret_with_a_known_number_is_not_good()
    {
        TokenSecret secret = _tokens.Create("ci", Scope.Admin, lifetime: null);
        string other = $"kvmsys_{secret.Id}_{TokenSecret.Create().ToString().Split('_')[2]}";
        Assert.Null(_tokens.Find(other));
        char last = secret.ToString()[^1];
        Assert.Null(_tokens.Find($"{secret.ToString()[..^1]}{(last == '0' ? '1' : '0')}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("kvmsys")]
    [InlineData("kvmsys__")]
    [InlineData("kvmsys_0123456789abcdef_")]
    [InlineData("kvmsys_../../../../etc/passwd_00")]
    [InlineData("KVMSYS_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("kvmsys_0123456789ABCDEF_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("kvmsys_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef_")]
    [InlineData("kvmsys_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg")]
    [InlineData("kvmsys_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void What_is_none_is_not_found(string text) => Assert.Null(_tokens.Find(text));

    [Fact]
    public void An_expired_token_is_not_good_and_its_name_is_free_again()
    {
        TokenSecret secret = _tokens.Create("ci", Scope.Read, TimeSpan.FromDays(1));
        _clock.Now += TimeSpan.FromDays(1) - TimeSpan.FromSeconds(1);
        Assert.NotNull(_tokens.Find(secret.ToString()));
        _clock.Now += TimeSpan.FromSeconds(1);
        Assert.Null(_tokens.Find(secret.ToString()));
        Assert.Empty(_tokens.List());
        _tokens.Create("ci", Scope.Read, lifetime: null);
        Assert.Single(Directory.GetFiles(Path.Combine(_folder, "state", "tokens")));
    }

    [Fact]
    public void Who_may_not_see_into_the_folder_is_not_told_that_there_is_no_token()
    {
        _tokens.Create("ci", Scope.Read, lifetime: null);

        // Root may see everything; nobody may not.
        string asNobody = Environment.IsPrivilegedProcess ? "setpriv --reuid=65534 --regid=65534 --clear-groups" : "";
        (int status, string output, string error) = Shell.Run(
            $"cp $kvmsys {_folder}/kvmsys && chmod 755 {_folder} && chmod 000 {_folder}/state/tokens && {asNobody} {_folder}/kvmsys daemon token list --state {_folder}/state; status=$?; chmod 700 {_folder}/state/tokens; exit $status");
        Assert.NotEqual(0, status);
        Assert.Equal("", output);
        Assert.Contains("cannot be used: Access to the path", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_is_taken_once()
    {
        _tokens.Create("ci", Scope.Read, lifetime: null);
        Assert.Contains("there is a token ci already", Assert.Throws<AccessException>(() => _tokens.Create("ci", Scope.Admin, lifetime: null)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("socket")]
    [InlineData("loopback")]
    [InlineData("nobody")]
    [InlineData("CI")]
    [InlineData("c i")]
    [InlineData("schedule:nightly")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void A_name_that_is_none_is_refused(string name) => Assert.Throws<AccessException>(() => _tokens.Create(name, Scope.Read, lifetime: null));

    [Fact]
    public void A_rotated_token_has_another_secret_and_the_old_one_is_good_for_as_long_as_was_said()
    {
        TokenSecret old = _tokens.Create("ci", Scope.Submit, lifetime: null);
        _clock.Now += TimeSpan.FromMinutes(1);
        TokenSecret next = _tokens.Rotate("ci", TimeSpan.FromHours(1));
        Assert.Equal(Scope.Submit, _tokens.Find(next.ToString())!.Scope);
        Assert.NotNull(_tokens.Find(old.ToString()));
        _clock.Now += TimeSpan.FromHours(1);
        Assert.Null(_tokens.Find(old.ToString()));
        Assert.NotNull(_tokens.Find(next.ToString()));
        TokenSecret last = _tokens.Rotate("ci", TimeSpan.Zero);
        Assert.Null(_tokens.Find(next.ToString()));
        Assert.Equal(last.Id, Assert.Single(_tokens.List()).Id);
    }

    [Fact]
    public void A_rotation_lengthens_no_life_of_the_old_one_and_gives_the_new_one_as_long_a_life()
    {
        _tokens.Create("ci", Scope.Read, TimeSpan.FromDays(10));
        _clock.Now += TimeSpan.FromDays(9);
        TokenSecret next = _tokens.Rotate("ci", TimeSpan.FromDays(5));
        Assert.Equal([_clock.Now + TimeSpan.FromDays(1), _clock.Now + TimeSpan.FromDays(10)], _tokens.List().Select(token => token.ExpiresAt!.Value));
        Assert.Equal(_clock.Now + TimeSpan.FromDays(10), _tokens.Find(next.ToString())!.ExpiresAt);
    }

    [Fact]
    public void A_revoked_token_is_gone_with_all_its_secrets()
    {
        TokenSecret old = _tokens.Create("ci", Scope.Read, lifetime: null);
        TokenSecret next = _tokens.Rotate("ci", TimeSpan.FromHours(1));
        _tokens.Revoke("ci");
        Assert.Null(_tokens.Find(old.ToString()));
        Assert.Null(_tokens.Find(next.ToString()));
        Assert.Contains("there is no token ci", Assert.Throws<AccessException>(() => _tokens.Revoke("ci")).Message, StringComparison.Ordinal);
        Assert.Throws<AccessException>(() => _tokens.Rotate("ci", TimeSpan.Zero));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("no JSON")]
    public void A_file_that_is_damaged_lets_nobody_in_and_is_told(string content)
    {
        TokenSecret secret = _tokens.Create("ci", Scope.Read, lifetime: null);
        File.WriteAllText(Path.Combine(_folder, "state", "tokens", secret.Id), content);
        Assert.Contains("tokens", Assert.Throws<AccessException>(() => _tokens.Find(secret.ToString())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_under_another_tokens_number_is_not_that_token()
    {
        TokenSecret secret = _tokens.Create("ci", Scope.Read, lifetime: null);
        string folder = Path.Combine(_folder, "state", "tokens");
        string other = $"kvmsys_0123456789abcdef_{secret.ToString().Split('_')[2]}";
        File.Copy(Path.Combine(folder, secret.Id), Path.Combine(folder, "0123456789abcdef"));
        Assert.Throws<AccessException>(() => _tokens.Find(other));
    }

    [Fact]
    public void What_a_crash_has_left_half_written_is_no_token()
    {
        _tokens.Create("ci", Scope.Read, lifetime: null);
        File.WriteAllText(Path.Combine(_folder, "state", "tokens", ".0123456789abcdef"), "{");
        Assert.Single(_tokens.List());
    }

    [Fact]
    public void Where_there_is_no_folder_there_is_no_token()
    {
        Assert.Empty(_tokens.List());
        Assert.False(Directory.Exists(Path.Combine(_folder, "state")));
    }
}
