// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;

namespace Kvmsys.Monitor.Debugging;

/// <summary>
/// A program under a debugger that speaks GDB's remote serial protocol. The program's stops are served on the vCPU's thread; what goes
/// over the wire meanwhile is the connection's business.
/// </summary>
internal sealed class GdbSession : IDebugger, ISignalWatch
{
    private const int SigInt = 2;
    private const int SigTrap = 5;

    private readonly LinuxMachine _program;
    private readonly GdbConnection _connection;
    private readonly LinuxDebugTarget _target;
    private readonly GdbStub _stub;
    private GuestDebug? _guest;

    // A stop in the kernel, told when the program is back in ring 3.
    private ProgramStop? _pending;
    private bool _isAttached;
    private bool _isDetached;

    // A step that has begun in the kernel: its instruction comes behind the return to ring 3.
    private bool _isReturning;

    /// <summary>Debugs a program that has not run yet.</summary>
    /// <param name="program">The program.</param>
    /// <param name="connection">The debugger; it is told of the program's end by <see cref="End"/>.</param>
    public GdbSession(LinuxMachine program, GdbConnection connection)
    {
        _program = program;
        _connection = connection;
        _target = new LinuxDebugTarget(program);
        _stub = new GdbStub(_target);
        program.Machine.Debugger = this;
        program.Process.Watch = this;
        connection.Arrived = program.Machine.Break;
    }

    /// <summary>Whether the debugger went away without a word, which ends the program.</summary>
    public bool IsLost { get; private set; }

    /// <inheritdoc/>
    public void Stopped(in DebugStop stop, GuestDebug guest)
    {
        _guest = guest;
        _target.SetGuest(guest);
        if (_connection.IsClosed)
        {
            Lose();
            return;
        }

        _pending ??= Meaning(stop);
        if (!_target.IsVisible || !_isAttached && guest.Ring != 3)
        {
            // The way out of the kernel, which is nothing of the program's.
            guest.Action = DebugAction.Step;
            return;
        }

        if (_isReturning && _pending is null && stop.Kind == DebugStopKind.Step)
        {
            _isReturning = false;
            return;
        }

        ProgramStop meaning = _pending ?? new ProgramStop(SigTrap);
        _pending = null;
        if (!_isAttached)
        {
            _isAttached = true;
            _target.ReadAuxiliaryVector();
            Serve(meaning, isAsked: true);
            return;
        }

        Resumption resumption = Serve(meaning, isAsked: false);
        if (resumption.Signal is not (0 or SigTrap))
        {
            _program.Process.Post(resumption.Signal);
        }
    }

    /// <inheritdoc/>
    public SignalInfo? Delivering(in SignalInfo info)
    {
        if (_guest is null || _isDetached || IsLost)
        {
            return info;
        }

        _guest.Refresh();
        _pending = null;
        Resumption resumption = Serve(new ProgramStop(info.Number), isAsked: false);
        _isReturning &= resumption.Signal == 0;
        return resumption.Kind == ResumptionKind.Detach || resumption.Signal == info.Number ? info
            : resumption.Signal == 0 ? null
            : new SignalInfo(resumption.Signal, SignalInfo.User);
    }

    /// <summary>Tells the debugger how the program has ended.</summary>
    public void End(MachineStop stop)
    {
        if (_isDetached || IsLost)
        {
            return;
        }

        _connection.Send(
            stop.Reason == StopReason.Exit ? _stub.ExitReply(stop.Status)
            : stop.Reason == StopReason.Signal ? _stub.SignalReply(_program.FatalSignal)
            : _stub.SignalReply(Signals.Kill));
    }

    /// <summary>Why the program stops; null for an instruction of a step.</summary>
    private static ProgramStop? Meaning(in DebugStop stop) => stop.Kind switch
    {
        DebugStopKind.Breakpoint => new(SigTrap, BreakpointType.Software),
        DebugStopKind.HardwareBreakpoint => new(SigTrap, BreakpointType.Hardware),
        DebugStopKind.Watchpoint => new(SigTrap, stop.IsRead ? BreakpointType.Access : BreakpointType.Write, stop.Watched),
        DebugStopKind.Interrupted => new(SigInt),
        _ => null,
    };

    /// <summary>Answers the debugger until it lets the program go on.</summary>
    /// <param name="stop">Why the program stands still.</param>
    /// <param name="isAsked">Whether the debugger asks for that by itself.</param>
    private Resumption Serve(ProgramStop stop, bool isAsked)
    {
        _stub.Stop = stop;
        _isReturning = false;
        _connection.Stop();
        if (!isAsked)
        {
            _connection.Send(_stub.StopReply);
        }

        while (_connection.Receive() is byte[] packet)
        {
            GdbAnswer answer = _stub.Answer(packet);
            if (answer.Reply is ReadOnlyMemory<byte> reply)
            {
                _connection.Send(reply);
            }

            if (_stub.NoAcknowledgements)
            {
                _connection.Acknowledges = false;
            }

            if (answer.Resumption is Resumption resumption)
            {
                Resume(resumption);
                return resumption;
            }
        }

        Lose();
        return new Resumption(ResumptionKind.Kill);
    }

    private void Resume(Resumption resumption)
    {
        switch (resumption.Kind)
        {
            case ResumptionKind.Continue:
                _guest!.Action = DebugAction.Run;
                _connection.Run();
                break;
            case ResumptionKind.Step:
                _guest!.Action = DebugAction.Step;
                _isReturning = _program.Process.Saved is not null && !_target.ShowsRing0;
                _connection.Run();
                break;
            case ResumptionKind.Detach:
                _guest!.Action = DebugAction.Detach;
                _program.Process.Watch = null;
                _isDetached = true;
                _connection.Close();
                break;
            default:
                _guest!.Action = DebugAction.End;
                break;
        }
    }

    /// <summary>The debugger is gone: the program ends, as gdbserver ends one that it has started.</summary>
    private void Lose()
    {
        // When kvmsys itself is to end, the machine knows that already.
        IsLost = !_connection.IsCancelled;
        _guest!.Action = _connection.IsCancelled ? DebugAction.Run : DebugAction.End;
    }
}
