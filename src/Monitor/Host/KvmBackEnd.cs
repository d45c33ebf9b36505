// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Host;

/// <summary>The kernel module that stands behind /dev/kvm, and its parameters.</summary>
/// <param name="Module">Name of the module; null when none of those known is loaded.</param>
/// <param name="Parameters">Its parameters and those of the common module kvm, by name.</param>
public sealed record KvmBackEnd(string? Module, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>Where Linux shows its modules.</summary>
    public const string DefaultModules = "/sys/module";

    private const string Intel = "kvm_intel";
    private const string Amd = "kvm_amd";
    private const string Common = "kvm";

    // kvm_pvm runs guests without VT-x or SVM, by paging and emulation alone.
    private static readonly string[] Known = [Intel, Amd, "kvm_pvm"];

    /// <summary>Whether the module runs guests by VT-x or SVM.</summary>
    public bool UsesHardware => Module is Intel or Amd;

    /// <summary>Reads what the running kernel has loaded.</summary>
    /// <param name="modules">The folder of modules.</param>
    public static KvmBackEnd Read(string modules = DefaultModules)
    {
        string? module = Array.Find(Known, name => Directory.Exists(Path.Combine(modules, name)));
        SortedDictionary<string, string> parameters = new(StringComparer.Ordinal);
        foreach (string name in new[] { Common, module }.OfType<string>())
        {
            string folder = Path.Combine(modules, name, "parameters");
            foreach (string file in Directory.Exists(folder) ? Directory.GetFiles(folder) : [])
            {
                parameters[$"{name}.{Path.GetFileName(file)}"] = ReadParameter(file);
            }
        }

        return new KvmBackEnd(module, parameters);
    }

    private static string ReadParameter(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Some parameters are for root alone, some cannot be read back at all.
            return "unreadable";
        }
    }
}
