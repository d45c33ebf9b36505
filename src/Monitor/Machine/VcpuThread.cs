// SPDX-License-Identifier: MIT

using System.Runtime.ExceptionServices;

namespace Kvmsys.Monitor.Machine;

/// <summary>
/// The one thread from which a vCPU is used: KVM wants a vCPU's calls from the thread that created it, and a call from another one costs
/// hundreds of times as much. Work is handed to it one piece at a time, and the caller waits.
/// </summary>
internal sealed class VcpuThread : IDisposable
{
    private readonly Thread _thread;
    private readonly SemaphoreSlim _begin = new(0);
    private readonly SemaphoreSlim _done = new(0);
    private Action? _work;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Starts the thread.</summary>
    public VcpuThread()
    {
        _thread = new Thread(Loop) { IsBackground = true, Name = "vcpu" };
        _thread.Start();
    }

    /// <summary>Runs the work on the thread, and waits for it. An exception of the work is thrown here.</summary>
    public void Invoke(Action work)
    {
        _work = work;
        _begin.Release();
        _done.Wait();
        _work = null;
        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        failure?.Throw();
    }

    /// <summary>Ends the thread, which must be idle.</summary>
    public void Dispose()
    {
        _begin.Release();
        _thread.Join();
        _begin.Dispose();
        _done.Dispose();
    }

    private void Loop()
    {
        for (_begin.Wait(); _work is Action work; _begin.Wait())
        {
            try
            {
                work();
            }
#pragma warning disable CA1031 // Whatever it is, it belongs to the caller, who waits on the other thread.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _failure = ExceptionDispatchInfo.Capture(exception);
            }

            _done.Release();
        }
    }
}
