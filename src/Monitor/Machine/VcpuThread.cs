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

    // Not the slim kind, which spins for a while before it waits: beside a guest that is being timed nobody should.
    private readonly AutoResetEvent _begin = new(initialState: false);
    private readonly AutoResetEvent _done = new(initialState: false);
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
        _begin.Set();
        _done.WaitOne();
        _work = null;
        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        failure?.Throw();
    }

    /// <summary>Ends the thread, which must be idle.</summary>
    public void Dispose()
    {
        _begin.Set();
        _thread.Join();
        _begin.Dispose();
        _done.Dispose();
    }

    private void Loop()
    {
        for (_begin.WaitOne(); _work is Action work; _begin.WaitOne())
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

            _done.Set();
        }
    }
}
