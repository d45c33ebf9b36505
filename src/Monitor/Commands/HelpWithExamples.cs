// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Kvmsys.Monitor.Commands;

/// <summary>A command's help, and after it what people want to see: examples, and what the exit status means.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private const string ExitStatus = """
        Exit status:
          0 done   1 regression found   2 usage   3 no usable /dev/kvm   4 this KVM cannot run the guest   5 unstable measurement
          6 the job failed   69 no daemon answers   70 internal fault   71 out of memory or files   74 results cannot be written
          124 time-out   130 Ctrl-C   143 SIGTERM

        """;

    private readonly HelpAction _help;
    private readonly IReadOnlyDictionary<Command, string[]> _examples;

    private HelpWithExamples(HelpAction help, IReadOnlyDictionary<Command, string[]> examples)
    {
        _help = help;
        _examples = examples;
    }

    /// <summary>Adds examples to the help of a command line's commands.</summary>
    public static void AddTo(RootCommand root, IReadOnlyDictionary<Command, string[]> examples)
    {
        HelpOption option = root.Options.OfType<HelpOption>().Single();
        option.Action = new HelpWithExamples((HelpAction)option.Action!, examples);
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = _help.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        if (_examples.TryGetValue(parseResult.CommandResult.Command, out string[]? examples))
        {
            output.WriteLine("Examples:");
            foreach (string example in examples)
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
        }

        output.Write(ExitStatus);
        return exitCode;
    }
}
