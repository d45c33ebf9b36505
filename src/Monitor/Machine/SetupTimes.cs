// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Machine;

/// <summary>How long the phases of setting up a machine took.</summary>
/// <param name="CreateVm">KVM_CREATE_VM and the VM's capabilities.</param>
/// <param name="Memory">Memory mapped, image copied into it, slot set.</param>
/// <param name="CreateVcpu">KVM_CREATE_VCPU, run page mapped, statistics opened.</param>
/// <param name="State">CPUID, system registers, model-specific registers, registers, FPU.</param>
public readonly record struct SetupTimes(TimeSpan CreateVm, TimeSpan Memory, TimeSpan CreateVcpu, TimeSpan State);
