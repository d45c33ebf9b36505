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

    // Runs guests without VT-x or SVM, by paging and emulation alone.
    private const string Pvm = "kvm_pvm";

    /// <summary>Whether the module runs guests by VT-x or SVM.</summary>
    public bool UsesHardware => Module is Intel or Amd;

    /// <summary>Whether the CPU itself walks a second level of page tables, EPT or NPT; null where the module does not tell.</summary>
    public bool? NestedPaging => Flag("kvm_intel.ept") ?? Flag("kvm_amd.npt");

    /// <summary>Whether the CPU runs a guest without paging or protection too; null where the module does not tell.</summary>
    public bool? UnrestrictedGuest => Flag("kvm_intel.unrestricted_guest");

    private bool? Flag(string parameter) => Parameters.TryGetValue(parameter, out string? value) ? value is "Y" or "1" : null;

    /// <summary>Reads what the running kernel has loaded.</summary>
    /// <remarks>A module that is built into the kernel has a folder although the CPU lacks what it needs, so the CPU is asked too.</remarks>
    /// <param name="cpu">The CPU.</param>
    /// <param name="modules">The folder of modules.</param>
    public static KvmBackEnd Read(HostCpu cpu, string modules = DefaultModules)
    {
        ArgumentNullException.ThrowIfNull(cpu);
        (string Name, bool Possible)[] known = [(Pvm, true), (Intel, cpu.Vmx), (Amd, cpu.Svm)];
        string? module = known.FirstOrDefault(module => module.Possible && Directory.Exists(Path.Combine(modules, module.Name))).Name;
        SortedDictionary<string, string> parameters = new(StringComparer.Ordinal);
        foreach (string name in new[] { Common, module }.OfType<string>())
        {
            foreach ((string parameter, string value) in KernelFile.ReadFolder(modules, name, "parameters"))
            {
                parameters[$"{name}.{parameter}"] = value;
            }
        }

        return new KvmBackEnd(module, parameters);
    }
}
