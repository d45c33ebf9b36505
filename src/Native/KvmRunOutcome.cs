// SPDX-License-Identifier: MIT

namespace Kvmsys.Native;

/// <summary>How KVM_RUN came back, failures apart.</summary>
public enum KvmRunOutcome
{
    /// <summary>The guest exited: <see cref="KvmVcpu.Exit"/> says why.</summary>
    Exited,

    /// <summary>A signal or immediate_exit came first (EINTR). The run page's exit reason is stale; run again or stop.</summary>
    Interrupted,

    /// <summary>The vCPU is not ready, for example it waits for a startup IPI (EAGAIN). The run page's exit reason is stale.</summary>
    Again,
}
