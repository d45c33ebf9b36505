// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Globalization;
using Kvmsys.Monitor.Daemon.Access;
using Spectre.Console;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys daemon token: who may ask a daemon from elsewhere.</summary>
internal static class DaemonTokenCommand
{
    /// <summary>Name of the command.</summary>
    public const string Name = "token";

    private const int MostDays = 36_500;

    /// <summary>The command.</summary>
    /// <param name="folderOf">The daemon's folder, by what the command line says.</param>
    public static Command Create(Func<ParseResult, string> folderOf) => new(Name, "Make the tokens by which a daemon knows who asks; it need not run.")
    {
        CreateCreate(folderOf), CreateList(folderOf), CreateRotate(folderOf), CreateRevoke(folderOf),
    };

    private static Command CreateCreate(Func<ParseResult, string> folderOf)
    {
        Argument<string> name = Holder();
        Option<Scope> scope = new("--scope")
        {
            Description = "What its holder may do: read; submit and cancel too; or admin, everything. read when not given.",
            HelpName = "read|submit|admin",
            DefaultValueFactory = _ => Scope.Read,
            CustomParser = ParseScope,
        };
        Option<int?> days = new("--days") { Description = "Days that it is good; for ever when not given.", HelpName = "N", CustomParser = result => CommonOptions.ParseNumber(result, 1, MostDays) };
        Command command = new("create", "Make a token, and write it to standard output: it is shown only then.") { name, scope, days };
        command.SetAction(parsed => With(folderOf(parsed), tokens =>
        {
            TokenSecret secret = tokens.Create(parsed.GetValue(name)!, parsed.GetValue(scope), parsed.GetValue(days) is int count ? TimeSpan.FromDays(count) : null);
            StandardStream.WriteResults($"{secret}\n");
        }));
        return command;
    }

    private static Command CreateList(Func<ParseResult, string> folderOf)
    {
        Option<bool> json = CommonOptions.Json();
        Command command = new("list", "List the tokens that are good.") { json };
        command.SetAction(parsed => With(folderOf(parsed), tokens =>
        {
            IReadOnlyList<AccessToken> all = tokens.List();
            if (parsed.GetValue(json))
            {
                Terminal.WriteJson(new TokenListDocument([.. all.Select(TokenDocument.Of)]), AccessJson.Default.TokenListDocument);
            }
            else if (all.Count == 0)
            {
                StandardStream.WriteMessage("kvmsys: there is no token. kvmsys daemon token create makes one.\n");
            }
            else
            {
                Table table = new Table().RoundedBorder().AddColumns("name", "scope", "number", "made", "good until");
                foreach (AccessToken token in all)
                {
                    table.AddRow(new Text(token.Name), new Text(Word(token.Scope)), new Text(token.Id), new Text(Time(token.CreatedAt)), new Text(token.ExpiresAt is DateTimeOffset end ? Time(end) : "for ever"));
                }

                Terminal.Write(table);
            }
        }));
        return command;
    }

    private static Command CreateRotate(Func<ParseResult, string> folderOf)
    {
        Argument<string> name = Holder();
        Option<int> overlap = new("--overlap")
        {
            Description = "Hours that the token it had is good yet; none when not given.",
            HelpName = "HOURS",
            DefaultValueFactory = _ => 0,
            CustomParser = result => CommonOptions.ParseNumber(result, 0, 24 * 365),
        };
        Command command = new("rotate", "Make another token in place of one, of the same name, scope and days; write it to standard output.") { name, overlap };
        command.SetAction(parsed => With(folderOf(parsed), tokens =>
            StandardStream.WriteResults($"{tokens.Rotate(parsed.GetValue(name)!, TimeSpan.FromHours(parsed.GetValue(overlap)))}\n")));
        return command;
    }

    private static Command CreateRevoke(Func<ParseResult, string> folderOf)
    {
        Argument<string> name = Holder();
        Command command = new("revoke", "End a token, at once.") { name };
        command.SetAction(parsed => With(folderOf(parsed), tokens => tokens.Revoke(parsed.GetValue(name)!)));
        return command;
    }

    private static Argument<string> Holder() => new("NAME") { Description = "Whose it is, as jobs name who has submitted them: a-z, 0-9, '.', '_' and '-'." };

    private static int With(string folder, Action<TokenFolder> act)
    {
        try
        {
            act(new TokenFolder(folder, TimeProvider.System));
            return ExitCode.Done;
        }
        catch (AccessException exception)
        {
            throw new CommandFailedException(ExitCode.Usage, Shown.OneLine(exception.Message));
        }
    }

    private static Scope ParseScope(System.CommandLine.Parsing.ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        Scope scope = Enum.GetValues<Scope>().FirstOrDefault(scope => scope != Scope.None && Word(scope) == text);
        if (scope == Scope.None)
        {
            result.AddError($"--scope {Shown.OneLine(text)}: one of read, submit, admin is needed.");
        }

        return scope;
    }

    private static string Word(Scope scope) => scope.ToString().ToLowerInvariant();

    private static string Time(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
