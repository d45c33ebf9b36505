// SPDX-License-Identifier: MIT

namespace Kvmsys.Tests.I386Guest;

/// <summary>Where the tests run: on the host's own KVM, or in the lab, whose environment says so.</summary>
internal static class Lab
{
    /// <summary>Trait of tests that need the lab in one of its modes.</summary>
    public const string Mode = "Lab";

    /// <summary>The mode in which the TSC counts instructions.</summary>
    public const string Exact = "Exact";

    /// <summary>The mode in which kvm_intel neither enters nor emulates a state that VT-x itself refuses.</summary>
    public const string Strict = "Strict";

    /// <summary>Whether this is the host's own KVM.</summary>
    public static bool IsHost => Environment.GetEnvironmentVariable("LAB") is null;
}
